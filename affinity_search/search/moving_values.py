"""Which values of a hit moved it, and what the shopper's events say of them, by the engine's own documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from affinity_search.config.model import Config
from affinity_search.config.roles import ROLES
from affinity_search.engine.documents import Wanted, read_documents
from affinity_search.engine.protocol import Engine
from affinity_search.items.item import record_values
from affinity_search.items.keys import affinity_key
from affinity_search.lookups.coding import NUMBERS, TEXTS, slot_level
from affinity_search.profiles.documents import lookup_id
from affinity_search.search.answer import Hit, Reason
from affinity_search.signals import signal_of

__all__ = ["Shopper", "read_shopper", "with_values"]

Slot = tuple[str, str]


@dataclass(frozen=True)
class Shopper:
    """What the engine holds of a shopper: keys or values in the lists of some slots, and the entries of the profile."""

    lists: Mapping[Slot, frozenset[int | str]]
    entries: Mapping[tuple[str, str], Mapping[str, Any]]


def read_shopper(engine: Engine, config: Config, user: str, hits: Iterable[Hit]) -> Shopper:
    """The lists that found these hits, and the profile, in one request; empty where the engine has none of them."""
    slots = sorted({(reason.attribute, slot) for hit in hits for reason in hit.reasons for slot in reason.slots})
    if not slots:
        return Shopper({}, {})
    wanted = [Wanted(config.lookup_index, lookup_id(*slot, user), (NUMBERS, TEXTS)) for slot in slots]
    found = read_documents(engine, [*wanted, Wanted(config.profile_index, user)])
    *lists, profile = [document.source or {} for document in found]
    affinities = profile.get("affinities", {})
    entries = {(name, entry["value"]): entry for name, some in affinities.items() for entry in some}
    keys = [frozenset([*one.get(NUMBERS, ()), *one.get(TEXTS, ())]) for one in lists]
    return Shopper(dict(zip(slots, keys, strict=True)), entries)


def with_values(hit: Hit, config: Config, shopper: Shopper) -> Hit:
    """The hit with the values named that moved it; a value counts only where its key stands in a list that matched."""
    return replace(hit, reasons=tuple(_with_value(reason, hit, config, shopper) for reason in hit.reasons))


def _with_value(reason: Reason, hit: Hit, config: Config, shopper: Shopper) -> Reason:
    values = _moving(reason, _values(reason.attribute, hit, config), shopper)
    if not values:
        return reason
    entries = [shopper.entries.get((reason.attribute, value), {}) for value in values]
    # Of several values the weakest evidence counts, so that nothing said of them claims too much.
    roles = [entry.get("role") for entry in entries]
    role = None if None in roles else max(roles, key=ROLES.index)
    related = reason.attribute not in config.attributes and entries[0].get("count", 1) == 0
    return replace(reason, value=values[0], values=values, role=role, related=related)


def _values(attribute: str, hit: Hit, config: Config) -> tuple[str, ...]:
    if attribute in config.attributes:
        return record_values(hit.source, config.attributes[attribute].values_path)
    return (hit.id,) if signal_of(attribute).name else ()  # of an id list, or of an attribute that is not known here


def _moving(reason: Reason, values: Iterable[str], shopper: Shopper) -> tuple[str, ...]:
    levels = {value: _level(reason, {affinity_key(value), value}, shopper) for value in values}
    # Of bits every value that has one counts; of the steps of a thermometer only those that reach the highest.
    least = reason.level if all(slot.startswith("t") for slot in reason.slots) else 1
    return tuple(
        sorted((value for value in levels if levels[value] >= least), key=lambda value: (-levels[value], value))
    )


def _level(reason: Reason, keys: Set[int | str], shopper: Shopper) -> int:
    """The level that the lists which found the hit give the value with this key, which they may hold themselves."""
    return sum(
        slot_level(slot) for slot in reason.slots if keys & shopper.lists.get((reason.attribute, slot), frozenset())
    )
