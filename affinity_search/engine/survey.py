"""An index of others as it stands: what is set and mapped, how much it holds, and a sample of its documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.engine.answers import expect_whole
from affinity_search.engine.protocol import Engine, path
from affinity_search.engine.reading import positions
from affinity_search.errors import ConfigError, MissingResource

__all__ = ["Sampled", "Survey", "survey"]

SAMPLE = 500
CLOSED = "index.verified_before_close"


@dataclass(frozen=True)
class Sampled:
    """One document of the sample; `written` is the sequence number of its last write in its shard."""

    id: str
    version: int
    written: int
    routing: str | None
    source: Mapping[str, Any] | None


@dataclass(frozen=True)
class Survey:
    """One physical index: its flat settings (`index....`), its mappings, and what it holds.

    `writes` are all writes and deletions that its shards took, `bytes` the size of its primaries on disk. `sample` has
    up to 500 documents drawn at random.
    """

    index: str
    uuid: str
    settings: Mapping[str, str]
    mappings: Mapping[str, Any]
    documents: int
    writes: int
    bytes: int
    sample: tuple[Sampled, ...]

    @property
    def shards(self) -> int:
        """Its number of primary shards."""
        return int(self.settings.get("index.number_of_shards", "1"))


def survey(engine: Engine, name: str) -> tuple[Survey, ...]:
    """Every index that the name stands for, by name; nothing is written.

    Raises MissingResource where there is none, ConfigError where one is closed.
    """
    try:
        found = engine.call("GET", path(name), params={"flat_settings": "true"})
    except MissingResource as error:
        raise MissingResource(
            f"{engine.url}/{name}: expected an index or an alias, found none",
            hint="Names are compared exactly; `GET /_cat/aliases` and `GET /_cat/indices` list them.",
            status=404,
        ) from error
    if closed := [index for index, body in found.items() if body["settings"].get(CLOSED) == "true"]:
        raise ConfigError(
            f"{engine.url}/{name}: expected open indices, found {', '.join(closed)} closed: open them first"
        )
    return tuple(_survey(engine, index, body) for index, body in sorted(found.items()))


def _survey(engine: Engine, index: str, body: Mapping[str, Any]) -> Survey:
    settings = body["settings"]
    stats = engine.call("GET", path(index, "_stats", "docs,store"))
    expect_whole(engine, stats, index)
    totals = stats["_all"]["primaries"]
    return Survey(
        index,
        settings["index.uuid"],
        settings,
        body["mappings"],
        engine.call("GET", path(index, "_count"))["count"],
        sum(position.newest + 1 for position in positions(engine, index)),
        totals["store"]["size_in_bytes"],
        _sample(engine, index, int(settings.get("index.max_result_window", SAMPLE))),
    )


def _sample(engine: Engine, index: str, most: int) -> tuple[Sampled, ...]:
    body = {
        "size": min(SAMPLE, most),
        "query": {"function_score": {"query": {"match_all": {}}, "random_score": {}}},
        "version": True,
        "seq_no_primary_term": True,
        "track_total_hits": False,
    }
    answer = engine.call("POST", path(index, "_search"), body)
    expect_whole(engine, answer, index)
    return tuple(
        Sampled(hit["_id"], hit["_version"], hit["_seq_no"], hit.get("_routing"), hit.get("_source"))
        for hit in answer["hits"]["hits"]
    )
