"""A shop's own log, cut in time: the earlier events train, the purchases after the cut become queries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from affinity_search.config.suggest.files import kind_of_time, read_outcomes
from affinity_search.config.suggest.shop import Shop, gather
from affinity_search.config.suggest.split import Cut, cut, query_source, searches_wanted
from affinity_search.config.suggest.text import TextIndex
from affinity_search.config.suggest.types import judge_types
from affinity_search.errors import ConfigError, DataError
from affinity_search.evaluate.queries import Query
from affinity_search.events import Event
from affinity_search.items.item import Item
from affinity_search.items.read import read_items

__all__ = ["CutLog", "cut_log"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CutLog:
    """The file with the events before the cut, and the queries derived from the purchases after it.

    `since` says from when on purchases were taken, such as "2026-02-01".
    """

    training: Path
    queries: list[Query]
    since: str


def cut_log(
    items: Path,
    events: Path,
    folder: Path,
    day: date | None = None,
    time: Literal["date", "sequence"] | None = None,
) -> CutLog:
    """The log cut before `day`; without one the last fifth of the purchases is taken, or of each shopper's steps.

    The training events are written to `folder`. A query is what `affinity init` replays: the class of the item bought,
    or a word of its title; purchases of one shopper and day that give the same query are one. Raises ConfigError for a
    `day` where events have no calendar, DataError where nothing is left before or after the cut.
    """
    kind = time or kind_of_time([events])
    if day and kind == "sequence":
        raise ConfigError(f"--split: expected none, the times of {events} are steps without a calendar")
    found = [event for event in read_outcomes([events], kind) if isinstance(event, Event)]
    known = [item for _, item in read_items(items) if isinstance(item, Item)]
    if not found or not known:
        raise DataError(f"{events if known else items}: expected usable lines, found none")
    shop = gather(known, found, kind)
    split = cut(shop, judge_types(shop))
    if not split.purchases:
        raise DataError(f"{events}: expected purchases of items in {items.name}, found none")
    if day:
        split = replace(split, last=[(day - EPOCH.date()).days - 1] * shop.shoppers)
    last = dict(zip(sorted({event.user for event in found}), split.last, strict=True))
    training = [event for event in found if event.day <= last[event.user]]
    queries = list(_queries(shop, split, list(last), list(dict.fromkeys(item.id for item in known))))
    since = "the last fifth of each shopper's steps" if kind == "sequence" else _date(split.last[0] + 1)
    _expect(events, since, training, queries)
    path = folder / "events.jsonl"
    _write(path, training, kind)
    return CutLog(path, queries, since)


def _queries(shop: Shop, split: Cut, users: list[str], ids: list[str]) -> Iterator[Query]:
    index = TextIndex(shop.titles, shop.texts)
    wanted = searches_wanted(shop, split, index, query_source(shop, split))
    for number, ((shopper, _, text), items) in enumerate(sorted(wanted.items(), key=lambda entry: entry[0])):
        bought = frozenset(ids[item] for item in items)
        yield Query(f"d{number}", users[shopper], text, text, bought, None)


def _date(day: int) -> str:
    return (EPOCH + timedelta(day)).date().isoformat()


def _expect(events: Path, since: str, training: list[Event], queries: list[Query]) -> None:
    if not training:
        raise DataError(
            f"{events}: expected events before the purchases since {since}, found none", hint="Give a later --split."
        )
    if not queries:
        raise DataError(
            f"{events}: expected purchases since {since} by shoppers known before, found none",
            hint="Give an earlier --split.",
        )


def _write(path: Path, events: Iterable[Event], kind: str) -> None:
    with path.open("w", encoding="utf-8") as lines:
        for event in events:
            lines.write(json.dumps(_record(event, kind)) + "\n")


def _record(event: Event, kind: str) -> dict[str, Any]:
    moment = EPOCH + timedelta(microseconds=event.time) if kind == "date" else None
    return {
        "user": event.user,
        "ts": moment.isoformat() if moment else event.time,
        "type": event.type,
        "item": event.item,
        "group": event.group,
        "weight": event.weight,
        "id": event.id,
    }
