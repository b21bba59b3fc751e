"""The first records of a file, whatever form it is in, and what the whole of it has in the fields that may be ids."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from affinity_search.config.source_block import SourceFile
from affinity_search.inputs.lines import read_head
from affinity_search.sources import find_form, open_source, values_at_path

__all__ = ["encoding_of", "field_values", "first_records"]

RECORDS = 2_000
MOST_RECORDS = 300_000
HEAD_BYTES = 1 << 17
MOST_ZEROS = 0.8
PARQUET = b"PAR1"
Record = Mapping[str, Any]


def first_records(path: Path, told: SourceFile | None) -> list[Record]:
    """The first 2,000 records that are objects, none for none; `told` is what is known of the form.

    Of what engines write around a document only what says more than the document stays. Raises UnreadableFile where the
    file cannot be read.
    """
    return list(islice(_records(path, told), RECORDS))


def field_values(path: Path, told: SourceFile | None, paths: Collection[str]) -> dict[str, frozenset[str]]:
    """The values, as text, that the first 300,000 records have at each of the paths."""
    found: dict[str, set[str]] = {name: set() for name in paths}
    for record in islice(_records(path, told), MOST_RECORDS):
        for name, values in found.items():
            values.update(str(value).strip() for value in values_at_path(record, name))
    return {name: frozenset(values) for name, values in found.items()}


def encoding_of(path: Path) -> str:
    """The encoding that has to be named; empty for UTF-8 and where a mark at the beginning says it.

    `cp1252` where many lines are no UTF-8, UTF-16 where every other byte of the first is zero. Damage in a line or two
    is no encoding.
    """
    head = read_head(path, HEAD_BYTES)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, PARQUET)):
        return ""
    even, odd = head[:200:2].count(0), head[1:200:2].count(0)
    if max(even, odd) > MOST_ZEROS * len(head[:200:2]):
        return "utf-16-be" if even > odd else "utf-16-le"
    lines = head.split(b"\n")[: -1 if len(head) == HEAD_BYTES else None]
    wrong = sum(1 for line in lines if not _is_utf8(line))
    return "cp1252" if wrong > 1 and 100 * wrong >= len(lines) else ""


def _records(path: Path, told: SourceFile | None) -> Iterator[Record]:
    for record in open_source(path, find_form(path, told, ()), ()).records():
        if isinstance(record.value, dict) and not record.problem:
            yield _own(record.value)


def _own(record: Record) -> Record:
    """The record without the marks of an engine: `_id` stands under `id`, too, where it has none of its own."""
    if "_id" not in record:
        return record
    marks = {"_index", "_score", "_type", "sort", *(["_id"] if record.get("id") == record["_id"] else [])}
    return {name: value for name, value in record.items() if name not in marks}


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
