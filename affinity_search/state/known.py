"""Which of the events name an item of the catalogue, and which ids miss one by their spelling only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["NONE_KNOWN", "KnownItems", "NearMiss", "known_items", "near_misses"]

# Case, blanks, a decimal part of zeros and zeros in front are what exports change most.
_KEY = "regexp_replace(regexp_replace(lower(trim({0})), '\\.0+$', ''), '^0+([0-9])', '\\1')"
_NEAR = """
WITH unknown AS (
    SELECT item, sum(events)::BIGINT AS events, {item} AS key FROM unknown_items GROUP BY item
)
SELECT unknown.item, min(items.id), any_value(events) FROM unknown JOIN items ON {id} = key
GROUP BY unknown.item ORDER BY any_value(events) DESC, unknown.item LIMIT 3
"""
NEAR = _NEAR.format(item=_KEY.format("item"), id=_KEY.format("items.id"))
ALL = """
SELECT coalesce(sum(count), 0)::BIGINT, (SELECT count(*) FROM items),
       coalesce(sum(count) FILTER (item IN (SELECT id FROM items)), 0)::BIGINT FROM buckets
"""


@dataclass(frozen=True)
class KnownItems:
    """How many of the events name an item of the catalogue; `catalogue` is False as long as no items are loaded."""

    events: int = 0
    known: int = 0
    catalogue: bool = False

    @property
    def share(self) -> float | None:
        """Share (0 .. 1) of the events whose item is known; None without events or without a catalogue."""
        return self.known / self.events if self.events and self.catalogue else None

    def __str__(self) -> str:
        if not self.catalogue:
            return "no items are loaded yet, so no event's item is known"
        share = "" if self.share is None else f" ({self.share:.1%})"
        return f"the item of {self.known:,} of {self.events:,} events is known{share}"


NONE_KNOWN = KnownItems()
"""No events, no catalogue."""


@dataclass(frozen=True)
class NearMiss:
    """An item id that `events` events name and the catalogue does not, but for its spelling: it has `catalogue`."""

    item: str
    catalogue: str
    events: int

    def __str__(self) -> str:
        return f"{self.events:,} events name {self.item!r}, the catalogue has {self.catalogue!r}"


def known_items(connection: DuckDBPyConnection) -> KnownItems:
    """For all events held."""
    ((events, items, known),) = connection.execute(ALL).fetchall()
    return KnownItems(events, known, bool(items))


def near_misses(connection: DuckDBPyConnection) -> tuple[NearMiss, ...]:
    """The three most frequent ones among the temporary table `unknown_items`."""
    return tuple(NearMiss(*row) for row in connection.execute(NEAR).fetchall())
