"""Brings the popularity of the items in the engine up to date, writing only what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import Config
from affinity_search.engine.bulk import Action, Refusal, write_bulk
from affinity_search.engine.indices import indices_behind
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import ConfigError, MissingResource
from affinity_search.publish.recipient import check_recipient
from affinity_search.state.popularity import compute_signals

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["SignalReport", "refresh_signals"]

CHANGED = """
SELECT item, popularity, recent, held_popularity, held_recent
FROM (
    SELECT item, coalesce(now.popularity, 0) AS popularity, coalesce(now.recent, 0) AS recent,
        coalesce(held.popularity, 0) AS held_popularity, coalesce(held.recent, 0) AS held_recent
    FROM signals_now AS now FULL JOIN item_signals AS held USING (item)
)
WHERE popularity <> held_popularity OR recent <> held_recent ORDER BY item
"""
HELD = """
INSERT INTO item_signals
SELECT item, popularity, recent FROM signals_now WHERE item IN (SELECT unnest($items::VARCHAR[]))
"""


@dataclass(frozen=True)
class SignalReport:
    """What became of the items: items = unchanged + written + absent + refused.

    `items` have a popularity now or had one. `absent`: the index has no such item. `as_of_day` (days since 1970-01-01)
    is None where there are no events.
    """

    as_of_day: int | None
    items: int
    unchanged: int
    written: int
    absent: int
    refused: tuple[Refusal, ...]


def refresh_signals(
    engine: Engine, connection: DuckDBPyConnection, config: Config, as_of_day: int | None = None
) -> SignalReport:
    """What became of the items; the next search goes by the new numbers.

    `as_of_day` is the last day that counts, the newest one with events where None. Only items whose numbers differ from
    those last written are updated. Raises MissingResource where there is no item index, ConfigError where others
    made it without asking for popularity, or where a day is given though `events.time` is `sequence`.
    """
    if as_of_day is not None and config.events.time == "sequence":
        raise ConfigError("events.time: expected `date` for popularity as of a day, got sequence")
    name = config.items.index
    index = ",".join(indices_behind(engine, name))
    if not index:
        raise MissingResource(
            f"{engine.url}/{name}: expected the item index, found none",
            hint="Load the items first: affinity items load FILE",
            status=404,
        )
    check_recipient(engine, name, config.engine.prefix)
    _forget_other_index(connection, index)
    day = compute_signals(connection, config, as_of_day)
    changed = connection.execute(CHANGED).fetchall()
    total = connection.execute("SELECT count(*) FROM signals_now FULL JOIN item_signals USING (item)").fetchone()
    items = total[0] if total else 0

    def hold(actions: Sequence[Action]) -> None:
        _hold(connection, [action.id for action in actions])

    report = write_bulk(engine, _updates(name, changed), require_alias=False, on_written=hold)
    engine.call("POST", path(name, "_refresh"))
    written = report.written + report.superseded
    return SignalReport(day, items, items - len(changed), written, report.absent, report.refused)


def _forget_other_index(connection: DuckDBPyConnection, index: str) -> None:
    """Where another index took the place of the one last written to, nothing is known of what it holds."""
    known = connection.execute("SELECT value FROM meta WHERE key = 'signals_index'").fetchone()
    if known is None or known[0] != index:
        connection.execute("DELETE FROM item_signals")
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('signals_index', ?)", [index])


def _updates(index: str, changed: Sequence[tuple[str, float, float, float, float]]) -> Iterator[Action]:
    for item, popularity, recent, held_popularity, held_recent in changed:
        document: dict[str, Any] = {}
        if popularity != held_popularity:
            document["popularity"] = popularity or None  # null takes the feature out; the engine refuses 0
        if recent != held_recent:
            document["popularity_recent"] = recent or None
        yield Action("update", index, item, {"doc": document})


def _hold(connection: DuckDBPyConnection, items: list[str]) -> None:
    connection.begin()
    try:
        connection.execute(
            "DELETE FROM item_signals WHERE item IN (SELECT unnest($items::VARCHAR[]))", {"items": items}
        )
        connection.execute(HELD, {"items": items})
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
