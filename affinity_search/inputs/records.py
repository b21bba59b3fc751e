"""Records of a CSV file: a cell in quotes may go on over several lines, a quote never closed costs its row."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from affinity_search.inputs.lines import MAX_LINE_BYTES, CutLine
from affinity_search.inputs.rows import OpenQuote, RowError, split_row

__all__ = ["Record", "read_records", "row_of"]

MAX_RECORD_LINES = 1_000
SURE_ROWS = 3  # so many lines in a row that look like rows of their own are no text
CUT = "expected a newline at the end of the last line: without it the file may be cut"
TOO_LONG = f"expected a line of at most {MAX_LINE_BYTES} bytes, got a longer one"
OPEN = 'expected a quote to be closed, got one that is not (write inches as 5"" inside quotes)'
UNCLEAR = "expected to tell a text of several lines from a quote that was never closed, got rows within quotes"


class Record(NamedTuple):
    """A row: the number of its first line (from 1), its bytes and its cells; `problem` says why it is none."""

    line: int
    raw: bytes
    cells: list[str]
    problem: str = ""

    @property
    def text(self) -> str:
        """The row as text; a byte that is no UTF-8 is a lone surrogate."""
        return self.raw.decode(errors="surrogateescape")


class _Lines:
    """The lines of a file, with a look ahead that takes nothing away."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._ahead: deque[bytes] = deque()
        self.number = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            while self._ahead:
                self.number += 1
                yield self._ahead.popleft()
            line = next(self._lines, None)
            if line is None:
                return
            self.number += 1
            yield line

    def skip(self, count: int) -> None:
        """Takes so many lines away that were looked at."""
        for _ in range(count):
            self._ahead.popleft()
        self.number += count

    def peek(self, place: int) -> bytes | None:
        """The line `place` lines ahead (0: the next one), None beyond the end."""
        self._ahead.extend(islice(self._lines, max(0, place + 1 - len(self._ahead))))
        return self._ahead[place] if place < len(self._ahead) else None


def read_records(lines: Iterator[bytes], delimiter: str = ",") -> Iterator[Record]:
    """Every record, the header first, blank lines left out; every physical line is in exactly one record."""
    known = _Lines(lines)
    columns = 0
    for raw in known:
        text = _plain_text(raw)
        if text and columns:
            yield Record(known.number, raw, text.split(delimiter))
        elif raw and not raw.isspace():
            for record in _any_row(known, raw, columns, delimiter):
                columns = columns or len(record.cells)
                yield record


def _plain_text(raw: bytes) -> str:
    """The text of a line whose cells stand as they are, without quotes and blanks; empty for every other line."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return ""
    plain = text.isprintable() and '"' not in text and " " not in text
    return text if plain and type(raw) is bytes and len(raw) <= MAX_LINE_BYTES else ""


def row_of(raw: bytes, delimiter: str = ",") -> Record:
    """The row in one line alone, as line 1."""
    try:
        return Record(1, raw, _cells(raw, delimiter))
    except RowError as error:
        return _broken(1, raw, str(error))


def _broken(number: int, raw: bytes, problem: str) -> Record:
    return Record(number, raw[:MAX_LINE_BYTES], [], problem)


def _cells(raw: bytes, delimiter: str, *, cut: bool = True) -> list[str]:
    """The cells of one line; raises RowError where it is too long, no text or may be cut, OpenQuote inside quotes."""
    if len(raw) > MAX_LINE_BYTES:
        raise RowError(TOO_LONG)
    cells = split_row(_text(raw), delimiter)
    if type(raw) is CutLine and cut and not raw.rstrip().endswith(b'"'):
        raise RowError(CUT)
    return cells


def _text(raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise RowError(f"expected UTF-8, got byte {raw[error.start]:#04x} at byte {error.start + 1}") from None
    if "\0" in text:
        raise RowError("expected text, got a NUL byte")
    return text


def _any_row(lines: _Lines, raw: bytes, columns: int, delimiter: str) -> Iterator[Record]:
    number = lines.number
    try:
        yield Record(number, raw, _cells(raw, delimiter, cut=columns > 0))
    except OpenQuote:
        yield from _continued(lines, raw, columns, delimiter)
    except RowError as error:
        yield _broken(number, raw, str(error))


def _continued(lines: _Lines, first: bytes, columns: int, delimiter: str) -> Iterator[Record]:
    """The record that begins with an open quote: several lines, or the first one alone as a broken row."""
    number = lines.number
    joined = _joined(lines, first, delimiter)
    if joined is None:
        yield Record(number, first, [], OPEN)
        return
    raw, cells = joined
    parts = raw.split(b"\n")
    rows = all(_looks_like_a_row(part, columns, delimiter) for part in parts)
    if rows and len(parts) > SURE_ROWS:
        yield Record(number, first, [], OPEN)
        return
    lines.skip(len(parts) - 1)
    if rows:
        for offset, part in enumerate(parts):
            yield Record(number + offset, part, [], UNCLEAR)
    else:
        yield Record(number, raw, cells)


def _joined(lines: _Lines, first: bytes, delimiter: str) -> tuple[bytes, list[str]] | None:
    """The bytes up to the line that closes the quote, and its cells; None where none of the next lines does."""
    parts, size = [first], len(first)
    for ahead in range(MAX_RECORD_LINES):
        raw = lines.peek(ahead)
        if raw is None or (size := size + len(raw) + 1) > MAX_LINE_BYTES:
            return None
        parts.append(raw)
        if b'"' not in raw:
            continue
        whole = b"\n".join(parts)
        try:
            return whole, split_row(_text(whole), delimiter)
        except OpenQuote:
            continue
        except RowError:
            return None
    return None


def _looks_like_a_row(raw: bytes, columns: int, delimiter: str) -> bool:
    """Whether the line has as many cells as the header where its quotes are taken for mere signs."""
    return raw.count(delimiter.encode()) + 1 == columns
