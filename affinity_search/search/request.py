"""The parameters of a search request, checked before they are sent: what the template would ignore is refused here."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from affinity_search.engine.mappings import aggregatable_fields
from affinity_search.engine.protocol import Engine
from affinity_search.errors import ConfigError
from affinity_search.items.item import COMPUTED, value_text

__all__ = [
    "PRICE_BOUNDS",
    "SCORE",
    "FilterValue",
    "Scalar",
    "field_parameters",
    "filter_parameters",
    "sort_fields",
    "sort_parameters",
    "sorted_by",
]

PRICE_BOUNDS = ("price_min", "price_max")
SCORE = "_score"
NUMBER = ".number"
PLACES = ("", "_2", "_3")
"""What follows `sort` and `order` in the names of the parameters: a request may sort by so many fields."""

Scalar = str | float | bool
FilterValue = Scalar | Sequence[Scalar]


def filter_parameters(
    filters: Mapping[str, FilterValue], attributes: Collection[str] | None, bounds: Collection[str] = PRICE_BOUNDS
) -> dict[str, Any]:
    """The filters as the template takes them: values as the texts that the catalogue holds, bounds as numbers.

    `attributes` are the names one may filter by, None where they are not known. Raises ConfigError for an unknown
    name, for None and for an empty list, which the template would take for "no filter", and for a bound that is none.
    """
    return {name: _filter(name, value, attributes, bounds) for name, value in filters.items()}


def _filter(
    name: str, value: FilterValue, attributes: Collection[str] | None, bounds: Collection[str]
) -> list[str] | float:
    if name in bounds:
        return _bound(name, value)
    if attributes is not None and name not in attributes:
        known = ", ".join([*attributes, *bounds])
        raise ConfigError(f"filters.{name}: expected a filter of {known}; got an unknown one")
    values = list(value) if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str) else [value]
    if not values:
        raise ConfigError(
            f"filters.{name}: expected at least one value, got an empty list",
            hint="Leave the filter out to have items of every value.",
        )
    return [_text(name, one) for one in values]


def _text(name: str, value: object) -> str:
    text = value_text(value)
    if text is None:
        raise ConfigError(
            f"filters.{name}: expected text, a finite number, true or false, got {value!r}",
            hint="Leave the filter out to have items of every value.",
        )
    return text


def _bound(name: str, value: object) -> float:
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"filters.{name}: expected one finite number, got {value!r}")
    return number


def field_parameters(fields: Sequence[str]) -> list[str]:
    """The fields as the template takes them; an empty list is none of them. Raises ConfigError for a single text."""
    if isinstance(fields, str):
        raise ConfigError(f"fields: expected a list of fields, got {fields!r}")
    return list(fields)


def sort_parameters(sort: str | Sequence[str], order: str | None) -> dict[str, str]:
    """The parameters of a sort by up to three fields; none for `_score`, the order of every search that is not sorted.

    A `-` in front of a field asks for the largest first, as `order` does for the first field. Ties go by score anyway.
    Raises ConfigError for more fields, for the worst score first or before a field, and for a field that only serves
    the ranking or the engine.
    """
    keys = [sort] if isinstance(sort, str) else list(sort)
    if keys == [SCORE] and order == "asc":
        raise ConfigError(f"order: expected desc for the sort {SCORE}, the best hit first; got asc")
    if keys and keys[-1] == SCORE:
        keys.pop()
    if len(keys) > len(PLACES):
        raise ConfigError(f"sort: expected at most {len(PLACES)} fields, got {len(keys)}")
    parameters: dict[str, str] = {}
    for place, key in zip(PLACES, keys, strict=False):
        field = key.removeprefix("-")
        if not _is_sort_field(field):
            raise ConfigError(f"sort: expected {SCORE}, price or another field of the items; got {key}")
        parameters[f"sort{place}"] = field
        if field != key:
            parameters[f"order{place}"] = "desc"
    return {**parameters, **({"order": order} if order and keys else {})}


def sorted_by(parameters: Mapping[str, Any]) -> list[str]:
    """The fields that these parameters sort by, in order."""
    return [parameters[f"sort{place}"] for place in PLACES if f"sort{place}" in parameters]


def sort_fields(engine: Engine, index: str) -> tuple[str, ...]:
    """What the hits of an index can be sorted by, in the order of the alphabet, `_score` last.

    Raises EngineError where the engine does not tell.
    """
    return (*sorted(filter(_is_sort_field, aggregatable_fields(engine, index))), SCORE)


def _is_sort_field(name: str) -> bool:
    return not (name.startswith("_") or name.endswith(NUMBER) or name.split(".")[0] in COMPUTED)
