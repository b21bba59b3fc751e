"""What a reading of events met: types that do not count, lines lost and why, the first and the last day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from affinity_search.events.event import Event, Rejected, Verdict
from affinity_search.inputs.lost import Lost, LostLines

__all__ = ["EventFacts", "EventTally"]

MOST_TYPES = 1_000
TYPES_SHOWN = 10
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class EventFacts:
    """What was met, with `first` and `last` in days since 1970-01-01 UTC (steps of a sequence); None without events.

    `unmapped` and `filtered` count the events of types without and with a weight of 0, by type; `passed` the records
    that hold no event, since they are of another kind, have no item or are returns.
    """

    read: int = 0
    usable: int = 0
    no_consent: int = 0
    passed: int = 0
    unmapped: Mapping[str, int] = field(default_factory=dict)
    filtered: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, Lost] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    time: Literal["date", "sequence"] = "date"

    @property
    def span(self) -> int | None:
        """Days (or steps) from the first to the last event, 0 where all are of one; None without events."""
        return None if self.first is None or self.last is None else self.last - self.first

    def lines(self, retention_days: int | None) -> Iterator[str]:
        """A line for people on each thing that was met; the span is held against `retention_days` where it is given."""
        if self.span is not None:
            yield self._span_line(retention_days)
        else:
            yield f"no events: expected some that can be used, found none among {self.read:,} that were read"
        if self.unmapped:
            yield f"types that are not under events.types, so they do not count: {_counted(self.unmapped)}"
        if self.filtered:
            yield f"types of weight 0: {_counted(self.filtered)}"
        if self.passed:
            yield f"{self.passed:,} records are no events: of another kind, without an item, or returns"
        if self.no_consent:
            yield f"left out for want of consent: {self.no_consent:,}"
        for reason, lost in self.lost.items():
            yield f"lost, {reason}: {lost}"

    def _span_line(self, retention_days: int | None) -> str:
        unit = ("day" if self.time == "date" else "step") + ("" if self.span == 1 else "s")
        said = (
            f"{self.usable:,} events from {self._shown(self.first)} to {self._shown(self.last)}: {self.span:,} {unit}"
        )
        if retention_days is None or self.span is None:
            return said
        if self.span <= retention_days or self.time == "sequence":
            return f"{said}, and {retention_days:,} are held (events.retention_days)"
        return (
            f"{said}, but only {retention_days:,} are held: set events.retention_days to {self.span + 1:,} to keep all"
        )

    def _shown(self, day: int | None) -> str:
        if self.time == "sequence" or day is None:
            return str(day)
        try:
            return (EPOCH + timedelta(days=day)).isoformat()
        except OverflowError:
            return f"day {day}"


def _counted(types: Mapping[str, int]) -> str:
    shown = [f"{name} ({count:,})" for name, count in list(types.items())[:TYPES_SHOWN]]
    more = len(types) - len(shown)
    return ", ".join([*shown, *([f"and {more:,} more"] if more > 0 else [])])


@dataclass
class EventTally:
    """Collects `EventFacts` outcome by outcome."""

    time: Literal["date", "sequence"] = "date"
    read: int = 0
    _usable: int = 0
    _first: int | None = None
    _last: int | None = None
    _no_consent: int = 0
    _passed: int = 0
    _unmapped: Counter[str] = field(default_factory=Counter)
    _filtered: Counter[str] = field(default_factory=Counter)
    _lost: LostLines = field(default_factory=LostLines)

    def add(self, line: int, outcome: Event | Rejected) -> None:
        """Counts one outcome."""
        self.read += 1
        if isinstance(outcome, Event):
            self._usable += 1
            self._first = outcome.day if self._first is None else min(self._first, outcome.day)
            self._last = outcome.day if self._last is None else max(self._last, outcome.day)
        elif outcome.verdict is Verdict.NO_CONSENT:
            self._no_consent += 1
        elif outcome.verdict in (Verdict.UNMAPPED, Verdict.FILTERED):
            types = self._unmapped if outcome.verdict is Verdict.UNMAPPED else self._filtered
            if not outcome.reason:
                self._passed += 1
                return
            known = outcome.reason in types or len(types) < MOST_TYPES
            types[outcome.reason if known else "other types"] += 1
        else:
            reason = outcome.reason or "ts: expected a time that is not in the future"
            self._lost.add(line, reason, private=outcome.private)

    def facts(self) -> EventFacts:
        """All that was counted so far."""
        return EventFacts(
            self.read,
            self._usable,
            self._no_consent,
            self._passed,
            dict(self._unmapped.most_common()),
            dict(self._filtered.most_common()),
            self._lost.by_reason(),
            self._first,
            self._last,
            self.time,
        )
