"""The SQL that judges a batch of events against the state and adds it: its cost does not grow with what is held.

An event cannot have been seen before, nor have a bucket, where its shopper is new or its day is newer than that
shopper's newest. So the long tables are asked for the other events only, and for the range of their days, which lets
DuckDB skip the parts that hold other days. An event with an id of its own may have been seen on any day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affinity_search.config.model import Events

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["COUNTS", "NOTE_UNKNOWN", "UNKNOWN", "Added", "Judge", "has_catalogue"]

ALL_DAYS = (-(2**31), 2**31 - 1)
BELIEVED_STEPS = 1_000
BELIEVED_DAYS = 365

# `newest` is the newest day known at each line: the state's or that of a line above. Late events are kept out of the
# count of copies, so that it makes no difference whether two copies stand in one batch or in two.
_TIMED = """
CREATE OR REPLACE TEMP TABLE timed AS
WITH incoming AS MATERIALIZED (
    SELECT part[1]::UBIGINT AS line, part[2]::UBIGINT AS event, part[3] AS user_id, part[4] AS item, part[5] AS type,
           part[6]::INTEGER AS day, part[7] = '1' AS named,
           part[8]::INTEGER AS pieces
    FROM (SELECT string_split(unnest(string_split($rows, chr(10))), chr(9)) AS part)
), known AS (
    SELECT user_id AS known_user, newest AS own_newest FROM shoppers
    WHERE user_id IN (SELECT user_id FROM incoming)
), placed AS (
    SELECT incoming.*, own_newest, {newest} AS newest, coalesce(day > {newest} + $believed, false) AS skewed
    FROM incoming LEFT JOIN known ON user_id = known_user
)
SELECT *, NOT skewed AND day < greatest(
              max(day) FILTER (NOT skewed) OVER ({partition} ORDER BY line), coalesce(newest, day)
          ) - $retention AS late,
       coalesce(named OR day <= own_newest, false) AS suspect
FROM placed
"""
TIMED = {
    "date": _TIMED.format(newest="(SELECT max(newest) FROM shoppers)", partition=""),
    "sequence": _TIMED.format(newest="own_newest", partition="PARTITION BY user_id"),
}
SUSPECTS = "SELECT count(*), bool_or(named), min(day), max(day) FROM timed WHERE suspect"
JUDGE = """
CREATE OR REPLACE TEMP TABLE judged AS
WITH copies AS (
    SELECT *, row_number() OVER (PARTITION BY event, late, skewed ORDER BY line) AS copy FROM timed
), again AS (
    SELECT DISTINCT event AS seen_event FROM seen
    WHERE day BETWEEN $first AND $last AND event IN (SELECT event FROM timed WHERE suspect)
)
SELECT event, user_id, item, type, day, pieces,
       CASE WHEN skewed THEN 'skewed' WHEN late THEN 'late'
            WHEN copy > 1 OR seen_event IS NOT NULL THEN 'duplicate' ELSE 'applied' END AS verdict
FROM copies LEFT JOIN again ON event = seen_event
"""
COUNTS = """
SELECT verdict, count(*), count(*) FILTER (item IN (SELECT id FROM items)), sum(pieces)::BIGINT
FROM judged GROUP BY verdict
"""
FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT j.user_id, item, type, day, sum(pieces)::INTEGER AS added, coalesce(any_value(day <= s.newest), false) AS met
FROM judged j LEFT JOIN (SELECT * FROM shoppers WHERE user_id IN (SELECT user_id FROM judged)) s USING (user_id)
WHERE verdict = 'applied' GROUP BY ALL
"""
MET = "SELECT min(day), max(day) FROM fresh WHERE met"
MERGE = """
MERGE INTO buckets USING (SELECT * FROM fresh WHERE met) AS fresh
ON buckets.day BETWEEN $1 AND $2 AND buckets.day = fresh.day AND buckets.user_id = fresh.user_id
   AND buckets.item = fresh.item AND buckets.type = fresh.type
WHEN MATCHED THEN UPDATE SET count = count + added
WHEN NOT MATCHED THEN INSERT VALUES (fresh.user_id, fresh.item, fresh.type, fresh.day, fresh.added)
"""
ADD = "INSERT INTO buckets SELECT user_id, item, type, day, added FROM fresh WHERE NOT met"
NEWEST = """
MERGE INTO shoppers USING (SELECT user_id, max(day) AS day FROM fresh GROUP BY user_id) AS fresh
ON shoppers.user_id = fresh.user_id
WHEN MATCHED AND fresh.day > newest THEN UPDATE SET newest = fresh.day
WHEN NOT MATCHED THEN INSERT VALUES (fresh.user_id, fresh.day)
"""
UNKNOWN = "CREATE OR REPLACE TEMP TABLE unknown_items (item VARCHAR, events BIGINT)"
NOTE_UNKNOWN = """
INSERT INTO unknown_items
SELECT item, count(*) FROM judged
WHERE verdict IN ('applied', 'duplicate') AND item NOT IN (SELECT id FROM items)
      AND EXISTS (SELECT 1 FROM items LIMIT 1)
GROUP BY item
"""


@dataclass(frozen=True)
class Added:
    """How many events, applied or duplicate, name a known item, and how often those applied count all together."""

    known: int = 0
    pieces: int = 0

    def __add__(self, other: Added) -> Added:
        return Added(self.known + other.known, self.pieces + other.pieces)


class Judge:
    """Judges batches and adds what is applied; a time beyond all that is held is believed only where `any_time`."""

    def __init__(self, events: Events, any_time: bool) -> None:
        self._events = events
        least = BELIEVED_DAYS if events.time == "date" else BELIEVED_STEPS
        self._believed = ALL_DAYS[1] // 2 if any_time else max(events.retention_days, least)

    def judge(self, connection: DuckDBPyConnection, batch: Sequence[str]) -> None:
        """Fills the temporary table `judged` with the events of this batch, each with its verdict."""
        # One text, cut up by DuckDB: three times as fast as lists of Python values, and a kill leaves no temporary file
        # with shoppers' ids behind. No field can hold a tab or a newline.
        given = {
            "rows": "\n".join(batch),
            "retention": self._events.retention_days,
            "believed": self._believed,
        }
        connection.execute(TIMED[self._events.time], given)
        ((suspects, named, *days),) = connection.execute(SUSPECTS).fetchall()
        first, last = ALL_DAYS if named else days if suspects else (0, -1)
        connection.execute(JUDGE, {"first": first, "last": last})

    def merge(self, connection: DuckDBPyConnection) -> None:
        """Adds the events applied to the buckets."""
        connection.execute(FRESH)
        ((met_first, met_last),) = connection.execute(MET).fetchall()
        if met_first is not None:
            connection.execute(MERGE, [met_first, met_last])
        connection.execute(ADD)
        connection.execute(NEWEST)


def has_catalogue(connection: DuckDBPyConnection) -> bool:
    """Whether any items are loaded."""
    return bool(connection.execute("SELECT 1 FROM items LIMIT 1").fetchall())
