"""Which queries count, what is wanted, and what is hidden from both sides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from affinity_search.evaluation.targets import all_targets, novel_targets
from affinity_search.offline.cut import FEWEST_CANDIDATES
from affinity_search.offline.queries import Query
from affinity_search.offline.replay import Search
from tests.evaluate_data import query, ranking

GENERIC = {
    Search("shoes"): ranking("abcdefghijkl"),
    Search("ten"): ranking("abcdefghij"),
    Search("nine"): ranking("abcdefghi"),
    Search("nothing"): ranking(""),
}


def test_a_query_counts_with_ten_candidates_and_a_target_among_them() -> None:
    queries = [
        query("counts"),
        query("ten", text="ten", relevant="jz"),
        query("nine", text="nine"),
        query("none found", text="nothing"),
        query("no target", relevant=""),
        query("elsewhere", relevant="z"),
        query("elsewhere 2", relevant="yz"),
    ]
    task = all_targets(queries, GENERIC)
    assert task.queries == (queries[0], queries[1])
    assert task.targets == {"counts": frozenset("a"), "ten": frozenset("jz")}
    assert task.left_out == {
        "fewer than 10 candidates": 2,
        "no target": 1,
        "no target among the candidates": 2,
    }
    assert task.order(queries[0], "cab") == "cab"


def test_owned_items_are_neither_target_nor_candidate() -> None:
    queries = [
        query("said", novel="b", relevant="ab"),
        query("follows", relevant="ab"),
        query("said, but owned", novel="a", relevant="ab"),
        query("all owned", relevant="a"),
        query("too few left", text="ten", relevant="b"),
        query("no history", user="new", text="ten", relevant="a"),
    ]
    owned = {"u": frozenset("ac")}
    task = novel_targets(queries, GENERIC, owned)
    assert task.queries == (queries[0], queries[1], queries[5])
    assert task.targets == {"said": frozenset("b"), "follows": frozenset("b"), "no history": frozenset("a")}
    assert task.left_out == {"fewer than 10 candidates": 1, "no target": 2}
    assert task.order(queries[0], "cabd") == ["b", "d"]
    assert task.order(queries[5], "cabd") == "cabd"


def test_no_queries_make_an_empty_task() -> None:
    task = all_targets([], {})
    assert (task.queries, task.targets, task.left_out) == ((), {}, {})


QUERIES = st.lists(
    st.builds(
        lambda n, user, text, relevant, novel: Query(f"q{n}", user, text, "", frozenset(relevant), novel),
        st.integers(),
        st.sampled_from("uvw"),
        st.sampled_from(["shoes", "ten", "nine", "nothing"]),
        st.frozensets(st.sampled_from("abckxyz")),
        st.none() | st.frozensets(st.sampled_from("abckxyz")),
    ),
    unique_by=lambda one: one.qid,
)


@given(QUERIES, st.dictionaries(st.sampled_from("uvw"), st.frozensets(st.sampled_from("abcdefghijk"))))
def test_every_query_counts_or_is_left_out_for_a_reason(queries: list[Query], owned: dict[str, frozenset[str]]) -> None:
    for task in (all_targets(queries, GENERIC), novel_targets(queries, GENERIC, owned)):
        assert len(task.queries) + sum(task.left_out.values()) == len(queries)
        for one in task.queries:
            seen = task.order(one, GENERIC[Search(one.text)].ids)
            assert len(seen) >= FEWEST_CANDIDATES
            assert task.targets[one.qid] & set(seen)
    for one in novel_targets(queries, GENERIC, owned).queries:
        assert not task.targets[one.qid] & owned.get(one.user, frozenset())
