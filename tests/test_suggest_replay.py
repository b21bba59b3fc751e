"""The replay: text search, the cut in time, searches from purchases, weights from history, and the measures."""

from __future__ import annotations

from collections.abc import Set
from math import inf, log, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config.suggest.bench import Bench, Choice, quantised
from affinity_search.config.suggest.measure import Gain, auc, gain, quality
from affinity_search.config.suggest.shop import gather
from affinity_search.config.suggest.split import Cut, Search, cut, popularity, replay
from affinity_search.config.suggest.text import TextIndex, tokens
from affinity_search.config.suggest.types import judge_types
from affinity_search.config.suggest.weigh import Weights, full_weight, weigh
from tests.suggest_data import as_steps, catalogue, event, item, purchases


def test_tokens_are_lower_case_words_without_plural_s() -> None:
    assert tokens("RED mugs, gas_stove & Öl-Lampen 2x") == ["red", "mug", "gas", "stove", "öl", "lampen", "2x"]


def test_text_search_is_bm25f() -> None:
    index = TextIndex(["red mug", "red plate", "bowl"], ["", "a mug too", ""])
    # Title words count twice, in frequency as in length: lengths 4, 7 and 2, on average 13/3.
    first, second = (1.2 * (0.25 + 0.75 * length / (13 / 3)) for length in (4, 7))
    idf = log(1 + 1.5 / 2.5)
    assert index.search("mugs") == pytest.approx({0: idf * 2 / (2 + first), 1: idf / (1 + second)})
    assert index.search("red mug").keys() == {0, 1}
    assert index.search("red bowl") == {}
    assert index.search("...") == {}
    assert index.frequency("mug") == 2


def test_an_index_of_nothing_finds_nothing() -> None:
    assert TextIndex([], []).search("mug") == {}
    assert TextIndex([""], [""]).search("mug") == {}


def test_the_cut_leaves_the_last_fifth_of_the_purchases() -> None:
    shop = gather([item("a", "mug")], [event("u", "a", day) for day in range(10)], "date")
    assert cut(shop, judge_types(shop)).last == [7]


def test_the_cut_of_a_sequence_is_each_shoppers_own() -> None:
    events = as_steps(
        [*(event("u", "a", n) for n in range(10)), event("v", "a", 1), *(event("w", "a", n) for n in range(2))]
    )
    shop = gather([item("a", "mug")], events, "sequence")
    assert cut(shop, judge_types(shop)).last == [8, 0, 1]


def test_popularity_counts_weighted_events_of_the_past() -> None:
    events = [
        event("u", "a", 1),
        event("u", "a", 60),
        event("u", "b", 50, "view"),
        event("v", "b", 60),
        event("v", "a", 90),
    ]
    shop = gather([item("a"), item("b")], events, "date")
    split = Cut([70, 70], frozenset(), [1.0, 0.25])
    assert popularity(shop, split) == ([2.0, 1.25], [1.0, 1.25])


def test_a_purchase_is_replayed_as_a_search_for_its_class() -> None:
    items = [item(f"i{n}", f"Fine mug {n}", kind=("mug",)) for n in range(12)]
    events = [event("u", f"i{n}", n) for n in range(8)] + [event("u", "i1", 20), event("u", "i9", 20)]
    shop = gather(items, events, "date")
    [found] = replay(shop, cut(shop, judge_types(shop)))
    assert (found.query, found.bought, found.novel, len(found.candidates)) == ("mug", 2, 1, 12)
    assert {found.candidates[n] for n in found.relevant} == {1, 9}
    assert {item for item, owned in zip(found.candidates, found.owned, strict=True) if owned} == set(range(8))
    assert found.popular[0] == log(2) and found.popular[-1] == 0.0


def test_without_attributes_a_word_of_the_title_is_the_query() -> None:
    items = [item(f"i{n}", f"Fine mug {n}") for n in range(12)]
    shop = gather(items, [event("u", f"i{n}", n) for n in range(10)], "date")
    assert {found.query for found in replay(shop, cut(shop, judge_types(shop)))} == {"fine"}


def test_what_cannot_be_searched_is_not_replayed() -> None:
    for items in ([item(f"i{n}") for n in range(12)], [item(f"i{n}", f"mug {n}") for n in range(9)]):
        shop = gather(items, [event("u", f"i{n}", n) for n in range(9)], "date")
        assert replay(shop, cut(shop, judge_types(shop))) == []


def search(relevant: Set[int], owned: Set[int] = frozenset(), shopper: int = 0, size: int = 4) -> Search:
    return Search(
        shopper=shopper,
        query="q",
        candidates=range(size),
        bm25=[1.0] * size,
        popular=[0.0] * size,
        recent=[0.0] * size,
        owned=[n in owned for n in range(size)],
        relevant=frozenset(relevant),
        bought=len(relevant),
        novel=len(relevant - owned),
    )


