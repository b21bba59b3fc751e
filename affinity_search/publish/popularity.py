"""Brings the popularity of the items in the engine up to date, writing only what changed.

The state's table `item_signals` says what the items hold. Others write items, too, and then the numbers of an item are
gone: so each refresh first reads the items that were written since the last one (see `written_since`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from affinity_search.config.model import Config
from affinity_search.engine.bulk import Action, BulkReport, Refusal, write_bulk
from affinity_search.engine.indices import indices_behind, refresh
from affinity_search.engine.mappings import read_mappings, read_metas
from affinity_search.engine.ownership import mark_of
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import Position, positions
from affinity_search.errors import ConfigError, EngineFailed, MissingResource
from affinity_search.plain import plain_fields
from affinity_search.publish.copies import addressed
from affinity_search.publish.recipient import check_recipient
from affinity_search.publish.written_since import Reading, read_signals
from affinity_search.state.builds import read_meta, state_id, transaction, write_meta
from affinity_search.state.popularity import compute_signals

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["SignalReport", "refresh_signals"]

SEEN = "signals.seen"

CHANGED = """
SELECT item, popularity, recent, newness, held_popularity, held_recent, held_newness
FROM (
    SELECT item, coalesce(now.popularity, 0) AS popularity, coalesce(now.recent, 0) AS recent,
        coalesce(now.newness, 0) AS newness, coalesce(held.popularity, 0) AS held_popularity,
        coalesce(held.recent, 0) AS held_recent, coalesce(held.newness, 0) AS held_newness
    FROM signals_now AS now FULL JOIN item_signals AS held USING (item)
)
WHERE $everything OR popularity <> held_popularity OR recent <> held_recent OR newness <> held_newness ORDER BY item
"""
HELD = """
INSERT INTO item_signals
SELECT item, popularity, recent, newness FROM signals_now WHERE item IN (SELECT unnest($items::VARCHAR[]))
"""
FORGET = "DELETE FROM item_signals WHERE item IN (SELECT unnest($items::VARCHAR[]))"


@dataclass(frozen=True)
class SignalReport:
    """What became of the items: items = unchanged + written + absent + conflicts + refused.

    An item that stands in several indices of others behind the alias counts once for each of these.

    `items` have a popularity now or had one. `absent`: the index has no such item. `conflicts`: others wrote to the
    item at the same moment, again and again; the next refresh tries again. `as_of_day` (days since 1970-01-01) is None
    where there are no events.

    `compared` items were written since the last refresh and read again, `repaired` of these had lost their numbers or
    had others.
    """

    as_of_day: int | None
    items: int
    unchanged: int
    written: int
    absent: int
    refused: tuple[Refusal, ...]
    conflicts: int = 0
    compared: int = 0
    repaired: int = 0
    warnings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return plain_fields(self)


def refresh_signals(
    engine: Engine,
    connection: DuckDBPyConnection,
    config: Config,
    as_of_day: int | None = None,
    *,
    mode: Literal["look", "verify", "force"] = "look",
) -> SignalReport:
    """What became of the items; the next search goes by the new numbers.

    `as_of_day` is the last day that counts, the newest one with events where None. Only items whose numbers differ from
    those in the engine are updated. With the mode `look` the items written since the last refresh are read, by whomever
    they were written; with `verify` every item is; `force` writes all numbers again.

    Raises MissingResource where there is no item index, ConfigError where others made it without asking for
    popularity, or where `items.keys` is `keyword`, or a day is given though `events.time` is `sequence`.
    """
    if as_of_day is not None and config.events.time == "sequence":
        raise ConfigError("events.time: expected `date` for popularity as of a day, got sequence")
    name = config.items.index
    index = _indices(engine, name)
    if config.items.keys == "keyword" and _is_foreign(engine, name):
        raise ConfigError(
            "items.keys: expected numeric where popularity is to be written to items that others index, got keyword",
            hint="Set popularity.all_time.weight: 0, or bring popularity with your own query (search.body).",
        )
    check_recipient(engine, name, config.engine.prefix, config.popularity.fields)
    found = positions(engine, name)
    day = compute_signals(connection, config, as_of_day)
    reading = _learn(engine, connection, config, index, found, everything=mode != "look")
    changed = connection.execute(CHANGED, {"everything": mode == "force"}).fetchall()
    total = connection.execute("SELECT count(*) FROM signals_now FULL JOIN item_signals USING (item)").fetchall()[0][0]

    updates = _updates(name, config, changed, everything=mode == "force")
    done, absent, copies = _write(engine, connection, name, index, updates)
    refresh(engine, name)
    _expect_same_index(engine, name, found)
    return SignalReport(
        day,
        total + copies,
        total - len(changed),
        done.written,
        done.absent + absent,
        done.refused,
        done.conflicts,
        reading.documents,
        reading.differing,
        _warnings(engine, connection, name),
    )


def _indices(engine: Engine, name: str) -> str:
    if index := ",".join(indices_behind(engine, name)):
        return index
    raise MissingResource(
        f"{engine.url}/{name}: expected the item index, found none",
        hint="Load the items first: affinity items load FILE",
        status=404,
    )


def _expect_same_index(engine: Engine, name: str, before: Sequence[Position]) -> None:
    if {position.key for position in positions(engine, name)} != {position.key for position in before}:
        raise EngineFailed(
            f"{engine.url}/{name}: expected the same index as at the beginning, found another",
            hint="Somebody loaded the items or made the index again meanwhile. Run the same command again.",
        )


def _write(
    engine: Engine, connection: DuckDBPyConnection, name: str, index: str, updates: Iterable[Action]
) -> tuple[BulkReport, int, int]:
    """What became of the updates, the items that are nowhere, and how many more copies than items there are."""

    def hold(actions: Sequence[Action]) -> None:
        _hold(connection, [action.id for action in actions])

    if not _is_foreign(engine, name):
        return write_bulk(engine, updates, require_alias=name != index, on_written=hold), 0, 0
    absent = copies = 0

    def everywhere() -> Iterator[Action]:
        nonlocal absent, copies
        for item in addressed(engine, name, updates):
            if not item.actions:
                absent += 1
                hold([Action("update", name, item.id)])
            copies += max(len(item.actions) - 1, 0)
            yield from item.actions

    done = write_bulk(engine, everywhere(), require_alias=False, on_written=hold)
    return done, absent, copies


def _is_foreign(engine: Engine, name: str) -> bool:
    return not all(mark_of(mappings) for mappings in read_mappings(engine, name).values())


def _learn(
    engine: Engine,
    connection: DuckDBPyConnection,
    config: Config,
    index: str,
    found: Sequence[Position],
    *,
    everything: bool,
) -> Reading:
    """Reads the items that were written since the last refresh, and makes the state believe in what they hold.

    Where another index took the place of the one last written to, nothing is known of what it holds.
    """
    meta = read_meta(connection)
    seen_index, seen = json.loads(meta.get(SEEN, '["", {}]'))
    # A load notes in the state what its new index holds; an index made again under the same name is another one.
    loaded = meta.get("signals_index") == index and seen_index != index
    known = loaded or (seen_index == index and {p.key for p in found} == seen.keys())
    since = {p.key: -1 if everything or not known else seen.get(p.key, -1) for p in found}
    with transaction(connection):
        if not known:
            connection.execute("DELETE FROM item_signals")
        reading = read_signals(engine, connection, found, since, config.popularity.fields)
        # Not what stands there after the updates: an item that others write meanwhile must be read the next time.
        seen = json.dumps([index, {p.key: p.settled for p in found}])
        write_meta(connection, {"signals_index": index, SEEN: seen})
    return reading


def _updates(index: str, config: Config, changed: Sequence[tuple[Any, ...]], *, everything: bool) -> Iterator[Action]:
    popularity = config.popularity
    for item, *values in changed:
        document: dict[str, Any] = {}
        for field, now, held in zip(popularity.every_field, values[:3], values[3:], strict=True):
            if now != held or (everything and field in popularity.fields):
                document[field] = now or None  # null takes the feature out; the engine refuses 0
        yield Action("update", index, item, {"doc": document})


def _hold(connection: DuckDBPyConnection, items: list[str]) -> None:
    with transaction(connection):
        connection.execute(FORGET, {"items": items})
        connection.execute(HELD, {"items": items})


def _warnings(engine: Engine, connection: DuckDBPyConnection, name: str) -> tuple[str, ...]:
    marks = [mark_of(mappings) for mappings in read_metas(engine, name).values()]
    states = {str(mark["state"]) for mark in marks if "state" in mark}
    if not states - {state_id(connection)}:
        return ()
    return (
        f"{name} was loaded from another state file: its popularity counts the events of this one now. "
        "Run `affinity items load` and `affinity items signals` with one state file",
    )
