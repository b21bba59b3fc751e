"""What deployment relies on, asked of the engine in memory and of the real one alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from affinity_search.engine import Engine
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import MissingResource, RefusedRequest
from tests.contract.fake_engine import FakeEngine


@pytest.fixture(params=["fake", "real"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return FakeEngine() if request.param == "fake" else OpenSearchEngine(request.getfixturevalue("engine_url"))


@pytest.fixture
def name(engine: Engine, prefix: str) -> Iterator[str]:
    """A name for a script, a pipeline and an index; whatever bears it is removed afterwards."""
    yield f"{prefix}-contract"
    for what in ("/_scripts/", "/_ingest/pipeline/", "/", "/other-"):
        with suppress(MissingResource):
            engine.call("DELETE", f"{what}{prefix}-contract")


def refusal(engine: Engine, *call: Any) -> int:
    with pytest.raises(RefusedRequest) as caught:
        engine.call(*call)
    return caught.value.status


def script(source: str) -> dict[str, Any]:
    return {"script": {"lang": "mustache", "source": source}}


def test_the_engine_says_what_it_is(engine: Engine) -> None:
    assert engine.info().distribution == "opensearch"


def test_a_script_comes_back_as_it_was_stored(engine: Engine, name: str) -> None:
    source = '{"query": {"term": {"é": "{{q}}"}}}\n'
    engine.call("PUT", f"/_scripts/{name}", script(source))
    assert engine.call("GET", f"/_scripts/{name}")["script"] == {"lang": "mustache", "source": source}


@pytest.mark.parametrize(("quotes", "stored"), [(32_000, True), (32_800, False)])
def test_every_escaped_quote_counts_towards_the_size_of_a_script(
    engine: Engine, name: str, quotes: int, stored: bool
) -> None:
    if stored:
        assert engine.call("PUT", f"/_scripts/{name}", script('"' * quotes)) == {"acknowledged": True}
    else:
        assert refusal(engine, "PUT", f"/_scripts/{name}", script('"' * quotes)) == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_scripts/{}"),
        ("DELETE", "/_scripts/{}"),
        ("GET", "/_ingest/pipeline/{}"),
        ("DELETE", "/_ingest/pipeline/{}"),
        ("GET", "/{}"),
        ("GET", "/{}/_alias"),
        ("GET", "/{}/_mapping"),
        ("GET", "/{}/_doc/1"),
        ("GET", "/{}/_count"),
        ("POST", "/{}/_refresh"),
        ("DELETE", "/{}"),
    ],
)
def test_what_is_absent_is_a_missing_resource(engine: Engine, name: str, method: str, path: str) -> None:
    # An engine that never held a pipeline acknowledges deleting any; once it has held one, it looks.
    engine.call("PUT", f"/_ingest/pipeline/{name}-other", {"processors": []})
    try:
        with pytest.raises(MissingResource):
            engine.call(method, path.format(name))
    finally:
        engine.call("DELETE", f"/_ingest/pipeline/{name}-other")


def test_a_pipeline_comes_back_as_it_was_stored_and_goes_even_while_it_is_used(engine: Engine, name: str) -> None:
    body = {"description": "d", "processors": [{"set": {"field": "a", "value": 1}}]}
    engine.call("PUT", f"/_ingest/pipeline/{name}", body)
    assert engine.call("GET", f"/_ingest/pipeline/{name}") == {name: body}
    engine.call("PUT", f"/{name}", {"settings": {"default_pipeline": name}})
    settings = engine.call("GET", "/*,-.*/_settings/index.default_pipeline,index.final_pipeline")
    assert settings[name] == {"settings": {"index": {"default_pipeline": name}}}
    assert engine.call("DELETE", f"/_ingest/pipeline/{name}") == {"acknowledged": True}


def test_an_index_is_made_with_its_alias_and_gives_its_mapping_back(engine: Engine, name: str) -> None:
    mappings = {"dynamic": False, "properties": {"v": {"type": "long"}}}
    engine.call("PUT", f"/{name}", {"mappings": mappings, "aliases": {f"{name}-a": {}}})
    assert engine.call("GET", f"/{name}-a/_alias") == {name: {"aliases": {f"{name}-a": {}}}}
    said = {"dynamic": "false", "properties": {"v": {"type": "long"}}}
    assert engine.call("GET", f"/{name}/_mapping") == {name: {"mappings": said}}
    whole = engine.call("GET", f"/{name}-a")[name]
    assert (whole["aliases"], whole["mappings"]) == ({f"{name}-a": {}}, said)
    assert refusal(engine, "PUT", f"/{name}", {}) == 400
    assert refusal(engine, "PUT", f"/other-{name}", {"aliases": {name: {}}}) == 400


def test_a_mapping_takes_new_fields_and_keeps_the_types_of_old_ones(engine: Engine, name: str) -> None:
    engine.call("PUT", f"/{name}", {"mappings": {"dynamic": False, "properties": {"v": {"type": "long"}}}})
    engine.call("PUT", f"/{name}/_mapping", {"properties": {"w": {"type": "keyword"}}})
    assert engine.call("GET", f"/{name}/_mapping")[name]["mappings"]["properties"] == {
        "v": {"type": "long"},
        "w": {"type": "keyword"},
    }
    assert refusal(engine, "PUT", f"/{name}/_mapping", {"properties": {"v": {"type": "keyword"}}}) == 400


def test_an_alias_comes_and_goes(engine: Engine, name: str) -> None:
    engine.call("PUT", f"/{name}", {})
    target = {"index": name, "alias": f"{name}-a"}
    engine.call("POST", "/_aliases", {"actions": [{"add": target}]})
    assert list(engine.call("GET", f"/{name}-a/_alias")) == [name]
    engine.call("POST", "/_aliases", {"actions": [{"remove": target}]})
    with pytest.raises(MissingResource):
        engine.call("GET", f"/{name}-a/_alias")
    with pytest.raises(MissingResource):
        engine.call("POST", "/_aliases", {"actions": [{"remove": target}]})


def test_a_document_is_created_once_and_overwritten_only_at_its_revision(engine: Engine, name: str) -> None:
    engine.call("PUT", f"/{name}", {})
    first = engine.call("PUT", f"/{name}/_create/1", {"number": 1})
    assert refusal(engine, "PUT", f"/{name}/_create/1", {"number": 1}) == 409
    revision = {"if_seq_no": str(first["_seq_no"]), "if_primary_term": str(first["_primary_term"])}
    engine.call("PUT", f"/{name}/_doc/1", {"number": 1, "x": 2}, revision)
    assert refusal(engine, "PUT", f"/{name}/_doc/1", {"number": 1}, revision) == 409
    assert engine.call("GET", f"/{name}/_doc/1")["_source"] == {"number": 1, "x": 2}


def test_a_search_sees_what_was_refreshed(engine: Engine, name: str) -> None:
    query = {"size": 1, "_source": False, "sort": [{"number": {"order": "desc", "unmapped_type": "long"}}]}
    mappings = {"properties": {"number": {"type": "long"}}}
    engine.call("PUT", f"/{name}", {"settings": {"index": {"refresh_interval": "-1"}}, "mappings": mappings})
    assert engine.call("POST", f"/{name}/_search", query)["hits"]["hits"] == []
    for number in (2, 10):
        engine.call("PUT", f"/{name}/_create/{number}", {"number": number}, {"refresh": "true"})
    engine.call("PUT", f"/{name}/_create/11", {"number": 11})
    assert engine.call("POST", f"/{name}/_search", query)["hits"]["hits"][0]["_id"] == "10"
    assert engine.call("GET", f"/{name}/_count")["count"] == 2
    engine.call("POST", f"/{name}/_refresh")
    assert engine.call("GET", f"/{name}/_count")["count"] == 3
