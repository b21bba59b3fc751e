"""A shop's own log, cut in time: the earlier events train, the purchases after the cut become queries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from affinity_search.config import Config
from affinity_search.config.source_block import EventSource, ItemSource
from affinity_search.errors import ConfigError, DataError
from affinity_search.events import Event
from affinity_search.items.item import Item
from affinity_search.items.read import read_items
from affinity_search.offline.cut import Cut, Wanted, cut, searches_wanted
from affinity_search.offline.queries import Query, sample_places
from affinity_search.offline.read import kind_of_time, read_outcomes
from affinity_search.offline.shop import Shop, gather
from affinity_search.offline.text import TextIndex
from affinity_search.offline.text_fields import judge_text_fields
from affinity_search.offline.types import configured_types, judge_types

__all__ = ["CutLog", "cut_log"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CutLog:
    """The file with the events before the cut, and the purchases after it as queries.

    `since` says from when on purchases were taken, such as "2026-02-01". `shop` and `split` are what was cut, `wanted`
    the purchases by number of the shopper, day and query.
    """

    training: Path
    since: str
    shop: Shop
    split: Cut
    wanted: Wanted

    def queries(self, sample: int | None = None, seed: int = 0) -> list[Query]:
        """The queries, those of one shopper together; with `sample` at most so many, as `sample_places` draws them."""
        keys = sorted(self.wanted)
        places: Sequence[int] = range(len(keys))
        if sample is not None:
            places = sample_places([self.shop.users[user] for user, _, _ in keys], sample, seed)
        return [self._query(place, keys[place]) for place in places]

    def _query(self, number: int, key: tuple[int, int, str]) -> Query:
        user, _, text = key
        bought = frozenset(self.shop.ids[n] for n in self.wanted[key])
        return Query(f"d{number}", self.shop.users[user], text, text, bought, None)


def cut_log(
    items: Path,
    events: Path,
    folder: Path,
    day: date | None = None,
    config: Config | None = None,
) -> CutLog:
    """The log cut before `day`; without one the last fifth of the purchases is taken, or of each shopper's steps.

    The training events are written to `folder`. A query is what `affinity init` replays: the class of the item bought,
    or a word of its title; purchases of one shopper and day that give the same query are one. With a `config` its event
    types say what a purchase is; where none is one, those that count most stand for them, and `split.word` says so.
    Raises ConfigError for a `day` where events have no calendar, DataError where nothing is left before or after the
    cut.
    """
    told = config.events.source if config else None
    item_source = config.items.source if config else None
    kind = config.events.time if config else kind_of_time([events])
    if day and kind == "sequence":
        raise ConfigError(f"--split: expected none, the times of {events} are steps without a calendar")
    known = [item for _, item in read_items(items, item_source) if isinstance(item, Item)]
    fields = [attribute.field for attribute in config.attributes.values()] if config else []
    text_fields = config.items.text_fields if config else judge_text_fields(known)
    shop = gather(known, _usable(events, kind, told), kind, fields, text_fields)
    if not len(shop.item) or not known:
        raise DataError(
            f"{events if known else items}: expected usable lines, found none{_first(known, items, item_source)}"
        )
    if config:
        split = cut(shop, configured_types(shop, config), config.events.retention_days)
    else:
        split = cut(shop, judge_types(shop))
    if not any(split.targets):
        raise DataError(f"{events}: expected {split.word}s of items in {items.name}, found none")
    if day:
        split = replace(split, last=[(day - EPOCH.date()).days - 1] * shop.shoppers)
    wanted = searches_wanted(shop, split, TextIndex(shop.texts))
    since = "the last fifth of each shopper's steps" if kind == "sequence" else _date(split.last[0] + 1)
    path = folder / "events.jsonl"
    last = dict(zip(shop.users, split.last, strict=True))
    training = (event for event in _usable(events, kind, told) if event.day <= last[event.user])
    _expect(events, f"{split.word}s since {since}", _write(path, training, kind), wanted)
    return CutLog(path, since, shop, split, wanted)


def _first(known: list[Item], items: Path, told: ItemSource | None) -> str:
    """What is wrong with the first line of the items, where none is usable."""
    broken = next((found for _, found in read_items(items, told) if not isinstance(found, Item)), None)
    return "" if known or broken is None else f"; line {broken.line}: {broken.reason}"


def _date(day: int) -> str:
    return (EPOCH + timedelta(day)).date().isoformat()


def _usable(events: Path, kind: Literal["date", "sequence"], told: EventSource | None) -> Iterator[Event]:
    """The usable events, read anew: a log is never held whole."""
    return (event for event in read_outcomes([events], kind, told) if isinstance(event, Event))


def _expect(events: Path, tested: str, training: int, wanted: Wanted) -> None:
    if not training:
        raise DataError(f"{events}: expected events before the {tested}, found none", hint="Give a later --split.")
    if not wanted:
        raise DataError(
            f"{events}: expected {tested} by shoppers known before, found none",
            hint="Give an earlier --split.",
        )


def _write(path: Path, events: Iterable[Event], kind: str) -> int:
    """How many events were written."""
    count = 0
    with path.open("w", encoding="utf-8") as lines:
        for event in events:
            lines.write(json.dumps(_record(event, kind)) + "\n")
            count += 1
    return count


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
