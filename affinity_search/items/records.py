"""Records of a CSV file of items: a cell in quotes may go on over several lines, a quote never closed costs its row."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from affinity_search.inputs.lines import MAX_LINE_BYTES, CutLine, read_lines
from affinity_search.inputs.rows import OpenQuote, RowError, split_row

__all__ = ["Record", "read_records"]

MAX_RECORD_LINES = 1_000
SURE_ROWS = 3  # so many lines in a row that look like rows of their own are no text
CUT = "expected a newline at the end of the last line: without it the file may be cut"
TOO_LONG = f"expected a line of at most {MAX_LINE_BYTES} bytes, got a longer one"
OPEN = 'expected a quote to be closed, got one that is not (write inches as 5"" inside quotes)'
UNCLEAR = "expected to tell a text of several lines from a quote that was never closed, got rows within quotes"


@dataclass(frozen=True)
class Record:
    """A row: the number of its first line (from 1), its cells and its text; `problem` says why it is none."""

    line: int
    cells: list[str]
    text: str
    problem: str = ""


class _Lines:
    """The lines of a file, with a look ahead that takes nothing away."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._ahead: deque[bytes] = deque()
        self.number = 0

    def take(self) -> bytes | None:
        """The next line, None at the end."""
        found = self._ahead.popleft() if self._ahead else next(self._lines, None)
        self.number += found is not None
        return found

    def peek(self, place: int) -> bytes | None:
        """The line `place` lines ahead (0: the next one), None beyond the end."""
        self._ahead.extend(islice(self._lines, max(0, place + 1 - len(self._ahead))))
        return self._ahead[place] if place < len(self._ahead) else None


def read_records(path: Path) -> Iterator[Record]:
    """Every record, the header first, blank lines left out; every physical line is in exactly one record.

    Raises UnreadableFile where the file cannot be read to its end.
    """
    lines = _Lines(read_lines(path))
    columns = 0
    while (raw := lines.take()) is not None:
        if not raw.strip():
            continue
        for record in _records(lines, raw, columns):
            columns = columns or len(record.cells)
            yield record


def _records(lines: _Lines, raw: bytes, columns: int) -> Iterator[Record]:
    number, text = lines.number, _text(raw)
    try:
        if len(raw) > MAX_LINE_BYTES:
            raise RowError(TOO_LONG)
        cells = split_row(text)
        if isinstance(raw, CutLine) and columns and not text.rstrip().endswith('"'):
            raise RowError(CUT)
        yield Record(number, cells, text)
    except OpenQuote:
        yield from _continued(lines, text, columns)
    except RowError as error:
        yield Record(number, [], text[:MAX_LINE_BYTES], str(error))


def _continued(lines: _Lines, first: str, columns: int) -> Iterator[Record]:
    """The record that begins with an open quote: several lines, or the first one alone as a broken row."""
    number = lines.number
    joined = _joined(lines, first)
    if joined is None:
        yield Record(number, [], first, OPEN)
        return
    text, cells = joined
    parts = text.split("\n")
    rows = all(_looks_like_a_row(part, columns) for part in parts)
    if rows and len(parts) > SURE_ROWS:
        yield Record(number, [], first, OPEN)
        return
    for _ in parts[1:]:
        lines.take()
    if rows:
        for offset, part in enumerate(parts):
            yield Record(number + offset, [], part, UNCLEAR)
    else:
        yield Record(number, cells, text)


def _joined(lines: _Lines, first: str) -> tuple[str, list[str]] | None:
    """The text up to the line that closes the quote, and its cells; None where none of the next lines does."""
    parts, size = [first], len(first)
    for ahead in range(MAX_RECORD_LINES):
        raw = lines.peek(ahead)
        if raw is None or (size := size + len(raw) + 1) > MAX_LINE_BYTES:
            return None
        parts.append(_text(raw))
        if b'"' not in raw:
            continue
        text = "\n".join(parts)
        try:
            return text, split_row(text)
        except OpenQuote:
            continue
        except RowError:
            return None
    return None


def _looks_like_a_row(text: str, columns: int) -> bool:
    """Whether the line has as many cells as the header where its quotes are taken for mere signs."""
    return text.count(",") + 1 == columns


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")
