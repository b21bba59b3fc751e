"""Reads items from JSONL and CSV files, plain or gzip, line by line: a broken line is a value too, never a stop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affinity_search.errors import DataError
from affinity_search.inputs.jsonline import decode
from affinity_search.inputs.lines import MAX_LINE_BYTES, read_lines
from affinity_search.inputs.rows import header_problem
from affinity_search.items.item import Item, parse_item
from affinity_search.items.records import Record, read_records

__all__ = ["BrokenLine", "read_items"]

SEPARATOR = "|"
JSONL_ENDINGS = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class BrokenLine:
    """A line that holds no item: its number (from 1), why, and its text."""

    line: int
    reason: str
    text: str


def read_items(path: Path) -> Iterator[tuple[int, Item | BrokenLine]]:
    """Line number and item, or what is wrong with the line, in the order of the file; blank lines are passed over.

    `.jsonl` and `.ndjson` hold an object a line. `.csv` has a header with `id`, `title`, `text`, `price` (all but `id`
    may be missing), `attrs.<name>` (values parted by `|`) and further text fields; an empty cell is no value. Each may
    end in `.gz`. Raises DataError where the file cannot be read or is of another kind.
    """
    name = path.name.removesuffix(".gz")
    if not name.endswith((".csv", *JSONL_ENDINGS)):
        raise DataError(f"{path}: expected a name ending in .jsonl, .ndjson or .csv (and .gz), got {path.name}")
    if not path.exists():
        raise DataError(f"{path}: expected a file, found none")
    yield from _csv_items(path) if name.endswith(".csv") else _json_items(path)


def _json_items(path: Path) -> Iterator[tuple[int, Item | BrokenLine]]:
    for number, raw in enumerate(read_lines(path), start=1):
        text = raw.decode(errors="surrogateescape").strip()
        if not text:
            continue
        try:
            _expect_short(raw)
            _expect_text(text)
            record = decode(text)
            if "\\u" in text:
                _expect_text(json.dumps(record, ensure_ascii=False))
            yield number, parse_item(record)
        except ValueError as error:
            yield number, BrokenLine(number, _reason(error), text)


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"expected JSON, got {error.msg[0].lower()}{error.msg[1:]} at character {error.pos + 1}"
    said = str(error)
    return said if "expected" in said else f"expected JSON, got {said}"


def _expect_short(raw: bytes) -> None:
    if len(raw) > MAX_LINE_BYTES:
        raise ValueError(f"expected a line of at most {MAX_LINE_BYTES} bytes, got a longer one")


def _expect_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = ord(text[error.start])
        what = f"byte 0x{found - 0xDC00:02x}" if 0xDC80 <= found <= 0xDCFF else f"lone surrogate U+{found:04X}"
        raise ValueError(f"expected UTF-8, got {what} at character {error.start + 1}") from None


def _csv_items(path: Path) -> Iterator[tuple[int, Item | BrokenLine]]:
    header: list[str] | None = None
    for record in read_records(path):
        if header is None:
            header = _header(path, record)
        elif record.problem:
            yield record.line, BrokenLine(record.line, record.problem, record.text)
        elif any(record.cells):
            yield record.line, _row_item(header, record)


def _header(path: Path, record: Record) -> list[str]:
    header = [name.strip() for name in record.cells]
    if "id" not in header or len(set(header)) < len(header):
        raise DataError(
            f"{path}: expected a header with `id` and no name twice, got {record.text[:200]}",
            hint=header_problem(record.text, ("id",)),
        )
    return header


def _row_item(header: list[str], record: Record) -> Item | BrokenLine:
    try:
        _expect_text(record.text)
        if len(record.cells) != len(header):
            raise ValueError(f"expected {len(header)} cells, got {len(record.cells)}")
        return parse_item(_fields({name: cell for name, cell in zip(header, record.cells, strict=True) if cell}))
    except ValueError as error:
        return BrokenLine(record.line, str(error), record.text)


def _fields(cells: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: cell for name, cell in cells.items() if not name.startswith("attrs.")}
    attrs = {
        name.removeprefix("attrs."): [part.strip() for part in cell.split(SEPARATOR)]
        for name, cell in cells.items()
        if name not in fields
    }
    return {**fields, "attrs": attrs}
