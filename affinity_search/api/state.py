"""The local state and what is kept in it: events in, items and profiles out to the engine."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from affinity_search.api.moment import checked_moment
from affinity_search.config.model import Config
from affinity_search.deploy import items
from affinity_search.deploy.items import LoadReport
from affinity_search.engine.protocol import Engine
from affinity_search.profiles import build
from affinity_search.profiles.report import BuildReport
from affinity_search.publish import profiles
from affinity_search.publish.report import PublishReport
from affinity_search.state import buckets, open_state
from affinity_search.state.ingested import IngestReport

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["State", "build_profiles", "ingest", "load_items", "publish_profiles"]


class State:
    """The local state file of a configuration (`state.path`), open inside a `with` block.

    The file is created where it is absent. One process at a time has it open, and one thread uses it. Entering raises
    ConfigError without the package of the extra `profiles`, and DataError where another process has the file open, or
    where it is no state file.
    """

    def __init__(self, config: Config) -> None:
        self._path = config.state.path
        self._open = ExitStack()
        self._held: DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        if self._held is not None:
            raise RuntimeError(f"{self._path}: expected a state that is not open yet")
        self._held = self._open.enter_context(open_state(self._path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held = None
        self._open.close()

    @property
    def _connection(self) -> DuckDBPyConnection:
        if self._held is None:
            raise RuntimeError(f"{self._path}: expected an open state: use it inside `with State(config) as state:`")
        return self._held


def ingest(
    state: State,
    config: Config,
    paths: Iterable[str | PathLike[str]],
    *,
    now: datetime,
    accept_loss: bool = False,
) -> IngestReport:
    """What became of the events of these files, CSV or JSONL, gzip too; what is usable is in the state now.

    Ingesting a file again changes nothing. `now` bounds the times that are believed. Bad lines go into the folder
    `quarantine` beside the state. Raises IngestFailed, a DataError with the `report`, after all files, where some could
    not be read to their end or, without `accept_loss`, hold hardly anything of use.
    """
    return buckets.ingest(
        state._connection,
        [Path(path) for path in paths],
        config,
        now=checked_moment(now),
        quarantine_folder=config.state.path.parent / "quarantine",
        accept_loss=accept_loss,
    )


def load_items(
    engine: Engine,
    state: State,
    config: Config,
    path: str | PathLike[str],
    *,
    now: datetime,
    accept_loss: bool = False,
    take_over: bool = False,
) -> LoadReport:
    """What became of every item of the file, JSONL or CSV, gzip too; the engine has them in place of the old ones.

    Searches go on meanwhile and see the old items or the new, never a mix. The new index is named for `now`. With
    `take_over` the alias of the items is moved also where it points to an index of others. Raises DataError, and
    changes nothing, where no line is an item; without `accept_loss` also where over 10 % of the lines are no items, or
    30 % of the items in use would go.
    """
    moment = checked_moment(now)
    return items.load_items(
        engine, state._connection, Path(path), config, now=moment, accept_loss=accept_loss, take_over=take_over
    )


def build_profiles(state: State, config: Config, *, now: datetime, as_of: date | None = None) -> BuildReport:
    """What the build made of the events held: the profiles of all shoppers, in place of those of the last build.

    Nothing is sent to the engine. `now` becomes the id of the build; ages count from `as_of`, by default the newest day
    held. Raises DataError where there are no events, ConfigError for an `as_of` where events have no calendar.
    """
    now_ms = int(checked_moment(now).timestamp() * 1000)
    return build.build_profiles(state._connection, config, now_ms=now_ms, as_of=as_of)


def publish_profiles(
    engine: Engine,
    state: State,
    config: Config,
    *,
    mode: Literal["look", "verify", "force"] = "look",
    take_over: bool = False,
) -> PublishReport:
    """What publishing did; the engine holds the profiles of the last build now.

    Only what changed is sent. With `look` the engine is compared in full where a look finds something, with `verify`
    in any case; `force` writes everything again. With `take_over` it goes on where another state file published last.
    Raises DataError where there is no build of this configuration, MissingResource before the first `apply`.
    """
    return profiles.publish_profiles(engine, state._connection, config, mode=mode, take_over=take_over)
