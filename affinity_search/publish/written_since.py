"""What the items hold that were written since a position, whoever wrote them: the numbers in the engine are the truth.

A shard numbers its writes. Read are the documents with a higher number than that up to which all was known: as many as
were written since, no more. An item that was deleted is not among them and needs no popularity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affinity_search.engine.indices import refresh
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import Position, read_pages

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Reading", "read_signals"]

FOUND = "CREATE OR REPLACE TEMP TABLE found_signals (item VARCHAR, popularity DOUBLE, recent DOUBLE, newness DOUBLE)"
ADD = """
INSERT INTO found_signals
SELECT unnest($items::VARCHAR[]), unnest($popularity::DOUBLE[]), unnest($recent::DOUBLE[]), unnest($newness::DOUBLE[])
"""
# Only items that have a popularity by this state, or had one: the numbers of others are somebody else's. A newness that
# was not read is as it was written.
DIFFERING = """
CREATE OR REPLACE TEMP TABLE differing AS
SELECT item, found.popularity, found.recent, coalesce(found.newness, held.newness, 0) AS newness,
    held.item IS NOT NULL AS known
FROM found_signals AS found LEFT JOIN item_signals AS held USING (item)
WHERE (held.item IS NOT NULL OR item IN (SELECT item FROM signals_now))
    AND (found.popularity IS DISTINCT FROM held.popularity OR found.recent IS DISTINCT FROM held.recent
        OR coalesce(found.newness, held.newness, 0) IS DISTINCT FROM held.newness)
QUALIFY row_number() OVER (PARTITION BY item ORDER BY found.popularity, found.recent) = 1  -- of several copies
"""
BELIEVE = """
DELETE FROM item_signals WHERE item IN (SELECT item FROM differing);
INSERT INTO item_signals SELECT item, popularity, recent, newness FROM differing;
DROP TABLE found_signals;
DROP TABLE differing;
"""


@dataclass(frozen=True)
class Reading:
    """Documents read, and the items among them that hold other numbers than the state believed in."""

    documents: int
    differing: int


def read_signals(
    engine: Engine,
    connection: DuckDBPyConnection,
    shards: Sequence[Position],
    since: Mapping[str, int],
    fields: Sequence[str],
) -> Reading:
    """Makes the state believe in what the items written since hold; `since` is by shard, -1 for all of its items.

    `fields` are those of the popularity of all time, of late, and of newness where it is in use.
    """
    connection.execute(FOUND)
    documents = 0
    for shard in shards:
        for hits in _written(engine, shard, since[shard.key], fields):
            documents += len(hits)
            sources = [hit.get("_source") or {} for hit in hits]
            columns = {
                "items": [hit["_id"] for hit in hits],
                "popularity": [_number(source.get(fields[0])) for source in sources],
                "recent": [_number(source.get(fields[1])) for source in sources],
                "newness": [_number(source.get(fields[2])) if len(fields) > 2 else None for source in sources],
            }
            connection.execute(ADD, columns)
    connection.execute(DIFFERING)
    differing = connection.execute("SELECT count(*) FILTER (known) FROM differing").fetchall()[0][0]
    connection.execute(BELIEVE)
    return Reading(documents, differing)


def _written(engine: Engine, shard: Position, since: int, fields: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    if shard.newest <= since:
        return iter(())
    refresh(engine, shard.index)
    query = {"range": {"_seq_no": {"gt": since}}} if since >= 0 else {"match_all": {}}
    body = {"query": query, "_source": list(fields)}
    return read_pages(engine, shard.index, body, {"preference": f"_shards:{shard.shard}"})


def _number(value: object) -> float:
    """0 for what is no number: an item without a popularity has none of ours."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0
