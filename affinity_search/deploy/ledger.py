"""The deployment ledger: one document per apply or rollback, numbered from 1, holding what every change replaced.

An entry is written as `started` before anything is changed and as `done` afterwards, so that whatever interrupts a
deployment, the bodies it replaced are kept. Numbers are taken by creating the document: of two writers one wins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from affinity_search.config.names import ledger_index
from affinity_search.deploy.changes import Change
from affinity_search.deploy.mappings import as_engine_says, contains
from affinity_search.engine import Engine
from affinity_search.engine.documents import (
    Document,
    create_document,
    read_document,
    replace_document,
)
from affinity_search.engine.indices import create_index, indices_behind
from affinity_search.engine.mappings import add_to_mappings, read_mappings
from affinity_search.engine.ownership import is_marked_by, mark_of, marked
from affinity_search.engine.searches import search
from affinity_search.errors import ConfigError, MissingResource, RefusedRequest
from affinity_search.resources import resource_folder

__all__ = [
    "LedgerEntry",
    "add_entry",
    "check_ledger",
    "create_ledger",
    "last_entry",
    "owner_of",
    "read_entry",
    "recent_entries",
    "save_entry",
]


@dataclass(frozen=True)
class LedgerEntry:
    """One deployment: what it changed and left, in the order in which it did so.

    `undo` is the entry that the next rollback reverses (0: none), `undo_before` what that was before this entry; for a
    rollback that is the newest entry it reversed. `revision` is the engine's sequence number and primary term.
    """

    number: int
    kind: Literal["apply", "rollback"]
    status: Literal["started", "done"]
    started: datetime
    undo: int
    undo_before: int
    changes: tuple[Change, ...]
    revision: tuple[int, int] | None = field(default=None, compare=False)

    @property
    def is_open(self) -> bool:
        """True where it was begun and not finished: it is running, or was interrupted."""
        return self.status == "started"

    @property
    def changed(self) -> tuple[Change, ...]:
        """The changes without what was left as it is."""
        return tuple(change for change in self.changes if change.op != "leave")

    def as_json(self) -> dict[str, Any]:
        """The entry as plain JSON values, with what it changed."""
        return {
            "number": self.number,
            "kind": self.kind,
            "status": self.status,
            "started": self.started.isoformat(),
            "changes": [{"op": c.op, "kind": c.kind, "name": c.name, "note": c.note} for c in self.changed],
        }


def owner_of(ledger: str) -> str:
    """The prefix of the deployment whose ledger bears this name."""
    return ledger.removesuffix(ledger_index(""))


def check_ledger(engine: Engine, index: str) -> None:
    """Raises ConfigError where an index of the ledger's name is no ledger of this deployment; absent is fine.

    One from before there were owner marks is known by its fields.
    """
    if (found := _mappings(engine, index)) is None or is_marked_by(found, owner_of(index)):
        return
    if mark_of(found) or not contains(found, as_engine_says(_body()["mappings"])):
        raise ConfigError(
            f"{engine.url}/{index}: expected the ledger of this deployment or nothing, got an index that others made",
            hint="Choose another engine.prefix; the ledger is called after it.",
        )


def create_ledger(engine: Engine, index: str) -> None:
    """Creates the ledger where it is absent, and gives it the owner mark where it has none."""
    found = _mappings(engine, index)
    if found is None:
        _create(engine, index)
    elif not mark_of(found):
        meta = marked({"mappings": found}, owner_of(index))["mappings"]["_meta"]
        add_to_mappings(engine, index, {"_meta": meta})


def _create(engine: Engine, index: str) -> None:
    try:
        create_index(engine, index, marked(_body(), owner_of(index)))
    except RefusedRequest:
        if not indices_behind(engine, index):
            raise


def _mappings(engine: Engine, index: str) -> dict[str, Any] | None:
    """The mappings of the index of that name, None where there is none."""
    try:
        return next(iter(read_mappings(engine, index).values()), None)
    except MissingResource:
        return None


def _body() -> dict[str, Any]:
    body: dict[str, Any] = json.loads((resource_folder("index_mappings") / "ledger.json").read_text(encoding="utf-8"))
    return body


def last_entry(engine: Engine, index: str) -> LedgerEntry | None:
    """The entry with the highest number, None for an empty or absent ledger.

    A search finds where to look and may lag behind; reading on by number, which never lags, settles it.
    """
    last = None
    number = _highest_searchable(engine, index) or 1
    while entry := read_entry(engine, index, number):
        last = entry
        number += 1
    return last


def read_entry(engine: Engine, index: str, number: int) -> LedgerEntry | None:
    """The entry of that number as it is at this moment, None where there is none."""
    document = read_document(engine, index, str(number))
    return _entry(document) if document else None


def recent_entries(engine: Engine, index: str, last: LedgerEntry | None, count: int) -> Iterator[LedgerEntry]:
    """Up to `count` entries from `last` backwards; those removed from the ledger are passed over."""
    for number in range(last.number if last else 0, max(0, (last.number if last else 0) - count), -1):
        if entry := read_entry(engine, index, number):
            yield entry


def add_entry(engine: Engine, index: str, entry: LedgerEntry) -> LedgerEntry:
    """The entry as written under its number; raises RefusedRequest where another deployment took the number."""
    with _alone(engine, index, entry):
        revision = create_document(engine, index, str(entry.number), _source(entry))
    return replace(entry, revision=revision)


def save_entry(engine: Engine, index: str, entry: LedgerEntry) -> LedgerEntry:
    """The entry as written over the revision it was read at; raises RefusedRequest where another one came between."""
    with _alone(engine, index, entry):
        revision = replace_document(engine, index, str(entry.number), _source(entry), entry.revision or (-1, -1))
    return replace(entry, revision=revision)


@contextmanager
def _alone(engine: Engine, index: str, entry: LedgerEntry) -> Iterator[None]:
    try:
        yield
    except RefusedRequest as error:
        if error.status != 409:
            raise
        raise RefusedRequest(
            f"{engine.url}/{index}: expected to be alone with entry {entry.number}, another deployment has taken it",
            hint="Wait until `affinity status` shows it done; run again if `affinity plan` shows anything left.",
            status=409,
        ) from error


def _source(entry: LedgerEntry) -> dict[str, Any]:
    document = asdict(entry)
    del document["revision"]
    return {**document, "started": entry.started.isoformat()}


def _entry(document: Document) -> LedgerEntry:
    fields = dict(document.source)
    fields["started"] = datetime.fromisoformat(fields["started"])
    fields["changes"] = tuple(Change(**change) for change in fields["changes"])
    return LedgerEntry(**fields, revision=document.revision)


def _highest_searchable(engine: Engine, index: str) -> int:
    entries = {"exists": {"field": "number"}}  # the ledger also holds what was adopted
    query = {
        "size": 1,
        "_source": False,
        "query": entries,
        "sort": [{"number": {"order": "desc", "unmapped_type": "long"}}],
    }
    try:
        hits = search(engine, index, query)["hits"]["hits"]
    except MissingResource:
        return 0
    return int(hits[0]["_id"]) if hits else 0
