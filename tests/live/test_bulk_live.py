"""The bulk writer and the alias functions on a real engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from affinity_search.engine.aliases import move_aliases, resolve_alias, standing_behind
from affinity_search.engine.bulk import Action, BulkReport, write_bulk
from affinity_search.engine.indices import (
    create_index,
    delete_index,
    indices_behind,
    is_index_of,
    new_index_name,
    unaliased_indices,
)
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import ConfigError, MissingResource, RefusedRequest

BODY = {"mappings": {"_meta": {"made": "here"}, "properties": {"n": {"type": "long"}}}}
NOW = datetime(2026, 1, 31, 23, 59, 59, 123, tzinfo=UTC)


@pytest.fixture
def engine(engine_url: str) -> OpenSearchEngine:
    return OpenSearchEngine(engine_url)


def source(engine: OpenSearchEngine, index: str, doc: str) -> object:
    return engine.call("GET", f"/{index}/_source/{doc}")


def test_index_names() -> None:
    name = new_index_name("products", NOW)
    assert name == "products-20260131-235959-000123"
    assert name == new_index_name("products", NOW.astimezone(timezone(timedelta(hours=5))))
    assert name < new_index_name("products", NOW + timedelta(microseconds=1))
    assert is_index_of("products", name)
    for other in ("products", "products-archive", "products-2026", f"{name}-x", f"x{name}", name.replace("s-", "z-")):
        assert not is_index_of("products", other)
    assert not is_index_of("product.", name)


def test_the_fate_of_every_action(engine: OpenSearchEngine, prefix: str) -> None:
    create_index(engine, f"{prefix}-1", BODY)
    move_aliases(engine, None, f"{prefix}-1", {prefix: {}})
    first = [Action("index", prefix, f"é/{n}", {"n": n}, version=5) for n in range(3)]
    assert write_bulk(engine, first) == BulkReport(written=3)
    settled: list[str] = []
    report = write_bulk(
        engine,
        [
            Action("index", prefix, "é/0", {"n": 10}, version=6),
            Action("index", prefix, "é/1", {"n": 10}, version=4),
            Action("index", prefix, "bad", {"n": "x"}),
            Action("create", prefix, "new", {"n": 1}),
            Action("create", prefix, "é/2", {"n": 1}),
            Action("update", prefix, "é/2", {"doc": {"more": "y"}}),
            Action("update", prefix, "none", {"doc": {"n": 1}}),
            Action("delete", prefix, "none"),
            Action("delete", prefix, "é/1", version=4),
            Action("index", prefix, "é/1", {"n": 11}, version=5),
            Action("index", prefix, "x" * 513, {}),
        ],
        on_written=lambda done: settled.extend(action.id for action in done),
    )
    assert (report.written, report.superseded, report.absent, report.conflicts) == (4, 3, 2, 0)
    assert report.actions == 11
    assert [(r.id[:3], r.status) for r in report.refused] == [("xxx", 400), ("bad", 400)]
    assert "failed to parse field [n] of type [long]" in report.refused[1].reason
    assert 'For input string: "x"' in report.refused[1].reason
    assert settled == ["é/0", "new", "é/2", "none", "none", "é/1"]
    assert source(engine, prefix, "é%2F0") == {"n": 10}
    assert source(engine, prefix, "é%2F1") == {"n": 11}
    assert source(engine, prefix, "é%2F2") == {"n": 2, "more": "y"}


def test_thousands_of_documents_in_small_requests(engine: OpenSearchEngine, prefix: str) -> None:
    create_index(engine, f"{prefix}-1", BODY)
    actions = (Action("index", f"{prefix}-1", str(n), {"n": n, "t": "ü" * 50}) for n in range(3_000))
    assert write_bulk(engine, actions, require_alias=False, max_bytes=100_000) == BulkReport(written=3_000)
    engine.call("POST", f"/{prefix}-1/_refresh")
    assert engine.call("GET", f"/{prefix}-1/_count")["count"] == 3_000


@pytest.mark.parametrize(
    "action",
    [
        Action("index", "", "a", {"n": 1}),
        Action("update", "", "a", {"doc": {"n": 1}}),
        Action("delete", "", "a"),
        Action("delete", "", "a", version=3),
    ],
)
def test_a_missing_alias_is_said_and_nothing_is_made(engine: OpenSearchEngine, prefix: str, action: Action) -> None:
    wrong = Action(action.op, f"{prefix}-none", action.id, action.body, action.version)
    with pytest.raises(MissingResource, match=f"{prefix}-none"):
        write_bulk(engine, [wrong])
    assert indices_behind(engine, f"{prefix}-none") == []


def test_an_index_is_no_alias(engine: OpenSearchEngine, prefix: str) -> None:
    create_index(engine, prefix, BODY)
    with pytest.raises(MissingResource, match="is not an alias"):
        write_bulk(engine, [Action("index", prefix, "a", {"n": 1})])
    assert indices_behind(engine, prefix) == [prefix]
    for function in (resolve_alias, standing_behind):
        with pytest.raises(ConfigError, match="expected an alias or nothing, got an index of that name"):
            function(engine, prefix)


def test_an_alias_moves_in_one_step(engine: OpenSearchEngine, prefix: str) -> None:
    assert resolve_alias(engine, prefix) == []
    names = [new_index_name(prefix, NOW + timedelta(seconds=n)) for n in range(3)]
    for name in names:
        create_index(engine, name, BODY)
    assert unaliased_indices(engine, prefix) == {name: {"made": "here"} for name in names}
    move_aliases(engine, None, names[0], {prefix: {}})
    assert resolve_alias(engine, prefix) == [names[0]]
    properties = {"filter": {"term": {"n": 1}}, "search_routing": "a", "is_write_index": True}
    move_aliases(engine, names[0], names[1], {prefix: properties})
    (standing,) = standing_behind(engine, prefix)
    assert (standing.index, standing.aliases, standing.mappings["_meta"]) == (
        names[1],
        {prefix: properties},
        {"made": "here"},
    )
    assert standing.settings["index.number_of_shards"] == "1"
    assert list(unaliased_indices(engine, prefix)) == [names[0], names[2]]


def test_an_alias_moves_from_where_it_is_and_to_what_is_there(engine: OpenSearchEngine, prefix: str) -> None:
    for name in (f"{prefix}-1", f"{prefix}-2"):
        create_index(engine, name, BODY)
    move_aliases(engine, None, f"{prefix}-1", {prefix: {}})
    for old, new in ((f"{prefix}-2", f"{prefix}-1"), (f"{prefix}-1", f"{prefix}-none")):
        with pytest.raises(MissingResource):
            move_aliases(engine, old, new, {prefix: {}})
        assert resolve_alias(engine, prefix) == [f"{prefix}-1"]


def test_creating_twice_and_deleting_twice(engine: OpenSearchEngine, prefix: str) -> None:
    create_index(engine, f"{prefix}-1", BODY)
    with pytest.raises(RefusedRequest, match="already exists"):
        create_index(engine, f"{prefix}-1", BODY)
    assert delete_index(engine, f"{prefix}-1")
    assert not delete_index(engine, f"{prefix}-1")
