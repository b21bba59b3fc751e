"""Slots: what is written, and that the levels come back exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config import Config
from affinity_search.items.keys import affinity_key
from affinity_search.lookups.coding import Coding, all_bits, codings, decode, encode, matched_level, slot_level
from tests.profile_data import config

ALDER, BIRCH, CEDAR = sorted(map(affinity_key, ("Alder", "Birch", "Cedar")))
BY_KEY = {affinity_key(value): value for value in ("Alder", "Birch", "Cedar")}

BITS = st.sampled_from([1, 3, 7, 15, 31, 63, 127, 255]).map(Coding)
THERMOMETERS = st.integers(1, 15).map(lambda levels: Coding(levels, multi_valued=True))
CODED = st.one_of(BITS, THERMOMETERS).flatmap(
    lambda coding: st.tuples(
        st.just(coding), st.dictionaries(st.text(max_size=9), st.integers(1, coding.levels), max_size=30)
    )
)


def test_slots_have_names_in_order() -> None:
    assert Coding(1).slots == ("b0",)
    assert Coding(15).slots == ("b0", "b1", "b2", "b3")
    assert Coding(3, multi_valued=True).slots == ("t1", "t2", "t3")


def test_bits_of_the_levels() -> None:
    levels = {BY_KEY[ALDER]: 5, BY_KEY[BIRCH]: 1, BY_KEY[CEDAR]: 8}
    assert encode(levels, Coding(15)) == {"b0": [ALDER, BIRCH], "b2": [ALDER], "b3": [CEDAR]}


@given(CODED)
def test_texts_stand_where_their_keys_would(coded: tuple[Coding, dict[str, int]]) -> None:
    coding, levels = coded
    texts = encode(levels, replace(coding, texts=True))
    assert {slot: sorted(affinity_key(str(value)) for value in values) for slot, values in texts.items()} == encode(
        levels, coding
    )
    assert decode(texts) == levels


def test_thermometer_of_the_levels() -> None:
    levels = {BY_KEY[ALDER]: 3, BY_KEY[BIRCH]: 1}
    assert encode(levels, Coding(4, multi_valued=True)) == {"t1": [ALDER, BIRCH], "t2": [ALDER], "t3": [ALDER]}


def test_no_values_need_no_slot() -> None:
    assert encode({}, Coding(15)) == {}
    assert decode({}) == {}


def test_the_levels_of_slots() -> None:
    assert [slot_level(slot) for slot in ("b0", "b1", "b3", "b7", "t1", "t3", "t15")] == [1, 2, 8, 128, 1, 1, 1]
    assert matched_level(["b0", "b2"]) == 5
    assert matched_level(["t1", "t2", "t3"]) == 3
    assert matched_level([]) == 0


@given(CODED)
def test_levels_come_back(coded: tuple[Coding, dict[str, int]]) -> None:
    coding, levels = coded
    slots = encode(levels, coding)
    assert decode(slots) == {affinity_key(value): level for value, level in levels.items()}
    assert set(slots) <= set(coding.slots)
    assert all(keys == sorted(set(keys)) and keys for keys in slots.values())


@given(CODED)
def test_the_slots_that_hold_a_value_add_up_to_its_level(coded: tuple[Coding, dict[str, int]]) -> None:
    coding, levels = coded
    slots = encode(levels, coding)
    for value, level in levels.items():
        key = affinity_key(value)
        assert matched_level(slot for slot, keys in slots.items() if key in keys) == level


@given(CODED, st.data())
def test_a_hit_with_several_values_gets_the_highest_level(
    coded: tuple[Coding, dict[str, int]], data: st.DataObject
) -> None:
    coding, levels = coded
    if not coding.multi_valued or not levels:
        return
    of_hit = data.draw(st.lists(st.sampled_from(sorted(levels)), min_size=1))
    keys_of_hit = {affinity_key(value) for value in of_hit}
    slots = encode(levels, coding)
    matched = [slot for slot, keys in slots.items() if keys_of_hit.intersection(keys)]
    assert matched_level(matched) == max(levels[value] for value in of_hit)


@given(CODED, st.data())
def test_a_hit_with_several_values_in_bits_gets_each_bit_of_them(
    coded: tuple[Coding, dict[str, int]], data: st.DataObject
) -> None:
    coding, levels = coded
    if coding.multi_valued or not levels:
        return
    of_hit = data.draw(st.lists(st.sampled_from(sorted(levels)), min_size=1))
    keys_of_hit = {affinity_key(value) for value in of_hit}
    matched = [slot for slot, keys in encode(levels, coding).items() if keys_of_hit.intersection(keys)]
    assert matched_level(matched) == all_bits([levels[value] for value in of_hit])


def test_bits_of_several_levels() -> None:
    assert (all_bits([5]), all_bits([5, 10]), all_bits([4, 6, 1])) == (5, 15, 7)


def test_values_with_the_same_key_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affinity_search.lookups.coding.affinity_key", len)
    assert encode({"ab": 2, "cd": 5, "ef": 1, "g": 4}, Coding(7)) == {"b0": [2], "b2": [1, 2]}


def test_codings_are_those_of_what_is_switched_on() -> None:
    assert codings(config()) == {"brand": Coding(15), "colour": Coding(4, multi_valued=True), "item": Coding(7)}
    assert codings(config(item_affinity={"strength": 0}, attributes={})) == {}
    demoting = codings(config(item_affinity={"owned_demotion": 0.2}, attributes={}))
    assert demoting == {"owned_demotion": Coding(1, negated=True)}


def test_slots_are_as_many_as_the_lookups_budgeted() -> None:
    shop: Config = config()
    assert sum(len(coding.slots) for coding in codings(shop).values()) == shop.lookups == 4 + 4 + 3
