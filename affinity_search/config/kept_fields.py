"""Fields of the items that are kept for the engine or for this package."""

from __future__ import annotations

__all__ = ["COMPUTED_FIELDS", "kept_for"]

COMPUTED_FIELDS = frozenset({"affinity", "affinity_gate", "popularity", "popularity_recent", "popularity_newness"})
METADATA_FIELDS = frozenset({
    "_doc_count", "_field_names", "_id", "_ignored", "_index", "_nested_path", "_routing", "_seq_no", "_source",
    "_version",
})  # fmt: skip


def kept_for(field: str) -> str:
    """What a field is kept for by the engine or by this package; empty for one that is free."""
    root = field.partition(".")[0]
    if root in METADATA_FIELDS:
        return "the engine itself"
    if root in COMPUTED_FIELDS:
        return "what is computed from events"
    return "an object" if field == "attrs" else ""
