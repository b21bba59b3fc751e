"""The plan: what the engine holds set against what is wanted, as the very list that `apply` executes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from affinity_search.config.model import Config
from affinity_search.deploy.artefact import Artefact, artefacts, script_artefacts
from affinity_search.deploy.changes import FOREIGN, TAKEN_OVER, Change, holds, mappings_of
from affinity_search.deploy.ledger import LedgerEntry, check_ledger, last_entry, owner_of, read_entry
from affinity_search.deploy.mappings import conflicts
from affinity_search.deploy.ownership import Foreign, claimed, find_foreign
from affinity_search.deploy.probe import NOT_PROBED, Probe, probe
from affinity_search.deploy.reversal import kept_from_deletion, refuse_deleting_live, reverse_all
from affinity_search.deploy.store import Key, current, keep_reason, reindex_needed
from affinity_search.deploy.twins import known_twins
from affinity_search.engine import Engine
from affinity_search.errors import ConfigError
from affinity_search.plain import plain
from affinity_search.surfaces import Template, build_templates

__all__ = [
    "Plan",
    "drift_since",
    "foreign_of",
    "plan",
    "plan_artefacts",
    "plan_rollback",
    "plan_rollback_of",
    "plan_with",
]


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


def plan(config: Config, engine: Engine, *, take_over: bool = False) -> Plan:
    """What `apply` would do now for this configuration. Nothing is written.

    With `take_over`, what others made under the names of this deployment is changed like its own; a rollback gives
    scripts and pipelines back. Raises ConfigError where a template is too large, where an index cannot take its mapping
    without a reindex, or where the ledger's name is taken.
    """
    return plan_with(config, engine, take_over=take_over)


def plan_with(config: Config, engine: Engine, *more: Template, take_over: bool = False) -> Plan:
    """The plan of the configuration, of the templates that were wrapped before, and of `more` wrapped ones."""
    last = _last_deployment(engine, config.ledger_index)
    asked = {template.name for template in more}
    before = [one for one in known_twins(config, engine, last) if one.name not in asked]
    wrapped = (*before, *more)
    templates = (*build_templates(config), *wrapped)
    wanted = (*artefacts(config), *script_artefacts(wrapped))
    found = plan_artefacts(engine, config.ledger_index, wanted, templates, take_over=take_over)
    return replace(found, probe=probe(config, engine, templates))


def plan_artefacts(
    engine: Engine,
    ledger: str,
    wanted: Iterable[Artefact],
    templates: tuple[Template, ...] = (),
    *,
    take_over: bool = False,
) -> Plan:
    """The plan that gives the engine these artefacts, in this order; see `plan`."""
    last = _last_deployment(engine, ledger)
    bodies = {(artefact.kind, artefact.name): artefact.body for artefact in wanted}
    found = current(engine, (*bodies, *(key for key in _keys(last) if key not in bodies)))
    foreign = foreign_of(engine, ledger, last, {key: found[key] for key in bodies})
    strange = {one.key for one in foreign}
    changes = [_change(key, found[key], body, key in strange, take_over) for key, body in bodies.items()]
    refused = {change.key for change in changes if change.key in strange and not change.note}
    for change in changes:
        if change.key not in refused:
            _refuse_reindex(engine, change)
    if last and last.is_open:
        changes += [_left(key, body, last) for key, body in found.items() if key not in bodies]
    # An interrupted rollback that an apply takes over has not happened: what it was to reverse still stands.
    undo_before = 0 if not last else last.undo_before if last.is_open else last.undo
    return Plan(
        ledger,
        tuple(changes),
        drift_since(last, found),
        last,
        undo_before,
        templates=templates,
        foreign=tuple(one for one in foreign if one.key in refused),
    )


def foreign_of(
    engine: Engine, ledger: str, last: LedgerEntry | None, found: Mapping[Key, str | None]
) -> tuple[Foreign, ...]:
    """What of the artefacts found is not made by the deployment of this ledger."""
    there = [key for key, body in found.items() if body is not None]
    return find_foreign(found, claimed(engine, ledger, last, there), owner_of(ledger), ledger)


def _last_deployment(engine: Engine, ledger: str) -> LedgerEntry | None:
    engine.info()
    check_ledger(engine, ledger)
    return last_entry(engine, ledger)


def _change(key: Key, before: str | None, after: str, is_foreign: bool, take_over: bool) -> Change:
    """The change that is wanted; one of what others made has a note, unless it is to be refused."""
    note = ""
    if is_foreign and take_over:
        note = TAKEN_OVER
    elif is_foreign and key[0] != "index" and holds(key[0], before, after):
        note = FOREIGN
    return Change(*key, before=before, after=after, note=note)


def _begun(change: Change, first: Change | None) -> Change:
    """The change with the body that was there before the first attempt, and with what that knew of its owner."""
    if first is None:
        return change
    return replace(change, before=first.before, note=first.note if first.note == TAKEN_OVER else change.note)


def _left(key: Key, body: str | None, last: LedgerEntry) -> Change:
    return Change(*key, before=body, after=body, note=next(c.note for c in last.changes if c.key == key))


def plan_rollback(config: Config, engine: Engine, to: int | None = None) -> Plan:
    """What `rollback` would do now: the changes of the last deployment that is not yet undone, reversed.

    With `to`, everything after that entry is reversed, 0 being the state before the first. An interrupted rollback is
    planned again with its own goal. Raises ConfigError where there is nothing to reverse, where nothing leads to `to`,
    and without `to` where the template that requests name would be deleted: live searches may use it.
    """
    return plan_rollback_of(engine, config.ledger_index, to)


def plan_rollback_of(engine: Engine, ledger: str, to: int | None = None) -> Plan:
    """The rollback of the deployment that has this ledger; see `plan_rollback`."""
    last = _last_deployment(engine, ledger)
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
    reversed_changes = reverse_all(steps)
    found = current(engine, (*reversed_changes, *_keys(last)))
    indices = {key: body for key, body in found.items() if key[0] == "index"}
    drift = drift_since(last, found)
    kept = kept_from_deletion(drift, foreign_of(engine, ledger, last, indices))
    changes = {key: _onto(engine, change, found[key], kept) for key, change in reversed_changes.items()}
    if goal is None:
        refuse_deleting_live(changes, steps[-1])
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


def _keys(last: LedgerEntry | None) -> tuple[Key, ...]:
    return tuple(change.key for change in last.changes) if last else ()


def _refuse_reindex(engine: Engine, change: Change) -> None:
    if change.kind != "index" or change.op != "change":
        return
    if found := conflicts(mappings_of(change.before or "{}"), mappings_of(change.after or "{}")):
        raise reindex_needed(engine, change.name, f"another value of {', '.join(found)}")
