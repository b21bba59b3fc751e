"""The template on the real engine: hostile parameters, and both shapes against the formula."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from affinity_search.config import parse_config
from affinity_search.engine import CONNECTIONS
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import ConfigError, EngineError
from affinity_search.surfaces import Template, build_templates
from affinity_search.surfaces.check import (
    check_template,
    injections,
    known_paths,
    parameter_names,
    parameter_sets,
    render,
)
from tests.live.hostile import HOSTILE_VALUES, LARGE_VALUES

CONFIG = """
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  brand: {{field: attrs.brand, saturation_weight: 6}}
  theme: {{field: attrs.theme, multi_valued: true, levels: 3}}
  size: {{field: attrs.size, strength: 0}}
item_affinity: {{strength: 1}}
items: {{nested: [variants]}}
search:
  shape: {shape}
  facets: [brand, theme, size]
  filters: {{shoe: variants.size, shop: shop}}
  ranges: {{rating: rating, stock: variants.stock}}
"""
PLAIN = """
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  brand: {{field: attrs.brand, levels: 1}}
  theme: {{field: attrs.theme, multi_valued: true, levels: 1}}
item_affinity: {{strength: 1, levels: 1}}
search: {{shape: {shape}}}
"""
# Rendered before there were facets, highlights and further sorts: by request and shape.
RENDERED = json.loads((Path(__file__).parent.parent / "golden" / "rendered.json").read_text("utf-8"))
PARAMETER_SETS = 2000


def rendered(
    engine: OpenSearchEngine, source: Template, sets: Iterable[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each set of parameters with what the engine renders of it, several at once."""
    remaining = iter(sets)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        while chunk := list(islice(remaining, 8 * CONNECTIONS)):
            bodies = pool.map(lambda parameters: render(engine, source.source, parameters), chunk)
            yield from zip(chunk, bodies, strict=True)


def template(shape: str) -> Template:
    (found,) = build_templates(parse_config(CONFIG.format(shape=shape)))
    return found


