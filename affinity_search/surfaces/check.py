"""Checks a template on the engine: whatever its parameters, it renders a known query or one the engine refuses.

The engine's own Mustache renders the template with well-behaved parameters first; every place of those bodies is then
either *open* (it shows a parameter) or *fixed*. A body rendered from hostile parameters may differ in open places only.
A body with a clause that refuses a list is harmless: no engine runs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any

from affinity_search.engine.protocol import Engine
from affinity_search.engine.searches import render_template, search_template
from affinity_search.errors import BrokenAnswer, ConfigError, MissingResource, RefusedRequest
from affinity_search.surfaces.search import Template

__all__ = ["check_template", "injections", "known_paths", "parameter_names", "parameter_sets", "refuses", "render"]

SENTINEL = "7777777"
PLAIN = (
    "q", "operator", "user_id", "from", "size", "sort", "order", "sort_2", "order_2", "sort_3", "order_3",
    "track_total_hits", "highlight", "fields",
)  # fmt: skip
REFUSALS = (" is a list", " is no object")
OBJECTS = ("filters", "facets")
JsonPath = tuple[str, object]

# A few values that would break out of a place that is not closed; the tests send many more.
FEW_VALUES: tuple[Any, ...] = ('"}]}}', '", "size": 9999, "x": "', "10, /*", ["a", "b"], {"user_id": "x", "q": '"}'})


def parameter_names(template: Template) -> tuple[str, ...]:
    """The parameters a request may send, dotted where they stand inside `filters`."""
    filters = (f"filters.{name}" for name in (*template.filters, *template.bounds))
    return (*PLAIN, *filters, *(f"facets.{name}" for name in template.facets))


def render(engine: Engine, source: str, parameters: Mapping[str, Any]) -> Any:
    """The body that the engine renders, or None where the outcome is no JSON or the engine refuses to render it."""
    try:
        return render_template(engine, {"source": source}, parameters)
    except (BrokenAnswer, RefusedRequest):
        return None


def check_template(engine: Engine, template: Template) -> int:
    """Number of renderings checked: a few hostile values in every parameter, and a search for every kind of request.

    Raises ConfigError where hostile or empty parameters change the query, or where the engine refuses a request of
    well-behaved ones.
    """
    known = known_paths(engine, template)
    checked = 0
    for parameters in parameter_sets(template, FEW_VALUES):
        body = render(engine, template.source, parameters)
        if body is not None and (found := injections(body, known)):
            raise ConfigError(
                f"template {template.name}: expected one query whatever the parameters, "
                f"got {found[0][0]} = {found[0][1]!r} from {parameters!r}"
            )
        checked += 1
    for parameters in ({}, {"q": "a", "user_id": "u"}, {"q": "a", "sort": "price", "filters": {"price_min": 1}}):
        _search(engine, template, parameters)
    return checked


def _search(engine: Engine, template: Template, parameters: Mapping[str, Any]) -> None:
    """Lets the engine parse the query; it is sent to a pattern that no index has, the items may not be there yet."""
    nowhere = f"{template.versioned_name}-no-such-index-*"
    try:
        search_template(engine, nowhere, {"source": template.source}, parameters)
    except RefusedRequest as error:
        raise ConfigError(f"template {template.name}: expected a query that runs, got {error}") from error
    except MissingResource:
        return  # of the lookup index, which the first apply makes after this; the query was parsed before


def known_paths(engine: Engine, template: Template) -> frozenset[JsonPath]:
    """Every place of every well-behaved rendering: (path, fixed value), or (path, SENTINEL) where a parameter shows.

    Raises ConfigError where a well-behaved rendering is no JSON.
    """
    places: set[JsonPath] = set()
    for parameters in _well_behaved(template):
        body = render(engine, template.source, parameters)
        if body is None:
            raise ConfigError(f"template {template.name}: expected JSON, got none from {parameters!r}")
        places.update(_json_paths(body, ""))
    return frozenset(places)


def injections(body: Any, known: frozenset[JsonPath]) -> list[JsonPath]:
    """The places of `body` that are neither fixed nor open in the known ones; empty for a harmless body."""
    if refuses(body):
        return []
    return [p for p in _json_paths(body, "") if p not in known and (p[0], SENTINEL) not in known]


def refuses(body: Any) -> bool:
    """Whether the body has a clause that no engine knows, because a list was sent where one value belongs, say."""
    return any(at.endswith(REFUSALS) for at, _ in _json_paths(body, ""))


def _json_paths(body: Any, at: str) -> Iterator[JsonPath]:
    if isinstance(body, dict):
        # The one key that a parameter writes is the field to sort by.
        for key, value in body.items():
            yield from _json_paths(value, f"{at}.*" if at == ".sort[]" else f"{at}.{key}")
        if not body:
            yield at, "{}"
    elif isinstance(body, list):
        for value in body:
            yield from _json_paths(value, f"{at}[]")
    else:
        yield at, SENTINEL if SENTINEL in str(body) else body


def _well_behaved(template: Template) -> Iterator[dict[str, Any]]:
    chosen = ("q", "user_id", "sort")
    for values in product((None, SENTINEL), repeat=len(chosen)):
        asked = {k: v for k, v in zip(chosen, values, strict=True) if v}
        yield asked
        for value in (SENTINEL, int(SENTINEL)):
            full = _set(dict.fromkeys(parameter_names(template), value))
            yield {**{name: value for name, value in full.items() if name not in chosen}, **asked}
    yield from parameter_sets(template, ([SENTINEL], int(SENTINEL)))


def parameter_sets(template: Template, values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Each of the values in each parameter of the template, among well-behaved ones, and as the whole of an object."""
    for name, value in product((*parameter_names(template), *OBJECTS), values):
        yield {"q": "shoes", "user_id": "u", "order": "asc", **_set({name: value})}


def _set(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with dotted names as a request has them: those of an object inside it."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        outer, _, inner = name.rpartition(".")
        if outer:
            found.setdefault(outer, {})[inner] = value
        else:
            found[name] = value
    return found
