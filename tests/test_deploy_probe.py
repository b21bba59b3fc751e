"""What the probe makes of answers that a healthy engine cannot be made to give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from affinity_search.config import parse_config
from affinity_search.deploy.item_fields import ItemMapping, misfits
from affinity_search.deploy.probe import Probe, probe, refuse_dead_search
from affinity_search.engine import EngineInfo
from affinity_search.errors import ConfigError
from affinity_search.surfaces import Template

CONFIG = parse_config("events: {types: {order: {weight: 1}}}\nattributes: {maker: {field: attrs.maker, strength: 0}}")
PROPERTIES = {"title": {"type": "text"}, "text": {"type": "text"}, "popularity": {"type": "rank_feature"}}


class LateEngine:
    """An engine whose searches through a template answer with what they had when time ran out."""

    url = "http://late"

    def info(self) -> EngineInfo:
        return EngineInfo("opensearch", "3.8.0")

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
        if path.startswith("/_alias") or "_alias" in path:
            return {"goods-1": {"aliases": {}}}
        if path.endswith("/_mapping"):
            return {"goods-1": {"mappings": {"properties": PROPERTIES}}}
        if path.startswith("/_scripts"):
            return {"script": {"source": "t"}}
        if "_settings" in path:
            return {"goods-1": {"settings": {}}}
        late = path.endswith("/template")
        return {"timed_out": late, "_shards": {"total": 1, "failed": 0}, "hits": {"hits": []}}


def test_a_search_that_ran_out_of_time_is_a_failure() -> None:
    found = probe(CONFIG, LateEngine(), (Template("search", "1", "t"),))
    assert found.failures == tuple(
        f"template search: {name}: expected the whole answer, got one in which the time was up"
        for name in ("a generic search", "a browse", "a personal search", "a personal browse")
    )
    with pytest.raises(ConfigError, match="the time was up"):
        refuse_dead_search(found)


def test_notes_refuse_nothing() -> None:
    refuse_dead_search(Probe(notes=("something does not fit",)))


def mapped(**properties: Any) -> list[str]:
    return list(misfits(CONFIG, ItemMapping.of("goods", {"properties": PROPERTIES | properties}, CONFIG.engine.prefix)))


@pytest.mark.parametrize(
    ("maker", "said"),
    [
        ({"properties": {"maker": {"type": "keyword"}}}, None),
        ({"properties": {"maker": {"type": "boolean"}}}, None),
        ({"type": "flat_object"}, None),
        ({"properties": {"maker": {"type": "text"}}}, "found text at attrs.maker: filters by it find nothing"),
        (
            {"properties": {"maker": {"type": "text", "fields": {"raw": {"type": "keyword"}}}}},
            "found text at attrs.maker: filters alone (strength: 0) can name attrs.maker.raw",
        ),
        (
            {"type": "nested", "properties": {"maker": {"type": "keyword"}}},
            "found keyword inside a nested object at attrs.maker: filters by it find nothing",
        ),
        (
            {"properties": {"makers": {"type": "keyword"}}},
            "found none at attrs.maker: filters by it find nothing; did you mean attrs.makers?",
        ),
    ],
)
def test_a_filter_needs_a_field_of_exact_values(maker: dict[str, Any], said: str | None) -> None:
    expected = "attributes.maker.field: expected a field of exact values (keyword, boolean, number) in goods, "
    assert mapped(attrs=maker) == ([expected + said] if said else [])


def test_prices_and_popularity_have_their_types() -> None:
    attrs = {"properties": {"maker": {"type": "keyword"}}}
    assert mapped(attrs=attrs, price={"type": "keyword"}, popularity={"type": "long"}) == [
        "goods: popularity: expected a rank_feature, found long: its type cannot change: copy the items to an index "
        "with that mapping (_reindex)",
        "goods: price: expected a number for price_min and price_max, found keyword",
    ]


def test_an_index_is_ours_only_with_the_mark_of_this_deployment() -> None:
    marks = ({}, {"affinity_search": {"owner": "another"}}, {"affinity_search": {"owner": CONFIG.engine.prefix}})
    owned = [ItemMapping.of("goods", {"_meta": meta}, CONFIG.engine.prefix).ours for meta in marks]
    assert owned == [False, False, True]
