"""What one shopper may add to what all together show: a crawler must not decide what is popular, or usual.

A shopper with more than `most_events` events counts for less in the population's shares and in popularity: every event
of theirs counts `contribution`, so that all of them together count less, the more they are. Their own profile is
computed from all of them all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["HeavyShoppers", "contribution", "find_heavy_shoppers", "most_events"]

FEWEST = 100
TIMES_QUARTILE = 10


@dataclass(frozen=True)
class HeavyShoppers:
    """How many shoppers have more than `most_events` events, and the share (0 .. 1) of all events that is theirs."""

    shoppers: int = 0
    of_shoppers: int = 0
    most_events: int = 0
    event_share: float = 0.0


def most_events(upper_quartile: Any) -> Any:
    """Events of a shopper that count in full: 10 times what three of four shoppers do not exceed, 100 at least.

    Of fewer than four shoppers the quartile is the one with the most events: there nobody stands out.
    """
    import numpy as np

    return np.maximum(FEWEST, TIMES_QUARTILE * upper_quartile)


def contribution(events: Any, most: Any) -> Any:
    """What each event of a shopper counts (0 .. 1): 1 up to `most` events, (most / events)^2 above.

    So all of them together count `most` where they are as many, and half of it where they are twice as many.
    """
    import numpy as np

    return np.minimum(1.0, (most / events) ** 2)


TOTALS = """
CREATE OR REPLACE TEMP TABLE shopper_totals AS
SELECT user_id, sum(count)::DOUBLE AS events FROM buckets
WHERE list_contains($types, type) AND day <= coalesce($as_of, day) GROUP BY user_id
"""
HEAVY = """
CREATE OR REPLACE TEMP TABLE heavy_shoppers AS
SELECT user_id, events, contribution(events, most) AS contribution
FROM shopper_totals, (SELECT most_events(quantile_disc(events, 0.75)) AS most FROM shopper_totals)
WHERE events > most
"""
FOUND = """
SELECT (SELECT count(*) FROM heavy_shoppers), count(*), coalesce(most_events(quantile_disc(events, 0.75)), 0)::BIGINT,
       coalesce((SELECT sum(events) FROM heavy_shoppers) / sum(events), 0)
FROM shopper_totals
"""


def find_heavy_shoppers(connection: DuckDBPyConnection, types: Sequence[str], as_of: int | None) -> HeavyShoppers:
    """The shoppers with too many events of these types up to the day `as_of` (None: all); zeros without events.

    They go to the temporary table `heavy_shoppers(user_id, events, contribution)`.
    """
    from affinity_search.formulas import create_macros

    create_macros(connection, most_events, contribution)
    connection.execute(TOTALS, {"types": list(types), "as_of": as_of})
    connection.execute(HEAVY)
    (found,) = connection.execute(FOUND).fetchall()
    connection.execute("DROP TABLE shopper_totals")
    return HeavyShoppers(*found)
