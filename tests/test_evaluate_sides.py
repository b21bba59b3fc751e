"""The two sides and the controls, computed from answers as the engine might give them."""

from __future__ import annotations

from math import log2
from pathlib import Path

import pytest

from affinity_search.config import parse_config
from affinity_search.evaluation.controls import NOBODY, controls, draw_shuffled
from affinity_search.evaluation.facts import Facts, gather_facts, owned_items
from affinity_search.evaluation.sides import Side, against_generic, boosted_candidates, sides
from affinity_search.evaluation.targets import all_targets, novel_targets
from affinity_search.offline.comparison import Difference
from affinity_search.offline.formula import Shop
from affinity_search.offline.queries import Query
from affinity_search.offline.replay import Ranking, Search
from affinity_search.state import open_state
from tests.evaluate_data import query, ranking

GENERIC = ranking("abcdefghijk")
SHOP = Shop(
    boosts={"brand": [0.0, 9.0], "item": [0.0, 0.5]},
    values={"brand": {"k": ["kiwi"]}},
    levels={"u": {"brand": {"kiwi": 1}, "item": {"b": 1}}, "v": {"item": {"a": 1}}},
    multi_valued=frozenset(),
    negated=frozenset(),
    window=100,
)
QUERIES = [query("q1", relevant="k"), query("q2", user="v", relevant="ab"), query("q3", user="new", relevant="c")]
OF_U = Ranking(tuple("bakcdefghij"), (15.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0))
OF_V = Ranking(tuple("abcdefghijk"), (16.5, *GENERIC.scores[1:]))
FOUND = {
    Search("shoes"): GENERIC,
    Search("shoes", "u"): OF_U,
    Search("shoes", "v"): OF_V,
    Search("shoes", "new"): GENERIC,
    Search("shoes", NOBODY): GENERIC,
}
OWNED = {"u": frozenset("b"), "v": frozenset("a")}


def made() -> list[Side]:
    boosted = boosted_candidates(SHOP, QUERIES, FOUND)
    return sides([all_targets(QUERIES, FOUND), novel_targets(QUERIES, FOUND, OWNED)], SHOP, FOUND, boosted, 0)


def test_each_side_is_measured_for_both_kinds_of_target() -> None:
    every, novel = made()
    assert every.generic["mrr"] == pytest.approx({"q1": 1 / 11, "q2": 1.0, "q3": 1 / 3})
    assert every.personalised["mrr"] == pytest.approx({"q1": 1 / 3, "q2": 1.0, "q3": 1 / 3})
    # Without the owned b, k stands tenth and then second; without the owned a, b stands first.
    assert novel.generic["mrr"] == pytest.approx({"q1": 1 / 10, "q2": 1.0, "q3": 1 / 3})
    assert novel.personalised["mrr"] == pytest.approx({"q1": 1 / 2, "q2": 1.0, "q3": 1 / 3})
    assert every.generic["hit@10"] == {"q1": 0.0, "q2": 1.0, "q3": 1.0}
    assert novel.difference is novel.differences["ndcg@10"]
    before, after = sum(novel.generic["ndcg@10"].values()), sum(novel.personalised["ndcg@10"].values())
    assert novel.difference.percent == pytest.approx(100 * (after / before - 1))


def test_the_parts_come_from_the_formula() -> None:
    every, _ = made()
    assert list(every.parts) == ["alone brand", "without brand", "alone item", "without item"]
    assert every.parts["alone item"] == every.parts["without brand"]
    # The id list alone leaves k where it is; the brand alone brings it to the second place (10 against a's 11).
    assert every.parts["alone item"].percent == 0
    assert every.parts["alone brand"] == every.parts["without item"]
    assert (every.parts["alone brand"].percent or 0) > 10


def test_orders_are_measured_down_to_the_tenth_place() -> None:
    tenth, nothing = query("q1", relevant="j"), Shop({}, {}, {}, frozenset(), frozenset(), 100)
    [every] = sides([all_targets([tenth], FOUND)], nothing, FOUND, {}, 0)
    assert every.generic["ndcg@10"]["q1"] == pytest.approx(1 / log2(11))
    expected = {"jabcdefghik": 100 * (log2(11) - 1), "abcdefghkji": 0.0, "abcdefghikj": -100.0}
    for order, percent in expected.items():
        found = against_generic(every, {Search("shoes", "u"): order}, 0)
        assert found.percent == pytest.approx(percent)


