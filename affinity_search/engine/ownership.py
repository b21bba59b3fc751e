"""The owner mark: `_meta.affinity_search` in the mappings of every index that this package makes.

`owner` is the prefix of the deployment (`engine.prefix`). Only an index that bears its own mark is changed or removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affinity_search.config.names import OWNER_MARK

__all__ = ["is_marked_by", "mark_of", "marked"]


def marked(body: Mapping[str, Any], owner: str, **more: str) -> dict[str, Any]:
    """The index body with the mark of this owner in its mappings; `more` stands in the mark beside the owner."""
    mappings = body.get("mappings", {})
    meta = {**mappings.get("_meta", {}), OWNER_MARK: {"owner": owner, **more}}
    return {**body, "mappings": {**mappings, "_meta": meta}}


def mark_of(mappings: Any) -> dict[str, Any]:
    """The mark in the mappings that an engine gives; empty where there is none."""
    meta = mappings.get("_meta") if isinstance(mappings, dict) else None
    mark = meta.get(OWNER_MARK) if isinstance(meta, dict) else None
    return mark if isinstance(mark, dict) else {}


def is_marked_by(mappings: Any, owner: str) -> bool:
    """True where the mappings bear the mark of this owner."""
    return mark_of(mappings).get("owner") == owner
