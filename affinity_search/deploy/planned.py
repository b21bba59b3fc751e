"""A plan as a value: the very list of changes that `apply` executes, and what they were planned upon."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from affinity_search.deploy.changes import TAKEN_OVER, Change
from affinity_search.deploy.ledger import LedgerEntry
from affinity_search.deploy.ownership import Foreign
from affinity_search.deploy.probe import NOT_PROBED, Probe
from affinity_search.plain import plain
from affinity_search.surfaces import Template

__all__ = ["Plan"]


@dataclass(frozen=True)
class Plan:
    """The changes in their order, and what they were planned upon.

    `drift` holds what somebody changed since the last deployment, from the body that it left to the one found.
    `foreign` is what others made under the names wanted here: as long as there is any, nothing is carried out.
    `ledger` is the ledger's index, `last` its newest entry. `goal` is the entry whose state a rollback goes back to (0:
    before the first; None: no rollback). `undo_before` goes into the entry to be written. `templates` are those that
    are checked on the engine before they are stored, `probe` what a search with them found.
    """

    ledger: str
    changes: tuple[Change, ...]
    drift: tuple[Change, ...]
    last: LedgerEntry | None
    undo_before: int
    goal: int | None = None
    templates: tuple[Template, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    probe: Probe = NOT_PROBED

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes without what is left as it is."""
        return tuple(change for change in self.changes if change.op != "leave")

    @property
    def unfinished(self) -> LedgerEntry | None:
        """The deployment that was begun and not finished, None where there is none."""
        return self.last if self.last and self.last.is_open else None

    @property
    def kind(self) -> Literal["apply", "rollback"]:
        """What is written into the ledger."""
        return "apply" if self.goal is None else "rollback"

    @property
    def recorded(self) -> bool:
        """True where the ledger says already, and rightly, that the engine holds all that is wanted."""
        if self.last is None or self.last.is_open or self.pending or self.drift or self.kind == "rollback":
            return False
        return {change.key for change in self.changes} <= {change.key for change in self.last.changes}

    @property
    def resumes(self) -> bool:
        """True where carrying out this plan finishes the unfinished deployment under its own number."""
        unfinished = self.unfinished
        return unfinished is not None and (self.kind == "apply" or unfinished.kind == "rollback")

    def entry(self, now: datetime) -> LedgerEntry:
        """The ledger entry with which carrying out this plan begins.

        One that finishes another keeps its number, its time and the bodies that were there before its first attempt.
        """
        number = self.last.number + (not self.resumes) if self.last else 1
        first = {change.key: change for change in self.last.changes} if self.last and self.resumes else {}
        changes = tuple(_begun(change, first.get(change.key)) for change in self.changes)
        entry = LedgerEntry(number, self.kind, "started", now, self.goal or 0, self.undo_before, changes)
        if self.kind == "apply":
            entry = replace(entry, undo=number if entry.changed else self.undo_before)
        if self.last and self.resumes:
            entry = replace(entry, started=self.last.started, revision=self.last.revision)
        return entry

    def as_json(self) -> dict[str, Any]:
        """The plan as plain JSON values."""
        return {
            "kind": self.kind,
            "changes": [change.as_json() for change in self.changes],
            "drift": [change.as_json() for change in self.drift],
            "foreign": plain(self.foreign),
            "last_entry": self.last.number if self.last else None,
            "unfinished_entry": self.unfinished.number if self.unfinished else None,
            "probe": plain(self.probe),
        }

    def summary(self) -> str:
        """Counts by operation, such as "1 to create, 3 to leave; no drift"; "nothing to do" where there is nothing."""
        counts = Counter(change.op for change in self.changes)
        said = [f"{counts[op]} to {op}" for op in ("create", "change", "delete", "leave") if counts[op]]
        drift = f"drift in {len(self.drift)}" if self.drift else "no drift"
        return f"{', '.join(said) or 'nothing to do'}; {drift}"


def _begun(change: Change, first: Change | None) -> Change:
    """The change with the body that was there before the first attempt, and with what that knew of its owner."""
    if first is None:
        return change
    return replace(change, before=first.before, note=first.note if first.note == TAKEN_OVER else change.note)
