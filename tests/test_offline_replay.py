"""The replay: text search, the cut in time, searches from purchases, weights from history."""

from __future__ import annotations

from dataclasses import replace
from math import inf, log

import numpy as np
import pytest

from affinity_search.config.model import Config
from affinity_search.items.item import Item
from affinity_search.offline.candidates import indexed_searches
from affinity_search.offline.cut import Cut, cut
from affinity_search.offline.history import history_state, purchased, signals, since_first
from affinity_search.offline.profile_weights import ProfileWeights
from affinity_search.offline.scorer import Scorer
from affinity_search.offline.searches import Searches, arrange
from affinity_search.offline.shop import Shop, gather
from affinity_search.offline.text import TextIndex, spellings, tokens
from affinity_search.offline.text_fields import Texts
from affinity_search.offline.types import judge_types
from affinity_search.profiles.build import build_profiles
from tests.shop_data import as_steps, catalogue, event, item, purchases
from tests.with_signal import with_signal


def test_tokens_are_lower_case_words_without_plural_s() -> None:
    assert tokens("RED mugs, gas_stove & Öl-Lampen 2x") == ["red", "mug", "gas", "stove", "öl", "lampen", "2x"]


def test_stems_are_their_own_stems_and_words_keep_their_spelling() -> None:
    assert tokens("dress glasses GLASS shoes") == ["dress", "glasse", "glass", "shoe"]
    assert tokens(" ".join(tokens("dress glass shoes mugs bus"))) == tokens("dress glass shoes mugs bus")
    assert spellings("Red SHOES, a shoe") == {"red": "red", "shoe": "shoes", "a": "a"}


def test_a_query_is_spelt_as_the_item_spells_it() -> None:
    items = [item(f"i{n}", f"Fine dress {n}", "for shoes", kind=("Dresses",)) for n in range(12)]
    items += [item(f"s{n}", f"Shoes no {n}", kind=("Shoe",)) for n in range(12)]
    shop = gather(items, [event("u", f"{kind}{n}", n) for n in range(10) for kind in "is"], "date")
    assert {*indexed_searches(shop, cut(shop, judge_types(shop))).queries} == {"shoes", "dress"}


def test_text_search_is_bm25f() -> None:
    index = TextIndex([Texts(2.0, ["red mug", "red plate", "bowl"]), Texts(1.0, ["", "a mug too", ""])])
    # Title words count twice, in frequency as in length: lengths 4, 7 and 2, on average 13/3.
    first, second = (1.2 * (0.25 + 0.75 * length / (13 / 3)) for length in (4, 7))
    idf = log(1 + 1.5 / 2.5)
    assert index.search("mugs") == pytest.approx({0: idf * 2 / (2 + first), 1: idf / (1 + second)})
    assert index.search("red mug").keys() == {0, 1}
    assert index.search("red bowl") == {}
    assert index.search("...") == {}
    assert index.frequency("mug") == 2


def test_an_index_of_nothing_finds_nothing() -> None:
    assert TextIndex([]).search("mug") == {}
    assert TextIndex([Texts(2.0, [""]), Texts(1.0, [""])]).search("mug") == {}


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
    total, recent = signals(shop, Cut([70, 70], b"", [1.0, 0.25]))
    assert (total.tolist(), recent.tolist()) == ([2.0, 1.25], [1.0, 1.25])
    total, recent = signals(shop, Cut([70, 70], b"", [1.0, 0.25]), recent_days=10)
    assert recent.tolist() == [1.0, 1.0]


def test_a_sequence_has_nothing_recent() -> None:
    shop = gather([item("a")], as_steps([event("u", "a", 1), event("u", "a", 2)]), "sequence")
    total, recent = signals(shop, Cut([2], b"", [1.0]))
    assert (total.tolist(), recent.tolist()) == ([2.0], [0.0])


def test_an_item_is_as_old_as_its_first_event_that_counts() -> None:
    events = [event("u", "a", 1), event("u", "a", 60), event("u", "b", 50), event("v", "c", 90), event("v", "b", 60)]
    shop = gather([item("a"), item("b"), item("c")], events, "date")
    split = Cut([70, 70], b"", [1.0])
    assert since_first(shop, split).tolist() == [59.0, 10.0, inf]
    assert since_first(shop, replace(split, retention_days=30)).tolist() == [0.0, 10.0, inf]
    steps = gather([item("a")], as_steps(events[:2]), "sequence")
    assert since_first(steps, Cut([2], b"", [1.0])).tolist() == [inf]


def test_what_is_too_old_does_not_count() -> None:
    events = [event("u", "a", 0), event("u", "a", 10), event("v", "a", 60), event("v", "a", 90)]
    shop = gather([item("a")], events, "date")
    assert signals(shop, Cut([70, 70], b"", [1.0], retention_days=50))[0].tolist() == [2.0]
    steps = gather([item("a")], as_steps(events), "sequence")
    assert signals(steps, Cut([2, 1], b"", [1.0], retention_days=0))[0].tolist() == [2.0]


