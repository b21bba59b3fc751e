"""Reads items from files, whatever their form, one by one: a broken line is a value too, never a stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affinity_search.config.source_block import ItemSource
from affinity_search.errors import DataError
from affinity_search.items.item import Item, parse_item
from affinity_search.items.mapped import OWN_NAMES, ItemMapping
from affinity_search.sources import RawRecord, find_form, open_source

__all__ = ["BrokenLine", "read_items"]


@dataclass(frozen=True)
class BrokenLine:
    """A line that holds no item: its number (from 1), why, and its text."""

    line: int
    reason: str
    text: str


def read_items(path: Path, told: ItemSource | None = None) -> Iterator[tuple[int, Item | BrokenLine]]:
    """Line number and item, or what is wrong with the line, in the order of the file; blank lines are passed over.

    The form is found by what is in the file (see `sources.find_form`), as far as `told` does not name it. Without a
    mapping the records hold our names: `id`, `title`, `text`, `price` (all but `id` may be missing), `attrs`, and
    further fields; in CSV `attrs.<name>` (values parted by `|`), and an empty cell is no value. Raises DataError where
    the file cannot be read, or where nothing is in it where the mapping says.
    """
    if not path.exists():
        raise DataError(f"{path}: expected a file, found none")
    mapping = ItemMapping(told or ItemSource())
    names = mapping.paths if told and told.fields else frozenset(OWN_NAMES)
    form = find_form(path, told, names)
    for record, fields in mapping.read(path, open_source(path, form, names).records(), cells=form.kind == "csv"):
        yield record.number, _item(record, fields)


def _item(record: RawRecord, fields: dict[str, Any]) -> Item | BrokenLine:
    try:
        if record.problem:
            raise ValueError(record.problem)
        return parse_item(fields)
    except ValueError as error:
        return BrokenLine(record.number, str(error), record.raw.decode(errors="surrogateescape"))
