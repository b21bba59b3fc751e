"""What of the names of a deployment is its own: the owner mark says so for indices, the ledger for the rest.

Stored scripts and pipelines cannot bear a mark. The newest ledger entry that names one tells whose it is: what the
entry wrote or left of our own is ours, what it found of others is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from affinity_search.deploy.artefact import Kind
from affinity_search.deploy.changes import Change
from affinity_search.deploy.ledger import LedgerEntry, recent_entries
from affinity_search.deploy.store import Key
from affinity_search.engine import Engine
from affinity_search.engine.ownership import is_marked_by, mark_of

__all__ = ["Foreign", "claimed", "find_foreign", "is_own_index"]


@dataclass(frozen=True)
class Foreign:
    """Something that others made under a name of this deployment; `finding` says how that is known."""

    kind: Kind
    name: str
    finding: str

    @property
    def key(self) -> Key:
        """What tells one artefact from another."""
        return self.kind, self.name


def claimed(engine: Engine, ledger: str, last: LedgerEntry | None, keys: Iterable[Key]) -> frozenset[Key]:
    """Those of the keys that are ours by the newest entry that names them; reads no further back than it must."""
    waiting, ours = set(keys), set()
    for entry in recent_entries(engine, ledger, last, last.number if last else 0):
        for change in entry.changes:
            if change.key in waiting:
                waiting.remove(change.key)
                ours |= {change.key} if _claims(entry, change) else set()
        if not waiting:
            break
    return frozenset(ours)


def _claims(entry: LedgerEntry, change: Change) -> bool:
    if change.is_others:
        return False
    return change.after is not None or (entry.is_open and change.before is not None)


def find_foreign(found: Mapping[Key, str | None], ours: frozenset[Key], owner: str, ledger: str) -> tuple[Foreign, ...]:
    """What is there and not this owner's, in the order of `found`; `ours` is what the ledger claims."""
    findings = {key: _finding(key, body, key in ours, owner, ledger) for key, body in found.items() if body is not None}
    return tuple(Foreign(*key, finding) for key, finding in findings.items() if finding)


def _finding(key: Key, body: str, is_claimed: bool, owner: str, ledger: str) -> str:
    if key[0] != "index":
        return "" if is_claimed else f"no entry of {ledger} wrote it"
    if is_own_index(body, owner, is_claimed=is_claimed):
        return ""
    other = mark_of(json.loads(body)["mappings"]).get("owner")
    return f"it bears the mark of {other}" if other else "it bears no owner mark"


def is_own_index(body: str, owner: str, *, is_claimed: bool) -> bool:
    """True for the mark of this owner; also for an index of ours from before there were marks.

    That one stands in the ledger, and bears the name under which it was created.
    """
    found = json.loads(body)
    if mark_of(found["mappings"]):
        return is_marked_by(found["mappings"], owner)
    return is_claimed and "index" not in found
