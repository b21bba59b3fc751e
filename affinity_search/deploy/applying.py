"""Carries out a plan: ledger first, then the changes in their order, then a look at what the engine holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from affinity_search.config.model import Config
from affinity_search.deploy.changes import Change, holds
from affinity_search.deploy.ledger import LedgerEntry, add_entry, create_ledger, save_entry
from affinity_search.deploy.planned import Plan
from affinity_search.deploy.probe import refuse_dead_search
from affinity_search.deploy.reversal import plan_rollback
from affinity_search.deploy.store import execute, read
from affinity_search.engine import Engine
from affinity_search.errors import ConfigError, EngineFailed

__all__ = ["apply", "refuse_foreign", "rollback"]


def apply(plan: Plan, engine: Engine, now: datetime) -> LedgerEntry:
    """The finished ledger entry; the last one where the ledger says already that nothing is to do.

    Interrupted at any point, planning and applying again ends in the same state. Raises ConfigError, before anything is
    written, where the plan names what others made, or a template or a search through it fails its check; RefusedRequest
    where another deployment came between, EngineFailed where the engine afterwards holds something else than given.
    """
    refuse_foreign(plan, engine)
    refuse_dead_search(plan.probe)
    if plan.recorded and plan.last:
        return plan.last
    _check_templates(plan, engine)
    create_ledger(engine, plan.ledger)
    write = save_entry if plan.resumes else add_entry
    entry = write(engine, plan.ledger, plan.entry(now))
    done = {change.key: execute(engine, change) for change in plan.changes}
    _verify(engine, done.values())
    changes = tuple(replace(c, after=done[c.key].after, note=done[c.key].note or c.note) for c in entry.changes)
    return save_entry(engine, plan.ledger, replace(entry, status="done", changes=changes))


def rollback(config: Config, engine: Engine, now: datetime, to: int | None = None) -> LedgerEntry:
    """The finished ledger entry of the rollback that `plan_rollback` plans."""
    return apply(plan_rollback(config, engine, to), engine, now)


def refuse_foreign(plan: Plan, engine: Engine) -> None:
    """Raises ConfigError where others made something under a name of this deployment."""
    if plan.foreign:
        found = ", ".join(f"{one.kind} {one.name} ({one.finding})" for one in plan.foreign)
        raise ConfigError(
            f"{engine.url}: expected nothing, or what this deployment made, under its names, got {found}",
            hint="Choose other names in affinity.yaml (engine.prefix, search.template), or run `affinity apply "
            "--take-over`: it uses them from now on, and `affinity rollback` gives scripts and pipelines back.",
        )


def _check_templates(plan: Plan, engine: Engine) -> None:
    from affinity_search.deploy.own_body import check_own
    from affinity_search.surfaces.check import check_template

    stored = {change.after for change in plan.pending if change.kind == "script"}
    for template in plan.templates:
        if template.source in stored:
            if template.original:
                check_own(engine, template)
            else:
                check_template(engine, template)


def _verify(engine: Engine, done: Iterable[Change]) -> None:
    for change in done:
        if not holds(change.kind, read(engine, change.kind, change.name), change.after):
            raise EngineFailed(
                f"{engine.url}: {change.kind} {change.name}: expected to find what was written, found something else",
                hint="Somebody else may be deploying. Look at `affinity plan`, then apply again.",
            )
