"""A shopper's documents: one small lookup document per attribute and slot for the engine, one profile for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from affinity_search.lookups.coding import Coding, encode

__all__ = ["Entry", "lookup_documents", "lookup_id", "profile_document", "shopper_of"]

Entry = tuple[str, float, float, int, str | None]
"""One taste: a value, the decayed count of the events behind it, its weight (log lift over the population), its level,
and the role of these events (None in a build from before there were roles).

A plain tuple, because a publication makes millions of them."""


def lookup_id(attribute: str, slot: str, user_id: str) -> str:
    """The `_id` of a lookup document; the shopper's part stands last, so that no id can pass for another."""
    return f"{attribute}.{slot}.{user_id}"


def shopper_of(lookup: str) -> str:
    """The shopper in the `_id` of a lookup document."""
    return lookup.split(".", 2)[2]


def lookup_documents(
    user_id: str, affinities: Mapping[str, Sequence[Entry]], codings: Mapping[str, Coding], item_index: str
) -> dict[str, dict[str, Sequence[int | str]]]:
    """The lookup documents by `_id`, each {"v": keys}, {"k": values} of texts; none for a slot that nothing falls into.

    A negated one holds the alias of the item index, too: `"on": [item_index]`.
    """
    on = {"on": [item_index]}
    return {
        lookup_id(name, slot, user_id): {codings[name].path: keys, **on}
        if codings[name].negated
        else {codings[name].path: keys}
        for name, entries in affinities.items()
        for slot, keys in encode({value: level for value, _, _, level, _ in entries}, codings[name]).items()
    }


def profile_document(
    user_id: str, affinities: Mapping[str, Sequence[Entry]], *, build: int, as_of: str, events: float
) -> dict[str, Any]:
    """The profile that people read: the entries of each attribute in the order given.

    `as_of` is a date (YYYY-MM-DD), or empty where events have no calendar; `events` is how many events were counted.
    """
    document: dict[str, Any] = {"user_id": user_id, "build": build, "events": events}
    if as_of:
        document["as_of"] = as_of
    document["affinities"] = {name: _readable(entries) for name, entries in affinities.items()}
    return document


def _readable(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return [
        {"value": value, "level": level, "weight": weight, "count": count, **({"role": role} if role else {})}
        for value, count, weight, level, role in entries
    ]
