"""The suggestion from files: how they are to be read, what their events show, and what of them was lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from affinity_search.errors import DataError
from affinity_search.events import Event, Rejected
from affinity_search.events.tally import EventFacts, EventTally
from affinity_search.inputs.lost import Lost, LostLines
from affinity_search.items.item import Item
from affinity_search.items.read import read_items
from affinity_search.offline.read import kind_of_time, read_lines_of
from affinity_search.sniffing.joining import Joining
from affinity_search.tuning.init import suggest
from affinity_search.tuning.sources import Sources, propose_sources
from affinity_search.tuning.suggestion import Suggestion

__all__ = ["Looked", "suggest_from_files"]


@dataclass(frozen=True)
class Looked:
    """The suggestion, how the files are read, and what of them could not be used.

    `item` and `event` are the first of each as they were read, None for none.
    """

    suggestion: Suggestion
    bad_items: int
    bad_events: int
    sources: Sources = field(default_factory=Sources)
    facts: EventFacts = field(default_factory=EventFacts)
    joining: Joining = field(default_factory=lambda: Joining(frozenset()))
    lost_items: Mapping[str, Lost] = field(default_factory=dict)
    item: Item | None = None
    event: Event | None = None


def suggest_from_files(
    items: Path, events: Sequence[Path], *, form: str = "", purchases: Collection[str] = ()
) -> Looked:
    """The suggestion for these files, of the form of this name where one is given; broken lines are counted.

    `purchases` are types that are purchases though no name says so; where the files have no types every event is of the
    first of them. Raises DataError where a file cannot be read at all, or does not say what is needed.
    """
    told = propose_sources(items, events, form=form, purchase=next(iter(purchases), "")) if events else Sources()
    catalogue, lost = _read_items(items, told)
    time = kind_of_time(events, told.events)
    tally = EventTally(time)
    fields = {path: values for path, values in told.ids.items() if values}
    joining = Joining(frozenset(item.id for item in catalogue), fields)
    first: list[Event] = []
    log = _usable(read_lines_of(events, time, told.events), tally, joining, first)
    start = next(log, None)
    if start is None:
        _refuse_broken(events, tally.facts())
    found = suggest(catalogue, chain([] if start is None else [start], log), time=time, purchases=purchases)
    facts = tally.facts()
    bad_events = sum(reason.lines for reason in facts.lost.values())
    return Looked(
        _with_sources(found, told, facts),
        sum(reason.lines for reason in lost.values()),
        bad_events,
        told,
        facts,
        joining,
        lost,
        catalogue[0] if catalogue else None,
        first[0] if first else None,
    )


def _read_items(items: Path, told: Sources) -> tuple[list[Item], Mapping[str, Lost]]:
    found: list[Item] = []
    lost = LostLines()
    for number, item in read_items(items, told.items):
        if isinstance(item, Item):
            found.append(item)
        else:
            lost.add(number, item.reason)
    return found, lost.by_reason()


def _usable(
    lines: Iterator[tuple[int, Event | Rejected]], tally: EventTally, joining: Joining, first: list[Event]
) -> Iterator[Event]:
    for number, outcome in lines:
        tally.add(number, outcome)
        if isinstance(outcome, Event):
            joining.add(outcome.item)
            if not first:
                first.append(outcome)
            yield outcome


def _refuse_broken(events: Sequence[Path], facts: EventFacts) -> None:
    """Raises DataError with the commonest reason; an empty file is no error."""
    for reason, lost in facts.lost.items():
        raise DataError(
            f"{events[0]}: expected events, found none; {reason}: {lost}",
            hint="docs/how-to/events.md describes the file.",
        )


def _with_sources(found: Suggestion, told: Sources, facts: EventFacts) -> Suggestion:
    """The suggestion with the source blocks, and a retention that holds all that was judged."""
    config, reasons = found.config, dict(found.reasons)
    items = config.items.model_copy(update={"source": told.items})
    update: dict[str, Any] = {"source": told.events}
    if config.events.time == "date" and facts.span is not None and facts.span > config.events.retention_days:
        update["retention_days"] = facts.span + 1
        reasons["events.retention_days"] = "all that was looked at is held"
    events = config.events.model_copy(update=update)
    blocks = {kind: block for kind, block in _blocks(told).items() if block}
    for kind in blocks:
        reasons[f"{kind}.source"] = _why_source(told, kind)
    return Suggestion(config.model_copy(update={"items": items, "events": events}), reasons, blocks)


def _blocks(told: Sources) -> dict[Literal["items", "events"], dict[str, Any]]:
    return {"items": told.proposal.items, "events": told.proposal.events}


def _why_source(told: Sources, kind: str) -> str:
    name = told.proposal.forms.get(kind)
    return f"as {name} files are; what stands beside the name goes first" if name else "as the columns seem to mean"