def test_steps_are_told() -> None:
    told: list[tuple[int, int]] = []
    boosted = boosted_candidates(SHOP, QUERIES, FOUND)
    sides([all_targets(QUERIES, FOUND)], SHOP, FOUND, boosted, 0, lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_controls_find_what_they_are_for() -> None:
    boosted = boosted_candidates(SHOP, QUERIES, FOUND)
    shuffled = {"u": "v", "v": "u", "new": "u"}
    good = controls(made(), SHOP, FOUND, boosted, shuffled, 0)
    assert good.empty_changed == 0
    # k: 1 * (1 + 9), b: 10 * (1 + 0.5), for v a: 11 * (1 + 0.5).
    assert good.formula_error == 0
    assert good.shuffled.percent is not None
    assert good.shuffled.percent < 0
    bad = {**FOUND, Search("shoes", NOBODY): OF_U, Search("shoes", "u"): Ranking(OF_U.ids, (12.0, *OF_U.scores[1:]))}
    found = controls(made(), SHOP, bad, boosted, shuffled, 0)
    assert found.empty_changed == 1
    assert found.formula_error == pytest.approx(15 / 12 - 1)


def shuffled(queries: list[Query], known: list[str], seed: int) -> dict[str, str]:
    """What is drawn where these shoppers have profiles."""
    with open_state(Path(":memory:")) as state:
        rows = [(user, value) for user in known for value in ("alder", "birch")]
        state.executemany("INSERT INTO profile_entries VALUES (?, 'brand', ?, 1, 1, 1, 'purchase')", rows or [("", "")])
        if not rows:
            state.execute("DELETE FROM profile_entries")
        return draw_shuffled(state, queries, seed)


def test_a_shuffled_profile_is_that_of_somebody_else() -> None:
    queries = [query(f"q{n}", user=f"u{n}") for n in range(30)]
    known = [f"u{n}" for n in range(20)]
    drawn = shuffled(queries, known, 0)
    assert drawn.keys() == {one.user for one in queries}
    assert set(drawn.values()) <= set(known)
    assert all(user != other for user, other in drawn.items())
    assert drawn == shuffled(list(reversed(queries)), known, 0) != shuffled(queries, known, 1)


def test_without_another_profile_the_shuffled_profile_is_nobody() -> None:
    assert shuffled([query("q1"), query("q2", user="v")], ["u"], 0) == {"u": NOBODY, "v": "u"}
    assert shuffled([query("q1")], [], 0) == {"u": NOBODY}


def test_one_shopper_and_nothing_personal_is_a_defined_result() -> None:
    bare = Shop({}, {}, {}, frozenset(), frozenset(), 100)
    queries = [query("q1")]
    boosted = boosted_candidates(bare, queries, FOUND)
    found = {**FOUND, Search("shoes", "u"): GENERIC}
    both = sides([all_targets(queries, found), novel_targets(queries, found, {})], bare, found, boosted, 0)
    assert [side.difference for side in both] == [Difference(0.0, None)] * 2
    assert [dict(side.parts) for side in both] == [{}, {}]
    assert controls(both, bare, found, boosted, {"u": NOBODY}, 0).shuffled == Difference(0.0, None)


def test_facts_and_owned_items_come_from_the_training_part(tmp_path: Path) -> None:
    config = parse_config("{events: {types: {purchase: {weight: 1}, order: {weight: 1}, view: {weight: 0.2}}}}")
    with open_state(tmp_path / "state.duckdb") as state:
        state.execute("INSERT INTO items SELECT unnest(['a', 'b', 'k']), ''")
        state.execute(
            "INSERT INTO buckets VALUES ('u', 'a', 'view', 1, 5), ('u', 'b', 'purchase', 1, 2),"
            " ('u', 'b', 'order', 2, 1), ('v', 'a', 'order', 1, 1)"
        )
        assert owned_items(state, config, QUERIES) == {"u": frozenset("b"), "v": frozenset("a")}
        assert owned_items(state, config, QUERIES[:1]) == {"u": frozenset("b")}
        facts = gather_facts(state, QUERIES, FOUND)
    # The first ten of u: b +1, a +1, k from 10 to 2, then c .. i one down each: 1 + 1 + 8 + 7 places over 30 hits.
    assert facts == Facts(pytest.approx(1 / 3), pytest.approx(17 / 30), {"u": 8, "v": 1}, 1, 1)