def test_what_was_bought_before_the_cut_is_owned() -> None:
    events = [event("u", "a", 1), event("u", "b", 9), event("v", "a", 2, "view"), event("u", "b", 2, "view")]
    shop = gather([item("a"), item("b")], events, "date")
    assert purchased(shop, cut(shop, judge_types(shop))) == {0: frozenset({0})}


def test_a_purchase_is_replayed_as_a_search_for_its_class() -> None:
    items = [item(f"i{n}", f"Fine mug {n}", kind=("mug",)) for n in range(12)]
    events = [event("u", f"i{n}", n) for n in range(8)] + [event("u", "i1", 20), event("u", "i9", 20)]
    shop = gather(items, events, "date")
    found = indexed_searches(shop, cut(shop, judge_types(shop)))
    assert (found.queries, found.bought.tolist(), found.novel.tolist()) == (["mug"], [2], [1])
    assert found.items.shape == (1, 12)
    assert sorted(found.items[0][found.relevant[0]]) == [1, 9]
    assert sorted(found.items[0][found.owned[0]]) == list(range(8))
    assert found.popular[0, 0] == log(2)
    assert found.popular[0, -1] == 0.0
    assert found.shoppers == 1


def test_without_attributes_a_word_of_the_title_is_the_query() -> None:
    items = [item(f"i{n}", f"Fine mug {n}") for n in range(12)]
    shop = gather(items, [event("u", f"i{n}", n) for n in range(10)], "date")
    assert {*indexed_searches(shop, cut(shop, judge_types(shop))).queries} == {"fine"}


@pytest.mark.parametrize("items", [[item(f"i{n}") for n in range(12)], [item(f"i{n}", f"mug {n}") for n in range(9)]])
def test_what_cannot_be_searched_is_not_replayed(items: list[Item]) -> None:
    shop = gather(items, [event("u", f"i{n}", n) for n in range(9)], "date")
    found = indexed_searches(shop, cut(shop, judge_types(shop)))
    assert (len(found), found.items.shape, found.shoppers) == (0, (0, 0), 0)


def test_the_replay_is_the_same_every_time() -> None:
    items = catalogue(60)
    shop = gather(items, purchases(items, shoppers=12, steps=12), "date")
    split = cut(shop, judge_types(shop))
    first, second = indexed_searches(shop, split), indexed_searches(shop, split)
    assert first.queries == second.queries
    assert np.array_equal(first.items, second.items)
    assert np.array_equal(first.text, second.text)


def test_candidates_of_an_engine_are_filled_up_and_chosen() -> None:
    shop = gather([item(f"i{n}") for n in range(12)], [event("u", "i1", 1), event("u", "i2", 9)], "date")
    wanted = {(0, 9, "all"): {2, 11}, (0, 9, "some"): {3}, (0, 9, "few"): {0}, (0, 9, "miss"): {11}}
    answers = {
        "all": [(n, 5.0 - n) for n in range(11)],
        "some": [(n, 1.0) for n in range(10)],
        "few": [(n, 1.0) for n in range(9)],
        "miss": [(n, 1.0) for n in range(10)],
    }
    total = np.arange(12.0)
    found = arrange(shop, cut(shop, judge_types(shop)), wanted, answers.__getitem__, (total, total / 2))
    rows = dict(zip(found.queries, range(2), strict=True))
    assert rows.keys() == {"all", "some"}
    row = rows["some"]
    assert found.items[row].tolist() == [*range(10), -1]
    assert found.found[row].tolist() == [True] * 10 + [False]
    assert found.text[row].tolist() == [1.0] * 10 + [0.0]
    assert found.popular[row].tolist() == [*np.log1p(np.arange(10.0)), 0.0]
    assert found.recent[row, 9] == log(1 + 4.5)
    assert found.bought[rows["all"]] == 2
    assert found.relevant[rows["all"]].nonzero()[0].tolist() == [2]
    assert found.rows([row]).queries == ["some"]
    assert found.rows([row]).items.tolist() == [found.items[row].tolist()]


# --- weights


BRANDS = {
    "events": {"types": {"purchase": {"weight": 1}}},
    "attributes": {"brand": {"field": "attrs.brand", "multi_valued": True, "levels": 3}},
    "item_affinity": {"strength": 1},
}


def searched(shop: Shop, shopper: int, items: list[int]) -> Searches:
    shape = (1, len(items))
    nothing = np.zeros(shape)
    return Searches(
        shopper=np.array([shopper]),
        queries=["q"],
        bought=np.array([1]),
        novel=np.array([1]),
        items=np.array([items]),
        text=nothing,
        popular=nothing,
        recent=nothing,
        age=nothing,
        owned=nothing > 0,
        relevant=nothing > 0,
    )


