"""Index mappings compared: what is already there, what would be added, and what cannot be changed in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["as_engine_says", "conflicts", "contains", "merged"]

CHANGEABLE = frozenset({"_meta", "dynamic"})


def as_engine_says(mappings: Any) -> Any:
    """The mappings the way the engine gives them back: `dynamic` as text, no type for an object with properties."""
    if not isinstance(mappings, dict):
        return mappings
    known = {key: as_engine_says(part) for key, part in mappings.items()}
    if isinstance(known.get("dynamic"), bool):
        known["dynamic"] = str(known["dynamic"]).lower()
    if known.get("type") == "object" and "properties" in known:
        del known["type"]
    return known


def contains(found: Any, wanted: Any) -> bool:
    """True where every field and parameter of `wanted` is in `found` with the same value; an empty object always is."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(contains(found.get(key, {}), value) for key, value in wanted.items())
    return bool(found == wanted)


def merged(found: Any, wanted: Any) -> Any:
    """The mappings after `wanted` has been put on top of `found`."""
    if not (isinstance(found, dict) and isinstance(wanted, dict)):
        return wanted
    return found | {key: merged(found[key], value) if key in found else value for key, value in wanted.items()}


def conflicts(found: Any, wanted: Any) -> list[str]:
    """Addresses, such as `properties.v.type`, where both say something and not the same: no index can take that."""
    return sorted(_conflicts(found, wanted, ""))


def _conflicts(found: Any, wanted: Any, at: str) -> Iterator[str]:
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in found.keys() & wanted.keys() - CHANGEABLE:
            yield from _conflicts(found[key], wanted[key], f"{at}.{key}" if at else key)
    elif found != wanted:
        yield at
