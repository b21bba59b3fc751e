"""One item out of the records of one id: rows of variants, or a table with a row for each value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from affinity_search.inputs.values import number_text
from affinity_search.sources import RawRecord

__all__ = ["id_text", "united"]

Pair = tuple[RawRecord, dict[str, Any]]


def united(pairs: Iterator[Pair]) -> Iterator[Pair]:
    """Broken records and those without an id as they come; then an item for each id, in the order of the first records.

    The first text of each field counts, the lowest price, and of attributes all values in order. All items are held
    until the end of the file.
    """
    found: dict[str, Pair] = {}
    for record, item in pairs:
        identity = id_text(item.get("id"))
        if record.problem or not identity:
            yield record, item
        elif identity in found:
            _unite(found[identity][1], item)
        else:
            found[identity] = record, _with_lists(item)
    yield from found.values()


def id_text(found: object) -> str:
    """The id as text, 12 for 12.0; empty for what can be none."""
    if isinstance(found, str):
        return found
    if isinstance(found, int | float) and not isinstance(found, bool):
        return number_text(found) or ""
    return ""


def _with_lists(item: dict[str, Any]) -> dict[str, Any]:
    attrs = item.get("attrs")
    if not isinstance(attrs, dict):
        return item
    return {**item, "attrs": {name: [*_listed(values)] for name, values in attrs.items()}}


def _unite(first: dict[str, Any], other: Mapping[str, Any]) -> None:
    for name, value in other.items():
        if name == "attrs" and isinstance(value, dict) and isinstance(first.setdefault("attrs", {}), dict):
            for attribute, values in value.items():
                known = first["attrs"].setdefault(attribute, [])
                known.extend(part for part in _listed(values) if part not in known)
        elif name == "keep" and isinstance(value, dict):
            first["keep"] = {**value, **first.get("keep", {})}
        elif name == "price" and _lower(value, first.get("price")):
            first["price"] = value
        else:
            first.setdefault(name, value)


def _lower(value: object, known: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (not isinstance(known, int | float) or value < known)
    )


def _listed(values: object) -> list[Any]:
    return values if isinstance(values, list) else [values]
