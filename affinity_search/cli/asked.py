"""What the options of `affinity search` and `affinity explain` ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast

from affinity_search.config import Config
from affinity_search.errors import ConfigError
from affinity_search.items.item import value_text
from affinity_search.search import Options
from affinity_search.search.facets import FACET_VALUES
from affinity_search.surfaces.declared import declared

__all__ = ["search_options"]


def search_options(config: Config, given: dict[str, Any]) -> Options:
    """The options of the client; raises ConfigError where one is not written as it has to be."""
    asked = {name: value for name, value in given.items() if value not in (None, ())}
    filters = {**_filters(config, asked.pop("filters", ())), **dict(_bounds(config, asked.pop("ranges", ())))}
    if filters:
        asked["filters"] = filters
    if "facets" in asked:
        asked["facets"] = dict(map(_facet, asked["facets"]))
    if "fields" in asked:
        asked["fields"] = [name.strip() for name in asked["fields"].split(",") if name.strip()]
    if "params" in asked:
        asked["params"] = dict(map(_parameter, asked["params"]))
    return cast(Options, asked)


def _parameter(text: str) -> tuple[str, Any]:
    """A parameter of the team's own body: text, or JSON where it is a list or an object."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigError(f"--param: expected NAME=VALUE, got {text!r}")
    if not value.startswith(("[", "{")):
        return name, value
    try:
        return name, json.loads(value)
    except ValueError as error:
        raise ConfigError(f"--param: expected JSON in {name}, got {value!r} ({error})") from None


def _filters(config: Config, texts: Iterable[str]) -> dict[str, str | list[str]]:
    known = declared(config)
    filters: dict[str, list[str]] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in {*known.filters, *known.bounds} or not value:
            names = ", ".join([*known.filters, *known.bounds])
            raise ConfigError(f"--filter: expected NAME=VALUE with a name of {names}; got {text!r}")
        filters.setdefault(name, []).extend([value] if name in known.bounds else _readings(value))
    return {name: values if len(values) > 1 else values[0] for name, values in filters.items()}


def _readings(value: str) -> list[str]:
    """The text itself, and the number that it may stand for as the catalogue writes it: `2.0` is `2` there."""
    try:
        number = value_text(json.loads(value))
    except ValueError:
        number = None
    return [value] if number in (None, value) else [value, str(number)]


def _bounds(config: Config, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    names = ["price", *config.search.ranges]
    for text in texts:
        name, _, span = text.partition("=")
        low, dots, high = span.partition("..")
        if name not in names or not dots or not (low or high):
            raise ConfigError(f"--range: expected NAME=FROM..TO with a name of {', '.join(names)}; got {text!r}")
        yield from ((f"{name}_{end}", value) for end, value in (("min", low), ("max", high)) if value)


def _facet(text: str) -> tuple[str, int]:
    name, equals, count = text.partition("=")
    if equals and not count.isdecimal():
        raise ConfigError(f"--facet: expected NAME or NAME=COUNT, got {text!r}")
    return name, int(count) if equals else FACET_VALUES
