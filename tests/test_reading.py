"""Reading an index to its end, and how far it was written: a part of an answer is an error, never a small answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from affinity_search.engine.protocol import EngineInfo
from affinity_search.engine.reading import Position, count_whole, positions, read_pages
from affinity_search.errors import EngineFailed


class Answers:
    """An engine that gives these answers in turn, and remembers the requests."""

    url = "http://engine"

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str, object, dict[str, str]]] = []

    def info(self) -> EngineInfo:
        return EngineInfo("opensearch", "3.8.0")

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
        self.requests.append((method, path, body, dict(params or {})))
        return self.answers.pop(0)


def page(*ids: str, scroll: str = "s1", failed: int = 0, timed_out: bool = False) -> dict[str, Any]:
    hits = [{"_id": name} for name in ids]
    return {
        "_scroll_id": scroll,
        "_shards": {"total": 3, "failed": failed},
        "timed_out": timed_out,
        "hits": {"hits": hits},
    }


def test_pages_are_read_to_the_end_and_the_scroll_is_given_back() -> None:
    engine = Answers(page("a", "b"), page("c", scroll="s2"), page(scroll="s3"), {})
    found = list(read_pages(engine, "x", {"query": {"match_all": {}}}, {"preference": "_shards:1"}))
    assert found == [[{"_id": "a"}, {"_id": "b"}], [{"_id": "c"}]]
    assert engine.requests == [
        (
            "POST",
            "/x/_search",
            {"size": 10_000, "sort": ["_doc"], "query": {"match_all": {}}},
            {"preference": "_shards:1", "scroll": "2m"},
        ),
        ("POST", "/_search/scroll", {"scroll": "2m", "scroll_id": "s1"}, {}),
        ("POST", "/_search/scroll", {"scroll": "2m", "scroll_id": "s2"}, {}),
        ("DELETE", "/_search/scroll", {"scroll_id": ["s3"]}, {}),
    ]


@pytest.mark.parametrize(
    ("part", "why"),
    [(page("c", failed=1), "1 of 3 shards failed"), (page("c", timed_out=True), "the time was up")],
)
def test_a_part_of_the_pages_is_an_error_and_the_scroll_is_given_back(part: Any, why: str) -> None:
    engine = Answers(page("a"), part, {})
    with pytest.raises(EngineFailed, match=f"http://engine: x: expected an answer of all shards, {why}"):
        list(read_pages(engine, "x", {}))
    assert engine.requests[-1][:2] == ("DELETE", "/_search/scroll")


def test_a_part_of_a_count_is_an_error() -> None:
    assert count_whole(Answers({"count": 3, "_shards": {"failed": 0}}), "x") == 3
    with pytest.raises(EngineFailed, match="2 of 3 shards failed"):
        count_whole(Answers({"count": 3, "_shards": {"total": 3, "failed": 2}}), "x")


def shard(newest: int, settled: int, *, primary: bool = True) -> dict[str, Any]:
    return {"routing": {"primary": primary}, "seq_no": {"max_seq_no": newest, "global_checkpoint": settled}}


def test_positions_are_those_of_the_primaries() -> None:
    shards = {"1": [shard(4, 2, primary=False), shard(5, 3)], "0": [shard(-1, -1)]}
    engine = Answers({"_shards": {"failed": 0}, "indices": {"i": {"uuid": "u", "shards": shards}}})
    assert positions(engine, "alias") == (Position("i", "u", 0, -1, -1), Position("i", "u", 1, 5, 3))
    assert Position("i", "u", 1, 5, 3).key == "u/1"
    assert engine.requests[0][1] == "/alias/_stats/docs"


def test_a_shard_without_a_primary_is_an_error() -> None:
    shards = {"0": [shard(4, 2, primary=False)]}
    with pytest.raises(EngineFailed, match="http://engine/i: expected a primary of shard 0, found none"):
        positions(Answers({"indices": {"i": {"uuid": "u", "shards": shards}}}), "alias")
