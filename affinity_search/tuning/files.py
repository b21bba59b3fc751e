"""The suggestion from files: how they are to be read, what their events show, and what of them was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from affinity_search.errors import DataError
from affinity_search.events.tally import EventFacts
from affinity_search.offline.read import kind_of_time, read_lines_of
from affinity_search.sniffing.hints import NO_HINTS, Hints
from affinity_search.tuning.checking import Checked, Checker, read_catalogue
from affinity_search.tuning.init import suggest
from affinity_search.tuning.sources import Sources, propose_sources
from affinity_search.tuning.suggestion import Suggestion

__all__ = ["Looked", "suggest_from_files"]


@dataclass(frozen=True)
class Looked:
    """The suggestion, and what the files hold."""

    suggestion: Suggestion
    checked: Checked

    @property
    def bad_items(self) -> int:
        """How many lines of the items could not be used."""
        return self.checked.bad_items

    @property
    def bad_events(self) -> int:
        """How many lines of the events could not be used."""
        return self.checked.bad_events


def suggest_from_files(items: Path, events: Sequence[Path], hints: Hints = NO_HINTS) -> Looked:
    """The suggestion for these files, read as `hints` tell and as their first records show; broken lines are counted.

    Where the files have no types every event is of the first of the purchases that are told. Raises DataError where
    a file cannot be read at all, or does not say what is needed.
    """
    told = propose_sources(items, events, hints)
    time = kind_of_time(events, told.events)
    catalogue = read_catalogue(items, told.items)
    checker = Checker(catalogue, told, time)
    log = checker.events(read_lines_of(events, time, told.events))
    first = next(log, None)
    if first is None:
        _refuse_broken(events, checker.checked().facts)
    found = suggest(catalogue.items, chain([first] if first else [], log), time=time, purchases=hints.purchases)
    suggestion = _with_sources(found, told, checker.checked().facts)
    return Looked(suggestion, checker.checked(suggestion.config.events.retention_days))


def _refuse_broken(events: Sequence[Path], facts: EventFacts) -> None:
    """Raises DataError with the commonest reason; an empty file is no error."""
    for reason, lost in facts.lost.items():
        raise DataError(
            f"{events[0]}: expected events, found none; {reason}: {lost}",
            hint="docs/how-to/events.md describes the file.",
        )


def _with_sources(found: Suggestion, told: Sources, facts: EventFacts) -> Suggestion:
    """The suggestion with the source blocks, and a retention that holds all that was judged."""
    reasons = dict(found.reasons)
    items = found.config.items.model_copy(update={"source": told.items})
    update: dict[str, Any] = {"source": told.events}
    if facts.time == "date" and facts.span is not None and facts.span > found.config.events.retention_days:
        update["retention_days"] = facts.span + 1
        reasons["events.retention_days"] = "so that all that was looked at is held"
    events = found.config.events.model_copy(update=update)
    blocks = {kind: block for kind, block in _blocks(told).items() if block}
    reasons |= {f"{kind}.source": _why_source(told, kind) for kind in blocks}
    return Suggestion(found.config.model_copy(update={"items": items, "events": events}), reasons, blocks)


def _blocks(told: Sources) -> Mapping[str, Mapping[str, Any]]:
    return {"items": told.proposal.items, "events": told.proposal.events}


def _why_source(told: Sources, kind: str) -> str:
    name = told.proposal.forms.get(kind)
    return f"as {name} files are; what stands beside the name goes first" if name else "as the columns seem to mean"
