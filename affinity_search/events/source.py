"""Event files: CSV or JSONL, gzip or not, read as physical lines so that one broken line costs only itself."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from affinity_search.errors import DataError
from affinity_search.events.event import Event, Rejected
from affinity_search.events.parse import MAX_LINE_BYTES, Columns, EventRules, Malformed, parse_header, parse_line

__all__ = ["EventLine", "UnreadableFile", "read_events"]

CHUNK_BYTES = 1 << 16
GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
AGAIN = "What was read before stays applied. Get the file again and ingest it: nothing counts twice."


class UnreadableFile(DataError):
    """The file cannot be opened, breaks off or has no usable header; the lines before have been given."""


class _Chunks(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class EventLine(NamedTuple):
    """One line: its number in the file (the first is 1), its bytes, and what it is."""

    number: int
    raw: bytes
    outcome: Event | Rejected


def read_events(path: Path, rules: EventRules) -> Iterator[EventLine]:
    """Every line of the file but the CSV header and blank ones, in order; nothing for an empty JSONL file.

    The name says which format it is (`.csv`, `.jsonl`, `.ndjson`, `.json`, each with or without `.gz`); under another
    name a first line that begins with `{` means JSONL. Raises UnreadableFile where the file cannot be opened, breaks
    off or has no usable header; the lines before have been given then.
    """
    columns: Columns | None = None
    number = 0
    try:
        for number, line in enumerate(_physical_lines(path), 1):
            if number == 1 and not _is_json(path, line):
                columns = parse_header(line)
            elif line and not line.isspace():
                yield EventLine(number, line, parse_line(line, rules, columns))
    except Malformed as error:
        raise UnreadableFile(f"{path}: {error}", hint="The first line of a CSV file names its columns.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFile(
            f"{path}: expected a whole gzip file, it breaks off after line {number} ({error})", hint=AGAIN
        ) from None
    except OSError as error:
        where = f" after line {number}" if number else ""
        raise UnreadableFile(
            f"{path}: expected a readable file, got {error.strerror or error}{where}", hint=AGAIN if number else ""
        ) from None
    if number == 0 and _plain_suffix(path) not in JSON_SUFFIXES:
        raise UnreadableFile(f"{path}: expected a header with the names of the columns, got an empty file")


def _plain_suffix(path: Path) -> str:
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return name.suffix.lower()


def _is_json(path: Path, first: bytes) -> bool:
    suffix = _plain_suffix(path)
    return suffix in JSON_SUFFIXES or (suffix != ".csv" and first.lstrip().startswith(b"{"))


def _physical_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        zipped = file.peek(2)[:2] == GZIP_MAGIC
        if path.suffix.lower() == ".gz" and not zipped:
            raise UnreadableFile(f"{path}: expected gzip (.gz), got something else", hint="Rename or compress it.")
        lines = _split(gzip.GzipFile(fileobj=file) if zipped else file)
        for line in lines:
            yield (line[3:] if line.startswith(BOM) else line).removesuffix(b"\r")
            break
        for line in lines:
            yield line.removesuffix(b"\r")


def _split(stream: _Chunks) -> Iterator[bytes]:
    """Lines without their newline; of one longer than MAX_LINE_BYTES only the beginning, still longer than that."""
    rest = b""
    # read1 hands over what is there before the error of a broken gzip file, read would lose it.
    while chunk := stream.read1(CHUNK_BYTES):
        pieces = (rest + chunk).split(b"\n")
        rest = pieces.pop()
        yield from pieces
        if len(rest) > MAX_LINE_BYTES + CHUNK_BYTES:
            rest = rest[: MAX_LINE_BYTES + 1]
    if rest:
        yield rest
