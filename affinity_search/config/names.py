"""Every name that a configuration gives to something in the engine, and the names that are kept for the product."""

from __future__ import annotations

__all__ = [
    "ITEM",
    "OWNED_DEMOTION",
    "OWNER_MARK",
    "first_index",
    "item_keys_pipeline",
    "ledger_index",
    "lookup_index",
    "profile_index",
]

ITEM = "item"
"""The attribute of the id list: what is known of this shopper and single items."""
OWNED_DEMOTION = "owned_demotion"
"""The items that the shopper bought; a hit that is none of them is boosted by `item_affinity.owned_demotion`."""
OWNER_MARK = "affinity_search"
"""The key in the `_meta` of an index under which this product notes whose the index is, and what it published."""


def lookup_index(prefix: str) -> str:
    """Alias of the documents that the engine looks up."""
    return f"{prefix}-lookup"


def profile_index(prefix: str) -> str:
    """Alias of the profiles that people read."""
    return f"{prefix}-profiles"


def ledger_index(prefix: str) -> str:
    """Index of the deployment ledger."""
    return f"{prefix}-ledger"


def item_keys_pipeline(prefix: str) -> str:
    """Ingest pipeline that gives items their affinity keys."""
    return f"{prefix}-item-keys"


def first_index(alias: str) -> str:
    """Index that is made for an alias of ours."""
    return f"{alias}-000001"
