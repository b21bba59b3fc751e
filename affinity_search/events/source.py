"""Event files: CSV or JSONL, gzip or not, read as physical lines so that one broken line costs only itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from affinity_search.events.event import Event, Rejected
from affinity_search.events.parse import Columns, EventRules, Malformed, parse_header, parse_line
from affinity_search.inputs.lines import UnreadableFile, plain_suffix, read_lines

__all__ = ["EventLine", "UnreadableFile", "read_events"]

JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})


class EventLine(NamedTuple):
    """One line: its number in the file (the first is 1), its bytes, and what it is."""

    number: int
    raw: bytes
    outcome: Event | Rejected


def read_events(path: Path, rules: EventRules) -> Iterator[EventLine]:
    """Every line of the file but the CSV header and blank ones, in order; nothing for an empty JSONL file.

    The name says which format it is (`.csv`, `.jsonl`, `.ndjson`, `.json`, each with or without `.gz`); under another
    name a first line that begins with `{` means JSONL. Raises UnreadableFile where the file cannot be opened, breaks
    off or has no usable header; the lines before have been given then, but none of a gzip file that is not whole.
    """
    columns: Columns | None = None
    number = 0
    try:
        for number, line in enumerate(read_lines(path), 1):
            if number == 1 and not _is_json(path, line):
                columns = parse_header(line)
            elif line and not line.isspace():
                yield EventLine(number, line, parse_line(line, rules, columns))
    except Malformed as error:
        raise UnreadableFile(f"{path}: {error}", hint="The first line of a CSV file names its columns.") from None
    if number == 0 and plain_suffix(path) not in JSON_SUFFIXES:
        raise UnreadableFile(f"{path}: expected a header with the names of the columns, got an empty file")


def _is_json(path: Path, first: bytes) -> bool:
    suffix = plain_suffix(path)
    return suffix in JSON_SUFFIXES or (suffix != ".csv" and first.lstrip().startswith(b"{"))
