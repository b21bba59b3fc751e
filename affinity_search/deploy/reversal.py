"""The plan of a rollback: the changes of one or several deployments reversed together, and what is left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from affinity_search.config.model import Config
from affinity_search.deploy.changes import CHANGED_SINCE, FOREIGN, TAKEN_OVER, Change
from affinity_search.deploy.drift import drift_since, foreign_of, keys_of, last_deployment
from affinity_search.deploy.ledger import LedgerEntry, read_entry
from affinity_search.deploy.ownership import Foreign
from affinity_search.deploy.planned import Plan
from affinity_search.deploy.store import Key, current, keep_reason
from affinity_search.engine import Engine
from affinity_search.errors import ConfigError
from affinity_search.surfaces.injection import is_injected, taken_out

__all__ = ["plan_rollback", "plan_rollback_of"]


def plan_rollback(config: Config, engine: Engine, to: int | None = None) -> Plan:
    """What `rollback` would do now: the changes of the last deployment that is not yet undone, reversed.

    With `to`, everything after that entry is reversed, 0 being the state before the first. An interrupted rollback is
    planned again with its own goal. Raises ConfigError where there is nothing to reverse, where nothing leads to `to`,
    and without `to` where the template that requests name would be deleted: live searches may use it.
    """
    return plan_rollback_of(engine, config.ledger_index, to)


def plan_rollback_of(engine: Engine, ledger: str, to: int | None = None) -> Plan:
    """The rollback of the deployment that has this ledger; see `plan_rollback`."""
    last = last_deployment(engine, ledger)
    if last is None:
        raise ConfigError(
            f"{engine.url}/{ledger}: expected a deployment to roll back, found none",
            hint="The ledger begins with the first `affinity apply`.",
        )
    first, goal = (last.number if last.is_open else last.undo), to
    if last.is_open and last.kind == "rollback":
        first, goal = last.undo_before, last.undo
        if to not in (None, goal):
            raise ConfigError(
                f"rollback --to: expected {goal}, the goal of the interrupted rollback {last.number}, got {to}",
                hint="Finish it with `affinity rollback`, then roll back further.",
            )
    steps = _steps(engine, ledger, first, goal)
    reversed_changes = _reverse_all(steps)
    found = current(engine, (*reversed_changes, *keys_of(last)))
    indices = {key: body for key, body in found.items() if key[0] == "index"}
    drift = drift_since(last, found)
    kept = _kept_from_deletion(drift, foreign_of(engine, ledger, last, indices))
    in_place = _wrapped_in_place(steps)
    changes = {
        key: _unwrapped(change, found[key]) if key in in_place else _onto(engine, change, found[key], kept)
        for key, change in reversed_changes.items()
    }
    if goal is None:
        _refuse_deleting_live(changes, steps[-1])
    return Plan(ledger, tuple(changes.values()), drift, last, first, steps[-1].undo_before)


def _steps(engine: Engine, ledger: str, first: int, to: int | None) -> list[LedgerEntry]:
    """The entries to reverse, newest first, along the chain of those that are not undone; one where `to` is None."""
    where = f"{engine.url}/{ledger}"
    if not first:
        raise ConfigError(f"{where}: expected a deployment to roll back, everything is undone already")
    if first == to:
        raise ConfigError(f"rollback --to: expected an entry before {first}, whose state the engine has, got {to}")
    steps: list[LedgerEntry] = []
    number = first
    while number and number != to and not (to is None and steps):
        entry = read_entry(engine, ledger, number)
        if entry is None:
            raise ConfigError(f"{where}: expected entry {number} to roll back, it is gone")
        steps.append(entry)
        number = entry.undo_before
    if to is not None and number != to:
        goals = ", ".join(str(step.undo_before) for step in steps)
        raise ConfigError(f"rollback --to: expected one of {goals}, got {to}")
    return steps


def _onto(engine: Engine, change: Change, found: str | None, kept: Mapping[Key, str]) -> Change:
    """The change that leads from what is found now to the same end, or leaves what must not be deleted."""
    if change.note == FOREIGN:
        return replace(change, before=found, after=found)
    rebased = replace(change, before=found)
    if rebased.op == "delete" and (reason := kept.get(change.key) or keep_reason(engine, *change.key)):
        return replace(change, before=found, after=found, note=reason)
    return rebased


def _wrapped_in_place(steps: Iterable[LedgerEntry]) -> set[Key]:
    """The templates of others into which one of the steps put the personal part, and nothing else."""
    return {
        change.key
        for step in steps
        for change in step.changes
        if change.note == TAKEN_OVER and change.kind == "script" and change.before and change.after
        if is_injected(change.after) and taken_out(change.after) == taken_out(change.before)
    }


def _unwrapped(change: Change, found: str | None) -> Change:
    """Takes ours out of what is there now: others may have written another version of their template since."""
    return replace(change, before=found, after=found and taken_out(found))


def _reverse_all(steps: Iterable[LedgerEntry]) -> dict[Key, Change]:
    """One change per artefact that goes back over all of the steps, newest first.

    What an older step found of others and left is not its to restore; a newer one may have taken it over.
    """
    reversed_changes: dict[Key, Change] = {}
    for step in steps:
        for change in reversed(step.changes):
            back = change.reverse()
            if back.note != FOREIGN or change.key not in reversed_changes:
                reversed_changes[change.key] = back
    return reversed_changes


def _kept_from_deletion(drift: Iterable[Change], foreign: Iterable[Foreign]) -> dict[Key, str]:
    """Why an artefact that the ledger says to delete is not ours to delete: others changed it, or made the index."""
    kept = {change.key: CHANGED_SINCE for change in drift if change.kind != "index" and change.after is not None}
    return kept | {one.key: f"kept: {one.finding}" for one in foreign}


def _refuse_deleting_live(changes: Mapping[Key, Change], entry: LedgerEntry) -> None:
    """Raises ConfigError where a stable script would be deleted: one that stands beside its own versions."""
    scripts = [name for kind, name in changes if kind == "script"]
    stable = [name for name in scripts if any(other.startswith(f"{name}-") for other in scripts)]
    if gone := [name for name in stable if changes["script", name].op == "delete"]:
        raise ConfigError(
            f"rollback: expected an earlier version of the template {', '.join(gone)} to go back to, "
            f"entry {entry.number} made its first",
            hint="Searches that name it would fail. If none does any more, say so: "
            f"`affinity rollback --to {entry.undo_before}`.",
        )
