"""The history before the cut, as the local state keeps it: buckets and item values in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from affinity_search.config.model import Popularity
from affinity_search.offline.arrays import Floats, Ints
from affinity_search.offline.cut import Cut
from affinity_search.offline.shop import Shop
from affinity_search.state import given, open_state
from affinity_search.state.heavy import contribution, most_events

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["history_state", "purchased", "signals", "since_first"]

RECENT_DAYS: int = Popularity.model_fields["recent_days"].default


@contextmanager
def history_state(shop: Shop, split: Cut) -> Iterator[DuckDBPyConnection]:
    """A local state in memory with the events up to the cut, and with the values of the items."""
    with open_state(Path(":memory:")) as connection:
        users, kinds = _texts(shop.users), _texts(shop.types)
        items = _texts([*shop.ids, *reversed(shop.gone)])  # so that numbers below 0 find their names, too
        events = _events(shop, split)
        columns = {
            "user_id": users[events["user"]],
            "item": items[events["item"]],
            "type": kinds[events["type"]],
            "day": events["day"].astype(np.int32),
        }
        _insert(connection, "buckets", columns, "SELECT *, count(*) FROM {0} GROUP BY ALL")
        _insert(connection, "items", {"id": _texts(shop.ids), "title": _texts(shop.titles)}, "SELECT * FROM {0}")
        for field, values in shop.values.items():
            places = [(n, value) for n, found in enumerate(values) for value in found]
            rows = {
                "item": items[np.array([n for n, _ in places], dtype=np.int64)],
                "field": _texts([field] * len(places)),
                "value": _texts(value for _, value in places),
            }
            _insert(connection, "item_values", rows, "SELECT * FROM {0}")
        yield connection


def signals(shop: Shop, split: Cut, recent_days: int = RECENT_DAYS) -> tuple[Floats, Floats]:
    """Weighted events per item before the cut: all of them, and those of the last days (0 in a sequence)."""
    events = _events(shop, split)
    weight = np.array(split.type_weights, dtype=np.float64)[events["type"]] * _contributions(events["user"])
    known = events["item"] >= 0
    late = known & (events["age"] < recent_days) & (shop.time == "date")
    return _sums(shop, events["item"][known], weight[known]), _sums(shop, events["item"][late], weight[late])


def since_first(shop: Shop, split: Cut) -> Floats:
    """Days since the first event of each item, seen from the newest event before the cut; infinite without an event.

    In a sequence, which has no common calendar, it is infinite for all.
    """
    found = np.full(len(shop.ids), -np.inf)
    if shop.time == "date":
        events = _events(shop, split)
        known = events["item"] >= 0
        np.maximum.at(found, events["item"][known], events["age"][known].astype(np.float64))
    return np.asarray(np.abs(found), dtype=np.float64)


def _contributions(users: Ints) -> Floats:
    """What each event counts, by the shopper of each: less than 1 for a shopper with very many (see `heavy`)."""
    if not len(users):
        return np.ones(0)
    totals = np.bincount(users)
    quartile = np.quantile(totals[totals > 0], 0.75, method="inverted_cdf")
    return np.asarray(contribution(totals[users], most_events(quartile)), dtype=np.float64)


def _sums(shop: Shop, items: Ints, weights: Floats) -> Floats:
    return np.bincount(items, weights=weights, minlength=len(shop.ids)).astype(np.float64)


def purchased(shop: Shop, split: Cut) -> dict[int, frozenset[int]]:
    """Positions of the items that each shopper bought before the cut; shoppers who bought nothing are absent.

    Where no type is a purchase, the events that are to be foretold stand for them.
    """
    bought: dict[int, set[int]] = {}
    for shopper in range(shop.shoppers):
        for n in shop.events_of(shopper):
            if split.targets[n] and shop.day[n] <= split.last[shopper]:
                bought.setdefault(shopper, set()).add(shop.item[n])
    return {shopper: frozenset(items) for shopper, items in bought.items()}


def _events(shop: Shop, split: Cut) -> dict[str, Ints]:
    """The events up to the cut that count, as columns; `age` in days before the newest, `item` below 0 if not listed.

    In a sequence the newest one is the shopper's own. What is too old, or of a type without weight, does not count.
    """
    user = np.repeat(np.arange(shop.shoppers), np.diff(np.asarray(shop.starts)))
    day, last = np.asarray(shop.day, dtype=np.int64), np.asarray(split.last, dtype=np.int64)[user]
    counting = np.array(split.type_weights, dtype=np.float64) > 0
    kind = np.asarray(shop.type, dtype=np.int64)
    kept = (day <= last) & (counting[kind] if len(kind) else True)
    if shop.time == "sequence":
        own = np.full(shop.shoppers, np.iinfo(np.int64).min)
        np.maximum.at(own, user[kept], day[kept])
        newest = own[user]
    else:
        newest = np.full_like(day, day[kept].max(initial=np.iinfo(np.int64).min) if kept.any() else 0)
    age = newest - day
    kept &= age <= split.retention_days
    columns = {"user": user, "day": day, "age": age, "item": np.asarray(shop.item), "type": kind}
    return {name: column[kept].astype(np.int64) for name, column in columns.items()}


def _texts(values: Iterable[str]) -> npt.NDArray[np.object_]:
    return np.array(list(values), dtype=np.object_)


def _insert(connection: DuckDBPyConnection, table: str, columns: dict[str, npt.NDArray[Any]], statement: str) -> None:
    with given(connection, "new_rows", columns):
        connection.execute(f"INSERT INTO {table} {statement.format('new_rows')}")
