"""The artefacts that the engine holds: read, written and deleted, each step harmless when done twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from affinity_search.config.names import first_index
from affinity_search.deploy.artefact import Kind, canonical
from affinity_search.deploy.changes import Change, mappings_of
from affinity_search.deploy.mappings import merged
from affinity_search.engine import Engine
from affinity_search.engine.aliases import add_alias, remove_alias, resolve_alias
from affinity_search.engine.indices import create_index, delete_index, indices_behind, refresh
from affinity_search.engine.mappings import add_to_mappings, read_mappings
from affinity_search.engine.pipelines import delete_pipeline, indices_using, read_pipeline, write_pipeline
from affinity_search.engine.reading import count_whole
from affinity_search.engine.scripts import delete_script, read_script, write_script
from affinity_search.errors import ConfigError, MissingResource, RefusedRequest
from affinity_search.profiles.publication import without_publication

__all__ = ["Key", "count_documents", "current", "execute", "keep_reason", "read", "reindex_needed"]

Key = tuple[Kind, str]


def current(engine: Engine, keys: Iterable[Key]) -> dict[Key, str | None]:
    """What the engine holds under each kind and name, None where there is nothing."""
    return {(kind, name): read(engine, kind, name) for kind, name in keys}


def read(engine: Engine, kind: Kind, name: str) -> str | None:
    """The body that the engine holds, None where there is nothing.

    That of an index is its mappings and whether it has its alias, which an interrupted rollback may have taken; its
    name only where it is not the one under which it is created. Raises ConfigError where the alias is an index itself
    or stands for several.
    """
    if kind == "index":
        return _read_index(engine, name)
    if kind == "script":
        return read_script(engine, name)
    pipeline = read_pipeline(engine, name)
    return None if pipeline is None else canonical(pipeline)


def execute(engine: Engine, change: Change) -> Change:
    """Does the change and returns what was done: a deletion that would lose something is left, and its note says so.

    Raises ConfigError where an index cannot take the new mapping without a reindex.
    """
    if change.op == "leave":
        return change
    if change.op == "delete":
        return _delete(engine, change)
    after = change.after or ""
    if change.kind == "index":
        _write_index(engine, change, json.loads(after))
    elif change.kind == "pipeline":
        write_pipeline(engine, change.name, json.loads(after))
    else:
        write_script(engine, change.name, after)
    return change


def keep_reason(engine: Engine, kind: Kind, name: str) -> str:
    """Why the artefact must not be deleted, such as "kept: it holds 12 documents"; empty where it may be."""
    if kind == "index" and (documents := _count_all(engine, name)):
        return f"kept: it holds {documents} document{'s' if documents > 1 else ''}"
    if kind == "pipeline" and (users := indices_using(engine, name)):
        return f"kept: it is the ingest pipeline of {', '.join(users)}"
    return ""


def count_documents(engine: Engine, index: str) -> int | None:
    """Documents that searches see in the index or behind the alias; None where there is no such index.

    Raises EngineFailed where a shard does not answer: a part of the count would pass for a loss, or hide documents.
    """
    try:
        return count_whole(engine, index)
    except MissingResource:
        return None


def _read_index(engine: Engine, alias: str) -> str | None:
    index, has_alias = _physical(engine, alias)
    if not index:
        return None
    mappings = read_mappings(engine, index)[index]
    elsewhere = {} if index == first_index(alias) else {"index": index}
    return canonical({"alias": has_alias, "mappings": without_publication(mappings), **elsewhere})


def _physical(engine: Engine, alias: str) -> tuple[str, bool]:
    """The index behind the alias, or the one made for it that has lost it (False); an empty name for neither."""
    behind = resolve_alias(engine, alias)
    if len(behind) > 1:
        raise ConfigError(
            f"{engine.url}/{alias}: expected an alias of one index, got {', '.join(behind)}",
            hint="Take the alias from all but the one that searches shall use.",
        )
    if behind:
        return behind[0], True
    return ("".join(indices_behind(engine, first_index(alias))), False)


def _write_index(engine: Engine, change: Change, body: Mapping[str, Any]) -> None:
    if change.op == "create":
        create_index(engine, first_index(change.name), {**body, "aliases": {change.name: {}}})
        return
    index, has_alias = _physical(engine, change.name)
    try:
        add_to_mappings(engine, index, _with_meta(change, mappings_of(change.after or "{}")))
    except RefusedRequest as error:
        raise reindex_needed(engine, change.name, str(error.message)) from error
    if not has_alias:
        add_alias(engine, index, change.name)


def _with_meta(change: Change, wanted: dict[str, Any]) -> dict[str, Any]:
    """The mappings to put: the engine replaces `_meta` as a whole, and there may be more in it than ours."""
    held = mappings_of(change.before or "{}").get("_meta", {})
    return {**wanted, "_meta": merged(held, wanted.get("_meta", {}))} if held else wanted


def reindex_needed(engine: Engine, alias: str, finding: str) -> ConfigError:
    """The error for a mapping that the index behind the alias cannot take in place."""
    return ConfigError(
        f"{engine.url}/{alias}: expected a mapping that only adds fields, got {finding}",
        hint=f"Create an index with the new mapping and the _meta of the old one, copy the documents with _reindex, "
        f"move the alias {alias} to it, and run the same command again.",
    )


def _delete(engine: Engine, change: Change) -> Change:
    if reason := keep_reason(engine, change.kind, change.name):
        return replace(change, after=change.before, note=reason)
    if change.kind == "script":
        delete_script(engine, change.name)
    elif change.kind == "pipeline":
        delete_pipeline(engine, change.name)
    else:
        return _delete_index(engine, change)
    return change


def _delete_index(engine: Engine, change: Change) -> Change:
    """Deletes it once nobody can write to it any more: profiles are written through the alias only."""
    index, has_alias = _physical(engine, change.name)
    if not index:
        return change
    if has_alias:
        with suppress(MissingResource):  # somebody else was faster
            remove_alias(engine, index, change.name)
    if reason := keep_reason(engine, "index", change.name):
        add_alias(engine, index, change.name)
        return replace(change, after=change.before, note=reason)
    delete_index(engine, index)
    return change


def _count_all(engine: Engine, alias: str) -> int:
    """Documents behind the alias, those written a moment ago included; 0 where there is no such index."""
    index, _ = _physical(engine, alias)
    if not index:
        return 0
    refresh(engine, index)
    return count_documents(engine, index) or 0
