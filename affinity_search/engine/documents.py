"""Single documents by their ids: read at this moment, without waiting for a refresh, and written with a revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affinity_search.engine.answers import part
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import BrokenAnswer, MissingResource

__all__ = [
    "Copy",
    "Document",
    "Fetched",
    "Revision",
    "Wanted",
    "create_document",
    "read_copies_of",
    "read_document",
    "read_documents",
    "read_versions",
    "replace_document",
]

Revision = tuple[int, int]
"""Sequence number and primary term of a write: what the next writer says to have seen."""


@dataclass(frozen=True)
class Document:
    """A document and the revision at which it was read."""

    source: Mapping[str, Any]
    revision: Revision


@dataclass(frozen=True)
class Wanted:
    """A document to read; `fields` are the parts of its source that are needed, None for all of it."""

    index: str
    id: str
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Copy:
    """A document as it is now, with what is needed to write it again in its place: its version and its routing."""

    index: str
    id: str
    routing: str | None
    version: int
    source: Mapping[str, Any]


@dataclass(frozen=True)
class Fetched:
    """The source, None where there is no such document; `error` says why nothing could be read, such as no index."""

    source: Mapping[str, Any] | None
    error: str = ""


def read_document(engine: Engine, index: str, name: str) -> Document | None:
    """The document of this id; None where there is none, or no such index."""
    try:
        answer = engine.call("GET", path(index, "_doc", name))
    except MissingResource:
        return None
    return Document(answer["_source"], _revision(answer))


def create_document(engine: Engine, index: str, name: str, source: Mapping[str, Any]) -> Revision:
    """The revision of the new document, which searches see now; RefusedRequest (409) where the id is taken."""
    return _revision(engine.call("PUT", path(index, "_create", name), source, {"refresh": "true"}))


def replace_document(engine: Engine, index: str, name: str, source: Mapping[str, Any], revision: Revision) -> Revision:
    """The new revision, which searches see now; RefusedRequest (409) where the document is no longer at `revision`."""
    seen = {"if_seq_no": str(revision[0]), "if_primary_term": str(revision[1])}
    return _revision(engine.call("PUT", path(index, "_doc", name), source, {"refresh": "true", **seen}))


def read_documents(engine: Engine, wanted: Sequence[Wanted]) -> list[Fetched]:
    """What there is of each, in the order asked for, in one request."""
    return [_fetched(document) for document in _get_many(engine, [_asked(one) for one in wanted], {})]


def read_versions(engine: Engine, wanted: Sequence[tuple[str, str]]) -> list[int | None]:
    """The version of each document, named by index and id; None where there is no such document."""
    asked = [{"_index": index, "_id": name, "_source": False} for index, name in wanted]
    found = _get_many(engine, asked, {"filter_path": "docs._version,docs.found"})
    return [part(engine, document, int, "_version") if document.get("found") else None for document in found]


def read_copies_of(engine: Engine, hits: Sequence[Mapping[str, Any]]) -> list[Copy]:
    """The documents of these hits as they are at this moment, in one request; those that are gone are left out."""
    asked = [{"_index": hit["_index"], "_id": hit["_id"], **_routed(hit)} for hit in hits]
    return [
        Copy(found["_index"], found["_id"], found.get("_routing"), found["_version"], found["_source"])
        for found in _get_many(engine, asked, {})
        if found.get("found")
    ]


def _routed(hit: Mapping[str, Any]) -> dict[str, Any]:
    return {"routing": hit["_routing"]} if "_routing" in hit else {}


def _get_many(engine: Engine, asked: list[dict[str, Any]], params: Mapping[str, str]) -> list[dict[str, Any]]:
    found = part(engine, engine.call("POST", "/_mget", {"docs": asked}, params), list, "docs")
    if len(found) != len(asked):
        raise BrokenAnswer(f"{engine.url}: expected {len(asked)} documents, got {len(found)}")
    return found


def _asked(wanted: Wanted) -> dict[str, Any]:
    parts = {} if wanted.fields is None else {"_source": list(wanted.fields)}
    return {"_index": wanted.index, "_id": wanted.id, **parts}


def _fetched(document: Mapping[str, Any]) -> Fetched:
    if "error" in document:
        error = document["error"]
        return Fetched(None, str(error.get("reason", "not there") if isinstance(error, dict) else error))
    return Fetched(document.get("_source") if document.get("found") else None)


def _revision(answer: Mapping[str, Any]) -> Revision:
    return answer["_seq_no"], answer["_primary_term"]
