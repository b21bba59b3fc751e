"""The catalogue in the local state: which items there are, and the values they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.items.document import catalogue_values
from affinity_search.items.item import Item

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Coverage", "coverage", "stage_items", "store_catalogue"]

ROWS_AT_ONCE = 2_000
STAGE = """
CREATE OR REPLACE TEMP TABLE staged_items (id VARCHAR, title VARCHAR);
CREATE OR REPLACE TEMP TABLE staged_values (item VARCHAR, field VARCHAR, value VARCHAR);
"""
STORE = """
DELETE FROM items WHERE id IN (SELECT id FROM staged_items);
INSERT INTO items SELECT id, title FROM staged_items;
DELETE FROM item_values WHERE item IN (SELECT id FROM staged_items);
INSERT INTO item_values SELECT item, field, value FROM staged_values;
DELETE FROM item_signals;
INSERT INTO item_signals SELECT item, popularity, recent FROM signals_now WHERE item IN (SELECT id FROM staged_items);
"""
COVERAGE = """
SELECT field, count(*), count(*) FILTER (WHERE found > 1)
FROM (SELECT item, field, count(*) AS found FROM staged_values GROUP BY item, field) GROUP BY field
"""


@dataclass(frozen=True)
class Coverage:
    """How many items have a value of an attribute, and how many of these have several."""

    items: int = 0
    several: int = 0


def stage_items(connection: DuckDBPyConnection, items: Iterable[Item], config: Config) -> Iterator[Item]:
    """The same items, each of them written to the connection's temporary tables before it is given out."""
    connection.execute(STAGE)
    remaining = iter(items)
    while chunk := list(islice(remaining, ROWS_AT_ONCE)):
        titles = [item.title for item in chunk]
        connection.execute(
            "INSERT INTO staged_items SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            [[i.id for i in chunk], titles],
        )
        rows = [(item.id, field, value) for item in chunk for field, value in catalogue_values(item, config)]
        connection.execute(
            "INSERT INTO staged_values SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            [[row[column] for row in rows] for column in range(3)],
        )
        yield from chunk


def coverage(connection: DuckDBPyConnection, config: Config) -> dict[str, Coverage]:
    """For every configured attribute, how many of the staged items have it."""
    found = {field: Coverage(items, several) for field, items, several in connection.execute(COVERAGE).fetchall()}
    return {name: found.get(attribute.field, Coverage()) for name, attribute in config.attributes.items()}


def store_catalogue(connection: DuckDBPyConnection, index: str) -> None:
    """Takes the staged items, and `signals_now` as what `index` holds, into the state: all of it or nothing.

    Items that are no longer among the staged ones stay: what shoppers did with them still tells their taste.
    """
    connection.begin()
    try:
        connection.execute(STORE)
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('signals_index', ?)", [index])
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
