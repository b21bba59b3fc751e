"""Compares the keys of all items with their values, and writes again those whose keys are stale.

The engine runs no pipeline over what a partial update makes of a document, so its keys stay those of the old values.
An item is written again as it is, through the pipeline and with its own version. The engine takes it only if the
document has still that version: whoever wrote to it meanwhile wins, and a writer who counts versions of his own finds
the one that he gave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from affinity_search.config import names
from affinity_search.config.model import Config
from affinity_search.deploy.item_fields import key_fields
from affinity_search.deploy.kept_source import expect_kept_source, expect_whole_source
from affinity_search.engine.aliases import alias_filters
from affinity_search.engine.bulk import Action, Refusal, write_bulk
from affinity_search.engine.documents import Copy, read_copies_of
from affinity_search.engine.indices import refresh
from affinity_search.engine.pipelines import read_pipeline
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import count_whole, positions
from affinity_search.engine.written import read_written
from affinity_search.errors import ConfigError
from affinity_search.items.pipeline import item_keys_pipeline
from affinity_search.items.staleness import StaleKeys, stale_keys
from affinity_search.plain import plain_fields

__all__ = ["StaleItem", "Verification", "read_fields", "stale_item", "verify_items"]

EXAMPLES = 5
AT_ONCE = 200
NO_SOURCE = "Without it nobody can tell which values an item has: index the items again with it."

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class StaleItem:
    """An item in an index, and its attributes whose keys are not those of its values."""

    index: str
    id: str
    keys: tuple[StaleKeys, ...]

    @property
    def has_none(self) -> bool:
        """True where it has no keys at all in these attributes."""
        return not any(one.found for one in self.keys)

    def __str__(self) -> str:
        return f"{self.index}: {self.id}: {'; '.join(map(str, self.keys))}"


@dataclass(frozen=True)
class Verification:
    """What was found: of all `items` those that are `stale`, and how many of these have no keys (`without`).

    `attributes` counts the stale items by attribute, `examples` are the first five. Where they were to be repaired:
    stale = repaired + overtaken + refused. `overtaken`: others wrote to the item meanwhile, or deleted it, and theirs
    stands; the next look judges it anew. `refused`: the engine does not take the item; `refusals` has the first five.
    """

    items: int
    stale: int
    without: int
    attributes: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[StaleItem, ...] = ()
    repair: bool = False
    repaired: int = 0
    overtaken: int = 0
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return plain_fields(self)


def verify_items(
    engine: Engine, config: Config, *, repair: bool = False, progress: Progress | None = None
) -> Verification:
    """How many items that the item index shows have keys of other values than they hold.

    Nothing is written unless they are to be repaired; then only the stale ones are, and searches see them at the end.
    Raises MissingResource where there is no such index, ConfigError where it keeps no `_source` or `items.keys` is
    `keyword`, and for a repair where it keeps only parts of it or the pipeline is not the one of this configuration.
    """
    name = config.items.index
    if config.items.keys == "keyword":
        raise ConfigError(
            "items.keys: expected numeric for items that have keys, got keyword: there is nothing to verify"
        )
    expect_kept_source(engine, name, NO_SOURCE)
    if repair:
        expect_whole_source(engine, name)
        _expect_pipeline(engine, config)
    found = _Findings(key_fields(config))
    refresh(engine, name)
    expected = count_whole(engine, name)
    for hits in _pages(engine, name, read_fields(found.paths)):
        stale = [hit for hit in hits if found.add(hit)]
        if repair:
            _repair(engine, config, stale, found)
        if progress:
            progress(found.items, max(found.items, expected))
    if found.repaired:
        refresh(engine, name)
    return found.report(repair)


@dataclass
class _Findings:
    """Counts while pages are read."""

    paths: Mapping[str, str]
    items: int = 0
    stale: int = 0
    without: int = 0
    attributes: Counter[str] = field(default_factory=Counter)
    examples: list[StaleItem] = field(default_factory=list)
    repaired: int = 0
    overtaken: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def add(self, hit: Mapping[str, Any]) -> bool:
        """True where the hit has stale keys."""
        self.items += 1
        item = stale_item(self.paths, hit)
        if item is None:
            return False
        self.stale += 1
        self.without += item.has_none
        self.attributes.update(one.attribute for one in item.keys)
        if len(self.examples) < EXAMPLES:
            self.examples.append(item)
        return True

    def report(self, repair: bool) -> Verification:
        """What was found, as a value."""
        return Verification(
            self.items,
            self.stale,
            self.without,
            dict(self.attributes.most_common()),
            tuple(self.examples),
            repair,
            self.repaired,
            self.overtaken,
            len(self.refused),
            tuple(self.refused[:EXAMPLES]),
        )


def read_fields(paths: Mapping[str, str]) -> list[str]:
    """The fields of an item's source that tell whether its keys are stale; `paths` are those of `key_fields`."""
    return ["affinity", *(at for at in paths.values() if at != "_id")]


def stale_item(paths: Mapping[str, str], hit: Mapping[str, Any]) -> StaleItem | None:
    """The hit, given with its source, where its keys are stale; None where they fit."""
    keys = tuple(stale_keys(hit["_id"], hit["_source"], paths))
    return StaleItem(hit["_index"], hit["_id"], keys) if keys else None


def _pages(engine: Engine, name: str, fields: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    filters = alias_filters(engine, name)
    for shard in positions(engine, name):
        yield from read_written(engine, shard, fields, only=filters.get(shard.index))


def _expect_pipeline(engine: Engine, config: Config) -> None:
    name = names.item_keys_pipeline(config.engine.prefix)
    if read_pipeline(engine, name) != item_keys_pipeline(config):
        raise ConfigError(
            f"{engine.url}: pipeline {name}: expected the one of this configuration, found none or another",
            hint="Run `affinity apply` first: it makes the pipeline that gives items their keys.",
        )


def _repair(engine: Engine, config: Config, hits: Sequence[Mapping[str, Any]], found: _Findings) -> None:
    pipeline = names.item_keys_pipeline(config.engine.prefix)
    for start in range(0, len(hits), AT_ONCE):
        chunk = hits[start : start + AT_ONCE]
        actions = [_again(copy) for copy in read_copies_of(engine, chunk) if _is_stale(copy, found.paths)]
        done = write_bulk(engine, actions, require_alias=False, pipeline=pipeline)
        found.repaired += done.written
        found.overtaken += len(chunk) - done.written - len(done.refused)
        found.refused += done.refused


def _is_stale(copy: Copy, paths: Mapping[str, str]) -> bool:
    return any(stale_keys(copy.id, copy.source, paths))


def _again(copy: Copy) -> Action:
    return Action("index", copy.index, copy.id, copy.source, copy.version, copy.routing)