def test_weights_are_those_of_the_profiles() -> None:
    items = [item("a", brand=("x",)), item("b", brand=("x", "y")), item("c")]
    events = [event("u", "a", 100), event("u", "b", 10), event("v", "c", 100), event("u", "gone", 100)]
    shop, config = gather(items, events, "date"), Config.model_validate(BRANDS)
    split = Cut([100, 100], b"", [1.0])
    with history_state(shop, split) as state:
        weights = ProfileWeights(state, shop, searched(shop, 0, [0, 1, 2, -1]))
        # u: a counts 1, b 1/2, the unknown one 1; v: c counts 1; so x has 1.5 of 3.5 and y has .5 of 3.5.
        x, y = log(1 + 1.5 / (1.5 / 3.5 * 7.5)), log(1 + 0.5 / (0.5 / 3.5 * 7.5))
        (brands,) = weights.attributes(config)["brand"]
        assert brands.tolist() == [pytest.approx([x, max(x, y), 0.0, 0.0])]
        single = {"brand": {"field": "attrs.brand"}}
        first, second = weights.attributes(Config.model_validate({**BRANDS, "attributes": single}))["brand"]
        assert first.tolist() == [pytest.approx([x, x, 0.0, 0.0])]
        assert second.tolist() == [pytest.approx([0.0, y, 0.0, 0.0])]
        bought = weights.listed(config, "item")
        assert bought.weights.tolist() == [pytest.approx([log(2), log(1.5), 0.0, 0.0])]
        assert bought.known.tolist() == [[True, True, False, False]]
        demoting = Config.model_validate({**BRANDS, "item_affinity": {"owned_demotion": 0.3}})
        assert weights.unlisted(demoting, "owned_demotion").tolist() == [[0.0, 0.0, 1.0, 0.0]]


def test_an_added_signal_is_scored_as_any_other() -> None:
    items = [item("a"), item("b"), item("c")]
    events = [event("u", "a", 100), event("u", "b", 94), event("u", "c", 10), event("v", "c", 100)]
    shop = gather(items, events, "date")
    with with_signal(), history_state(shop, Cut([100, 100], b"", [1.0])) as state:
        on = {"attributes": {}, "item_affinity": {}, "signals": {"lately": {"strength": 0.7, "days": 7}}}
        config = Config.model_validate({**BRANDS, **on})
        found = searched(shop, 0, [0, 1, 2, -1])
        weights = ProfileWeights(state, shop, found)
        assert weights.listed(config, "lately").weights.tolist() == [[7.0, 1.0, 0.0, 0.0]]
        relevant = replace(found, text=np.array([[1.0, 1.0, 1.0, 0.0]]))
        # Of seven levels of 0.1 each: seven, one and none.
        scores = Scorer(relevant, weights).scores(config)
        assert scores.tolist() == [pytest.approx([1.7, 1.1, 1.0, 0.0])]


def test_nothing_is_built_twice() -> None:
    items = catalogue(30)
    shop = gather(items, purchases(items, shoppers=4, steps=12), "date")
    split = cut(shop, judge_types(shop))
    config = Config.model_validate(BRANDS)
    with history_state(shop, split) as state:
        weights = ProfileWeights(state, shop, indexed_searches(shop, split))
        first, bought = weights.attributes(config)["brand"], weights.listed(config, "item")
        stronger = Config.model_validate(
            BRANDS | {"item_affinity": {"strength": 2, "saturation_weight": 9, "levels": 7}}
        )
        assert weights.attributes(stronger)["brand"] is first
        assert weights.listed(stronger, "item") is bought
        quick = Config.model_validate(BRANDS | {"profiles": {"prior_events": 1}})
        assert (weights.attributes(quick)["brand"][0] >= first[0]).all()
        assert weights.attributes(quick)["brand"] is not first
        weights.forget(["attrs.brand"])
        assert weights.attributes(stronger)["brand"] is not first


def test_the_history_is_the_state_that_ingest_would_make() -> None:
    items = catalogue(30)
    shop = gather(items, purchases(items, shoppers=4, steps=12), "date")
    config = Config.model_validate(BRANDS)
    everything = Cut([400] * 4, b"", [1.0])
    with history_state(shop, everything) as state:
        assert state.execute("SELECT sum(count), count(DISTINCT user_id) FROM buckets").fetchall() == [(48, 4)]
        values = state.execute(
            "SELECT item, value FROM item_values WHERE field = 'attrs.brand' ORDER BY ALL"
        ).fetchall()
        assert values == sorted((i.id, i.attrs["brand"][0]) for i in items)
        assert build_profiles(state, config, now_ms=1).shoppers == 4
