"""The formula in arrays: levels, boosts, the window, saturation weights that fit; configurations with other numbers."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config import Config, parse_config
from affinity_search.lookups.clauses import level_boosts
from affinity_search.offline.changes import changed, value_at
from affinity_search.offline.formula import Shop, boosts, scores
from affinity_search.offline.replay import Ranking
from affinity_search.offline.scorer import levels, saturation_weight
from tests.offline_data import scorer, searches
from tests.profile_data import plain_level

CONFIG = parse_config(
    """
events: {types: {purchase: {weight: 1}}}
attributes:
  brand: {field: attrs.brand, strength: 0.1, saturation_weight: 4}
  theme: {field: attrs.theme, strength: 0.05, saturation_weight: 3, multi_valued: true, levels: 3}
item_affinity: {strength: 0.5, saturation_weight: 2, bought_before: {weight: 1}, related: {weight: 0.5}}
popularity: {all_time: {weight: 2}, recent: {weight: 1}}
search: {max_boost: 2, window: 10}
"""
)


@given(st.floats(1e-6, 20), st.floats(0.01, 9), st.sampled_from([1, 3, 7, 15, 255]))
def test_levels_are_those_of_the_profiles(weight: float, full: float, most: int) -> None:
    assert levels(np.array([[weight, 0.0]]), full, most).tolist() == [[plain_level(weight, full, most), 0]]


def test_levels_at_halves() -> None:
    steps = [0.0, 0.01, 0.47, 1.4999999999999998, 1.5, 2.4999999999999996, 2.5, 6.5, 99.0]
    assert levels(np.array([steps]), 7.0, 7).tolist() == [[0, 1, 1, 1, 2, 2, 3, 7, 7]]
    known = np.array([[True] * 3 + [False] * 6])
    assert levels(np.array([steps]), 7.0, 7, known).tolist() == [[0, 1, 1, 1, 2, 2, 3, 7, 7]]


def test_an_item_never_had_may_get_no_level() -> None:
    weights, known = np.array([[0.01, 0.01, 5.0]]), np.array([[True, False, False]])
    assert levels(weights, 1.0, 7, known).tolist() == [[1, 0, 7]]


def test_scores_are_those_of_the_formula() -> None:
    some = searches([{3}], owned={1}, text=[2.0, 1.5, 1.0, 0.5], popular=[0.0, 1.0, 2.0, 3.0], recent=0.5)
    found = scorer(
        some, brand=[0.0, 1.0, 2.5, 9.0], theme=[1.0, 0, 0, 2.6], bought=[0, 0.01, 0, 0], related=[0, 0, 3, 0]
    )
    relevance = [2.0 + 0 + 0.5, 1.5 + 2 + 0.5, 1.0 + 4 + 0.5, 0.5 + 6 + 0.5]
    by_level = level_boosts(CONFIG)
    wanted = {"brand": [0, 4, 9, 15], "theme": [1, 0, 0, 3], "item": [0, 1, 11, 0]}
    boosted = [sum(by_level[part][row[n]] for part, row in wanted.items()) for n in range(4)]
    expected = [r * (1 + boost) for r, boost in zip(relevance, boosted, strict=True)]
    assert found.scores(CONFIG).tolist() == [pytest.approx(expected)]


def test_newness_is_part_of_relevance_and_so_of_the_generic_order() -> None:
    config = changed(CONFIG, {"popularity.newness.weight": 3.0, "popularity.newness.half_life_days": 10.0})
    some = searches([{3}], text=[2.0, 1.5, 1.0, 0.5], age=[np.inf, 20.0, 10.0, 0.0])
    assert scorer(some).scores(config).tolist() == [[2.0, 1.5 + 3 / 4, 1.0 + 3 / 2, 0.5 + 3.0]]
    assert scorer(some).scores(CONFIG).tolist() == [[2.0, 1.5, 1.0, 0.5]]
    assert (scorer(some).generic(config).mean_all, scorer(some).generic(CONFIG).mean_all) == (
        1.0,
        pytest.approx(1 / np.log2(5)),
    )


@given(st.lists(st.integers(0, 15), min_size=12, max_size=12))
def test_scores_are_those_that_an_evaluation_computes(given_levels: list[int]) -> None:
    config = parse_config(
        "{events: {types: {p: {weight: 1}}}, attributes: {brand: {field: attrs.brand, saturation_weight: 15}},"
        " popularity: {all_time: {weight: 0}}, search: {window: 10}}"
    )
    text = [20.0 - n for n in range(12)]
    found = scorer(searches([{0}], text=text), brand=[float(n) for n in given_levels]).scores(config)
    values = {f"v{n}": n for n in given_levels if n}
    items = {f"i{place}": [f"v{n}"] for place, n in enumerate(given_levels)}
    shop = Shop(level_boosts(config), {"brand": items}, {"u": {"brand": values}}, frozenset(), frozenset(), 10)
    generic = Ranking(tuple(items), tuple(text))
    assert found.tolist() == [pytest.approx(scores(shop, generic, boosts(shop, generic.ids, "u"), shop.parts))]


def test_of_several_values_in_bits_a_hit_gets_each_bit_that_any_has() -> None:
    config = parse_config(
        "{events: {types: {p: {weight: 1}}}, attributes: {brand: {field: attrs.brand, saturation_weight: 15}},"
        " popularity: {all_time: {weight: 0}}, search: {window: 10}}"
    )
    first, second = [5.0, 8.0, 0.0, 15.0], [10.0, 9.0, 3.0, 1.0]
    found = scorer(searches([{0}]), brand=first, second=second).scores(config)
    by_level = level_boosts(config)["brand"]
    assert found.tolist() == [pytest.approx([1 + by_level[level] for level in (15, 9, 3, 15)])]
    # The same hits in an evaluation of the engine.
    items = {f"i{n}": [f"a{n}", f"b{n}"] for n in range(4)}
    values = {f"{name}{n}": int(row[n]) for name, row in (("a", first), ("b", second)) for n in range(4) if row[n]}
    shop = Shop(level_boosts(config), {"brand": items}, {"u": {"brand": values}}, frozenset(), frozenset(), 10)
    assert boosts(shop, list(items), "u")["brand"] == pytest.approx([by_level[level] for level in (15, 9, 3, 15)])


def test_only_the_window_is_lifted() -> None:
    config = parse_config(
        "{events: {types: {p: {weight: 1}}},"
        " attributes: {brand: {field: attrs.brand, saturation_weight: 1, strength: 1}}, search: {window: 10}}"
    )
    # By popularity the last candidate stands first, and the second but last just outside the window.
    some = searches([{10}], text=[12.0 - n for n in range(12)], popular=[0.0] * 11 + [50.0])
    found = scorer(some, brand=[0.0] * 10 + [1.0, 1.0])
    assert found.scores(config)[0, 9:] == pytest.approx([3.0, 2.0, 102.0])
    assert found.scores(config, whole=True)[0, 9:] == pytest.approx([3.0, 4.0, 102.0])
    every = config.model_copy(update={"search": config.search.model_copy(update={"shape": "function_score"})})
    assert found.scores(every)[0, 9:] == pytest.approx([3.0, 4.0, 102.0])


def test_what_was_bought_steps_back() -> None:
    config = parse_config("{events: {types: {buy: {weight: 1}}}, item_affinity: {owned_demotion: 0.5}}")
    some = searches([{3}], owned={1})
    assert scorer(some).scores(config).tolist() == [[1.5, 1.0, 1.5, 1.5]]
    assert scorer(searches([{3}])).scores(config).tolist() == [[1.0] * 4]
    assert scorer(some).fitted(config, ["owned_demotion"]) == config


def test_quality_of_both_orders() -> None:
    config = parse_config("{events: {types: {p: {weight: 1}}}, attributes: {brand: {field: attrs.brand}}}")
    found = scorer(searches([{3}]), brand=[0.0, 1.0, 0.0, 2.0])
    assert found.generic(config).all.tolist() == [pytest.approx(1 / log2(5))]
    assert found.personalised(config).all.tolist() == [1.0]


def test_saturation_weights_fit_what_is_switched_on() -> None:
    found = scorer(searches([{3}]), brand=[0.0, 1.0, 1.5, 2.0], bought=[0.0, 0.5, 0.0, 0.0], related=[0, 0, 0.2, 0])
    fitted = found.fitted(CONFIG, ["brand", "theme", "item"])
    assert fitted.attributes["brand"].saturation_weight == 1.5
    assert fitted.attributes["theme"].saturation_weight == 3.0
    assert fitted.item_affinity.saturation_weight == 0.1
    only = found.fitted(CONFIG, ["brand"])
    assert (only.attributes["brand"].saturation_weight, only.item_affinity.saturation_weight) == (1.5, 2.0)


def test_saturation_weight_is_the_99th_percentile() -> None:
    assert saturation_weight(np.array([0.0, *(n / 100 for n in range(1, 102))])) == 1.0
    assert saturation_weight(np.array([0.001])) == 0.01
    assert saturation_weight(np.array([1.23456])) == 1.23


# --- changes


def test_a_number_is_changed_by_its_address() -> None:
    found = changed(CONFIG, {"attributes.brand.strength": 0.2, "search.window": 50})
    assert (found.attributes["brand"].strength, found.search.window) == (0.2, 50)
    assert CONFIG.attributes["brand"].strength == 0.1
    assert value_at(found, "attributes.brand.strength") == 0.2
    assert value_at(found, "item_affinity.bought_before.half_life_days") == 90.0


def test_the_bound_grows_with_the_strengths_up_to_eight() -> None:
    def bound(strength: float) -> float:
        return changed(CONFIG, {"item_affinity.strength": strength}).search.max_boost

    assert (bound(1.5), bound(50), bound(0)) == (4.0, 8.0, 2.0)


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected at most search\.window"):
        changed(CONFIG, {"search.window": 5})
    assert isinstance(changed(CONFIG, {}), Config)
