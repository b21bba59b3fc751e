"""Event files: CSV and JSONL as they are, every other form and every other name by a mapping."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from affinity_search.config.source_block import EventSource
from affinity_search.events.event import EventLine
from affinity_search.events.mapped import EventMapping
from affinity_search.events.parse import REQUIRED, EventRules, Malformed, parse_header, parse_line, parse_row
from affinity_search.inputs.lines import UnreadableFile, plain_suffix, read_lines
from affinity_search.inputs.records import read_records
from affinity_search.sources import Form, find_form, open_source
from affinity_search.sources.joined import joined

__all__ = ["EventLine", "UnreadableFile", "read_events"]

HEADER = (
    "The first line of a CSV file names its columns. Where they have other names, `events.source.fields` in "
    "affinity.yaml says which (docs/how-to/events.md)."
)
NAMED_SUFFIXES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json"})


def read_events(path: Path, rules: EventRules, told: EventSource | None = None) -> Iterator[EventLine]:
    """Every event of the file with its verdict, in order; nothing for an empty JSONL file.

    The form is found by what is in the file (see `sources.find_form`), as far as `told` does not name it. A record in
    a list of which there is nothing counts as one event, unmapped. Raises UnreadableFile where the file cannot be
    opened, breaks off or has no usable header, or holds nothing where `told` says that fields are; the lines before
    have been given then, but none of a gzip file that is not whole.
    """
    mapping = EventMapping(told or EventSource(), rules)
    form = find_form(path, told, mapping.paths if told else REQUIRED)
    if told is None and form.kind in ("csv", "jsonl"):
        yield from _ours(path, rules, form)
    else:
        records = open_source(path, form, mapping.paths).records()
        if told and told.join:
            records = joined(path, records, told.join, mapping.paths)
        yield from mapping.read(path, records)


def _ours(path: Path, rules: EventRules, form: Form) -> Iterator[EventLine]:
    lines = read_lines(path, form.encoding)
    csv, first = form.kind == "csv", next(lines, None)
    if first is None:
        if csv:
            raise UnreadableFile(f"{path}: expected a header with the names of the columns, got an empty file")
        return
    # Of a pipe the first line says what it is, where its name does not.
    csv = csv and (plain_suffix(path) in NAMED_SUFFIXES or not first.lstrip().startswith(b"{"))
    lines = chain([first], lines)
    yield from _rows(path, lines, rules, form.delimiter) if csv else _json_lines(lines, rules)


def _json_lines(lines: Iterator[bytes], rules: EventRules) -> Iterator[EventLine]:
    for number, line in enumerate(lines, 1):
        if line and not line.isspace():
            yield EventLine(number, line, parse_line(line, rules))


def _rows(path: Path, lines: Iterator[bytes], rules: EventRules, delimiter: str) -> Iterator[EventLine]:
    rows = read_records(lines, delimiter)
    try:
        columns = parse_header(next(rows).raw, delimiter)
    except Malformed as error:
        raise UnreadableFile(f"{path}: {error}", hint=HEADER) from None
    except StopIteration:
        raise UnreadableFile(f"{path}: expected a header with the names of the columns, got blank lines") from None
    for row in rows:
        yield EventLine(row.line, row.raw, parse_row(row, rules, columns))
