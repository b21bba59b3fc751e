"""Parquet, read by DuckDB: only the file that was named, nothing else of the machine and no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from affinity_search.extras import extra_module
from affinity_search.inputs.lines import UnreadableFile
from affinity_search.sources.record import RawRecord

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["ParquetSource", "plain_value"]

ROWS = 2_000
QUERY = "SELECT *{instead} FROM read_parquet($1)"
ZONED = "TIMESTAMP WITH TIME ZONE"


class ParquetSource:
    """Every row as a mapping from the names of the columns to plain values: structs are objects, times ISO texts."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def records(self) -> Iterator[RawRecord]:
        """All rows, numbered from 1; null left out. Raises UnreadableFile where it is no Parquet file."""
        extra_module("duckdb")
        import duckdb

        try:
            with duckdb.connect(":memory:", config={"memory_limit": "256MB", "threads": 1}) as connection:
                connection.execute("SET allowed_paths = [$path]", {"path": str(self._path)})
                connection.execute("SET enable_external_access = false")
                connection.execute("SET TimeZone = 'UTC'")
                connection.execute(QUERY.format(instead=_zoned_as_text(connection, self._path)), [str(self._path)])
                yield from _rows(connection)
        except duckdb.Error as error:
            raise UnreadableFile(
                f"{self._path}: expected a Parquet file, got {str(error).splitlines()[0]}",
                hint="Get the file again, or name its form: `format: csv`, say.",
            ) from None


def _zoned_as_text(connection: DuckDBPyConnection, path: Path) -> str:
    """What is read in another way than it stands: moments with a zone as text, which DuckDB gives only with pytz."""
    connection.execute(f"DESCRIBE {QUERY.format(instead='')}", [str(path)])
    cast = [
        f"CAST({name} AS {kind.replace(ZONED, 'VARCHAR')}) AS {name}"
        for column, kind, *_ in connection.fetchall()
        if ZONED in kind
        for name in ['"' + column.replace('"', '""') + '"']
    ]
    return f" REPLACE ({', '.join(cast)})" if cast else ""


def _rows(connection: DuckDBPyConnection) -> Iterator[RawRecord]:
    names = [column[0] for column in connection.description or ()]
    number = 0
    while rows := connection.fetchmany(ROWS):
        for row in rows:
            number += 1
            value = {name: plain_value(cell) for name, cell in zip(names, row, strict=True) if cell is not None}
            yield RawRecord(number, json.dumps(value, ensure_ascii=False).encode(errors="surrogateescape"), value)


def plain_value(value: object) -> object:
    """The value as JSON would say it; times as ISO texts, decimals as numbers, bytes as text."""
    if isinstance(value, dict):
        return {str(key): plain_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(inner) for inner in value]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, UUID | timedelta):
        return str(value)
    return value
