"""NumPy arrays as a table that statements of DuckDB can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["given"]


@contextmanager
def given(connection: DuckDBPyConnection, name: str, columns: Mapping[str, Any]) -> Iterator[None]:
    """Lets statements read these columns, NumPy arrays of one length, as a table of this name."""
    # A result that was not read to its end would hold the connection.
    connection.fetchall()
    connection.register(name, columns)
    try:
        yield
        connection.fetchall()
    finally:
        connection.unregister(name)
