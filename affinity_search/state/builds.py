"""The record of the last build in the local state, and how the state's own errors are told."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import Config
from affinity_search.errors import DataError
from affinity_search.signals import all_signals

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = [
    "Build",
    "checked_build",
    "config_hash",
    "last_build",
    "read_meta",
    "state_errors",
    "state_id",
    "transaction",
    "write_meta",
]

BUILD, AS_OF, CONFIG = "profiles.build", "profiles.as_of", "profiles.config"


@dataclass(frozen=True)
class Build:
    """A build: its id (milliseconds since 1970, only growing), its day ("" without a calendar), its config's hash."""

    id: int
    as_of: str
    config: str

    @property
    def meta(self) -> dict[str, str]:
        """The build as it stands in the state's table `meta`."""
        return {BUILD: str(self.id), AS_OF: self.as_of, CONFIG: self.config}


def last_build(connection: DuckDBPyConnection) -> Build | None:
    """The last build; None where there was none yet."""
    meta = read_meta(connection)
    return Build(int(meta[BUILD]), meta[AS_OF], meta[CONFIG]) if BUILD in meta else None


def checked_build(connection: DuckDBPyConnection, config: Config) -> Build:
    """The last build; raises DataError where there was none, or where it was made with another configuration."""
    build = last_build(connection)
    if build is None:
        raise DataError("profiles: expected a build, found none", hint="Run `affinity profiles build` first.")
    if build.config != config_hash(config):
        raise DataError(
            "profiles: expected a build with this configuration, found one with another",
            hint="Event weights, attributes, levels or limits were changed since. Run `affinity profiles build` again.",
        )
    return build


def config_hash(config: Config) -> str:
    """Hash (16 hex digits) of what profiles depend on. Strengths are no part of it, except whether they are 0."""
    parts: dict[str, Any] = {
        "types": {name: [kind.weight, kind.role] for name, kind in config.events.types.items()},
        "time": config.events.time,
        "profiles": config.profiles.model_dump(),
    }
    if config.items.keys == "keyword":
        parts["keys"] = config.items.keys
    for signal in all_signals():
        parts |= signal.hashed(config, list(signal.parts(config)))
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def read_meta(connection: DuckDBPyConnection) -> dict[str, str]:
    """Everything in the state's table `meta`, by key."""
    return dict(connection.execute("SELECT key, value FROM meta").fetchall())


def state_id(connection: DuckDBPyConnection) -> str:
    """What tells this state file from all others, made up when first asked for; a copy of the file has the same."""
    found = read_meta(connection).get("id")
    if found is None:
        found = uuid.uuid4().hex
        write_meta(connection, {"id": found})
    return found


def write_meta(connection: DuckDBPyConnection, values: Mapping[str, str]) -> None:
    """Sets these keys of the state's table `meta`."""
    for key, value in values.items():
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])


@contextmanager
def transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    """Commits what is done inside, or undoes all of it."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@contextmanager
def state_errors() -> Iterator[None]:
    """Turns the errors of DuckDB (disk or memory full, damaged file) into DataError."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise DataError(
            f"local state: {str(error).splitlines()[0]}", hint="Check room on disk and in memory, then run it again."
        ) from error
