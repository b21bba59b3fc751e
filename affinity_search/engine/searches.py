"""Searches, written out or through a template, and the bodies that templates render."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from affinity_search.engine.answers import part
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import BrokenAnswer

__all__ = ["TemplateRef", "render_template", "search", "search_template", "search_templates"]

TemplateRef = Mapping[str, str]
"""A template: {"id": NAME} where the engine has it stored, else {"source": TEXT}."""


def search(engine: Engine, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to this search in an index, or in all behind an alias; it may be that of a part of the shards."""
    return part(engine, engine.call("POST", path(name, "_search"), body), dict)


def search_template(
    engine: Engine, name: str, template: TemplateRef, parameters: Mapping[str, Any], *, only: str = ""
) -> dict[str, Any]:
    """The answer to the search that the template makes of the parameters; it may be that of a part of the shards.

    `only` are the parts of the answer that are needed, parted by commas, such as "took,hits.hits._id".
    """
    body = {**template, "params": dict(parameters)}
    return part(engine, engine.call("POST", path(name, "_search", "template"), body, _filter(only)), dict)


def search_templates(
    engine: Engine, name: str, template: TemplateRef, searches: Sequence[Mapping[str, Any]], *, only: str = ""
) -> list[dict[str, Any]]:
    """The answer to each of these searches, given by their parameters, in one request; see `search_template`.

    One that failed has an `error` in its place. Raises BrokenAnswer where there are not as many answers.
    """
    lines = [line for parameters in searches for line in ("{}", json.dumps({**template, "params": dict(parameters)}))]
    body = "\n".join(lines) + "\n"
    answer = engine.call("POST", path(name, "_msearch", "template"), body, _filter(only))
    found = part(engine, answer, list, "responses")
    if len(found) != len(searches):
        raise BrokenAnswer(f"{engine.url}: expected {len(searches)} answers to as many searches, got {len(found)}")
    return found


def render_template(engine: Engine, template: TemplateRef, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The search body that the template makes of the parameters; nothing is searched.

    Raises BrokenAnswer or RefusedRequest where that is no JSON object.
    """
    answer = engine.call("POST", "/_render/template", {**template, "params": dict(parameters)})
    return part(engine, answer, dict, "template_output")


def _filter(only: str) -> dict[str, str] | None:
    return {"filter_path": only} if only else None
