"""The catalogue in the local state: which items there are, and the values they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.items.document import catalogue_values
from affinity_search.items.item import Item
from affinity_search.state.builds import read_meta, transaction, write_meta

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = [
    "Coverage",
    "Entry",
    "Stored",
    "catalogue_coverage",
    "coverage",
    "last_seen",
    "stage_entries",
    "stage_items",
    "store_catalogue",
    "store_values",
]

ROWS_AT_ONCE = 2_000
SEEN = "catalogue.seen"  # how far the index was read that the catalogue was last taken from
STAGE = """
CREATE OR REPLACE TEMP TABLE staged_items (id VARCHAR, title VARCHAR);
CREATE OR REPLACE TEMP TABLE staged_values (item VARCHAR, field VARCHAR, value VARCHAR);
"""
# An item that stands in several indices has the values of all of them.
STORE = """
DELETE FROM items WHERE id IN (SELECT id FROM staged_items);
INSERT INTO items SELECT id, max(title) FROM staged_items GROUP BY id;
DELETE FROM item_values WHERE item IN (SELECT id FROM staged_items);
INSERT INTO item_values SELECT DISTINCT item, field, value FROM staged_values;
"""
STORE_SIGNALS = """
DELETE FROM item_signals;
INSERT INTO item_signals
SELECT item, popularity, recent, newness FROM signals_now WHERE item IN (SELECT id FROM staged_items);
"""
STORED = """
SELECT count(DISTINCT id), (SELECT count(*) FROM items WHERE id NOT IN (SELECT id FROM staged_items)) FROM staged_items
"""
COVERAGE = """
SELECT field, count(*), count(*) FILTER (WHERE found > 1)
FROM (SELECT item, field, count(DISTINCT value) AS found FROM {0} GROUP BY item, field) GROUP BY field
"""


@dataclass(frozen=True)
class Coverage:
    """How many items have a value of an attribute, and how many of these have several."""

    items: int = 0
    several: int = 0


@dataclass(frozen=True)
class Stored:
    """Items taken in, and those that the catalogue holds beside them."""

    items: int
    others: int


@dataclass(frozen=True)
class Entry:
    """What the catalogue holds of an item: (field, value) for each of its values."""

    id: str
    title: str
    values: Sequence[tuple[str, str]]


def stage_items(connection: DuckDBPyConnection, items: Iterable[Item], config: Config) -> Iterator[Item]:
    """The same items, each of them written to the connection's temporary tables before it is given out."""
    connection.execute(STAGE)
    remaining = iter(items)
    while chunk := list(islice(remaining, ROWS_AT_ONCE)):
        _add(connection, [Entry(item.id, item.title, catalogue_values(item, config)) for item in chunk])
        yield from chunk


def stage_entries(connection: DuckDBPyConnection, pages: Iterable[Sequence[Entry]]) -> int:
    """The number of entries, which are written to the connection's temporary tables page by page."""
    connection.execute(STAGE)
    staged = 0
    for page in pages:
        _add(connection, page)
        staged += len(page)
    return staged


def _add(connection: DuckDBPyConnection, entries: Sequence[Entry]) -> None:
    connection.execute(
        "INSERT INTO staged_items SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
        [[entry.id for entry in entries], [entry.title for entry in entries]],
    )
    rows = [(entry.id, field, value) for entry in entries for field, value in entry.values]
    connection.execute(
        "INSERT INTO staged_values SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
        [[row[column] for row in rows] for column in range(3)],
    )


def coverage(connection: DuckDBPyConnection, config: Config) -> dict[str, Coverage]:
    """For every configured attribute, how many of the staged items have it."""
    return _coverage(connection, config, "staged_values")


def catalogue_coverage(connection: DuckDBPyConnection, config: Config) -> dict[str, Coverage]:
    """For every configured attribute, how many items of the catalogue have it."""
    return _coverage(connection, config, "item_values")


def _coverage(connection: DuckDBPyConnection, config: Config, table: str) -> dict[str, Coverage]:
    rows = connection.execute(COVERAGE.format(table)).fetchall()
    found = {field: Coverage(items, several) for field, items, several in rows}
    return {name: found.get(attribute.field, Coverage()) for name, attribute in config.attributes.items()}


def store_catalogue(connection: DuckDBPyConnection, index: str) -> None:
    """Takes the staged items, and `signals_now` as what `index` holds, into the state: all of it or nothing.

    Items that are no longer among the staged ones stay: what shoppers did with them still tells their taste.
    """
    with transaction(connection):
        connection.execute(STORE + STORE_SIGNALS)
        write_meta(connection, {"signals_index": index, SEEN: ""})


def store_values(connection: DuckDBPyConnection, seen: str = "") -> Stored:
    """Takes the staged items into the state, all of them or nothing; what the engine holds is not touched.

    `seen` is kept for `last_seen`. Items that are no longer among the staged ones stay, as in `store_catalogue`.
    """
    with transaction(connection):
        connection.execute(STORE)
        write_meta(connection, {SEEN: seen})
        rows = connection.execute(STORED).fetchall()
    return Stored(*rows[0])


def last_seen(connection: DuckDBPyConnection) -> str:
    """What the last `store_values` was given; empty where there was none, or where items were loaded since."""
    return read_meta(connection).get(SEEN, "")
