"""The formula outside the engine: levels to boosts, boosts to scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from affinity_search.config import parse_config
from affinity_search.offline.formula import Shop, boosts, read_shop, scores
from affinity_search.state import open_state
from tests.evaluate_data import ranking

SHOP = Shop(
    boosts={"brand": [0.0, 0.1, 0.2, 0.3], "colour": [0.0, 0.5, 1.0], "item": [0.0, 2.0]},
    values={
        "brand": {"a": ["alder"], "b": ["birch"], "c": ["alder", "birch"]},
        "colour": {"a": ["red"], "b": ["red", "blue"], "c": ["white"]},
    },
    levels={
        "u": {"brand": {"alder": 1, "birch": 2}, "colour": {"red": 1, "blue": 2}, "item": {"c": 1}},
        "v": {"item": {"a": 1}},
    },
    multi_valued=frozenset({"colour"}),
    negated=frozenset({"owned_demotion"}),
    window=3,
)


def test_the_lifts_of_each_candidate() -> None:
    assert boosts(SHOP, "abcd", "u") == {
        # c has both brands: the engine finds the bits of both, level 1 | 2 = 3.
        "brand": [0.1, 0.2, 0.3, 0.0],
        # b is red and blue: the highest level counts.
        "colour": [0.5, 1.0, 0.0, 0.0],
        "item": [0.0, 0.0, 2.0, 0.0],
    }
    assert boosts(SHOP, "ab", "v") == {"item": [2.0, 0.0]}
    assert boosts(SHOP, "ab", "nobody") == boosts(SHOP, "ab", None) == {}
    assert boosts(SHOP, "", "v") == {"item": []}


def test_what_was_not_bought_is_lifted_where_something_was() -> None:
    shop = replace(
        SHOP,
        boosts={"item": [0.0, 2.0], "owned_demotion": [0.0, 0.25]},
        levels={"u": {"owned_demotion": {"b": 1, "gone": 1}}, "v": {"item": {"a": 1}}},
    )
    assert shop.parts == ("item", "owned_demotion")
    assert boosts(shop, "abcd", "u") == {"owned_demotion": [0.25, 0.0, 0.25, 0.25]}
    assert boosts(shop, "ab", "v") == {"item": [2.0, 0.0]}
    assert boosts(shop, "ab", "nobody") == {}
    found = ranking("abcd", (4.0, 3.0, 2.0, 1.0))
    # d lies beyond the window.
    assert scores(shop, found, boosts(shop, found.ids, "u"), shop.parts) == [5.0, 3.0, 2.5, 1.0]
    assert scores(shop, found, boosts(shop, found.ids, "u"), {"item"}) == [4.0, 3.0, 2.0, 1.0]


def test_the_scores_within_the_window() -> None:
    found = ranking("abcd", (4.0, 3.0, 2.0, 1.0))
    boosted = boosts(SHOP, found.ids, "u")
    assert scores(SHOP, found, boosted, SHOP.parts) == pytest.approx([4 * 1.6, 3 * 2.2, 2 * 3.3, 1.0])
    assert scores(SHOP, found, boosted, {"brand"}) == pytest.approx([4.4, 3.6, 2.6, 1.0])
    assert scores(SHOP, found, boosted, set()) == [4.0, 3.0, 2.0, 1.0]
    assert scores(SHOP, found, {}, SHOP.parts) == [4.0, 3.0, 2.0, 1.0]
    assert scores(SHOP, ranking(""), {}, SHOP.parts) == []


CONFIG = """
events: {types: {purchase: {weight: 1}}}
attributes:
  brand: {field: attrs.brand, strength: 0.1, saturation_weight: 3, levels: 3}
  colour: {field: attrs.colour, multi_valued: true, strength: 0.5, saturation_weight: 2, levels: 2}
  unused: {field: attrs.unused, strength: 0}
"""


def test_the_shop_is_read_from_the_state(tmp_path: Path) -> None:
    with open_state(tmp_path / "state.duckdb") as state:
        state.execute("INSERT INTO item_values VALUES ('a', 'attrs.brand', 'alder'), ('b', 'attrs.unused', 'x')")
        state.execute(
            "INSERT INTO profile_entries VALUES ('u', 'brand', 'alder', 1, 1, 2, 'purchase'), "
            "('w', 'brand', 'alder', 1, 1, 2, 'purchase')"
        )
        shop = read_shop(state, parse_config(CONFIG), ["u", "nobody"])
        whole = read_shop(state, parse_config(CONFIG + "search: {shape: function_score}"), [])
    assert shop.parts == ("brand", "colour")
    assert shop.boosts["brand"] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert shop.boosts["colour"] == pytest.approx([0.0, 0.5, 1.0])
    assert shop.values == {"brand": {"a": ["alder"]}, "colour": {}}
    assert shop.levels == {"u": {"brand": {"alder": 2}}}
    assert shop.multi_valued == frozenset({"colour"})
    assert (shop.window, whole.window) == (100, 10**9)
