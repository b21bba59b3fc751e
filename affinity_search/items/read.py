"""Reads items from JSONL and CSV files, plain or gzip, line by line: a broken line is a value too, never a stop."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from affinity_search.errors import DataError
from affinity_search.items.item import Item, parse_item

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
    try:
        with _opened(path) as stream:
            yield from _csv_items(stream, path) if name.endswith(".csv") else _json_items(stream)
    except FileNotFoundError:
        raise DataError(f"{path}: expected a file, found none") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: expected a readable file, got {error}") from error


def _opened(path: Path) -> IO[str]:
    # Bytes that are no UTF-8 become lone surrogates, which are found line by line.
    newline = "" if path.name.removesuffix(".gz").endswith(".csv") else "\n"
    if path.name.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8", errors="surrogateescape", newline=newline)
    return path.open("rt", encoding="utf-8", errors="surrogateescape", newline=newline)


def _json_items(stream: IO[str]) -> Iterator[tuple[int, Item | BrokenLine]]:
    for number, raw in enumerate(stream, start=1):
        text = raw.strip().removeprefix("\ufeff") if number == 1 else raw.strip()
        if not text:
            continue
        try:
            _expect_text(text)
            record = _DECODER.decode(text)
            if "\\u" in text:
                _expect_text(json.dumps(record, ensure_ascii=False))
            yield number, parse_item(record)
        except (ValueError, RecursionError) as error:
            yield number, BrokenLine(number, _reason(error), text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"expected JSON, got {name}")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"expected JSON, got {error.msg[0].lower()}{error.msg[1:]} at character {error.pos + 1}"
    return "expected JSON, got too many levels" if isinstance(error, RecursionError) else str(error)


def _expect_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = ord(text[error.start])
        what = f"byte 0x{found - 0xDC00:02x}" if 0xDC80 <= found <= 0xDCFF else f"lone surrogate U+{found:04X}"
        raise ValueError(f"expected UTF-8, got {what} at character {error.start + 1}") from None


def _csv_items(stream: IO[str], path: Path) -> Iterator[tuple[int, Item | BrokenLine]]:
    rows = csv.reader(stream)
    header = [name.strip().removeprefix("\ufeff") for name in next(rows, [])]
    if not header:
        return
    if "id" not in header or len(set(header)) < len(header):
        raise DataError(f"{path}: expected a header with `id` and no name twice, got {','.join(header)[:200]}")
    while True:
        start = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield start, BrokenLine(start, f"expected CSV, got {error}", "")
            continue
        if any(row):
            yield start, _row_item(start, header, row)


def _row_item(line: int, header: list[str], row: list[str]) -> Item | BrokenLine:
    text = ",".join(row)
    try:
        _expect_text(text)
        if len(row) != len(header):
            raise ValueError(f"expected {len(header)} cells, got {len(row)}")
        return parse_item(_record({name: cell for name, cell in zip(header, row, strict=True) if cell}))
    except ValueError as error:
        return BrokenLine(line, str(error), text)


def _record(cells: dict[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {name: cell for name, cell in cells.items() if not name.startswith("attrs.")}
    attrs = {name.removeprefix("attrs."): cell.split(SEPARATOR) for name, cell in cells.items() if name not in record}
    if "price" in record:
        record["price"] = _number(record["price"])
    return {**record, "attrs": attrs}


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"price: expected a number, got {cell[:40]!r}") from None
