"""What an index holds and how far it was written: whole answers, or an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.engine.answers import expect_whole
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import EngineFailed

__all__ = ["Position", "count_whole", "positions", "read_pages"]

PAGE = 10_000
KEEP_ALIVE = "2m"
SEQUENCE = "_shards,indices.*.uuid,indices.*.shards.*.routing.primary,indices.*.shards.*.seq_no"


@dataclass(frozen=True)
class Position:
    """How far a shard was written. Every write and every deletion takes the next sequence number of its shard.

    `newest` is the last number given; `settled` the one up to which every copy holds all of them. -1 before the first.
    """

    index: str
    uuid: str
    shard: int
    newest: int
    settled: int

    @property
    def key(self) -> str:
        """The shard's name for as long as the index lives: an index made again under the same name has another."""
        return f"{self.uuid}/{self.shard}"


def positions(engine: Engine, names: str) -> tuple[Position, ...]:
    """The position of every shard of these indexes or aliases (parted by commas), by index and shard.

    Raises MissingResource where one is absent, EngineFailed where a shard has no primary.
    """
    answer = _whole(engine, names, engine.call("GET", path(names, "_stats", "docs"), params=_BY_SHARD))
    return tuple(
        _position(engine, index, body["uuid"], int(shard), copies)
        for index, body in sorted(answer.get("indices", {}).items())
        for shard, copies in sorted(body.get("shards", {}).items())
    )


_BY_SHARD = {"level": "shards", "filter_path": SEQUENCE}


def _position(engine: Engine, index: str, uuid: str, shard: int, copies: list[dict[str, Any]]) -> Position:
    for copy in copies:
        if copy.get("routing", {}).get("primary") and "seq_no" in copy:
            return Position(index, uuid, shard, copy["seq_no"]["max_seq_no"], copy["seq_no"]["global_checkpoint"])
    raise EngineFailed(f"{engine.url}/{index}: expected a primary of shard {shard}, found none")


def count_whole(engine: Engine, name: str) -> int:
    """Documents that searches see in all shards. Raises MissingResource, and EngineFailed where a shard fails."""
    return int(_whole(engine, name, engine.call("GET", path(name, "_count")))["count"])


def read_pages(
    engine: Engine, name: str, body: Mapping[str, Any], params: Mapping[str, str] | None = None
) -> Iterator[list[dict[str, Any]]]:
    """The hits of a search to their end, up to 10,000 at a time; none for no hits.

    Raises EngineFailed where a shard fails or runs out of time.
    """
    first = {"size": PAGE, "sort": ["_doc"], **body}
    answer = engine.call("POST", path(name, "_search"), first, {**(params or {}), "scroll": KEEP_ALIVE})
    try:
        while hits := _whole(engine, name, answer)["hits"]["hits"]:
            yield hits
            again = {"scroll": KEEP_ALIVE, "scroll_id": answer["_scroll_id"]}
            answer = engine.call("POST", "/_search/scroll", again)
    finally:
        engine.call("DELETE", "/_search/scroll", {"scroll_id": [answer["_scroll_id"]]})


def _whole(engine: Engine, name: str, answer: Any) -> Any:
    expect_whole(engine, answer, name)
    return answer
