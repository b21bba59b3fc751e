"""The catalogue taken into the local state without loading anything: from a file, or from an index that others fill.

Profiles need to know which values the items have. An index is read whole the first time, and from then on only what was
written since: each shard numbers its writes. A deletion is no document any more, so only a whole reading finds those.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import Config
from affinity_search.deploy.gates import expect_few_bad_lines
from affinity_search.deploy.item_file import last_of_each, survey_items
from affinity_search.deploy.kept_source import expect_kept_source
from affinity_search.engine.aliases import alias_filters
from affinity_search.engine.indices import refresh
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import Position, count_whole, positions
from affinity_search.engine.written import read_copies, read_written
from affinity_search.errors import DataError
from affinity_search.items.item import record_values
from affinity_search.items.losses import LostField
from affinity_search.plain import plain_fields
from affinity_search.state.catalogue import (
    Coverage,
    Entry,
    Stored,
    catalogue_coverage,
    last_seen,
    stage_entries,
    stage_items,
    store_values,
)
from affinity_search.state.known import KnownItems, known_items

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["CatalogueReport", "Progress", "catalogue_from_file", "catalogue_from_index"]

TITLE = ""  # which is no field
Progress = Callable[[int, int], None]
"""Told how many documents were read, and of how many."""


@dataclass(frozen=True)
class CatalogueReport:
    """What was read and what the state's catalogue holds now.

    `stored` items were taken in with their values, `others` are held beside them: they were taken in before, and are in
    the source no longer where it was read `whole`, or did not change. Of a file: read = stored + replaced +
    quarantined, and `lost` says, by field, what optional values could not be used. `coverage` and `known` count the
    whole catalogue: items with a value of each attribute, and events held whose item is in it.
    """

    source: str
    whole: bool
    read: int
    stored: int
    others: int
    coverage: Mapping[str, Coverage]
    known: KnownItems
    replaced: int = 0
    quarantined: int = 0
    quarantine: Path | None = None
    lost: Mapping[str, LostField] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {**plain_fields(self), "known_items_share": self.known.share}


def catalogue_from_file(
    connection: DuckDBPyConnection, source: Path, config: Config, *, accept_loss: bool = False
) -> CatalogueReport:
    """Takes the items of the file, one as `affinity items load` reads, into the state.

    Raises DataError, and changes nothing, where no line of the file is an item, or without `accept_loss` over 10 % of
    the lines are none.
    """
    file = survey_items(source, config)
    if not accept_loss:
        expect_few_bad_lines(source, file.quarantined, file.read, file.quarantine)
    for _ in stage_items(connection, last_of_each(source, file.lines, config), config):
        pass
    stored = store_values(connection)
    return CatalogueReport(
        str(source),
        True,
        file.read,
        *_held(connection, config, stored),
        file.replaced,
        file.quarantined,
        file.quarantine,
        file.lost,
    )


def catalogue_from_index(
    engine: Engine,
    connection: DuckDBPyConnection,
    config: Config,
    *,
    whole: bool = False,
    progress: Progress | None = None,
) -> CatalogueReport:
    """Takes what the item index holds into the state: the id, the title, and the values of the declared attributes.

    Read is what was written since the last time, by whomever; everything where it is asked for (`whole`), where an
    index behind the alias is new, or where attributes are declared that were not known then. The documents stay as they
    are; the index is refreshed, so that no acknowledged write is passed over.

    Raises MissingResource where there is no such index, DataError where it has no document, ConfigError where it keeps
    no `_source`.
    """
    name, paths = config.items.index, _paths(config)
    expect_kept_source(engine, name, "Take the catalogue from a file instead: affinity items catalogue FILE")
    found = positions(engine, name)
    before = {} if whole else _seen(connection, paths)
    since = {shard.key: before.get(shard.key, -1) for shard in found}
    everything = all(number < 0 for number in since.values())
    refresh(engine, name)
    held = count_whole(engine, name)
    if everything and not held:
        raise DataError(f"{engine.url}/{name}: expected items, found none")
    pages = _pages(engine, name, found, list(paths.values()), since)
    told = _told(pages, progress, min(held, sum(shard.newest - since[shard.key] for shard in found)))
    read = stage_entries(connection, ([_entry(paths, hit) for hit in hits] for hits in told))
    seen = json.dumps({"paths": paths, "shards": {shard.key: shard.settled for shard in found}})
    return CatalogueReport(name, everything, read, *_held(connection, config, store_values(connection, seen)))


def _held(
    connection: DuckDBPyConnection, config: Config, stored: Stored
) -> tuple[int, int, dict[str, Coverage], KnownItems]:
    return stored.items, stored.others, catalogue_coverage(connection, config), known_items(connection)


def _paths(config: Config) -> dict[str, str]:
    """Where an item's JSON holds the values of each attribute's field, and, under TITLE, what people read of it."""
    texts = config.items.text_fields
    title = "title" if "title" in texts else max(texts, key=texts.__getitem__)
    return {**{one.field: one.values_path for one in config.attributes.values()}, TITLE: title}


def _seen(connection: DuckDBPyConnection, paths: Mapping[str, str]) -> dict[str, int]:
    """By shard the sequence number up to which it was read; empty where not all of these values were."""
    seen = json.loads(last_seen(connection) or "{}")
    return dict(seen["shards"]) if paths.items() <= seen.get("paths", {}).items() else {}


def _pages(
    engine: Engine, name: str, shards: Sequence[Position], fields: Sequence[str], since: Mapping[str, int]
) -> Iterator[list[dict[str, Any]]]:
    filters = alias_filters(engine, name)
    for shard in shards:
        start = since[shard.key]
        if shard.newest <= start:
            continue
        for hits in read_written(engine, shard, fields, since=start, only=filters.get(shard.index)):
            # An item that stands in several indices has the values of all, those that did not change included.
            if len(filters) > 1 and start >= 0:
                hits = read_copies(engine, name, len(filters), [hit["_id"] for hit in hits], fields)
            yield hits


def _told(
    pages: Iterator[list[dict[str, Any]]], progress: Progress | None, expected: int
) -> Iterator[list[dict[str, Any]]]:
    """The same pages; `progress` is told of each, and of about how many documents are expected."""
    done = 0
    for hits in pages:
        yield hits
        done += len(hits)
        if progress:
            progress(done, max(done, expected))


def _entry(paths: Mapping[str, str], hit: Mapping[str, Any]) -> Entry:
    source = hit["_source"]
    values = [(field, value) for field, at in paths.items() if field != TITLE for value in record_values(source, at)]
    return Entry(hit["_id"], " ".join(record_values(source, paths[TITLE])), values)
