"""A team's own body on the engine: what is put in changes nothing else, and its fields are those of the items."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from affinity_search.config.findings import meant
from affinity_search.config.model import Config
from affinity_search.deploy.item_fields import ItemMapping
from affinity_search.deploy.store import read
from affinity_search.engine import Engine
from affinity_search.engine.searches import TemplateRef, search_template
from affinity_search.errors import ConfigError, EngineFailed, MissingResource, RefusedRequest
from affinity_search.surfaces import Template
from affinity_search.surfaces.check import FEW_VALUES, SENTINEL, refuses, render
from affinity_search.surfaces.own import own_notes, own_query, trial_bodies, trial_parameters
from affinity_search.surfaces.values import fields_of, without_ours

__all__ = ["check_own", "failures_of_own", "notes_on_own", "notes_on_query"]

NOBODY = "affinity-probe"
FEW = 2  # of what is deployed: without parameters, and with all of them


def check_own(engine: Engine, template: Template) -> None:
    """Raises ConfigError where the engine renders something else around the personal part than the team's own body.

    Also where a hostile shopper changes more than the shopper.
    """
    for parameters in trial_parameters(template.original, template.name):
        theirs = render(engine, template.original, parameters)
        if theirs is None:
            continue
        for user in ({}, {"user_id": SENTINEL}):
            _expect_same(engine, template, theirs, {**parameters, **user})
        known = render(engine, template.source, {**parameters, "user_id": SENTINEL})
        for value in FEW_VALUES:
            body = render(engine, template.source, {**parameters, "user_id": value})
            if body is not None and not refuses(body) and not _differs_in_open_places_only(known, body):
                raise ConfigError(f"template {template.name}: expected one query whatever the shopper, got {body!r}")


def _expect_same(engine: Engine, template: Template, theirs: Any, parameters: Mapping[str, Any]) -> None:
    body = render(engine, template.source, parameters)
    if body is None or _canonical(without_ours(body)) != _canonical(without_ours(theirs)):
        raise ConfigError(
            f"template {template.name}: expected the body as it was around the personal part, got another one with "
            f"{parameters!r}",
            hint="Is a value begun in one section and ended in another? `affinity render --params` shows the outcome.",
        )


def _canonical(body: Any) -> str:
    return json.dumps(body, sort_keys=True)


def _open_to_values(engine: Engine, template: Template) -> Iterator[str]:
    """What hostile values do to the team's own parameters, a line each; it is theirs and was so before."""
    everything = trial_parameters(template.original, template.name)[1]
    for name in everything:
        known = render(engine, template.original, {**everything, name: SENTINEL})
        for value in FEW_VALUES:
            body = render(engine, template.original, {**everything, name: value})
            if known is not None and body is not None and not _differs_in_open_places_only(known, body):
                yield f"template {template.name}: {name}: a value such as {value!r} changes the query, as it did before"
                break


def _differs_in_open_places_only(known: Any, body: Any) -> bool:
    if isinstance(known, dict) and isinstance(body, dict):
        return known.keys() == body.keys() and all(_differs_in_open_places_only(known[k], body[k]) for k in known)
    if isinstance(known, list) and isinstance(body, list):
        return len(known) == len(body) and all(map(_differs_in_open_places_only, known, body))
    return bool(known == body) or SENTINEL in str(known)


def failures_of_own(engine: Engine, index: str, template: Template, sent: TemplateRef) -> Iterator[str]:
    """Why searches with the template fail that do not fail without the personal part; or that all of them fail."""
    refused: list[str] = []
    answered = 0
    tried = trial_parameters(template.original, template.name)
    for parameters in tried[:FEW] if "id" in sent else tried:
        if said := _refusal(engine, index, {"source": template.original}, parameters):
            refused.append(said)
            continue
        answered += 1
        for label, user in (("a generic search", {}), ("a personal search", {"user_id": NOBODY})):
            if said := _refusal(engine, index, sent, {**parameters, **user}):
                yield f"template {template.name}: {label}: expected an answer as without the personal part, got {said}"
    if not answered:
        yield f"template {template.name}: expected a body that {index} answers, got {refused[0]}"


def _refusal(engine: Engine, index: str, template: TemplateRef, parameters: Mapping[str, Any]) -> str:
    try:
        search_template(engine, index, template, parameters)
    except (EngineFailed, MissingResource, RefusedRequest) as error:
        return error.message
    return ""


def notes_on_own(config: Config, engine: Engine, template: Template, mappings: Iterable[ItemMapping]) -> Iterator[str]:
    """What of the body works and may still not be as meant, a line each: fields that are not there, open values."""
    is_own = template.name == config.search.template and config.search.body
    where = f"search.body: {config.search.body.name}" if is_own and config.search.body else f"template {template.name}"
    yield from own_notes(template.original, where)
    if read(engine, "script", template.versioned_name) != template.source:  # once, before it is deployed
        yield from _open_to_values(engine, template)
    yield from _unknown_fields(trial_bodies(template.original, where), list(mappings), where)


def notes_on_query(path: Path, mappings: Iterable[ItemMapping]) -> Iterator[str]:
    """Fields that the query in the file names and the items do not have, a line each."""
    where = f"search.query: {path.name}"
    yield from _unknown_fields(trial_bodies(own_query(path), where), list(mappings), where)


def _unknown_fields(bodies: Iterable[Any], known: list[ItemMapping], where: str) -> Iterator[str]:
    """Fields that the body names and the items do not have, each with the nearest one that they have."""
    for at, field in _named_fields(bodies):
        for items in known:
            if items.field(field) is None and "*" not in field and not field.startswith("_"):
                hint = meant(field.rpartition(".")[2], [f.rpartition(".")[2] for f in items.fields]) or _some(items)
                yield f"{where}: {at}: expected a field of {items.index}, found none called {field}{hint}"


def _named_fields(bodies: Iterable[Any]) -> dict[tuple[str, str], None]:
    return dict.fromkeys(found for body in bodies for found in fields_of(body))


def _some(items: ItemMapping) -> str:
    return f"; it has {', '.join(list(items.fields)[:8])}"
