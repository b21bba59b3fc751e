"""The suggestion from files: items and events as `affinity items load` and `affinity events ingest` read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from affinity_search.errors import DataError
from affinity_search.events import Event, Rejected, Verdict
from affinity_search.items.item import Item
from affinity_search.items.read import read_items
from affinity_search.offline.read import kind_of_time, read_outcomes
from affinity_search.tuning.init import suggest
from affinity_search.tuning.suggestion import Suggestion

__all__ = ["Looked", "suggest_from_files"]


@dataclass(frozen=True)
class Looked:
    """The suggestion, and how many lines of the items and of the events could not be used."""

    suggestion: Suggestion
    bad_items: int
    bad_events: int


def suggest_from_files(items: Path, events: Sequence[Path]) -> Looked:
    """The suggestion for these files; broken lines are passed over and counted.

    Raises DataError where a file cannot be read at all.
    """
    found = [item for _, item in read_items(items)]
    time = kind_of_time(events)
    bad = [0]
    if not any(isinstance(outcome, Event) for outcome in read_outcomes(events, time)):
        _refuse_broken(events, time)
    suggestion = suggest(
        (item for item in found if isinstance(item, Item)), _usable(read_outcomes(events, time), bad), time=time
    )
    return Looked(suggestion, sum(1 for item in found if not isinstance(item, Item)), bad[0])


def _refuse_broken(events: Sequence[Path], time: Literal["date", "sequence"]) -> None:
    """Raises DataError with the first broken line; an empty file is no error."""
    for outcome in read_outcomes(events, time):
        if isinstance(outcome, Rejected) and outcome.verdict is Verdict.QUARANTINED:
            raise DataError(
                f"{events[0]}: expected events, found none; the first line says: {outcome.reason}",
                hint="docs/how-to/events.md describes the file.",
            )


def _usable(outcomes: Iterator[Event | Rejected], bad: list[int]) -> Iterator[Event]:
    for outcome in outcomes:
        if isinstance(outcome, Event):
            yield outcome
        elif outcome.verdict is Verdict.QUARANTINED:
            bad[0] += 1
