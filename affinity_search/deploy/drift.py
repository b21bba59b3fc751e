"""What the engine holds set against the ledger: what is changed since the last deployment, and what is not its own."""

from __future__ import annotations

from collections.abc import Mapping

from affinity_search.deploy.changes import Change, holds
from affinity_search.deploy.ledger import LedgerEntry, check_ledger, last_entry, owner_of
from affinity_search.deploy.ownership import Foreign, claimed, find_foreign
from affinity_search.deploy.store import Key
from affinity_search.engine import Engine

__all__ = ["drift_since", "foreign_of", "keys_of", "last_deployment"]


def last_deployment(engine: Engine, ledger: str) -> LedgerEntry | None:
    """The newest entry of the ledger, None for none; raises ConfigError where others made an index of its name."""
    engine.info()
    check_ledger(engine, ledger)
    return last_entry(engine, ledger)


def keys_of(last: LedgerEntry | None) -> tuple[Key, ...]:
    """What the entry changed or left; nothing without an entry."""
    return tuple(change.key for change in last.changes) if last else ()


def drift_since(last: LedgerEntry | None, found: Mapping[Key, str | None]) -> tuple[Change, ...]:
    """What differs from what the entry left, from its body to the one found; empty without an entry.

    Of an unfinished entry, what it replaced is as good as what it was to write.
    """
    if last is None:
        return ()
    return tuple(
        Change(*change.key, before=change.after, after=found[change.key])
        for change in last.changes
        if not (
            holds(change.kind, found[change.key], change.after)
            or (last.is_open and holds(change.kind, found[change.key], change.before))
        )
    )


def foreign_of(
    engine: Engine, ledger: str, last: LedgerEntry | None, found: Mapping[Key, str | None]
) -> tuple[Foreign, ...]:
    """What of the artefacts found is not made by the deployment of this ledger."""
    there = [key for key, body in found.items() if body is not None]
    return find_foreign(found, claimed(engine, ledger, last, there), owner_of(ledger), ledger)
