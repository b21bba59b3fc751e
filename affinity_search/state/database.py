"""The local state: one DuckDB file with daily buckets, the catalogue, the built profiles and what was published."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from affinity_search.errors import DataError
from affinity_search.extras import extra_module

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["open_state"]

# `day` is days since 1970-01-01, or the shopper's sequence number where `events.time` is `sequence`.
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS seen (event UBIGINT NOT NULL, day INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS shoppers (user_id VARCHAR NOT NULL, newest INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS buckets (
    user_id VARCHAR NOT NULL, item VARCHAR NOT NULL, type VARCHAR NOT NULL, day INTEGER NOT NULL, count INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS items (id VARCHAR NOT NULL, title VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS item_values (item VARCHAR NOT NULL, field VARCHAR NOT NULL, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS item_signals (item VARCHAR NOT NULL, popularity DOUBLE NOT NULL, recent DOUBLE NOT NULL);
ALTER TABLE item_signals ADD COLUMN IF NOT EXISTS newness DOUBLE DEFAULT 0;
CREATE TABLE IF NOT EXISTS profile_entries (
    user_id VARCHAR NOT NULL, attribute VARCHAR NOT NULL, value VARCHAR NOT NULL,
    count DOUBLE NOT NULL, weight DOUBLE NOT NULL, level SMALLINT NOT NULL, role VARCHAR NOT NULL
);
ALTER TABLE profile_entries ADD COLUMN IF NOT EXISTS role VARCHAR;
CREATE TABLE IF NOT EXISTS profile_events (user_id VARCHAR NOT NULL, events DOUBLE NOT NULL);
CREATE TABLE IF NOT EXISTS population (attribute VARCHAR NOT NULL, value VARCHAR NOT NULL, share DOUBLE NOT NULL);
CREATE TABLE IF NOT EXISTS related_items (
    item VARCHAR NOT NULL, place INTEGER NOT NULL, mean FLOAT NOT NULL, weights BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS published (
    user_id VARCHAR PRIMARY KEY, content VARCHAR NOT NULL, documents VARCHAR[] NOT NULL, build BIGINT
);
ALTER TABLE published ADD COLUMN IF NOT EXISTS build BIGINT;
"""
SCHEMA_VERSION = "3"
# From the version before to this one: what is known of each shopper's newest day is in the buckets.
MIGRATIONS = {
    "2": "INSERT INTO shoppers SELECT user_id, max(day) FROM buckets GROUP BY user_id",
}

CLOSED = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


@contextmanager
def open_state(path: Path, *, memory_limit_mb: int | None = None) -> Iterator[DuckDBPyConnection]:
    """A connection to the state file, which is created where it is absent; closed at the end.

    The file and all that DuckDB writes beside it are readable by their user only: the process's umask is 077 meanwhile.
    Statements reach no other file and no network. A file of the schema before is brought up to date in one transaction.
    Raises ConfigError without the package of the extra `profiles`, DataError where the file is locked by another
    process, is no state file or has another schema version.
    """
    extra_module("duckdb")
    config: dict[str, str | bool | int | float | list[str]] = dict(CLOSED)
    if memory_limit_mb:
        config["memory_limit"] = f"{memory_limit_mb}MB"
    with _private(), _connected(path, config) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(SCHEMA)
        _migrate(connection, path)
        yield connection


@contextmanager
def _private() -> Iterator[None]:
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _connected(path: Path, config: dict[str, str | bool | int | float | list[str]]) -> Iterator[DuckDBPyConnection]:
    import duckdb

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(path), config=config)
        if path.exists():
            path.chmod(0o600)
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise DataError(
                f"{path}: expected to be alone, another process has it open", hint="Wait for it and run again."
            ) from error
        raise DataError(f"{path}: expected a state file, got {str(error).splitlines()[0]}") from error
    try:
        yield connection
    finally:
        connection.close()


def _migrate(connection: DuckDBPyConnection, path: Path) -> None:
    connection.execute("INSERT INTO meta VALUES ('schema', ?) ON CONFLICT DO NOTHING", [SCHEMA_VERSION])
    ((found,),) = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall()
    if found == SCHEMA_VERSION:
        return
    if found not in MIGRATIONS:
        raise DataError(
            f"{path}: expected state schema {SCHEMA_VERSION}, got {found}",
            hint="Move the file away and ingest the events again.",
        )
    connection.begin()
    connection.execute(MIGRATIONS[found])
    connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [SCHEMA_VERSION])
    connection.commit()