def test_weights_follow_the_formula() -> None:
    items = [item("a", brand=("x",)), item("b", brand=("x", "y")), item("c")]
    events = [event("u", "a", 100), event("u", "b", 10), event("v", "c", 100), event("u", "gone", 100)]
    shop = gather(items, events, "date")
    split = Cut([100, 100], frozenset(), [1.0])
    found = weigh(shop, split, [search({0}, size=3)], ["brand"], 90.0)
    # u: a counts 1, b 1/2, the unknown one 1; v: c counts 1; so x has 1.5 of 3.5 and y has .5 of 3.5.
    x, y = log(1 + 1.5 / (1.5 / 3.5 * 7.5)), log(1 + 0.5 / (0.5 / 3.5 * 7.5))
    assert found.attributes["brand"] == [pytest.approx([x, max(x, y), 0.0])]
    assert found.items == [pytest.approx([log(2), log(1.5), 0.0])]
    assert sorted(found.seen["brand"]) == pytest.approx(sorted([x, y]))
    assert sorted(found.seen_items) == pytest.approx([log(1.5), log(2)])


def test_what_faded_away_has_no_weight() -> None:
    shop = gather([item("a", brand=("x",))], [event("u", "a", 1), event("u", "a", 100_000)], "date")
    found = weigh(shop, Cut([99_999], frozenset(), [1.0]), [search({0}, size=1)], ["brand"], 1.0)
    assert (found.attributes["brand"], found.items, found.seen_items) == ([[0.0]], [[0.0]], [])


def test_full_weight_is_the_99th_percentile() -> None:
    assert full_weight([n / 100 for n in range(1, 102)]) == 1.0
    assert full_weight([0.001]) == 0.01
    assert full_weight([1.23456]) == 1.23


def test_ndcg_of_an_order() -> None:
    found = quality([search({1, 2}, owned={1})], [[4.0, 3.0, 2.0, 1.0]])
    ideal = 1 + 1 / log2(3)
    assert found.all == [pytest.approx((1 / log2(3) + 1 / log2(4)) / ideal)]
    assert found.novel == [pytest.approx(1 / log2(3))]
    assert found.mean_all == found.all[0]


def test_equal_scores_keep_the_given_order() -> None:
    assert quality([search({1})], [[1.0, 1.0, 1.0, 1.0]]).all == [pytest.approx(1 / log2(3))]


def test_a_search_for_owned_items_says_nothing_about_new_ones() -> None:
    found = quality([search({0}, owned={0})], [[1.0] * 4])
    assert (found.novel, found.mean_novel) == ([None], 0.0)


def test_no_searches_have_no_quality() -> None:
    found = quality([], [])
    assert (found.mean_all, found.mean_novel) == (0.0, 0.0)


def test_gain_is_sure_only_over_shoppers() -> None:
    searches = [search({0}, shopper=n % 20) for n in range(40)]
    assert gain(searches, [0.0] * 40, [0.5] * 40) == Gain(0.5, 0.5)
    assert gain(searches[:9], [0.0] * 9, [0.5] * 9) == Gain(0.5, -inf)
    assert gain(searches, [None] * 40, [0.5] * 40) == Gain(0.0, -inf)
    up_and_down = gain(searches, [0.0] * 40, [0.2 if n % 2 else -0.1 for n in range(40)])
    # Sums per shopper are .4 and -.2 by turns: deviations .3, variance .09 * 20 / 19 * 20 over 40 searches.
    assert up_and_down.mean == pytest.approx(0.05)
    assert up_and_down.lower == pytest.approx(0.05 - 1.645 * (20 * 0.09 * 20 / 19) ** 0.5 / 40)
    assert not up_and_down.clear and not up_and_down.loss
    assert Gain(-0.2, -0.3).loss and not Gain(-0.2, -0.5).loss


def test_auc_counts_won_pairs_by_popularity_and_ties_half() -> None:
    searches = [search({1}, owned={3}, shopper=n) for n in range(10)]
    assert auc(searches, [[1.0, 2.0, 2.0, 3.0]] * 10, novel=False).mean == pytest.approx((1 + 0.5 + 0) / 3 - 0.5)
    assert auc(searches, [[1.0, 2.0, 2.0, 3.0]] * 10, novel=True).mean == pytest.approx((1 + 0.5) / 2 - 0.5)
    assert auc(searches, [[0.0] * 4] * 10, novel=False) == Gain(0.0, 0.0)


@given(st.lists(st.floats(0, 100), min_size=4, max_size=4), st.sets(st.integers(0, 3), min_size=1))
def test_measures_stay_in_their_range(scores: list[float], relevant: set[int]) -> None:
    found = quality([search(relevant)], [scores])
    assert 0 <= found.all[0] <= 1 + 1e-12
    assert -0.5 <= auc([search(relevant)], [scores], novel=True).mean <= 0.5


def test_scores_are_relevance_times_the_lift() -> None:
    searches = [search({3})]
    bench = Bench(searches, Weights({}, [], {}, []))
    assert bench.generic.all == [pytest.approx(1 / log2(5))]
    assert bench.quality(Choice().having("brand", 0.1, [[0.0, 1.0, 0.0, 2.0]])).all == [1.0]
    both = bench.gain_both(bench.generic, bench.quality(Choice().having("brand", 0.1, [[0.0, 0.0, 0.0, 2.0]])))
    assert both.mean == pytest.approx(log2(5) - 1)


def test_quantised_weights_are_steps_and_never_fall_to_zero() -> None:
    assert quantised([[0.0, 0.001, 1.4, 9.0]], 3.0, 3) == [[0.0, 1.0, 1.0, 3.0]]


def test_the_replay_is_the_same_every_time() -> None:
    items = catalogue(60)
    shop = gather(items, purchases(items, shoppers=12, steps=12), "date")
    split = cut(shop, judge_types(shop))
    assert replay(shop, split) == replay(shop, split)
