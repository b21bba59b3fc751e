"""The formula in plain Python, on numbers that can be worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.weights.formula import decay, item_weight, level, log_lift


def test_an_event_counts_half_after_a_half_life() -> None:
    assert [decay(age, 90) for age in (0, 90, 180, 270)] == [1, 0.5, 0.25, 0.125]


def test_log_lift_is_that_of_a_hand_worked_example() -> None:
    # 4 of 15 decayed events, a value that makes up a tenth of the population: 4 / (0.1 * (5 + 15)) = 2.
    assert log_lift(4, 0.1, 15, 5) == math.log(3)


def test_a_value_never_seen_weighs_nothing() -> None:
    assert log_lift(0, 0.1, 15, 5) == 0
    assert item_weight(0, 1) == 0


def test_a_shopper_like_everybody_has_little_lift_and_a_short_history_less() -> None:
    like_all = log_lift(10, 0.1, 100, 5)
    assert like_all < math.log(2) < log_lift(30, 0.1, 100, 5)
    assert log_lift(1, 0.1, 1, 5) < log_lift(10, 0.1, 10, 5)


def test_item_weight_is_a_share_of_the_log_of_the_count() -> None:
    assert item_weight(math.e - 1, 1) == 1
    assert item_weight(3, 0.5) == 0.5 * math.log(4)


@pytest.mark.parametrize(
    ("weight", "expected"),
    [(1e-9, 1), (0.26, 1), (0.79, 1), (0.81, 2), (4, 8), (7.74, 15), (8, 15), (9, 15), (1e9, 15)],
)
def test_levels_are_linear_up_to_the_saturation_weight(weight: float, expected: int) -> None:
    assert level(weight, 8, 15) == expected


def test_halves_are_rounded_up() -> None:
    assert [level(weight, 4, 4) for weight in (1.5, 2.5, 3.5)] == [2, 3, 4]


@given(
    st.floats(1e-12, 1e6), st.floats(1e-12, 1e6), st.floats(0.01, 1e3), st.sampled_from([1, 3, 4, 7, 15, 31, 63, 255])
)
def test_a_higher_weight_never_has_a_lower_level(a: float, b: float, saturation_weight: float, levels: int) -> None:
    low, high = sorted((a, b))
    assert 1 <= level(low, saturation_weight, levels) <= level(high, saturation_weight, levels) <= levels
