"""What an ingest reports: files, what is held before and after, and what is so bad that a person should look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from affinity_search.errors import DataError
from affinity_search.events import Accounting, UnreadableFile
from affinity_search.events.answers import TURNED
from affinity_search.events.tally import EventFacts
from affinity_search.plain import plain
from affinity_search.state.known import NONE_KNOWN, KnownItems, NearMiss

__all__ = ["FileReport", "HeldChange", "IngestFailed", "IngestReport", "raise_where_failed"]

ACCEPT = "If the files are right as they are, run again with --accept-loss: nothing counts twice."


@dataclass(frozen=True)
class FileReport:
    """What became of one file: its accounting, its quarantine file (None: no bad line), and why reading broke off.

    `known` counts the events, applied or duplicate, whose item is in the catalogue; `pieces` how often those applied
    count, which is more than their number where they have quantities. `consent_not_mapped` says how many events were
    left out for a no that stands under a name that nobody mapped, by its path. `first_bad` is line and reason of the
    first bad line, `facts` what else was met.
    """

    path: Path
    accounting: Accounting
    quarantine: Path | None
    error: UnreadableFile | None
    known: KnownItems = NONE_KNOWN
    pieces: int = 0
    consent_not_mapped: Mapping[str, int] = field(default_factory=dict)
    first_bad: str = ""
    facts: EventFacts = field(default_factory=EventFacts)

    @property
    def problem(self) -> str:
        """Why a person should look at this file, empty where nobody need to."""
        read, found = self.accounting.read, self.accounting
        usable = read - found.quarantined - found.skewed
        if 2 * usable < read:
            first = f"; the first that is none, {self.first_bad}" if self.first_bad else ""
            return f"{self.path}: expected most lines to be events, {usable:,} of {read:,} are{first}"
        if read and usable == found.unmapped:
            return f"{self.path}: expected types that stand under events.types, no event has one"
        if self.known.share is not None and self.known.share < 0.5:
            return f"{self.path}: expected most events to name an item of the catalogue, {self.known}"
        return ""

    def as_json(self) -> dict[str, Any]:
        """The file, its counts, and the share of its events whose item is known, as plain JSON values."""
        return {
            "file": str(self.path),
            **self.accounting.counts(),
            "known_items_share": self.known.share,
            "quarantine": str(self.quarantine) if self.quarantine else None,
            "error": self.error.message if self.error else None,
            "consent_not_mapped": dict(self.consent_not_mapped),
            "facts": plain(self.facts),
        }

    @property
    def consent_warning(self) -> str:
        """Said where consent was found and not mapped; empty elsewhere."""
        said = ", ".join(f"{path} ({count:,} events)" for path, count in self.consent_not_mapped.items())
        path = next(iter(self.consent_not_mapped), "")
        turned = ', denied: ["true", "1", "yes"]' if TURNED.search(path.rpartition(".")[2]) else ""
        return said and (
            f"{self.path}: consent found and not mapped: {said}; what says no was left out. If that is what it means, "
            f"say so: `events.source.fields.consent: {{path: {path}{turned}}}`"
        )

    @property
    def warning(self) -> str:
        """Said where every event is too old, as in an archive or with times that were misread; empty elsewhere."""
        found = self.accounting
        if found.late == 0 or found.late < found.read - found.quarantined - found.skewed:
            return ""
        return (
            f"{self.path}: all {found.late:,} events are older than events.retention_days allows: are the times right?"
        )


@dataclass(frozen=True)
class HeldChange:
    """Events held: before + applied - removed = after; `removed` are those that the retention took away."""

    before: int
    applied: int
    removed: int
    after: int

    def check(self) -> HeldChange:
        """This change. Raises DataError where the sum does not hold."""
        if self.before + self.applied - self.removed != self.after:
            raise DataError(
                f"accounting: expected {self.before} + {self.applied} - {self.removed} events held, got {self.after}",
                hint="Ingest the same files again: what was counted is not counted twice. Please report this.",
            )
        return self

    @property
    def warning(self) -> str:
        """Said where the retention took more than half of what was held before this run; empty elsewhere."""
        if self.removed <= self.applied or 2 * (self.removed - self.applied) <= self.before:
            return ""
        return (
            f"events.retention_days: {self.removed:,} events were too old, seen from the newest one, and were removed; "
            f"{self.before:,} were held before. Is the time of the newest event right?"
        )

    def __str__(self) -> str:
        return (
            f"held: {self.before:,} before + applied {self.applied:,} - removed by retention {self.removed:,} "
            f"= {self.after:,}"
        )


@dataclass(frozen=True)
class IngestReport:
    """What became of all files, in order, and of what is held."""

    files: tuple[FileReport, ...]
    held: HeldChange
    near_misses: tuple[NearMiss, ...] = ()

    @property
    def total(self) -> Accounting:
        """The accounting of all files together."""
        return sum((report.accounting for report in self.files), Accounting()).check()

    @property
    def problems(self) -> Sequence[str]:
        """What a person should look at before these events are used, one line per file."""
        return [report.problem for report in self.files if report.problem]

    @property
    def warnings(self) -> Sequence[str]:
        """What deserves a look but stops nobody."""
        files = [line for file in self.files for line in (file.warning, file.consent_warning)]
        said = [*files, *map(str, self.near_misses), self.held.warning]
        return [line for line in said if line]

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {
            "files": [file.as_json() for file in self.files],
            "total": self.total.counts(),
            "held": plain(self.held),
            "near_misses": plain(self.near_misses),
        }


class IngestFailed(DataError):
    """Some files could not be read to their end, or hold so little of use that a person should look.

    `report` has all files, and what was usable is applied.
    """

    def __init__(self, report: IngestReport, problems: Sequence[str]) -> None:
        self.report = report
        errors = [file.error for file in report.files if file.error]
        hint = errors[0].hint if errors else ACCEPT
        super().__init__("\n".join([*(error.message for error in errors), *problems]), hint=hint)


def raise_where_failed(report: IngestReport, accept_loss: bool) -> None:
    """Raises IngestFailed where a file could not be read, or where there is a problem that was not accepted."""
    problems = [] if accept_loss else report.problems
    if problems or any(file.error for file in report.files):
        raise IngestFailed(report, problems)
