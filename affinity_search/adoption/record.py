"""What was added to which index of others, and what was there before: kept in the ledger until it is taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from affinity_search.engine.documents import create_document, read_document, replace_document
from affinity_search.engine.protocol import Engine

__all__ = ["Adopted", "read_adoption", "write_adoption"]

DOCUMENT = "adoption"


@dataclass(frozen=True)
class Adopted:
    """One adopted index: the final pipeline that it had (None for none) and the fields whose values are ours."""

    uuid: str
    final_pipeline: str | None
    fields: tuple[str, ...]

    def and_fields(self, fields: Sequence[str]) -> Adopted:
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
    """Keeps this record; RefusedRequest (409) where another adoption comes between."""
    body = {"kind": "adoption", "changes": {"indices": {index: asdict(one) for index, one in adopted.items()}}}
    if found := read_document(engine, ledger, DOCUMENT):
        replace_document(engine, ledger, DOCUMENT, body, found.revision)
    else:
        create_document(engine, ledger, DOCUMENT, body)
