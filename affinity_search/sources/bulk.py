"""What engines take and give: lines of a bulk request, and hits with their `_source` (elasticdump, scrolls)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from affinity_search.sources.form import BULK_ACTIONS
from affinity_search.sources.jsonlines import JsonLinesSource
from affinity_search.sources.record import RawRecord

__all__ = ["BulkSource"]

ID, INDEX = "_id", "_index"


class BulkSource:
    """Every document, with `_id` and `_index` of the line above or around it; `id` is `_id` where it has none itself.

    A deletion gives no record. A bulk update gives its `doc`.
    """

    def __init__(self, path: Path, encoding: str | None) -> None:
        self._lines = JsonLinesSource(path, encoding)

    def records(self) -> Iterator[RawRecord]:
        """The documents; an action without a document, and a document without an action, are broken records."""
        action: tuple[RawRecord, str, Mapping[str, Any]] | None = None
        for line in self._lines.records():
            if action:
                yield _document(*action, line)
                action = None
            elif line.problem or not isinstance(line.value, dict):
                yield line if line.problem else line._replace(problem="expected an action or a hit, got another value")
            elif isinstance(line.value.get("_source"), dict):
                yield line._replace(value=_named(line.value["_source"], line.value))
            elif (found := _action(line.value)) and found[0] != "delete":
                action = line, *found
            elif not found:
                yield line._replace(problem='expected an action such as {"index": {}} or a hit, got another object')
        if action:
            yield action[0]._replace(problem="expected a document below this action, the file ends here")


def _action(value: dict[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    if len(value) != 1:
        return None
    ((name, meta),) = value.items()
    return (name, meta) if name in BULK_ACTIONS and isinstance(meta, dict) else None


def _document(action: RawRecord, name: str, meta: Mapping[str, Any], line: RawRecord) -> RawRecord:
    value = line.value
    if name == "update" and isinstance(value, dict):
        value = value.get("doc", value.get("upsert"))
    if line.problem or not isinstance(value, dict):
        return line._replace(problem=line.problem or f"expected a document below {name}, got another value")
    return line._replace(value=_named(value, meta))


def _named(document: dict[str, Any], meta: Mapping[str, Any]) -> dict[str, Any]:
    marks = {name: meta[name] for name in (ID, INDEX) if meta.get(name) is not None}
    own = {"id": marks[ID]} if ID in marks and document.get("id") is None else {}
    return {**document, **marks, **own}
