from __future__ import annotations

from typing import Any

import pytest

from affinity_search.items.keys import affinity_key
from affinity_search.items.staleness import StaleKeys, stale_keys

PATHS = {"brand": "brand.name", "size": "variants.size", "item": "_id"}


def keys(*values: str) -> list[int]:
    return [affinity_key(value) for value in values]


SOURCE = {
    "brand": {"name": "Acme"},
    "variants": [{"size": "s"}, {"size": "m"}, {"size": "s"}],
    "affinity": {"brand": keys("Acme"), "size": keys("m", "s"), "item": keys("42")},
}


def test_keys_of_the_values_fit_in_any_order_and_number() -> None:
    assert list(stale_keys("42", SOURCE, PATHS)) == []
    affinity = {"brand": affinity_key("Acme"), "size": keys("s", "m", "m"), "item": keys("42"), "gone": [1]}
    assert list(stale_keys("42", {**SOURCE, "affinity": affinity}, PATHS)) == []
    assert list(stale_keys("42", {"affinity": {"item": keys("42")}}, PATHS)) == []


def test_each_attribute_with_other_keys_is_named_with_its_values() -> None:
    changed = {**SOURCE, "brand": {"name": "Birch"}, "variants": []}
    assert list(stale_keys("42", changed, PATHS)) == [StaleKeys("brand", ("Birch",), 1), StaleKeys("size", (), 2)]
    assert list(stale_keys("7", SOURCE, PATHS)) == [StaleKeys("item", ("7",), 1)]


@pytest.mark.parametrize("affinity", [None, 5, "x", [], {}, {"brand": None, "size": [], "item": []}])
def test_keys_that_are_not_there_or_odd_are_none(affinity: Any) -> None:
    source = {**SOURCE, "affinity": affinity}
    assert list(stale_keys("42", source, PATHS)) == [
        StaleKeys("brand", ("Acme",), 0),
        StaleKeys("size", ("s", "m"), 0),
        StaleKeys("item", ("42",), 0),
    ]


def test_it_says_what_was_expected_and_found() -> None:
    assert str(StaleKeys("brand", ("Acme",), 0)) == "affinity.brand: expected the keys of 'Acme', found none"
    assert str(StaleKeys("size", ("a", "b", "c", "d"), 2)) == (
        "affinity.size: expected the keys of 'a', 'b', 'c', ..., found others"
    )
    assert str(StaleKeys("size", (), 2)) == "affinity.size: expected no keys, found others"
