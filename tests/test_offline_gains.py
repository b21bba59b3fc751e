"""The measures of the replay: nDCG of an order, gains with their intervals, how well weights tell items apart."""

from __future__ import annotations

from math import inf, log2, nan

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from affinity_search.offline import comparison as bootstrap
from affinity_search.offline.gains import Gain, Verdict, auc, gain, verdict
from affinity_search.offline.quality import Quality, quality
from tests.offline_data import searches


def test_ndcg_of_an_order() -> None:
    found = quality(searches([{1, 2}], owned={1}), np.array([[4.0, 3.0, 2.0, 1.0]]))
    ideal = 1 + 1 / log2(3)
    assert found.all.tolist() == [pytest.approx((1 / log2(3) + 1 / log2(4)) / ideal)]
    assert found.novel.tolist() == [pytest.approx(1 / log2(3))]
    assert (found.mean_all, found.mean_novel) == (found.all[0], found.novel[0])


def test_equal_scores_keep_the_given_order() -> None:
    assert quality(searches([{1}]), np.ones((1, 4))).all.tolist() == [pytest.approx(1 / log2(3))]


def test_a_search_for_owned_items_says_nothing_about_new_ones() -> None:
    found = quality(searches([{0}], owned={0}), np.ones((1, 4)))
    assert np.isnan(found.novel).all()
    assert (found.mean_novel, found.novel_share) == (0.0, 0.0)


def test_no_searches_have_no_quality() -> None:
    found = quality(searches([]), np.zeros((0, 4)))
    assert (found.mean_all, found.mean_novel, found.novel_share) == (0.0, 0.0, 0.0)


def test_items_beyond_the_candidates_count_in_the_ideal() -> None:
    some = searches([{0}])
    some.bought[0] = 2
    assert quality(some, np.ones((1, 4))).all.tolist() == [pytest.approx(1 / (1 + 1 / log2(3)))]


@given(arrays(np.float64, (2, 15), elements=st.floats(0, 9, width=16)), st.sets(st.integers(0, 14), min_size=1))
def test_ndcg_is_that_of_ir_measures(scores: np.ndarray, relevant: set[int]) -> None:
    # A second implementation has its own order of equal scores: they are told apart first, as we would.
    scores = scores - np.arange(15) * 1e-6
    found = quality(searches([relevant] * 2, text=[0.0] * 15), scores)
    qrels = [ir_measures.Qrel(str(q), str(item), 1) for q in range(2) for item in relevant]
    run = [ir_measures.ScoredDoc(str(q), str(n), float(scores[q, n])) for q in range(2) for n in range(15)]
    other = {m.query_id: m.value for m in ir_measures.iter_calc([ir_measures.nDCG @ 10], qrels, run)}
    assert found.all.tolist() == pytest.approx([other["0"], other["1"]])


def test_gain_is_sure_only_over_shoppers() -> None:
    some = searches([{0}] * 40, shoppers=[n % 20 for n in range(40)])
    none, half = np.zeros(40), np.full(40, 0.5)
    assert gain(some, none, half) == Gain(0.5, 0.0)
    assert gain(some.rows(range(9)), none[:9], half[:9]) == Gain(0.5, inf)
    assert gain(some, np.full(40, nan), half) == Gain(0.0, inf)
    up_and_down = gain(some, none, np.array([0.2 if n % 2 else -0.1 for n in range(40)]))
    # Sums per shopper are .4 and -.2 by turns: deviations .3, variance .09 * 20 / 19 * 20 over 40 searches.
    assert up_and_down.mean == pytest.approx(0.05)
    assert up_and_down.error == pytest.approx((20 * 0.09 * 20 / 19) ** 0.5 / 40)


