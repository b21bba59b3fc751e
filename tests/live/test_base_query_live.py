"""The base queries of `search.base` on a real engine: what one word that stands for two does, and what each takes."""

from __future__ import annotations

from typing import Any

import pytest

from affinity_search.config import parse_config
from affinity_search.deploy.probe import probe
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.surfaces import build_templates

ANALYSIS = {
    "filter": {"same": {"type": "synonym_graph", "synonyms": ["sofa, couch", "tv, flat screen"]}},
    "analyzer": {"asked": {"tokenizer": "standard", "filter": ["lowercase", "same"]}},
}
TEXT = {"type": "text", "analyzer": "standard", "search_analyzer": "asked"}
GOODS = {"1": ("Grey couch", "for three"), "2": ("Small table", "for a flat screen"), "3": ("Lamp", "grey")}
BASES = ("combined_fields", "multi_match", "simple_query_string")


@pytest.fixture
def items(engine_url: str, prefix: str) -> tuple[OpenSearchEngine, str]:
    engine, index = OpenSearchEngine(engine_url), f"{prefix}goods-v1"
    properties = {"title": TEXT, "text": TEXT, "note": {"type": "text", "analyzer": "english"}}
    body = {"settings": {"number_of_replicas": 0, "analysis": ANALYSIS}, "mappings": {"properties": properties}}
    engine.call("PUT", f"/{index}", {**body, "aliases": {f"{prefix}goods": {}}})
    for name, (title, text) in GOODS.items():
        engine.call("PUT", f"/{index}/_doc/{name}", {"title": title, "text": text}, {"refresh": "true"})
    return engine, f"{prefix}goods"


def source(index: str, base: str, fields: str = "{title: 2, text: 1}") -> Any:
    return parse_config(
        f"items: {{index: {index}, text_fields: {fields}}}\nevents: {{types: {{order: {{weight: 1}}}}}}\n"
        f"popularity: {{all_time: {{weight: 0}}}}\nsearch: {{base: {base}, template: {index}-search}}\n"
        f"engine: {{prefix: {index}-shop}}\n"
    )


def ids(engine: OpenSearchEngine, index: str, base: str, q: str) -> list[str]:
    (template,) = build_templates(source(index, base))
    sent = {"source": template.source, "params": {"q": q}}
    found = engine.call("POST", f"/{index}/_search/template", sent)
    return sorted(hit["_id"] for hit in found["hits"]["hits"])


@pytest.mark.parametrize(
    ("q", "combined", "others"),
    [("sofa", [], ["1"]), ("grey sofa", [], ["1"]), ("grey three", ["1"], ["1"]), ("grey lamp", ["3"], ["3"])],
)
def test_synonyms_of_one_word_are_all_wanted_by_combined_fields_alone(
    items: tuple[OpenSearchEngine, str], q: str, combined: list[str], others: list[str]
) -> None:
    engine, index = items
    assert [ids(engine, index, base, q) for base in BASES] == [combined, others, others]


def test_small_boosts_and_several_analyzers_are_for_combined_fields_alone_to_refuse(
    items: tuple[OpenSearchEngine, str],
) -> None:
    engine, index = items
    for base in BASES[1:]:
        config = source(index, base, "{title: 0.5, note: 0.1}")
        found = probe(config, engine, build_templates(config))
        assert (found.failures, [line for line in found.notes if "text_fields" in line]) == ((), [])
    config = source(index, BASES[0], "{title: 2, note: 1}")
    assert "set search.base: multi_match" in "".join(probe(config, engine, build_templates(config)).notes)
