"""Levels to slot lists and back: bits for single-valued attributes and items, a thermometer for multi-valued ones.

A slot is one lookup. With bits, slot `b2` lists the keys of all values whose level has bit 2; a hit matches the slots
of its one value, and the slots' levels (1, 2, 4, ...) add up to that value's level. A hit with several values would
match the union of their bits, so multi-valued attributes use a thermometer: slot `t3` lists the keys with level 3 or
more, every slot counts 1, and the matched slots add up to the highest level among the hit's values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TypeVar

from affinity_search.config.model import Config
from affinity_search.items.keys import affinity_key
from affinity_search.signals import parts

__all__ = [
    "NUMBERS",
    "TEXTS",
    "Coding",
    "all_bits",
    "codings",
    "decode",
    "encode",
    "matched_level",
    "slot_level",
]


NUMBERS, TEXTS = "v", "k"

Key = TypeVar("Key", int, str)
Levels = TypeVar("Levels")
"""A level, or an array of them."""


@dataclass(frozen=True)
class Coding:
    """How the levels of one attribute stand in the engine; `levels` >= 1.

    With `negated` a hit is boosted that the lists do not hold. With `texts` the lists hold the values themselves in
    place of their numeric keys.
    """

    levels: int
    multi_valued: bool = False
    negated: bool = False
    texts: bool = False

    @property
    def path(self) -> str:
        """Where a lookup document holds its list: numbers and texts apart, so that no field ever meets the others."""
        return TEXTS if self.texts else NUMBERS

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of all slots: b0 .. for bits, t1 .. for a thermometer."""
        if self.multi_valued:
            return tuple(f"t{step}" for step in range(1, self.levels + 1))
        return tuple(f"b{bit}" for bit in range(self.levels.bit_length()))


def codings(config: Config) -> dict[str, Coding]:
    """The coding of every list that is switched on, by name: attributes in the order of the file, then the others."""
    texts = config.items.keys == "keyword"
    return {name: Coding(part.levels, part.multi_valued, part.negated, texts) for name, part in parts(config).items()}


def slot_level(slot: str) -> int:
    """How many levels a match of the slot stands for: 2^k for `bk`, 1 for `tk`."""
    return 1 << int(slot[1:]) if slot[0] == "b" else 1


def matched_level(slots: Iterable[str]) -> int:
    """The level of a hit of which these slots of one attribute matched; 0 for none."""
    return sum(map(slot_level, slots))


def all_bits(levels: Sequence[Levels]) -> Levels:
    """The level that a hit with these levels of several values gets where slots are bits: each bit that any has.

    `levels` has at least one level.
    """
    return reduce(or_, levels)


def encode(levels: Mapping[str, int], coding: Coding) -> Mapping[str, Sequence[int | str]]:
    """The sorted keys of each slot that is not empty, in the order of the slots; no slot for no values.

    `levels` holds 1 .. coding.levels by value. Two values with the same key count as one, with the higher level.
    """
    if coding.texts:
        return _lists(sorted(levels.items()), coding)
    keyed: dict[int, int] = {}
    for value, level in levels.items():
        key = affinity_key(value)
        if level > keyed.get(key, 0):
            keyed[key] = level
    return _lists(sorted(keyed.items()), coding)


def _lists(pairs: Sequence[tuple[Key, int]], coding: Coding) -> dict[str, list[Key]]:
    if coding.multi_valued:
        lists = [[key for key, level in pairs if level >= step] for step in range(1, coding.levels + 1)]
    else:
        lists = [[key for key, level in pairs if level & bit] for bit in map(slot_level, coding.slots)]
    return {slot: keys for slot, keys in zip(coding.slots, lists, strict=True) if keys}


def decode(slots: Mapping[str, Sequence[Key]]) -> dict[Key, int]:
    """The level of each key that stands in any of the slots; the inverse of `encode`, by key."""
    levels: dict[Key, int] = {}
    for slot, keys in slots.items():
        for key in keys:
            levels[key] = levels.get(key, 0) + slot_level(slot)
    return levels
