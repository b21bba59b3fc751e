"""Plans and states of a deployment for people."""

from __future__ import annotations

from collections.abc import Iterator

from affinity_search.deploy.changes import Change
from affinity_search.deploy.ledger import LedgerEntry
from affinity_search.deploy.overview import Documents, Status
from affinity_search.deploy.planned import Plan

__all__ = ["plan_text", "status_text"]

KEYWORD = "the items' own fields and ids are looked up (items.keys: keyword): the same results, slower than by number"


def plan_text(plan: Plan) -> str:
    """The drift, then every change with its diff, then the counts."""
    return "\n".join(_plan_lines(plan))


def status_text(status: Status) -> str:
    """One line per fact, advice last."""
    return "\n".join(_status_lines(status))


def _plan_lines(plan: Plan) -> Iterator[str]:
    if entry := plan.unfinished:
        outcome = "this finishes it" if plan.resumes else "this reverses it"
        yield f"Ledger entry {entry.number} ({entry.kind}) was begun and not finished: {outcome}."
    for one in plan.foreign:
        yield f"! others {one.kind:<8} {one.name}  ({one.finding})"
    undone = {(change.key, change.after) for change in plan.changes}
    for change in plan.drift:
        yield f"! drift  {change.kind:<8} {change.name}  ({_what_drifted(change)} since entry {_number(plan.last)})"
        if (change.key, change.before) not in undone:  # otherwise the change below shows the same lines
            yield from _indented(change.diff())
    for change in plan.changes:
        yield change.describe()
        yield from _indented(change.diff())
    yield from (f"! search  {line}" for line in (*plan.probe.failures, *plan.probe.notes))
    if plan.probe.untried:
        yield f"? search  not tried, {plan.probe.untried}"
    yield plan.summary()


def _status_lines(status: Status) -> Iterator[str]:
    yield f"engine   {status.url}  {status.engine.distribution} {status.engine.version}"
    for artefact in status.artefacts:
        held = artefact.digest[:8] if artefact.digest else "-"
        yield f"{artefact.kind:<8} {artefact.name}  {held}  {artefact.state}"
    for documents in status.documents:
        yield f"{documents.role:<8} {documents.alias}  {_held(documents)}"
    if status.keys == "keyword":
        yield f"keys     {KEYWORD}"
    for entry in status.entries:
        when = f"{entry.started:%Y-%m-%d %H:%M:%S}"
        yield f"ledger   {entry.number}  {when}  {entry.kind}  {entry.status}  {_changes(entry)}"
    yield from (f"! {line}" for line in status.advice)


def _held(documents: Documents) -> str:
    if documents.count is None:
        return documents.finding
    return "1 document" if documents.count == 1 else f"{documents.count:,} documents"


def _changes(entry: LedgerEntry) -> str:
    return ", ".join(f"{change.op} {change.name}" for change in entry.changed) or "nothing changed"


def _what_drifted(change: Change) -> str:
    if change.after is None:
        return "deleted by hand"
    return "made by hand" if change.before is None else "changed by hand"


def _number(entry: LedgerEntry | None) -> int:
    return entry.number if entry else 0


def _indented(text: str) -> Iterator[str]:
    return (f"    {line}" for line in text.splitlines())
