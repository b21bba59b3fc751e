"""CSV and its kin: a header, then rows; a cell in quotes may hold line breaks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from affinity_search.inputs.lines import UnreadableFile, read_lines
from affinity_search.inputs.records import Record, read_records
from affinity_search.sources.record import RawRecord

__all__ = ["DelimitedSource", "own_names"]


class DelimitedSource:
    """Every row as a mapping from the names of the header to its cells; an empty cell is left out."""

    def __init__(self, path: Path, delimiter: str, encoding: str | None, names: Collection[str]) -> None:
        self._path, self._delimiter, self._encoding = path, delimiter, encoding
        self._names = names

    def records(self) -> Iterator[RawRecord]:
        """All rows below the header. Raises UnreadableFile where no header is there, or a name stands twice."""
        rows = read_records(read_lines(self._path, self._encoding), self._delimiter)
        header = self._header(next(rows, None))
        for row in rows:
            if row.problem or len(row.cells) == len(header):
                cells = {name: cell for name, cell in zip(header, row.cells, strict=False) if cell}
                if cells or row.problem:
                    yield RawRecord(row.line, row.raw, cells, row.problem)
            else:
                yield RawRecord(row.line, row.raw, None, f"expected {len(header)} columns, got {len(row.cells)}")

    def _header(self, row: Record | None) -> list[str]:
        if row is None:
            raise UnreadableFile(f"{self._path}: expected a header with the names of the columns, got an empty file")
        header = own_names([name.strip() for name in row.cells], self._names)
        named = [name for name in header if name]
        if row.problem or len(set(named)) < len(named):
            raise UnreadableFile(
                f"{self._path}: expected a header with no name twice, got {row.problem or row.text[:200]}",
                hint="The first line of a CSV file names its columns.",
            )
        return header


def own_names(header: list[str], names: Collection[str]) -> list[str]:
    """The header with `User` as `user` where that is one of our names, and no other column has it."""
    lower = [name.lower() for name in header]
    return [
        small if small in names and name not in names and lower.count(small) == 1 else name
        for name, small in zip(header, lower, strict=True)
    ]
