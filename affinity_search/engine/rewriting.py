"""Documents rewritten in place by the engine, a slice at a time: what others write meanwhile always wins.

A slice is a range of sequence numbers. What is rewritten gets a new number behind all of them, so that each document
comes once; where the loop is interrupted, the query itself tells what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from affinity_search.engine.answers import expect_whole
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import EngineFailed

__all__ = ["count_matching", "drop_replaced", "rewrite_slices"]


def count_matching(engine: Engine, index: str, query: Mapping[str, Any]) -> int:
    """Documents that the query finds in all shards, as searches see them."""
    answer = engine.call("POST", path(index, "_count"), {"query": query})
    expect_whole(engine, answer, index)
    return int(answer["count"])


def rewrite_slices(
    engine: Engine, index: str, query: Mapping[str, Any], size: int, script: Mapping[str, Any] | None = None
) -> Iterator[int]:
    """Documents looked at in each slice of `size`, after it was rewritten; none where the query finds nothing.

    The index's final pipeline runs over each of them, its default pipeline does not. One that others write to at the
    same moment is left as they wrote it. Raises EngineFailed where a document cannot be rewritten.
    """
    after, last = -1, _last(engine, index)
    while (until := _end_of_slice(engine, index, query, after, last, size)) is not None:
        yield _rewrite(engine, index, _between(query, after, until), script)
        after = until


def drop_replaced(engine: Engine, index: str) -> None:
    """Begins to drop the replaced copies of documents from the disk, and from the statistics that relevance rests on.

    The engine goes on by itself. Copies after the last commit are kept, hence the flush.
    """
    engine.call("POST", path(index, "_flush"))
    params = {"only_expunge_deletes": "true", "wait_for_completion": "false"}
    engine.call("POST", path(index, "_forcemerge"), params=params)


def _last(engine: Engine, index: str) -> int:
    body = {"size": 0, "track_total_hits": False, "aggs": {"last": {"max": {"field": "_seq_no"}}}}
    value = engine.call("POST", path(index, "_search"), body)["aggregations"]["last"]["value"]
    return -1 if value is None else int(value)


def _between(query: Mapping[str, Any], after: int, until: int) -> dict[str, Any]:
    return {"bool": {"filter": [query, {"range": {"_seq_no": {"gt": after, "lte": until}}}]}}


def _end_of_slice(engine: Engine, index: str, query: Mapping[str, Any], after: int, last: int, size: int) -> int | None:
    """The sequence number that the next slice ends at; None where nothing is left."""
    body = {
        "size": size,
        "query": _between(query, after, last),
        "sort": [{"_seq_no": "asc"}],
        "_source": False,
        "track_total_hits": False,
    }
    answer = engine.call("POST", path(index, "_search"), body, {"filter_path": "hits.hits.sort,_shards,timed_out"})
    expect_whole(engine, answer, index)
    found = answer.get("hits", {}).get("hits", [])
    return int(found[-1]["sort"][0]) if found else None


def _rewrite(engine: Engine, index: str, query: Mapping[str, Any], script: Mapping[str, Any] | None) -> int:
    params = {"conflicts": "proceed", "pipeline": "_none"}
    body = {"query": query, **({"script": script} if script else {})}
    answer = engine.call("POST", path(index, "_update_by_query"), body, params)
    if failures := answer.get("failures"):
        cause = failures[0].get("cause", failures[0])
        raise EngineFailed(
            f"{engine.url}/{index}: expected to rewrite {failures[0].get('id', 'a document')}, got "
            f"{cause.get('reason', cause)}"
        )
    return int(answer["total"])
