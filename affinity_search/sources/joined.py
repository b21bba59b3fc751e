"""Records with what another file says of them: rows of orders beside rows of their products, variants of a product."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from affinity_search.config.source_block import Join, SourceFile
from affinity_search.errors import DataError
from affinity_search.inputs.lines import UnreadableFile
from affinity_search.sources.form import find_form
from affinity_search.sources.opening import open_source
from affinity_search.sources.paths import first_at
from affinity_search.sources.record import RawRecord

__all__ = ["joined"]

Row = tuple[object, ...]


def joined(file: Path, records: Iterator[RawRecord], join: Join, paths: Collection[str]) -> Iterator[RawRecord]:
    """The records of the file, each with the fields at these paths of the first row with its key in the other file.

    What a record has itself goes before what the other file says. The other file, which is looked for beside the first,
    is held in memory as far as its fields are asked for. Raises UnreadableFile where it cannot be read.
    """
    (own, other) = next(iter(join.keys.items()))
    names = sorted({path.partition(".")[0] for path in paths} | set(paths))
    rows = _rows(_beside(file, join), other, names)
    for record in records:
        row = rows.get(_text(record.value, own)) if isinstance(record.value, dict) and not record.problem else None
        if row is None or not isinstance(record.value, dict):
            yield record
        else:
            found = {name: value for name, value in zip(names, row, strict=True) if value is not None}
            yield record._replace(value={**found, **record.value})


def _beside(file: Path, join: Join) -> Path:
    path = file.parent / join.file
    if not path.is_file():
        raise UnreadableFile(
            f"{path}: expected the file that events.source.join.file names, found none",
            hint=f"Put it beside {file.name}, or name it as it stands from there.",
        )
    return path


def _rows(path: Path, key: str, names: list[str]) -> Mapping[str, Row]:
    rows: dict[str, Row] = {}
    for record in open_source(path, find_form(path, SourceFile(), ()), ()).records():
        value = record.value
        if isinstance(value, dict) and not record.problem and (identity := _text(value, key)):
            rows.setdefault(identity, tuple(value.get(name) for name in names))
    if not rows:
        raise DataError(f"{path}: expected rows with {key} (events.source.join.by), found none")
    return rows


def _text(value: object, path: str) -> str:
    found = first_at([value], [path])
    return str(found).strip() if found is not None else ""
