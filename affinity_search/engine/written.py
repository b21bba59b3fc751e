"""Documents in the order in which they were written: all of a shard, or those written after a sequence number.

A page begins where the one before ended, so that a reader holds one page, and all pages see the index as it stood at
one moment: a writer who goes on meanwhile neither moves documents between pages nor makes the reading endless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from affinity_search.engine.answers import expect_whole, part
from affinity_search.engine.protocol import Engine, path
from affinity_search.engine.reading import KEEP_ALIVE, Position
from affinity_search.engine.settings import read_settings

__all__ = ["read_copies", "read_written"]

PAGE = 2_000
WINDOW = "index.max_result_window"


def read_written(
    engine: Engine,
    shard: Position,
    fields: Sequence[str],
    *,
    since: int = -1,
    only: Mapping[str, Any] | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """The hits of a shard with these fields of the source, up to 2,000 at a time, earliest write first.

    Only what was written after the sequence number `since` (-1: everything), was refreshed, and fits the query `only`,
    such as the filter of an alias. Each hit has its version, and its routing where it was given one. Raises
    EngineFailed where the shard fails or runs out of time.
    """
    body = {**_body(fields, since, only), "size": _page(engine, shard.index)}
    pinned = {"keep_alive": KEEP_ALIVE, "preference": f"_shards:{shard.shard}"}
    opened = engine.call("POST", path(shard.index, "_search", "point_in_time"), params=pinned)
    found = part(engine, opened, str, "pit_id")
    try:
        while True:
            answer = engine.call("POST", "/_search", {**body, "pit": {"id": found, "keep_alive": KEEP_ALIVE}})
            expect_whole(engine, answer, shard.index)
            found = answer.get("pit_id", found)
            if not (hits := answer["hits"]["hits"]):
                return
            yield hits
            body["search_after"] = hits[-1]["sort"]
    finally:
        engine.call("DELETE", "/_search/point_in_time", {"pit_id": [found]})


def read_copies(
    engine: Engine, name: str, indices: int, ids: Sequence[str], fields: Sequence[str]
) -> list[dict[str, Any]]:
    """The hits with these ids in all of the `indices` that the name stands for. Raises as `read_written`."""
    size = max(1, _page(engine, name) // indices)
    hits: list[dict[str, Any]] = []
    for start in range(0, len(ids), size):
        chunk = list(ids[start : start + size])
        body = {"query": {"ids": {"values": chunk}}, "size": len(chunk) * indices, "_source": list(fields)}
        answer = engine.call("POST", path(name, "_search"), {**body, "track_total_hits": False})
        expect_whole(engine, answer, name)
        hits += answer["hits"]["hits"]
    return hits


def _body(fields: Sequence[str], since: int, only: Mapping[str, Any] | None) -> dict[str, Any]:
    filters = [{"range": {"_seq_no": {"gt": since}}}, *([only] if only else [])]
    return {
        "query": {"bool": {"filter": filters}},
        "sort": [{"_seq_no": "asc"}],
        "_source": list(fields),
        "version": True,
        "track_total_hits": False,
    }


def _page(engine: Engine, name: str) -> int:
    """Hits that every index behind the name gives at once."""
    limits = read_settings(engine, name, [WINDOW]).values()
    return min([PAGE, *(int(limit[WINDOW]) for limit in limits)])
