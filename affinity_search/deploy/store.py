"""The artefacts that the engine holds: read, written and deleted, each step harmless when done twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from affinity_search.config.names import first_index
from affinity_search.deploy.artefact import Kind, canonical
from affinity_search.deploy.changes import Change, mappings_of
from affinity_search.deploy.mappings import merged
from affinity_search.engine import Engine, path
from affinity_search.engine.indices import indices_behind, resolve_alias
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
    try:
        if kind == "script":
            return str(engine.call("GET", path("_scripts", name))["script"]["source"])
        return canonical(engine.call("GET", path("_ingest", "pipeline", name))[name])
    except MissingResource:
        return None


def execute(engine: Engine, change: Change) -> Change:
    """Does the change and returns what was done: a deletion that would lose something is left, and its note says so.

    Raises ConfigError where an index cannot take the new mapping without a reindex.
    """
    if change.op == "leave":
        return change
    if change.op == "delete":
        return _delete(engine, change)
    body = json.loads(change.after or "") if change.kind != "script" else {}
    if change.kind == "index":
        _write_index(engine, change, body)
    elif change.kind == "pipeline":
        engine.call("PUT", path("_ingest", "pipeline", change.name), body)
    else:
        script = {"script": {"lang": "mustache", "source": change.after}}
        engine.call("PUT", path("_scripts", change.name), script)
    return change


def keep_reason(engine: Engine, kind: Kind, name: str) -> str:
    """Why the artefact must not be deleted, such as "kept: it holds 12 documents"; empty where it may be."""
    if kind == "index" and (documents := _count_all(engine, name)):
        return f"kept: it holds {documents} document{'s' if documents > 1 else ''}"
    if kind == "pipeline" and (users := _indices_using(engine, name)):
        return f"kept: it is the ingest pipeline of {', '.join(users)}"
    return ""


def count_documents(engine: Engine, index: str) -> int | None:
    """Documents that searches see in the index or behind the alias; None where there is no such index."""
    try:
        return int(engine.call("GET", path(index, "_count"))["count"])
    except MissingResource:
        return None


def _read_index(engine: Engine, alias: str) -> str | None:
    index, has_alias = _physical(engine, alias)
    if not index:
        return None
    mappings = engine.call("GET", path(index, "_mapping"))[index]["mappings"]
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
        engine.call("PUT", path(first_index(change.name)), {**body, "aliases": {change.name: {}}})
        return
    index, has_alias = _physical(engine, change.name)
    try:
        engine.call("PUT", path(index, "_mapping"), _with_meta(change, mappings_of(change.after or "{}")))
    except RefusedRequest as error:
        raise reindex_needed(engine, change.name, str(error.message)) from error
    if not has_alias:
        _alias(engine, "add", index, change.name)


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
    try:
        if change.kind == "index":
            return _delete_index(engine, change)
        folder = ("_scripts",) if change.kind == "script" else ("_ingest", "pipeline")
        engine.call("DELETE", path(*folder, change.name))
    except MissingResource:
        return change
    return change


def _delete_index(engine: Engine, change: Change) -> Change:
    """Deletes it once nobody can write to it any more: profiles are written through the alias only."""
    index, has_alias = _physical(engine, change.name)
    if has_alias:
        _alias(engine, "remove", index, change.name)
    if reason := keep_reason(engine, "index", change.name):
        _alias(engine, "add", index, change.name)
        return replace(change, after=change.before, note=reason)
    engine.call("DELETE", path(index))
    return change


def _count_all(engine: Engine, alias: str) -> int:
    """Documents behind the alias, those written a moment ago included; 0 where there is no such index."""
    index, _ = _physical(engine, alias)
    if not index:
        return 0
    engine.call("POST", path(index, "_refresh"))
    return count_documents(engine, index) or 0


def _alias(engine: Engine, action: str, index: str, alias: str) -> None:
    engine.call("POST", "/_aliases", {"actions": [{action: {"index": index, "alias": alias}}]})


def _indices_using(engine: Engine, pipeline: str) -> list[str]:
    settings = engine.call("GET", "/_settings/index.default_pipeline,index.final_pipeline")
    return sorted(index for index, body in settings.items() if pipeline in body["settings"]["index"].values())
