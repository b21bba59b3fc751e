"""What was added to which index of others, and what was there before: kept in the ledger until it is taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from affinity_search.engine.documents import read_document
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import MissingResource

__all__ = ["Adopted", "read_adoption", "write_adoption"]

DOCUMENT = "adoption"


@dataclass(frozen=True)
class Adopted:
    """One adopted index: the final pipeline that it had (None for none) and the mapping fields that we added."""

    uuid: str
    final_pipeline: str | None
    fields: tuple[str, ...]

    def and_fields(self, fields: Mapping[str, object]) -> Adopted:
        """The same with further fields."""
        return replace(self, fields=tuple(dict.fromkeys([*self.fields, *fields])))


def read_adoption(engine: Engine, ledger: str) -> dict[str, Adopted]:
    """Every adopted index by name; empty where there is none. An index made again under a name has another UUID."""
    found = read_document(engine, ledger, DOCUMENT)
    indices = found.source.get("changes", {}).get("indices", {}) if found else {}
    return {
        index: Adopted(body["uuid"], body["final_pipeline"], tuple(body["fields"])) for index, body in indices.items()
    }


def write_adoption(engine: Engine, ledger: str, adopted: Mapping[str, Adopted]) -> None:
    """Keeps this record, searchable at once; removes it where nothing is adopted any more."""
    if not adopted:
        _remove(engine, ledger)
        return
    body = {"kind": "adoption", "changes": {"indices": {index: asdict(one) for index, one in adopted.items()}}}
    engine.call("PUT", path(ledger, "_doc", DOCUMENT), body, {"refresh": "true"})


def _remove(engine: Engine, ledger: str) -> None:
    try:
        engine.call("DELETE", path(ledger, "_doc", DOCUMENT), params={"refresh": "true"})
    except MissingResource:
        return
