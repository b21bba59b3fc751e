"""The plan of an apply: what the engine holds set against what the configuration wants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from affinity_search.config.model import Config
from affinity_search.deploy.artefact import Artefact, artefacts, script_artefacts
from affinity_search.deploy.changes import FOREIGN, TAKEN_OVER, Change, holds, mappings_of
from affinity_search.deploy.drift import drift_since, foreign_of, keys_of, last_deployment
from affinity_search.deploy.ledger import LedgerEntry
from affinity_search.deploy.mappings import conflicts
from affinity_search.deploy.planned import Plan
from affinity_search.deploy.probe import probe
from affinity_search.deploy.store import Key, current, reindex_needed
from affinity_search.deploy.twins import known_twins
from affinity_search.engine import Engine
from affinity_search.surfaces import Template, build_templates

__all__ = ["plan", "plan_artefacts", "plan_with"]


def plan(config: Config, engine: Engine, *, take_over: bool = False) -> Plan:
    """What `apply` would do now for this configuration. Nothing is written.

    With `take_over`, what others made under the names of this deployment is changed like its own; a rollback gives
    scripts and pipelines back. Raises ConfigError where a template is too large, where an index cannot take its mapping
    without a reindex, or where the ledger's name is taken.
    """
    return plan_with(config, engine, take_over=take_over)


def plan_with(config: Config, engine: Engine, *more: Template, take_over: bool = False) -> Plan:
    """The plan of the configuration, of the templates that were wrapped before, and of `more` wrapped ones."""
    last = last_deployment(engine, config.ledger_index)
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
    last = last_deployment(engine, ledger)
    bodies = {(artefact.kind, artefact.name): artefact.body for artefact in wanted}
    found = current(engine, (*bodies, *(key for key in keys_of(last) if key not in bodies)))
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


def _change(key: Key, before: str | None, after: str, is_foreign: bool, take_over: bool) -> Change:
    """The change that is wanted; one of what others made has a note, unless it is to be refused."""
    note = ""
    if is_foreign and take_over:
        note = TAKEN_OVER
    elif is_foreign and key[0] != "index" and holds(key[0], before, after):
        note = FOREIGN
    return Change(*key, before=before, after=after, note=note)


def _left(key: Key, body: str | None, last: LedgerEntry) -> Change:
    return Change(*key, before=body, after=body, note=next(c.note for c in last.changes if c.key == key))


def _refuse_reindex(engine: Engine, change: Change) -> None:
    if change.kind != "index" or change.op != "change":
        return
    if found := conflicts(mappings_of(change.before or "{}"), mappings_of(change.after or "{}")):
        raise reindex_needed(engine, change.name, f"another value of {', '.join(found)}")
