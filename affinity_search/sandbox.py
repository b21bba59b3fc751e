"""A data folder taken all the way into the engine under names of its own, and out again: for demo and evaluation.

Every step is the library function behind the command of the same name; `say` hears of each.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from affinity_search import deploy
from affinity_search.config import Config
from affinity_search.deploy.catalogue import catalogue_from_index
from affinity_search.deploy.items import load_items
from affinity_search.engine import Engine
from affinity_search.errors import DataError
from affinity_search.profiles.build import build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.state import open_state
from affinity_search.state.buckets import ingest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Files", "Say", "fill_sandbox", "find_files", "open_sandbox", "remove_sandbox", "sandbox_names"]

KINDS = ("jsonl", "csv", "ndjson", "json", "tsv", "parquet")

Say = Callable[[str], None]
"""Gets a line of progress."""


@dataclass(frozen=True)
class Files:
    """The files of a data folder; `queries` is None where there are none.

    `cut` is True where the events are a part of the log, written in our own form, whatever form the log has.
    """

    items: Path
    events: Path
    queries: Path | None
    cut: bool = False


def find_files(folder: Path) -> Files:
    """The files `items`, `events` and `queries` of a data folder, plain or gzip.

    Raises DataError where items or events are missing.
    """
    return Files(_required(folder, "items"), _required(folder, "events"), _optional(folder, "queries"))


def sandbox_names(config: Config, url: str, name: str) -> Config:
    """The configuration for the engine at `url` with names that begin with `name`; its state stays where it was."""
    return config.model_copy(
        update={
            "engine": config.engine.model_copy(update={"url": url, "prefix": name}),
            "items": config.items.model_copy(update={"index": f"{name}-products"}),
            "search": config.search.model_copy(update={"template": f"{name}-search"}),
        }
    )


def fill_sandbox(engine: Engine, config: Config, files: Files, say: Say, *, live_items: bool = False) -> None:
    """Events, items, profiles and templates of the shop, all the way into the engine and the state of `config`.

    With `live_items` the items are those that the index of the configuration holds: they are read and stay as they are.
    Raises DataError where no event counts, and what the steps raise.
    """
    now = datetime.now(UTC)
    with open_state(config.state.path) as state:
        # The command that stages a folder has no option to accept losses; what is lost there harms no shop.
        folder = config.state.path.parent / "quarantine"
        reading = _reading_ours(config) if files.cut else config
        found = ingest(state, [files.events], reading, now=now, quarantine_folder=folder, accept_loss=True)
        applied = found.total.applied
        if not applied:
            raise DataError(
                f"{files.events}: expected events that count, found none ({found.total})",
                hint="Are the types of the events those of the configuration (events.types)?",
            )
        say(f"events ingest: {applied:,} events applied")
        if live_items:
            held = catalogue_from_index(engine, state, config)
            say(f"items catalogue: {held.read:,} items of {config.items.index}")
        else:
            loaded = load_items(engine, state, files.items, config, accept_loss=True)
            say(f"items load: {loaded.loaded:,} items in {config.items.index}")
        built = build_profiles(state, config, now_ms=int(now.timestamp() * 1000))
        say(f"profiles build: {built.shoppers:,} shoppers")
        plan = deploy.plan(config, engine)
        deploy.apply(plan, engine, now)
        say(f"apply: {len(plan.pending)} changes")
        published = publish_profiles(engine, state, config)
        say(f"profiles publish: {published.written:,} documents")


@contextmanager
def open_sandbox(
    engine: Engine, config: Config, files: Files, name: str, say: Say, *, live_items: bool = False
) -> Iterator[tuple[DuckDBPyConnection, Config]]:
    """The state and the configuration of the shop while it stands in the engine under names that begin with `name`.

    With `live_items` all but the items does, and searches are those of the live index, which is only read.
    The state is a temporary one; at the end, also on an error, both are gone.
    """
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        state = config.state.model_copy(update={"path": Path(folder) / "state.duckdb"})
        own = sandbox_names(config, engine.url, name).model_copy(update={"state": state})
        if live_items:
            own = own.model_copy(update={"items": config.items})
        try:
            fill_sandbox(engine, own, files, say, live_items=live_items)
            with open_state(own.state.path) as connection:
                yield connection, own
        finally:
            remove_sandbox(engine, name)


def remove_sandbox(engine: Engine, name: str) -> None:
    """Removes from the engine what the sandbox of this name has made there; nothing else is touched."""
    deploy.remove_deployment(engine, name, f"{name}-products", datetime.now(UTC), changed_too=True)


def _reading_ours(config: Config) -> Config:
    return config.model_copy(update={"events": config.events.model_copy(update={"source": None})})


def _required(folder: Path, stem: str) -> Path:
    found = _optional(folder, stem)
    if found is None:
        raise DataError(
            f"{folder}: expected {stem}.jsonl or {stem}.csv (also {', '.join(KINDS[2:])} and .gz), found none",
            hint="The folder needs items and events; docs/how-to/events.md and items.md describe them.",
        )
    return found


def _optional(folder: Path, stem: str) -> Path | None:
    names = (f"{stem}.{kind}{packed}" for kind in KINDS for packed in (".gz", ""))
    return next((folder / name for name in names if (folder / name).is_file()), None)