def test_a_gain_has_an_interval_and_a_scale() -> None:
    assert Gain(0.1, 0.05).at_least(2.0) == 0.0
    assert Gain(0.1, inf).at_least(1.0) == -inf
    assert Gain(0.1, 0.05).interval == (pytest.approx(0.002), pytest.approx(0.198))
    assert Gain(0.1, inf).interval is None
    assert Gain(0.1, 0.05).over(0.5) == Gain(0.2, 0.1)
    assert Gain(0.1, 0.05).over(0.0) == Gain(0.0, inf)


def test_the_closed_form_gives_the_interval_of_the_bootstrap() -> None:
    # 300 shoppers with one to four searches each; what they gain differs, and is the same for all searches of one.
    chance = np.random.default_rng(5)
    shoppers = np.repeat(np.arange(300), chance.integers(1, 5, 300))
    before = np.full(len(shoppers), 0.4)
    after = before + chance.normal(0.02, 0.1, 300)[shoppers]
    some = searches([{0}] * len(shoppers), shoppers=shoppers.tolist())
    closed = gain(some, before, after).over(0.4).interval
    names = {str(n): str(shopper) for n, shopper in enumerate(shoppers)}
    sides = ({str(n): float(value) for n, value in enumerate(values)} for values in (before, after))
    drawn = bootstrap.compare(*sides, names).interval
    assert closed is not None
    assert drawn is not None
    width = closed[1] - closed[0]
    assert [100 * end for end in closed] == pytest.approx(drawn, abs=100 * width * 0.08)


FLAT = Quality(np.full(20, 0.2), np.full(20, 0.1))


def test_both_gains_count_the_same() -> None:
    some = searches([{0}] * 20)
    better = Quality(FLAT.all * 1.1, FLAT.novel * 1.3)
    found = verdict(some, FLAT, better, FLAT)
    assert (found.all.mean, found.novel.mean, found.both.mean) == pytest.approx((0.1, 0.3, 0.2))
    mixed = verdict(some, FLAT, Quality(FLAT.all * 0.9, FLAT.novel * 1.3), FLAT)
    assert (mixed.all.mean, mixed.both.mean) == pytest.approx((-0.1, 0.1))


def test_where_a_kind_is_absent_the_other_decides() -> None:
    some, none = searches([{0}] * 20), np.full(20, nan)
    old, new = Quality(FLAT.all, none), Quality(FLAT.all * 1.1, none)
    found = verdict(some, old, new, old)
    assert (found.both, found.novel) == (found.all, Gain(0.0, inf))
    nothing = Quality(np.zeros(20), FLAT.novel)
    found = verdict(some, nothing, Quality(np.zeros(20), FLAT.novel * 2), nothing)
    assert (found.both.mean, found.all) == (1.0, Gain(0.0, inf))
    empty = Quality(np.zeros(20), none)
    assert verdict(some, empty, empty, empty) == Verdict(Gain(0.0, inf), Gain(0.0, inf), Gain(0.0, inf))


def test_auc_counts_won_pairs_by_popularity_and_ties_half() -> None:
    some = searches([{1}] * 10, owned={3})
    rows = np.tile([1.0, 2.0, 2.0, 3.0], (10, 1))
    assert auc(some, rows, novel=False).mean == pytest.approx((1 + 0.5 + 0) / 3 - 0.5)
    assert auc(some, rows, novel=True).mean == pytest.approx((1 + 0.5) / 2 - 0.5)
    assert auc(some, np.zeros((10, 4)), novel=False) == Gain(0.0, 0.0)
    assert auc(searches([]), np.zeros((0, 4)), novel=True) == Gain(0.0, inf)


@given(arrays(np.float64, (1, 4), elements=st.floats(0, 100)), st.sets(st.integers(0, 3), min_size=1))
def test_measures_stay_in_their_range(scores: np.ndarray, relevant: set[int]) -> None:
    some = searches([relevant])
    assert 0 <= quality(some, scores).all[0] <= 1 + 1e-12
    assert -0.5 <= auc(some, scores, novel=True).mean <= 0.5
