"""The difference between two sides and its bootstrap interval."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.offline import comparison
from affinity_search.offline.comparison import Difference, compare

VALUES = st.dictionaries(
    st.integers(0, 30).map(str), st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from("abcde")), max_size=12
)


def test_two_shoppers_are_drawn_as_wholes() -> None:
    base = {"q1": 0.5, "q2": 0.5, "q3": 1.0}
    other = {"q1": 1.0, "q2": 0.5, "q3": 1.0}
    found = compare(base, other, {"q1": "u", "q2": "u", "q3": "v"})
    # Both of u (1.0 -> 1.5), both of v (1.0 -> 1.0), or one each (2.0 -> 2.5): nothing in between.
    assert found == Difference(25.0, (0.0, 50.0))


def test_equal_sides_differ_by_nothing() -> None:
    base = {"q1": 0.3, "q2": 0.7, "q3": 0.1}
    shopper = {"q1": "u", "q2": "v", "q3": "w"}
    assert compare(base, dict(base), shopper) == Difference(0.0, (0.0, 0.0))
    constant = dict.fromkeys(base, 0.5)
    assert compare(constant, dict.fromkeys(base, 0.25), shopper) == Difference(-50.0, (-50.0, -50.0))


def test_a_base_of_nothing_says_nothing() -> None:
    shopper = {"q1": "u", "q2": "v"}
    assert compare({"q1": 0.0, "q2": 0.0}, {"q1": 1.0, "q2": 0.0}, shopper) == Difference(None, None)
    assert compare({}, {}, shopper) == Difference(None, None)


def test_one_shopper_has_no_interval() -> None:
    assert compare({"q1": 0.5, "q2": 0.5}, {"q1": 1.0, "q2": 0.5}, {"q1": "u", "q2": "u"}) == Difference(50.0, None)


def test_draws_without_a_base_are_left_out() -> None:
    found = compare({"q1": 0.0, "q2": 1.0}, {"q1": 0.5, "q2": 1.0}, {"q1": "u", "q2": "v"})
    # (v, v): +0 %; one each: +50 %; (u, u) has no base.
    assert found == Difference(50.0, (0.0, 50.0))


def test_the_interval_is_that_of_the_textbook() -> None:
    chance = Random(5)
    base = {f"q{n}": chance.random() for n in range(200)}
    other = {qid: value + chance.gauss(0.02, 0.1) for qid, value in base.items()}
    found = compare(base, other, {qid: qid for qid in base})
    # Standard error of the ratio estimate, from the residuals.
    ratio = sum(other.values()) / sum(base.values())
    spread = sum((other[qid] - ratio * base[qid]) ** 2 for qid in base) ** 0.5 / sum(base.values())
    assert found.percent == pytest.approx(100 * (ratio - 1))
    assert found.interval == pytest.approx(
        (100 * (ratio - 1 - 1.96 * spread), 100 * (ratio - 1 + 1.96 * spread)), abs=0.25
    )


def test_a_seed_gives_the_same_interval_and_another_one_another() -> None:
    chance = Random(6)
    base = {f"q{n}": chance.random() for n in range(50)}
    other = {qid: chance.random() for qid in base}
    shopper = {qid: f"u{n % 20}" for n, qid in enumerate(base)}
    assert compare(base, other, shopper, seed=1) == compare(base, other, shopper, seed=1)
    assert compare(base, other, shopper, seed=1).interval != compare(base, other, shopper, seed=2).interval


def test_draws_that_are_not_kept_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    base, other = {"q1": 0.5, "q2": 0.2, "q3": 0.9}, {"q1": 0.1, "q2": 0.7, "q3": 0.9}
    shopper = {"q1": "u", "q2": "v", "q3": "w"}
    kept = compare(base, other, shopper, seed=3)
    monkeypatch.setattr(comparison, "MOST_KEPT", 2)
    assert compare(base, other, shopper, seed=3) == kept


@given(VALUES)
@settings(deadline=None)
def test_the_interval_is_in_order_and_names_do_not_matter(values: dict[str, tuple[float, float, str]]) -> None:
    base = {qid: before for qid, (before, _, _) in values.items()}
    other = {qid: after for qid, (_, after, _) in values.items()}
    shopper = {qid: user for qid, (_, _, user) in values.items()}
    found = compare(base, other, shopper)
    assert found == compare(dict(reversed(base.items())), other, shopper)
    assert (found.interval is None) == (not sum(base.values()) or len(set(shopper.values())) < 2)
    if found.interval:
        assert -100 <= found.interval[0] <= found.interval[1]


def test_what_is_sure() -> None:
    assert Difference(5.0, (1.0, 9.0)).sure_gain
    assert Difference(-5.0, (-9.0, -1.0)).sure_loss
    for unsure in (Difference(5.0, (-1.0, 9.0)), Difference(0.0, (0.0, 0.0)), Difference(5.0, None)):
        assert not unsure.sure_gain
        assert not unsure.sure_loss
