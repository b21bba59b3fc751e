"""Leaves the indices of others again: what was added is taken away, and the deployment with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from affinity_search.adoption.pace import Pace, rewrite_all
from affinity_search.adoption.planning import FINAL
from affinity_search.adoption.record import Adopted, read_adoption
from affinity_search.config import names
from affinity_search.config.model import Config
from affinity_search.deploy.changes import Change
from affinity_search.deploy.ledger import check_ledger, last_entry
from affinity_search.deploy.removal import remove_deployment
from affinity_search.deploy.reversal import plan_rollback_of
from affinity_search.engine.indices import identify
from affinity_search.engine.ownership import is_marked_by
from affinity_search.engine.pipelines import indices_using
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import count_whole
from affinity_search.engine.rewriting import count_matching
from affinity_search.engine.settings import read_settings, write_settings
from affinity_search.errors import MissingResource

__all__ = ["Leaving", "LeftIndex", "leave", "plan_leaving"]

REMOVE = """
for (field in params.fields) {
  int dot = field.indexOf('.');
  def holder = dot < 0 ? ctx._source : ctx._source[field.substring(0, dot)];
  if (holder instanceof Map) { holder.remove(field.substring(dot + 1)); }
}
def keys = ctx._source['affinity'];
if (keys instanceof Map && keys.isEmpty()) { ctx._source.remove('affinity'); }
""".strip()


@dataclass(frozen=True)
class LeftIndex:
    """An adopted index: the final pipeline that it gets back, the fields whose values go, and the items that have any.

    `now` is the final pipeline that it has, `is_set` is True where that is ours. One that others set since stays.
    """

    index: str
    before: str | None
    now: str | None
    is_set: bool
    fields: tuple[str, ...]
    items: int


@dataclass(frozen=True)
class Leaving:
    """All that goes: from the indices of others, and what this deployment made: (kind, name, documents or None).

    `kept` are pipelines that stay, each with the indices of which they are the pipeline by somebody else's hand,
    `restored` the templates of others that were personalised in place, and become what they were.
    """

    indices: tuple[LeftIndex, ...]
    own: tuple[tuple[str, str, int | None], ...]
    kept: tuple[tuple[str, tuple[str, ...]], ...]
    restored: tuple[str, ...] = ()


def plan_leaving(engine: Engine, config: Config) -> Leaving:
    """What `leave` would take away; nothing is written. Raises ConfigError where the ledger's name is taken."""
    engine.info()
    ledger = config.ledger_index
    check_ledger(engine, ledger)
    adopted = read_adoption(engine, ledger)
    left = [found for index, one in adopted.items() if (found := _left(engine, config, index, one))]
    changes = _reversed(engine, ledger)
    ours = [*_artefacts(changes), *_indices(engine, config.engine.prefix)]
    given_back = {one.index for one in left if one.is_set}
    users = {name: set(indices_using(engine, name)) - given_back for kind, name, _ in ours if kind == "pipeline"}
    kept = {name: tuple(sorted(others)) for name, others in users.items() if others}
    restored = tuple(change.name for change in changes if change.kind == "script" and change.op == "change")
    return Leaving(tuple(left), tuple(one for one in ours if one[1] not in kept), tuple(kept.items()), restored)


def leave(engine: Engine, config: Config, plan: Leaving, now: datetime, pace: Pace) -> dict[str, int]:
    """Items of each index that gave up values. Run again, it goes on where it was interrupted."""
    for one in plan.indices:
        if one.is_set:
            write_settings(engine, one.index, {FINAL.removeprefix("index."): one.before})
    written = {}
    for one in plan.indices:
        script = {"lang": "painless", "source": REMOVE, "params": {"fields": list(one.fields)}}
        written[one.index] = rewrite_all(engine, one.index, _having(one.fields), pace, script)[0]
    remove_deployment(engine, config.engine.prefix, config.items.index, now)
    return written


def _left(engine: Engine, config: Config, index: str, adopted: Adopted) -> LeftIndex | None:
    try:
        found = identify(engine, index)
    except MissingResource:
        return None
    if not found or found[0].uuid != adopted.uuid:
        return None  # deleted since, and perhaps made again by its owners
    final = read_settings(engine, index, [FINAL]).get(index, {}).get(FINAL)
    ours = names.item_keys_pipeline(config.engine.prefix)
    is_set = final is not None and (final == ours or final.startswith(f"{ours}-after-"))
    fields = _values(adopted.fields)
    items = count_matching(engine, index, _having(fields)) if fields else 0
    return LeftIndex(index, adopted.final_pipeline, final, is_set, fields, items)


def _values(fields: Sequence[str]) -> tuple[str, ...]:
    """What goes from the items: all keys where all of them are ours, those of attributes that came later, too."""
    others = [field for field in fields if not field.startswith("affinity.")]
    return ("affinity", *others) if f"affinity.{names.ITEM}" in fields else tuple(fields)


def _having(fields: Sequence[str]) -> dict[str, Any]:
    return {"bool": {"should": [{"exists": {"field": field}} for field in fields], "minimum_should_match": 1}}


def _reversed(engine: Engine, ledger: str) -> tuple[Change, ...]:
    """The changes that lead back to before the first deployment; none where nothing is deployed."""
    last = last_entry(engine, ledger)
    return plan_rollback_of(engine, ledger, 0).changes if last and (last.is_open or last.undo) else ()


def _artefacts(changes: Sequence[Change]) -> Iterator[tuple[str, str, int | None]]:
    for change in changes:
        is_our_pipeline = change.kind == "pipeline" and not change.is_others
        if is_our_pipeline or (change.kind == "script" and change.op == "delete"):
            yield change.kind, change.name, None


def _indices(engine: Engine, owner: str) -> Iterator[tuple[str, str, int | None]]:
    for found in identify(engine, f"{owner}-*", hidden=True):
        if is_marked_by(found.mappings, owner):
            yield "index", found.index, count_whole(engine, found.index)
