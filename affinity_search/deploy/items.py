"""Loads a catalogue into the engine beside the one in use, and moves the alias when all of it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import Config
from affinity_search.deploy.gates import expect_few_bad_lines, expect_no_shrinking
from affinity_search.deploy.item_file import ItemFile, last_of_each, survey_items
from affinity_search.deploy.swap import InUse, Owner, find_in_use, settings_at_once, settings_at_the_end, swap
from affinity_search.engine.bulk import Action, BulkReport, Refusal, write_bulk
from affinity_search.engine.indices import (
    create_index,
    delete_index,
    free_index_name,
    refresh,
    unaliased_indices,
)
from affinity_search.engine.mappings import read_mappings
from affinity_search.engine.ownership import mark_of, marked
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import count_whole
from affinity_search.engine.settings import write_settings
from affinity_search.errors import ConfigError, DataError, EngineFailed, MissingResource, RefusedRequest
from affinity_search.items.document import item_document
from affinity_search.items.losses import LostField
from affinity_search.items.mapping import index_body
from affinity_search.plain import plain_fields
from affinity_search.state.builds import state_id
from affinity_search.state.catalogue import Coverage, coverage, stage_items, store_catalogue
from affinity_search.state.known import KnownItems, known_items
from affinity_search.state.popularity import compute_signals

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["LoadReport", "load_items"]

LARGEST_REFUSED_SHARE = 0.01
REFUSALS_SHOWN = 5


@dataclass(frozen=True)
class LoadReport:
    """What became of every item read: read = loaded + replaced + quarantined + refused.

    `replaced`: a later line has the same id. `quarantined`: the line is no item; these lines are in the file
    `quarantine`. `refused`: the engine does not take the document; `refusals` has the first five. `coverage` says, for
    each attribute, how many items have a value. `lost` says, by field, what optional values could not be used, and
    `known` how many of the events held name an item that the state knows now. `left` is the index of others that the
    alias stood for until now.
    """

    index: str
    read: int
    loaded: int
    replaced: int
    quarantined: int
    refused: int
    refusals: tuple[Refusal, ...]
    quarantine: Path | None
    coverage: Mapping[str, Coverage]
    lost: Mapping[str, LostField]
    known: KnownItems
    left: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {**plain_fields(self), "known_items_share": self.known.share}


def load_items(
    engine: Engine,
    connection: DuckDBPyConnection,
    source: Path,
    config: Config,
    *,
    now: datetime | None = None,
    accept_loss: bool = False,
    take_over: bool = False,
) -> LoadReport:
    """What became of every item of the file. Searches go on meanwhile, and see the old items or the new, never a mix.

    A new index is filled and checked, then the alias `items.index` moves to it, the state takes the catalogue in, and
    the index that this package made before is deleted. Where the command dies on the way, the old items stay in use;
    the same command again starts afresh and removes what was left behind.

    The properties of the alias, the other aliases and the settings of the replaced index are handed on. With
    `take_over` the alias may stand for an index that others made, which stays.

    Raises DataError, and changes nothing, where no line of the file is an item or the engine refuses over 1 % of them;
    without `accept_loss` also where over 10 % of the lines are no items, or 30 % of the items in use would go.
    ConfigError where the alias stands for what this package did not make, or for several indices.
    """
    alias, owner = config.items.index, Owner(config.engine.prefix, state_id(connection))
    in_use = find_in_use(engine, alias, owner, take_over=take_over)
    survey = survey_items(source, config)
    if not accept_loss:
        expect_few_bad_lines(source, survey.quarantined, survey.read, survey.quarantine)
        expect_no_shrinking(engine, alias, source, len(survey.lines))
    _delete_left_behind(engine, alias, owner)
    index = free_index_name(engine, alias, now or datetime.now(UTC))
    create_index(engine, index, _loading_body(config, owner, in_use))
    written = write_bulk(engine, _actions(connection, source, config, survey, index), require_alias=False)
    _finish(engine, index, survey, written, settings_at_the_end(in_use))
    found = coverage(connection, config)
    replaced = _swap(engine, alias, index, owner, take_over)
    store_catalogue(connection, index)
    if replaced and replaced.is_ours:
        delete_index(engine, replaced.standing.index)
    return LoadReport(
        index,
        survey.read,
        written.written,
        survey.replaced,
        survey.quarantined,
        len(written.refused),
        written.refused[:REFUSALS_SHOWN],
        survey.quarantine,
        found,
        survey.lost,
        known_items(connection),
        replaced.standing.index if replaced and not replaced.is_ours else None,
    )


def _swap(engine: Engine, alias: str, index: str, owner: Owner, take_over: bool) -> InUse | None:
    try:
        return swap(engine, alias, index, owner, take_over=take_over)
    except (ConfigError, MissingResource, RefusedRequest):  # anything else may have moved the alias
        delete_index(engine, index)
        raise


def _delete_left_behind(engine: Engine, alias: str, owner: Owner) -> None:
    # Only this state's own: its file is open in this process alone, so nobody is filling them. An index that a load
    # from another state is filling at this moment bears that state's id.
    for index, meta in unaliased_indices(engine, alias).items():
        mark = mark_of({"_meta": meta})
        if mark.get("state") == owner.state and mark.get("owner", owner.prefix) == owner.prefix:
            delete_index(engine, index)


def _loading_body(config: Config, owner: Owner, in_use: InUse | None) -> dict[str, Any]:
    body = index_body(config)
    settings = {**body["settings"], **settings_at_once(in_use), "refresh_interval": "-1"}
    return marked({**body, "settings": settings}, owner.prefix, state=owner.state)


def _actions(
    connection: DuckDBPyConnection, source: Path, config: Config, survey: ItemFile, index: str
) -> Iterator[Action]:
    compute_signals(connection, config)
    rows = connection.execute("SELECT item, popularity, recent, newness FROM signals_now").fetchall()
    signals = {item: held for item, *held in rows}
    for item in stage_items(connection, last_of_each(source, survey.lines, config), config):
        yield Action("index", index, item.id, item_document(item, config, *signals.get(item.id, ())))


def _expect_as_created(engine: Engine, index: str) -> None:
    """Raises where somebody deleted the index meanwhile, and the engine made one by itself for the next document."""
    if not mark_of(read_mappings(engine, index)[index]):
        raise EngineFailed(
            f"{engine.url}/{index}: expected the index as it was made, found one without its mapping",
            hint="Somebody deleted it meanwhile. The items in use are as before: run the same command again.",
        )


def _finish(
    engine: Engine, index: str, survey: ItemFile, written: BulkReport, settings: Mapping[str, str | None]
) -> None:
    """Makes the new index searchable; raises, and deletes it, where it does not hold what it should."""
    try:
        _expect_as_created(engine, index)
        if written.written + len(written.refused) != len(survey.lines):
            raise DataError(
                f"expected {len(survey.lines)} items as in the first reading of the file, got "
                f"{written.written + len(written.refused)}",
                hint="Was the file changed meanwhile? Run the same command again.",
            )
        if len(written.refused) > LARGEST_REFUSED_SHARE * len(survey.lines):
            first = written.refused[0]
            raise DataError(
                f"{index}: expected the engine to take 99 % of {len(survey.lines)} items, it refused "
                f"{len(written.refused)}, first {first.id!r}: {first.reason}",
                hint="Correct the file (or items.text_fields); the items in use are as before.",
            )
        write_settings(engine, index, settings)
        refresh(engine, index)
        found = count_whole(engine, index)
        if found != written.written:
            raise EngineFailed(f"{engine.url}/{index}: expected {written.written} items, the engine counts {found}")
    except (DataError, EngineFailed):
        delete_index(engine, index)
        raise
