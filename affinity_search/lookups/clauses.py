"""The lookup clauses of a personalised request, and the names by which a hit says which of them it matched.

A clause asks "is this item's key in the shopper's list for this slot?" and adds its boost when it is. Its name says all
there is to know about it, `brand|b2|0.2133`, so that a hit's `matched_queries` alone give the whole account:
score = relevance * (1 + sum of the boosts named).

A negated clause asks the other way round: `owned_demotion` adds its boost when the item is not in the list of what the
shopper bought, and nothing where there is no such list. A rescore may lower no score: what was bought steps back as all
else is boosted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from affinity_search.config.model import Config
from affinity_search.lookups.coding import NUMBERS, TEXTS, Coding, slot_level
from affinity_search.signals import Part, parts

__all__ = ["Lookup", "level_boosts", "lookups", "matched_boosts", "matched_levels", "matched_slots"]


@dataclass(frozen=True)
class Lookup:
    """One lookup clause: `boost` is what it adds to the factor, as the text that stands in template and name.

    `keys` are the items' keys that are looked up; with `items.keys: keyword` the field `values` is in their place. With
    `negated` it matches the items that are not found.
    """

    attribute: str
    slot: str
    boost: str
    index: str
    keys: str
    negated: bool = False
    values: str = ""

    @property
    def name(self) -> str:
        """The clause's name in `matched_queries`."""
        return f"{self.attribute}|{self.slot}|{self.boost}"

    @property
    def filter(self) -> dict[str, Any]:
        """The terms lookup; where it is negated all but what it finds, if the shopper has a document at all.

        A list that is not there matches nothing, so that all else would match: the document's `on` names the item
        index, and only with it the clause matches in that index.
        """
        found = self._terms(self.values, TEXTS) if self.values else self._terms(f"affinity.{self.keys}", NUMBERS)
        if self.negated:
            gate = self._terms("_index", "on")
            return {"bool": {"filter": [{"terms": gate}], "must_not": [{"terms": found}], "_name": self.name}}
        return {"terms": {**found, "_name": self.name}}

    def _terms(self, field: str, path: str) -> dict[str, Any]:
        # `{{.}}` is the value of the section, the shopper: inside an object sent as `user_id`, that name would be the
        # object's own. It stands last in the id so that no id can pass for another.
        return {field: {"index": self.index, "id": f"{self.attribute}.{self.slot}.{{{{.}}}}", "path": path}}


def lookups(config: Config) -> tuple[Lookup, ...]:
    """The lookup clauses of the configuration: of attributes in the order of the file, then of the other lists.

    The boosts of a list's matched slots add up to `boost * level / levels`, scaled so that the sum over all lists stays
    within `search.max_boost`. Empty where nothing has a strength.
    """
    scale, index = config.boost_scale, config.lookup_index
    texts = config.items.keys == "keyword"
    return tuple(lookup for part in parts(config).values() for lookup in _clauses(part, scale, index, texts=texts))


def level_boosts(config: Config) -> dict[str, list[float]]:
    """What each level adds to the factor, by attribute: index 0 (nothing) to `levels`, as the clauses add it up."""
    boosts: dict[str, list[float]] = {}
    for clause in lookups(config):
        known = boosts.setdefault(clause.attribute, [0.0])
        below = known[-1:] if clause.slot[0] == "t" else list(known)
        known += [boost + float(clause.boost) for boost in below]
    return boosts


def _clauses(part: Part, scale: float, index: str, *, texts: bool) -> Iterator[Lookup]:
    step = part.boost * scale / part.levels
    for slot in Coding(part.levels, part.multi_valued).slots:
        boost = f"{step * slot_level(slot):.6g}"
        yield Lookup(part.name, slot, boost, index, part.keys, part.negated, part.field if texts else "")


def matched_boosts(names: Iterable[str]) -> dict[str, float]:
    """What each affinity adds to the factor, by attribute, from a hit's `matched_queries`; other names are ignored."""
    boosts: dict[str, float] = {}
    for attribute, _, boost in _clause_names(names):
        boosts[attribute] = boosts.get(attribute, 0.0) + float(boost)
    return boosts


def matched_levels(names: Iterable[str]) -> dict[str, int]:
    """The level by attribute, from a hit's `matched_queries`: bits add up, slots of a thermometer count."""
    levels: dict[str, int] = {}
    for attribute, slot, _ in _clause_names(names):
        levels[attribute] = levels.get(attribute, 0) + (1 << int(slot[1:]) if slot[0] == "b" else 1)
    return levels


def matched_slots(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The slots by attribute, from a hit's `matched_queries`, in the order of their text."""
    slots: dict[str, list[str]] = {}
    for attribute, slot, _ in _clause_names(names):
        slots.setdefault(attribute, []).append(slot)
    return {attribute: tuple(sorted(some)) for attribute, some in slots.items()}


def _clause_names(names: Iterable[str]) -> list[tuple[str, str, str]]:
    parts = [tuple(name.split("|")) for name in names]
    return [(p[0], p[1], p[2]) for p in parts if len(p) == 3]
