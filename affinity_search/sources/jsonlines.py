"""JSONL: a JSON value a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from affinity_search.inputs.jsonline import decode_line
from affinity_search.inputs.lines import MAX_LINE_BYTES, read_lines
from affinity_search.sources.record import RawRecord

__all__ = ["JsonLinesSource", "record_of"]


class JsonLinesSource:
    """Every line that is not blank."""

    def __init__(self, path: Path, encoding: str | None) -> None:
        self._path, self._encoding = path, encoding

    def records(self) -> Iterator[RawRecord]:
        """The value of every line, or what is wrong with it."""
        for number, raw in enumerate(read_lines(self._path, self._encoding), 1):
            if raw and not raw.isspace():
                yield record_of(number, raw)


def record_of(number: int, raw: bytes, most_bytes: int = MAX_LINE_BYTES) -> RawRecord:
    """The value in these bytes, or what is wrong with them."""
    try:
        return RawRecord(number, raw, decode_line(raw, most_bytes))
    except ValueError as error:
        return RawRecord(number, raw, None, str(error))
