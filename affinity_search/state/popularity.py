"""Popularity of the items, counted from the daily buckets of the local state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.state.heavy import find_heavy_shoppers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["compute_signals"]

# Whole numbers (of 2^-20 events) are added up first and weighted in one order, so that the same buckets give the same
# floats again.
SIGNALS = """
CREATE OR REPLACE TEMP TABLE signals_now AS
WITH weights AS (SELECT unnest($types::VARCHAR[]) AS type, unnest($weights::DOUBLE[]) AS weight),
counted AS (
    SELECT item, type, day, (count * coalesce(contribution, 1) * 1048576)::HUGEINT AS events
    FROM buckets LEFT JOIN heavy_shoppers USING (user_id) WHERE day <= $as_of
), totals AS (
    SELECT item, type, sum(events) / 1048576 AS events,
           coalesce(sum(events) FILTER (WHERE day > $since), 0) / 1048576 AS recent,
           min(day) AS first
    FROM counted GROUP BY item, type
)
SELECT item,
    list_sum(list(events * weight ORDER BY type)) AS popularity,
    list_sum(list(recent * weight ORDER BY type)) AS recent,
    CASE WHEN $newness THEN newness($as_of - min(first), $half_life) ELSE 0 END AS newness
FROM totals JOIN weights USING (type) GROUP BY item
"""


def compute_signals(connection: DuckDBPyConnection, config: Config, as_of_day: int | None = None) -> int | None:
    """The day the numbers stand for, None without buckets; they go to the temporary table `signals_now`.

    `signals_now(item, popularity, recent, newness)` has a row per item with events: its events up to `as_of_day` (the
    newest day where None), each counting the weight of its type, those of the last `popularity.recent_days` days up to
    it, and how new it is by its first event (0 where newness has no weight).
    Those of a shopper with very many of them count for less (see `heavy`).
    Where `events.time` is `sequence` shoppers share no calendar, and the last two are 0.
    """
    from affinity_search.formulas import create_macros
    from affinity_search.weights.newness import newness

    if as_of_day is None:
        newest = connection.execute("SELECT max(day) FROM buckets").fetchone()
        as_of_day = newest[0] if newest else None
    weighted = {name: kind.weight for name, kind in config.events.types.items() if kind.weight}
    dated = config.events.time == "date" and as_of_day is not None
    parameters = {
        "types": list(weighted),
        "weights": list(weighted.values()),
        "as_of": as_of_day,
        "newness": bool(dated and config.popularity.newness.weight),
        "half_life": config.popularity.newness.half_life_days,
        "since": as_of_day - config.popularity.recent_days if dated and as_of_day is not None else as_of_day,
    }
    find_heavy_shoppers(connection, list(weighted), as_of_day)
    create_macros(connection, newness)
    connection.execute(SIGNALS, parameters)
    connection.execute("DROP TABLE heavy_shoppers")
    return as_of_day