def any_value(chance: random.Random, depth: int = 0) -> Any:
    """A value of any JSON type, hostile text among its leaves."""
    kind = chance.randrange(6 if depth < 3 else 4)
    if kind < 2:
        return chance.choice(HOSTILE_VALUES)
    if kind == 2:
        return "".join(chance.choice('"\\{}[]:,/*#ab\n01é\u2028 ') for _ in range(chance.randrange(12)))
    if kind == 3:
        return chance.choice([chance.randrange(-5, 50), chance.random() * 100, True, False, None])
    if kind == 4:
        return [any_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    keys = ["q", "user_id", "a", "brand", "price_min", "sort", "size", "filters", "facets", "toString", "doubleValue"]
    return {chance.choice(keys): any_value(chance, depth + 1) for _ in range(chance.randrange(4))}


def random_sets(names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    chance = random.Random(20260301)
    for _ in range(PARAMETER_SETS):
        found: dict[str, Any] = {}
        for name in chance.sample(names, chance.randrange(1, len(names))):
            outer, _, inner = name.rpartition(".")
            if outer:
                found.setdefault(outer, {})[inner] = any_value(chance)
            else:
                found[name] = any_value(chance)
        for name in ("filters", "facets"):
            if chance.random() < 0.1:
                found[name] = any_value(chance)
        yield found


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_any_parameters_give_the_same_query_or_none(engine_url: str, shape: str) -> None:
    engine, source = OpenSearchEngine(engine_url), template(shape)
    known = known_paths(engine, source)
    count = 0

    for parameters, body in rendered(engine, source, random_sets(parameter_names(source))):
        if body is not None:
            count += 1
            assert injections(body, known) == [], parameters

    assert count > PARAMETER_SETS / 2  # most sets are harmless, so the check is not empty


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_the_check_passes_the_template_and_finds_an_unquoted_parameter(engine_url: str, shape: str) -> None:
    engine, good = OpenSearchEngine(engine_url), template(shape)
    bad = Template("bad", "00000000", good.source.replace('"size": "{{size}}', '"size": "{{{size}}}'), good.filters)

    assert check_template(engine, good) == 150
    with pytest.raises(ConfigError, match=r"template bad: expected one query whatever the parameters, got \.x = "):
        check_template(engine, bad)


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_every_hostile_value_in_every_parameter_gives_the_same_query_or_none(engine_url: str, shape: str) -> None:
    engine, source = OpenSearchEngine(engine_url), template(shape)
    known = known_paths(engine, source)

    for parameters, body in rendered(engine, source, parameter_sets(source, HOSTILE_VALUES)):
        assert body is None or injections(body, known) == [], parameters


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_what_is_rendered_grows_with_the_request_and_no_faster(engine_url: str, shape: str) -> None:
    engine, source = OpenSearchEngine(engine_url), template(shape)
    count = 0

    for parameters, body in rendered(engine, source, parameter_sets(source, LARGE_VALUES)):
        if body is not None:
            count += 1
            # The longest way to write a few bytes: a 0 in a list becomes two terms with the name of a long field.
            assert len(json.dumps(body)) < 10_000 + 30 * len(json.dumps(parameters)), str(parameters)[:200]

    assert count > 100


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
@pytest.mark.parametrize("name", ["brand", "theme", "size", "shoe"])
def test_a_filter_is_rendered_once_for_the_hits_and_once_for_every_other_facet(
    engine_url: str, shape: str, name: str
) -> None:
    engine, source = OpenSearchEngine(engine_url), template(shape)

    for values in (["ab"] * 10_000, [7.5] * 10_000, [None] * 10_000, [[]] * 10_000, [{"doubleValue": ["a"] * 9}] * 999):
        parameters = {"filters": {name: values}, "facets": dict.fromkeys(source.facets, 10)}
        body = render(engine, source.source, parameters)
        assert len(json.dumps(body)) < 10_000 + 3 * 30 * len(json.dumps(parameters))


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
@pytest.mark.parametrize("request_", RENDERED)
def test_a_request_without_them_renders_what_it_always_did(engine_url: str, shape: str, request_: str) -> None:
    engine = OpenSearchEngine(engine_url)
    (plain,) = build_templates(parse_config(PLAIN.format(shape=shape)))

    body = render(engine, plain.source, json.loads(request_))

    assert json.loads(json.dumps(body).replace(plain.version, "VERSION")) == RENDERED[request_][shape]


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
@pytest.mark.parametrize("count", [1, 2, 1000, 10_000])
@pytest.mark.parametrize(
    "name",
    [
        *("q", "user_id", "sort", "sort_2", "sort_3", "highlight", "facets.brand", "facets.size"),
        *("filters.price_min", "filters.price_max", "filters.rating_min", "filters.stock_max"),
    ],
)
def test_a_list_where_one_value_belongs_is_refused_by_the_search(
    engine_url: str, prefix: str, shape: str, name: str, count: int
) -> None:
    outer, _, inner = name.rpartition(".")
    values = ["7"] * count
    parameters: dict[str, Any] = {outer: {inner: values}} if outer else {name: values}

    with pytest.raises(EngineError, match="is a list") as caught:
        search(engine_url, prefix, shape, parameters)
    assert caught.value.status == 400


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
@pytest.mark.parametrize("value", [["u42"], ["u42", "u77"], ["u42"] * 10_000, [], "", None, False])
def test_only_a_text_a_number_or_an_object_as_shopper_renders_a_lookup(engine_url: str, shape: str, value: Any) -> None:
    engine, source = OpenSearchEngine(engine_url), template(shape)

    assert "affinity-lookup" not in json.dumps(render(engine, source.source, {"q": "a", "user_id": value}))


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_an_object_as_shopper_is_not_the_shopper_that_it_names(engine_url: str, shape: str) -> None:
    engine, source = OpenSearchEngine(engine_url), template(shape)

    body = json.dumps(render(engine, source.source, {"q": "a", "user_id": {"user_id": "u42"}}))

    assert "brand.b0.{user_id=u42}" in body
    assert "brand.b0.u42" not in body


def search(engine_url: str, prefix: str, shape: str, parameters: dict[str, Any]) -> Any:
    engine = OpenSearchEngine(engine_url)
    engine.call("PUT", f"/{prefix}products")
    body = {"source": template(shape).source, "params": parameters}
    return engine.call("POST", f"/{prefix}products/_search/template", body)
