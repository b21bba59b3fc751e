"""The configuration, the engine, and what is deployed there."""

from __future__ import annotations

from datetime import datetime
from os import PathLike
from pathlib import Path

from affinity_search import config as configuration
from affinity_search import deploy
from affinity_search import engine as engines
from affinity_search.api.moment import checked_moment
from affinity_search.config.model import Config
from affinity_search.deploy import LedgerEntry, Plan, Status
from affinity_search.engine.protocol import Engine

__all__ = ["apply", "connect", "load_config", "plan", "rollback", "status"]


def load_config(path: str | PathLike[str] = "affinity.yaml") -> Config:
    """The configuration in the file; relative paths in it are taken from the file's folder.

    Raises ConfigError where the file cannot be read, is no YAML or does not fit the model.
    """
    return configuration.load_config(Path(path))


def connect(config: Config) -> Engine:
    """The engine at `engine.url`, or this user's embedded one where no url is given; threads may share it.

    Nothing is sent yet. Raises EngineUnavailable where no url is given and no embedded engine runs.
    """
    return engines.connect(config.engine)


def plan(engine: Engine, config: Config, *, take_over: bool = False) -> Plan:
    """What `apply` would change in the engine now, and what others changed; nothing is written.

    With `take_over`, what others made under the names of this deployment is changed like its own. Raises ConfigError
    where a template is too large, or where an index cannot take its mapping without a reindex.
    """
    return deploy.plan(config, engine, take_over=take_over)


def apply(engine: Engine, plan: Plan, *, now: datetime) -> LedgerEntry:
    """The finished ledger entry; the last one where the ledger says already that nothing is to do.

    Interrupted at any point, planning and applying again ends in the same state. Raises ConfigError, before anything is
    written, where the plan names what others made or a template fails its check; RefusedRequest where another
    deployment came between, EngineFailed where the engine afterwards holds something else.
    """
    return deploy.apply(plan, engine, checked_moment(now))


def rollback(engine: Engine, config: Config, *, now: datetime, to: int | None = None) -> LedgerEntry:
    """The finished ledger entry of the rollback: the last apply that is not yet reversed is reversed, without asking.

    With `to` everything after that entry is, 0 being the state before the first. Raises ConfigError where there is
    nothing to reverse, where nothing leads to `to`, and without `to` where the template that requests name would go.
    """
    return deploy.rollback(config, engine, checked_moment(now), to)


def status(engine: Engine, config: Config) -> Status:
    """Where the deployment stands, and what to do about the rest (`advice`); nothing is written.

    Raises EngineError where the engine does not answer.
    """
    return deploy.status(config, engine)
