"""Takes an index of others into use: ledger first, then fields, pipeline and setting, then the keys of the items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from affinity_search.adoption.pace import Pace, rewrite_all
from affinity_search.adoption.planning import FINAL, IndexPlan, plan_index
from affinity_search.adoption.record import Adopted, read_adoption, write_adoption
from affinity_search.config.model import Config
from affinity_search.deploy import Artefact, apply, plan_artefacts
from affinity_search.deploy.artefact import canonical, keys_artefact
from affinity_search.deploy.ledger import check_ledger, create_ledger
from affinity_search.engine.mappings import add_to_mappings
from affinity_search.engine.protocol import Engine
from affinity_search.engine.rewriting import count_matching
from affinity_search.engine.settings import write_settings
from affinity_search.engine.survey import Survey, survey
from affinity_search.errors import ConfigError

__all__ = ["Filled", "adopt", "plan_adoption"]


@dataclass(frozen=True)
class Filled:
    """Items of an index that were rewritten, and those that have a value but no key: an empty text, say."""

    index: str
    written: int
    left: int


def plan_adoption(engine: Engine, config: Config) -> tuple[IndexPlan, ...]:
    """What `adopt` would do with each index behind `items.index`; nothing is written.

    Raises MissingResource where there is none, ConfigError where the ledger's name is taken.
    """
    engine.info()
    check_ledger(engine, config.ledger_index)
    adopted = read_adoption(engine, config.ledger_index)
    plans = [plan_index(config, found, _known(adopted, found)) for found in survey(engine, config.items.index)]
    return tuple(replace(plan, lacking=count_matching(engine, plan.index, plan.missing)) for plan in plans)


def adopt(engine: Engine, config: Config, plans: Sequence[IndexPlan], now: datetime, pace: Pace) -> tuple[Filled, ...]:
    """What became of the items of each index; none where `items.keys` is `keyword`, which adds nothing.

    Searches and writes of others go on meanwhile. Interrupted, it goes on where it stood when it is run again. Raises
    ConfigError, before anything is written, where a plan has refusals.
    """
    if config.items.keys == "keyword":
        return ()
    if refusals := [line for plan in plans for line in plan.refusals]:
        raise ConfigError("\n".join(refusals), hint="Nothing was changed.")
    create_ledger(engine, config.ledger_index)
    _note(engine, config.ledger_index, plans)
    for plan in plans:
        if plan.fields:
            add_to_mappings(engine, plan.index, {"properties": _nested(plan)})
    apply(plan_artefacts(engine, config.ledger_index, _pipelines(config, plans)), engine, now)
    for plan in plans:
        if plan.pipeline:
            write_settings(engine, plan.index, {FINAL.removeprefix("index."): plan.pipeline})
    return tuple(Filled(plan.index, *rewrite_all(engine, plan.index, plan.missing, pace)) for plan in plans)


def _known(adopted: Mapping[str, Adopted], found: Survey) -> tuple[str, ...] | None:
    one = adopted.get(found.index)
    return one.fields if one and one.uuid == found.uuid else None


def _note(engine: Engine, ledger: str, plans: Sequence[IndexPlan]) -> None:
    """Keeps what each index had before, from the first time on."""
    adopted = read_adoption(engine, ledger)
    for plan in plans:
        known = adopted.get(plan.index)
        if known is None or known.uuid != plan.uuid:
            known = Adopted(plan.uuid, plan.after, ())
        adopted[plan.index] = known.and_fields(plan.filled)
    write_adoption(engine, ledger, adopted)


def _nested(plan: IndexPlan) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for path, mapping in plan.fields.items():
        above, _, name = path.rpartition(".")
        (properties.setdefault(above, {"properties": {}})["properties"] if above else properties)[name] = mapping
    return properties


def _pipelines(config: Config, plans: Sequence[IndexPlan]) -> Iterator[Artefact]:
    keys = keys_artefact(config)
    yield keys
    for plan in {plan.pipeline: plan for plan in plans if plan.after}.values():
        body = {
            "description": f"What {plan.after} does, then {keys.name}",
            "processors": [{"pipeline": {"name": plan.after}}, {"pipeline": {"name": keys.name}}],
        }
        yield Artefact("pipeline", plan.pipeline, canonical(body))
