"""What became of a single document, by its own part of the answer to a bulk request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from affinity_search.errors import EngineError, EngineFailed, MissingResource

__all__ = ["Fate", "error_of", "fate_of", "reason_of"]

Fate = Literal["written", "superseded", "absent", "refused", "conflict", "waiting", "stopped"]
"""`waiting`: the engine had no room for it yet (429); the others are those of `BulkReport`."""


def fate_of(op: str, item: Mapping[str, Any]) -> Fate:
    """What became of a document; `stopped` is a fault of the engine that ends the writing."""
    status = item["status"]
    if status < 300:
        return "written"
    if status >= 500 or item.get("error", {}).get("type") == "index_not_found_exception":
        return "stopped"
    if status == 404 and op in ("delete", "update"):
        return "absent"
    if status == 409 and op == "update":
        return "conflict"
    if status == 409:
        return "superseded"
    return "waiting" if status == 429 else "refused"


def error_of(url: str, item: Mapping[str, Any]) -> EngineError:
    """The error of a document that stopped."""
    status = item["status"]
    message = f"{url}: POST /_bulk: {status} {reason_of(item)}"
    if status == 404:
        return MissingResource(message, hint="`affinity status` lists what is missing.", status=status)
    return EngineFailed(message, hint="See the engine's log, then run the same command again.", status=status)


def reason_of(item: Mapping[str, Any]) -> str:
    """Why the engine did not take the document, and what caused that, in one line."""
    error = item.get("error", {})
    cause = error.get("caused_by", {}).get("reason", "")
    parts = [str(part) for part in (error.get("reason", "no reason given"), cause) if part]
    return " ".join(": ".join(parts).split())[:300]
