"""The suggestion from files: items and events as `affinity items load` and `affinity events ingest` read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from affinity_search.config.suggest.suggestion import Suggestion, suggest
from affinity_search.events import Event, EventRules, Rejected, Verdict, read_events
from affinity_search.items.item import Item
from affinity_search.items.read import read_items

__all__ = ["Looked", "kind_of_time", "read_outcomes", "suggest_from_files"]

LINES_LOOKED_AT = 10_000
SMALLEST_EPOCH_SECOND = 10**8  # in 1973; nobody makes that many orders


class _EveryType(Mapping[str, float]):
    """Event weights before any are known: every type counts."""

    def __getitem__(self, name: str) -> float:
        return 1.0

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


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
    suggestion = suggest(
        (item for item in found if isinstance(item, Item)), _usable(read_outcomes(events, time), bad), time=time
    )
    return Looked(suggestion, sum(1 for item in found if not isinstance(item, Item)), bad[0])


def read_outcomes(paths: Sequence[Path], time: Literal["date", "sequence"]) -> Iterator[Event | Rejected]:
    """What each line of the files is, in order, with every event type counting; raises DataError as reading goes on."""
    rules = EventRules(time, _EveryType(), None)
    return (line.outcome for path in paths for line in read_events(path, rules))


def _usable(outcomes: Iterator[Event | Rejected], bad: list[int]) -> Iterator[Event]:
    for outcome in outcomes:
        if isinstance(outcome, Event):
            yield outcome
        elif outcome.verdict is Verdict.QUARANTINED:
            bad[0] += 1


def kind_of_time(paths: Sequence[Path]) -> Literal["date", "sequence"]:
    """`sequence` where more of the first lines hold whole numbers below any plausible epoch second than do not."""
    first = list(islice(read_outcomes(paths, "sequence"), LINES_LOOKED_AT))
    steps = sum(1 for event in first if isinstance(event, Event) and event.time < SMALLEST_EPOCH_SECOND)
    return "sequence" if steps > len(first) / 2 else "date"
