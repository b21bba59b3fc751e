"""The rows of one DuckDB query as a file: any table that DuckDB reads, read-only, extensions only when named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from affinity_search.config.source_block import SourceFile
from affinity_search.errors import ConfigError, DataError
from affinity_search.extras import extra_module

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["query_result", "read_as_rows"]

EXTENSION = re.compile(r"[a-z][a-z0-9_]{0,49}")
SECRET = re.compile(r"(password|passwd|pwd|secret|token|key)(\s*[=:]\s*)\S+|(://[^:@/\s]+:)[^@\s]+(?=@)", re.IGNORECASE)
CLOSED = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
Told = TypeVar("Told", bound=SourceFile)


@contextmanager
def query_result(sql: str, extensions: Sequence[str], folder: Path) -> Iterator[Path]:
    """A Parquet file with the rows, readable by its user only and gone at the end; the same query has the same name.

    Relative paths in the query are taken from the working folder. Raises ConfigError for anything but one SELECT and
    for extensions that cannot be had, DataError where the query fails.
    """
    extra_module("duckdb")
    import duckdb

    digest = blake2b(sql.encode(errors="replace"), digest_size=6).hexdigest()
    path = folder / "query" / f"{digest}.parquet"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with duckdb.connect(":memory:", config=dict(CLOSED)) as connection:
            _load(connection, extensions)
            select = _select(connection, sql)
            target = str(path).replace("'", "''")
            connection.execute(f"COPY ({select}\n) TO '{target}' (FORMAT parquet)")
        path.chmod(0o600)
        yield path
    except duckdb.Error as error:
        raise DataError(f"--sql: expected a query that DuckDB answers, got {_first_line(error)}", hint=CURE) from None
    finally:
        path.unlink(missing_ok=True)


CURE = "Try it in DuckDB first. What an extension reads (postgres, httpfs, iceberg ...) needs `--extension NAME`."


def read_as_rows(told: Told | None) -> Told | None:
    """The same mapping for the rows of a query, which are in no format of a file."""
    return told and told.model_copy(update={"format": "auto", "delimiter": None, "encoding": None})


def _load(connection: DuckDBPyConnection, extensions: Sequence[str]) -> None:
    import duckdb

    for name in extensions:
        if not EXTENSION.fullmatch(name):
            raise ConfigError(f"--extension: expected the name of an extension of DuckDB, got {name!r}")
        try:
            connection.execute(f"INSTALL {name}")
            connection.execute(f"LOAD {name}")
        except duckdb.Error as error:
            raise ConfigError(
                f"--extension {name}: expected one that can be loaded, got {_first_line(error)}"
            ) from None


def _select(connection: DuckDBPyConnection, sql: str) -> str:
    """The text of the one statement there is."""
    import duckdb

    statements = connection.extract_statements(sql)
    kinds = [statement.type for statement in statements]
    if kinds != [duckdb.StatementType.SELECT]:
        got = ", ".join(kind.name for kind in kinds) or "none"
        raise ConfigError(f"--sql: expected one SELECT (nothing is written), got {got}")
    return statements[0].query.strip().rstrip(";")


def _first_line(error: Exception) -> str:
    """What DuckDB says, without passwords in it."""
    return SECRET.sub(lambda m: f"{m[3]}..." if m[3] else f"{m[1]}{m[2]}...", str(error).splitlines()[0])
