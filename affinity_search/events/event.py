"""An event, the verdicts on it, and the accounting in which every event read has exactly one verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple, Self

from affinity_search.errors import DataError

__all__ = ["Accounting", "Event", "EventLine", "Rejected", "Verdict"]

SEPARATOR = "\x1f"  # no field may contain a control character, so joined fields cannot be taken for others


class Verdict(StrEnum):
    """What became of an event; the accounting has a count of the same name for each."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    LATE = "late"
    SKEWED = "skewed"
    QUARANTINED = "quarantined"
    NO_CONSENT = "no_consent"
    UNMAPPED = "unmapped"
    FILTERED = "filtered"


class Event(NamedTuple):
    """One shopper did something with one item. A tuple, since it is made five times as fast as a frozen dataclass.

    `time` is microseconds since 1970-01-01 UTC and `day` whole days since then; where `events.time` is `sequence`
    both are the shopper's sequence number. `group` (basket, order) and `id` are empty and `weight` is None where
    the source gives none. The event counts `pieces` times, and is still one event.
    """

    user: str
    item: str
    type: str
    time: int
    day: int
    group: str = ""
    weight: float | None = None
    id: str = ""
    pieces: int = 1

    @property
    def identity(self) -> int:
        """64 bits that two readings of one event share: the hash (BLAKE2b) of `id`, or of all fields without one."""
        if self.id:
            parts: tuple[str, ...] = ("id", self.id)
        else:
            weight = "" if self.weight is None else repr(self.weight)
            parts = ("event", self.user, str(self.time), self.type, self.item, self.group, weight)
        return int.from_bytes(blake2b(SEPARATOR.join(parts).encode(), digest_size=8).digest(), "big")


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that its line alone rules out. `reason` says why: never empty for `quarantined`.

    For `unmapped` and `filtered` the reason is the type, empty where the record is of another kind or a return. For
    `no_consent` it is the path of a no that stands under a name that nobody mapped; empty for one that is
    mapped.

    `private` is True where the line may hold a no to consent that could not be read: its text is kept nowhere.
    """

    verdict: Verdict
    reason: str = ""
    private: bool = False


class EventLine(NamedTuple):
    """One event read: the number of its line in the file (the first is 1), its bytes, and what it is."""

    number: int
    raw: bytes
    outcome: Event | Rejected


@dataclass(frozen=True, slots=True)
class Accounting:
    """How many events were read, and how many got each verdict; all 0 for nothing read."""

    read: int = 0
    applied: int = 0
    duplicate: int = 0
    late: int = 0
    skewed: int = 0
    quarantined: int = 0
    no_consent: int = 0
    unmapped: int = 0
    filtered: int = 0

    @classmethod
    def of(cls, read: int, verdicts: Mapping[Verdict, int]) -> Self:
        """The accounting of `read` events with these counts; a verdict that is absent counts 0."""
        return cls(read, *(verdicts.get(verdict, 0) for verdict in Verdict))

    def __add__(self, other: Accounting) -> Accounting:
        return Accounting(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Accounting)))

    def counts(self) -> dict[str, int]:
        """All nine numbers by name, `read` first."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def check(self) -> Self:
        """This accounting. Raises DataError where `read` is not the sum of all verdicts."""
        accounted = sum(self.counts().values()) - self.read
        if accounted != self.read:
            raise DataError(
                f"accounting: expected a verdict for each of {self.read} events read, got {accounted} verdicts",
                hint="Ingest the same files again: what was counted is not counted twice. Please report this.",
            )
        return self

    def __str__(self) -> str:
        verdicts = " + ".join(f"{verdict} {getattr(self, verdict)}" for verdict in Verdict)
        return f"read {self.read} = {verdicts}"
