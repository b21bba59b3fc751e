"""The outcome by activity, by class, and the worst regressions."""

from __future__ import annotations

from affinity_search.evaluation.breakdown import Group, classes, deciles, regressions
from affinity_search.evaluation.facts import Facts
from affinity_search.offline.comparison import Difference
from tests.evaluate_data import evaluation, query, side

QUERIES = [
    query("q1", "u", "shoes", "a", qclass="SHOES"),
    query("q2", "u", "hat", "a"),
    query("q3", "v", "Hat", "b"),
]
EVERY = side(QUERIES, {"q1": ("xa", "ax"), "q2": ("ax", "xa"), "q3": ("xb", "bx")})
NOVEL = side(QUERIES[1:2], {"q2": ("ax", "ax")})
SECOND = 0.6309297535714575  # 1 / log2(3)
NOTHING = Difference(None, None)


def test_deciles_are_groups_of_shoppers_by_activity() -> None:
    v, u = deciles(evaluation(EVERY, NOVEL, facts=Facts(0, 0, {"u": 1200}, 0, 0)))
    assert v == Group("0", 1, 0, Difference(100 * (1 / SECOND - 1), None), NOTHING)
    assert (u.name, u.queries, u.queries_novel) == ("1,200", 2, 1)
    assert u.all == u.novel == Difference(0.0, None)


def test_many_shoppers_fall_into_ten_groups_of_equal_size() -> None:
    queries = [query(f"q{n}", f"u{n:02}") for n in range(25)]
    every = side(queries, {one.qid: ("ax", "ax") for one in queries})
    facts = Facts(0, 0, {f"u{n:02}": n for n in range(25)}, 0, 0)
    groups = deciles(evaluation(every, NOVEL, facts=facts))
    assert [group.queries for group in groups] == [2, 3, 2, 3, 2, 3, 2, 3, 2, 3]
    assert [groups[0].name, groups[-1].name] == ["0 to 1", "22 to 24"]
    assert groups[0].all == Difference(0.0, (0.0, 0.0))


def test_classes_go_by_their_size() -> None:
    hat, shoes = classes(evaluation(EVERY, NOVEL))
    assert (hat.name, hat.queries, hat.queries_novel) == ("hat", 2, 1)
    assert hat.novel == Difference(0.0, None)
    assert shoes == Group("SHOES", 1, 0, Difference(100 * (1 / SECOND - 1), None), NOTHING)


def test_only_the_twenty_largest_classes_are_there() -> None:
    queries = [query(f"q{n}", text=f"t{n % 25:02}") for n in range(45)]
    every = side(queries, {one.qid: ("ax", "ax") for one in queries})
    found = classes(evaluation(every, NOVEL))
    assert [group.name for group in found] == [f"t{n:02}" for n in range(20)]


def test_regressions_are_those_that_fell_the_worst_first() -> None:
    [regression] = regressions(evaluation(EVERY, NOVEL))
    assert regressions(evaluation(NOVEL, NOVEL)) == [], "neither fell nor rose"
    assert (regression.query.qid, regression.generic, regression.personalised) == ("q2", 1.0, SECOND)
    queries = [query(f"q{n:02}", relevant="a") for n in range(12)]
    orders = {one.qid: ("axyz", "xa" if one.qid != "q07" else "xyza") for one in queries}
    queries.append(query("q90"))
    found = regressions(evaluation(side(queries, {**orders, "q90": ("ax", "ax")}), NOVEL))
    assert [regression.query.qid for regression in found] == ["q07", *(f"q{n:02}" for n in range(10) if n != 7)]
