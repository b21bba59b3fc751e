"""What a person should know of the files of a shop before they are used: what `check` says, and the end of `init`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from affinity_search.config.model import Config
from affinity_search.config.source_block import ItemSource
from affinity_search.events import Event, EventRules, Rejected, read_events
from affinity_search.events.tally import EventFacts, EventTally
from affinity_search.inputs.lost import Lost, LostLines
from affinity_search.items.item import Item
from affinity_search.items.losses import FieldLosses, LostField
from affinity_search.items.read import read_items
from affinity_search.offline.read import kind_of_time, read_lines_of
from affinity_search.sniffing.hints import NO_HINTS, Hints
from affinity_search.sniffing.joining import Joining
from affinity_search.tuning.sources import Sources, propose_sources, seen_in

__all__ = ["Catalogue", "Checked", "Checker", "check_files", "read_catalogue"]

SHOWN_CHARACTERS = 60
FIELDS_SHOWN = 5
EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Catalogue:
    """The items of a file, and what of it was lost: whole lines by reason, and fields by name."""

    items: Sequence[Item]
    lost: Mapping[str, Lost] = field(default_factory=dict)
    fields: Mapping[str, LostField] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """What was found in the files; `unread` are paths that may hold a no to consent and are not read.

    `event` is the first one as it was read, None for none; `retention_days` is what it is held against, if anything is.
    `encodings` are those of the items and of the events.
    """

    catalogue: Catalogue
    facts: EventFacts
    joining: Joining
    event: Event | None = None
    unread: tuple[str, ...] = ()
    retention_days: int | None = None
    encodings: tuple[str, ...] = ()

    @property
    def bad_items(self) -> int:
        """Lines that are no items."""
        return sum(lost.lines for lost in self.catalogue.lost.values())

    @property
    def bad_events(self) -> int:
        """Lines that are no events."""
        return sum(lost.lines for lost in self.facts.lost.values())

    def lines(self) -> Iterator[str]:
        """An item and an event as they were read, then what was lost, what does not count, and what does not meet."""
        if self.catalogue.items:
            yield f"an item as it is read: {_shown_item(self.catalogue.items[0])}"
        if self.event:
            yield f"an event as it is read: {_shown_event(self.event, self.facts.time)}"
        for reason, lost in self.catalogue.lost.items():
            yield f"items lost, {reason}: {lost}"
        for name, lost_field in list(self.catalogue.fields.items())[:FIELDS_SHOWN]:
            yield f"{name}: {lost_field.items:,} items lose it: {'; '.join(lost_field.examples)}"
        yield from self.facts.lines(self.retention_days)
        yield from self.joining.lines()
        if len(set(self.encodings)) > 1:
            yield f"the items are in {self.encodings[0]}, the events in {self.encodings[1]}"
        for path in self.unread:
            yield f"{path} may hold a no to consent and is not mapped: name it as events.source.fields.consent if so"


class Checker:
    """Watches the events of files as they go by; at the end `checked` says what they were."""

    def __init__(self, catalogue: Catalogue, told: Sources, time: Literal["date", "sequence"]) -> None:
        self._catalogue, self._told = catalogue, told
        self._tally = EventTally(time)
        self._joining = Joining(frozenset(item.id for item in catalogue.items), told.ids)
        self._first: Event | None = None

    def events(self, lines: Iterator[tuple[int, Event | Rejected]]) -> Iterator[Event]:
        """The events among these outcomes, each with its line."""
        for number, outcome in lines:
            self._tally.add(number, outcome)
            if isinstance(outcome, Event):
                self._joining.add(outcome.item)
                self._first = self._first or outcome
                yield outcome

    def checked(self, retention_days: int | None = None) -> Checked:
        """What was seen so far."""
        facts, told = self._tally.facts(), self._told
        unread = told.proposal.consent
        return Checked(self._catalogue, facts, self._joining, self._first, unread, retention_days, told.encodings)


def read_catalogue(items: Path, told: ItemSource | None) -> Catalogue:
    """All items of the file, and what of it was lost; raises DataError where it cannot be read."""
    found: list[Item] = []
    lost, fields = LostLines(), FieldLosses()
    for number, item in read_items(items, told):
        if isinstance(item, Item):
            found.append(item)
            fields.add(number, item)
        else:
            lost.add(number, item.reason)
    return Catalogue(found, lost.by_reason(), fields.by_field())


def check_files(
    items: Path,
    events: Sequence[Path],
    config: Config | None,
    *,
    now: datetime,
    hints: Hints = NO_HINTS,
) -> Checked:
    """What the files hold, read as `config` says, or without one as `init` would read them.

    Raises DataError where a file cannot be read, or does not say what is needed.
    """
    told = seen_in(items, events, config) if config else propose_sources(items, events, hints)
    time = config.events.time if config else kind_of_time(events, told.events)
    checker = Checker(read_catalogue(items, told.items), told, time)
    lines = _judged(events, config, now) if config else read_lines_of(events, time, told.events)
    for _ in checker.events(lines):
        pass
    return checker.checked(config.events.retention_days if config else None)


def _judged(events: Sequence[Path], config: Config, now: datetime) -> Iterator[tuple[int, Event | Rejected]]:
    rules = EventRules.of(config.events, now)
    for path in events:
        yield from ((line.number, line.outcome) for line in read_events(path, rules, config.events.source))


def _shown_item(item: Item) -> str:
    attrs = {name: list(values) for name, values in item.attrs.items()}
    shown = {"id": item.id, "title": item.title, "price": item.price, "attrs": attrs}
    return _json(shown)


def _shown_event(event: Event, time: Literal["date", "sequence"]) -> str:
    moment = (EPOCH + timedelta(microseconds=event.time)).isoformat() if time == "date" else event.time
    return _json({"user": event.user, "ts": moment, "type": event.type, "item": event.item, "group": event.group})


def _json(fields: Mapping[str, object]) -> str:
    return json.dumps(
        {name: _cut(value) for name, value in fields.items() if value not in ("", None, {})}, ensure_ascii=False
    )


def _cut(value: object) -> object:
    return f"{value[:SHOWN_CHARACTERS]}..." if isinstance(value, str) and len(value) > SHOWN_CHARACTERS else value
