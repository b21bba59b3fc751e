"""A whole deployment taken out of the engine again, with its documents: for sandboxes, which keep nothing."""

from __future__ import annotations

from datetime import datetime

from affinity_search.config.names import first_index, ledger_index
from affinity_search.deploy.applying import apply
from affinity_search.deploy.changes import CHANGED_SINCE, Change
from affinity_search.deploy.ledger import check_ledger, last_entry, recent_entries
from affinity_search.deploy.reversal import plan_rollback_of
from affinity_search.deploy.store import execute
from affinity_search.engine import Engine
from affinity_search.engine.indices import delete_index, identify, is_index_of
from affinity_search.engine.ownership import is_marked_by, mark_of

__all__ = ["remove_deployment"]


def remove_deployment(
    engine: Engine, owner: str, items_alias: str, now: datetime, *, changed_too: bool = False
) -> None:
    """Removes what the deployment with the prefix `owner` made: by its ledger, then every index that bears its mark.

    What others made under such names stays, and what they changed since, unless that is to go, too (`changed_too`).
    Interrupted, it is simply run again. Raises ConfigError where the name of the ledger is taken by others.
    """
    ledger = ledger_index(owner)
    check_ledger(engine, ledger)
    from_before_marks = {first_index(alias) for alias in _aliases_created(engine, ledger)} | {ledger}
    _reverse_everything(engine, ledger, now, changed_too=changed_too)
    for found in identify(engine, f"{owner}-*", hidden=True):
        mark = mark_of(found.mappings)
        is_old_items = "owner" not in mark and "state" in mark and is_index_of(items_alias, found.index)
        if is_marked_by(found.mappings, owner) or is_old_items or (not mark and found.index in from_before_marks):
            delete_index(engine, found.index)


def _reverse_everything(engine: Engine, ledger: str, now: datetime, *, changed_too: bool) -> None:
    last = last_entry(engine, ledger)
    if last and last.is_open and last.kind == "rollback":
        last = apply(plan_rollback_of(engine, ledger), engine, now)
    if last and (last.is_open or last.undo):
        entry = apply(plan_rollback_of(engine, ledger, 0), engine, now)
        for change in entry.changes:
            if changed_too and change.note == CHANGED_SINCE:
                execute(engine, Change(*change.key, before=change.before, after=None))


def _aliases_created(engine: Engine, ledger: str) -> set[str]:
    last = last_entry(engine, ledger)
    entries = recent_entries(engine, ledger, last, last.number if last else 0)
    return {c.name for entry in entries for c in entry.changes if c.kind == "index" and c.op == "create"}
