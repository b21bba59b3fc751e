"""Reads a shop's files before anything is known about them: every event type counts, the kind of time is guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from affinity_search.config.source_block import EventSource
from affinity_search.events import Event, EventRules, Rejected, read_events

__all__ = ["kind_of_time", "read_lines_of", "read_outcomes"]

LINES_LOOKED_AT = 10_000
MONTHS = range(190001, 209913)
SMALLEST_EPOCH_SECOND = 10**8  # in 1973; nobody makes that many orders


class _EveryType(Mapping[str, float]):
    """Event weights before any are known: every type counts."""

    def __getitem__(self, name: str) -> float:
        return 1.0

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def read_outcomes(
    paths: Sequence[Path], time: Literal["date", "sequence"], told: EventSource | None = None
) -> Iterator[Event | Rejected]:
    """What each event of the files is, in order, with every type counting; raises DataError as reading goes on."""
    return (outcome for _, outcome in read_lines_of(paths, time, told))


def read_lines_of(
    paths: Sequence[Path], time: Literal["date", "sequence"], told: EventSource | None = None
) -> Iterator[tuple[int, Event | Rejected]]:
    """As `read_outcomes`, each with the number of its line."""
    rules = EventRules(time, _EveryType(), None)
    return ((line.number, line.outcome) for path in paths for line in read_events(path, rules, told))


def kind_of_time(paths: Sequence[Path], told: EventSource | None = None) -> Literal["date", "sequence"]:
    """`sequence` where more of the first lines hold whole numbers below any plausible epoch second than do not.

    A block that says how times are written says that they are times. Numbers such as 202401 are months: no steps, and
    as dates they are refused until they have hyphens.
    """
    if told and (told.fields.ts.format or told.fields.ts.unit != "auto"):
        return "date"
    first = list(islice(read_outcomes(paths, "sequence", told), LINES_LOOKED_AT))
    numbers = [event.time for event in first if isinstance(event, Event)]
    steps = sum(1 for number in numbers if number < SMALLEST_EPOCH_SECOND)
    if numbers and all(number in MONTHS and 1 <= number % 100 <= 12 for number in numbers):
        return "date"
    return "sequence" if steps > len(first) / 2 else "date"
