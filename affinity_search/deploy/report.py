"""Plans and states of a deployment for people (text) and programs (JSON values)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from affinity_search.deploy.artefact import digest
from affinity_search.deploy.changes import Change
from affinity_search.deploy.ledger import LedgerEntry
from affinity_search.deploy.overview import Documents, Status
from affinity_search.deploy.planning import Plan

__all__ = ["plan_json", "plan_text", "status_json", "status_text"]


def plan_text(plan: Plan) -> str:
    """The drift, then every change with its diff, then the counts."""
    return "\n".join(_plan_lines(plan))


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON; `after` and `before` are content hashes, None where there is nothing."""
    return {
        "kind": plan.kind,
        "changes": [_change_json(change) for change in plan.changes],
        "drift": [_change_json(change) for change in plan.drift],
        "foreign": [asdict(one) for one in plan.foreign],
        "last_entry": plan.last.number if plan.last else None,
        "unfinished_entry": plan.unfinished.number if plan.unfinished else None,
        "probe": asdict(plan.probe),
    }


def status_text(status: Status) -> str:
    """One line per fact, advice last."""
    return "\n".join(_status_lines(status))


def status_json(status: Status) -> dict[str, Any]:
    """The status as JSON, newest ledger entry first."""
    return {
        "url": status.url,
        "engine": asdict(status.engine),
        "artefacts": [asdict(artefact) for artefact in status.artefacts],
        "documents": [asdict(documents) for documents in status.documents],
        "publication": asdict(status.publication) if status.publication else None,
        "numeric_keys_allowed": status.numeric_keys_allowed,
        "ledger": [_entry_json(entry) for entry in status.entries],
        "probe": asdict(status.probe),
        "advice": list(status.advice),
    }


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
    for entry in status.entries:
        when = f"{entry.started:%Y-%m-%d %H:%M:%S}"
        yield f"ledger   {entry.number}  {when}  {entry.kind}  {entry.status}  {_changes(entry)}"
    yield from (f"! {line}" for line in status.advice)


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "op": change.op,
        "kind": change.kind,
        "name": change.name,
        "before": digest(change.before) if change.before is not None else None,
        "after": digest(change.after) if change.after is not None else None,
        "diff": change.diff(),
        "note": change.note,
    }


def _entry_json(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "kind": entry.kind,
        "status": entry.status,
        "started": entry.started.isoformat(),
        "changes": [{"op": c.op, "kind": c.kind, "name": c.name, "note": c.note} for c in entry.changed],
    }


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
