"""Two configurations side by side: which queries count, the differences, the queries that change, every report."""

from __future__ import annotations

import json
from dataclasses import replace
from math import log2

import pytest

from affinity_search.config import parse_config
from affinity_search.evaluation.against import Against, set_against
from affinity_search.evaluation.folder import FolderEvaluation
from affinity_search.evaluation.report import as_html, as_json, as_markdown, as_text
from affinity_search.evaluation.sides import Side
from affinity_search.evaluation.targets import Rankings, all_targets, either, novel_targets
from affinity_search.offline.replay import Search
from tests.evaluate_data import evaluation, folder_evaluation, query, ranking
from tests.evaluate_data import side as measured_side

OTHER = parse_config("{events: {types: {purchase: {weight: 1}}}, item_affinity: {strength: 1}}")
QUERIES = [
    query("q1", "u", "shoes", relevant="a"),
    query("q2", "v", "shoes", relevant="b"),
    query("q3", "w", "hats", relevant="a"),
    query("q4", "w", "none", relevant="a"),
]
OWNED = {"v": frozenset("b")}
ALL, WITHOUT_A = "abcdefghijk", "bcdefghijk"


def rankings(u: str, v: str, hats: str) -> Rankings:
    """Generic answers in the order of the letters; those of the shoppers as given."""
    texts = {"shoes": ALL, "hats": "".join(sorted(hats)), "none": "xyz"}
    answers = {Search(text): ranking(order) for text, order in texts.items()}
    own = {("shoes", "u"): u, ("shoes", "v"): v, ("hats", "w"): hats, ("none", "w"): "xyz"}
    return answers | {Search(text, user): ranking(order) for (text, user), order in own.items()}


THIS = rankings(u="bacdefghijk", v="bacdefghijk", hats="bcdefghijk")
THAT = rankings(u=ALL, v=ALL, hats="bacdefghijk")


def side(task_of: str) -> Side:
    task = all_targets(QUERIES, THIS) if task_of == "all" else novel_targets(QUERIES, THIS, OWNED)
    return Side(task, {}, {}, {}, {})


def against() -> Against:
    base = replace(evaluation(side("all"), side("novel")), queries=tuple(QUERIES), rankings=THIS, owned=OWNED)
    return set_against(base, "other.yaml", OTHER, THAT)


SECOND = 1 / log2(3)


def test_a_query_counts_that_counts_for_either() -> None:
    found = against()
    # Hats have the item wanted with the other configuration only; nothing is found for the last one.
    assert [one.qid for one in found.all.queries] == ["q1", "q2", "q3"]
    assert found.all.this["ndcg@10"] == pytest.approx({"q1": SECOND, "q2": 1.0, "q3": 0.0})
    assert found.all.other["ndcg@10"] == pytest.approx({"q1": 1.0, "q2": SECOND, "q3": SECOND})


def test_what_is_owned_is_hidden_on_both_sides() -> None:
    found = against()
    assert [one.qid for one in found.novel.queries] == ["q1", "q3"]
    assert found.novel.other["mrr"] == pytest.approx({"q1": 1.0, "q3": 0.5})


def test_differences_are_those_of_the_other_to_this() -> None:
    found = against()
    this, other = SECOND + 1, 1 + 2 * SECOND
    assert found.all.differences["ndcg@10"].percent == pytest.approx(100 * (other / this - 1))
    assert found.all.differences["ndcg@10"].interval is not None


def test_the_queries_that_change_most_go_first() -> None:
    found = against()
    assert [(one.query.qid, one.this, one.other) for one in found.changed] == [
        ("q3", 0.0, pytest.approx(SECOND)),
        ("q1", pytest.approx(SECOND), 1.0),
        ("q2", 1.0, pytest.approx(SECOND)),
    ]
    assert found.changed_count == 3


def test_the_same_configuration_changes_nothing() -> None:
    base = replace(evaluation(side("all"), side("novel")), queries=tuple(QUERIES), rankings=THIS, owned=OWNED)
    found = set_against(base, "same.yaml", OTHER, THIS)
    assert (found.changed, found.changed_count) == ((), 0)
    assert found.all.differences["mrr"].percent == 0


def test_either_keeps_the_first_queries_and_adds_the_rest() -> None:
    first, second = all_targets(QUERIES, THIS), all_targets(QUERIES, THAT)
    both = either(first, second)
    assert [one.qid for one in both.queries] == ["q1", "q2", "q3"]
    assert both.targets == {"q1": frozenset("a"), "q2": frozenset("b"), "q3": frozenset("a")}
    assert either(second, first).queries == second.queries


def reported() -> FolderEvaluation:
    evaluated = measured_side(QUERIES[:1], {"q1": ("ba", "ab")})
    return replace(folder_evaluation(evaluation(evaluated, evaluated)), against=against())


def test_every_report_has_both_tables_and_the_queries() -> None:
    found = reported()
    for text in (as_text(found), as_markdown(found), as_html(found)):
        assert "Against other.yaml: all targets" in text
        assert "Against other.yaml: novel targets" in text
        assert "Against other.yaml: queries that change most (nDCG@10)" in text
        assert "3 queries that count for either, both sides personalised." in text
        assert "3 of 3 queries change." in text
    assert "  q3         w   hats  0.000  0.631" in as_text(found)
    assert "Difference in nDCG@10 of other.yaml to this configuration" in as_html(found)


def test_json_has_the_same_numbers() -> None:
    found = json.loads(json.dumps(as_json(reported()), allow_nan=False))["against"]
    assert (found["name"], found["changed_queries"], found["all"]["queries"]) == ("other.yaml", 3, 3)
    assert found["all"]["this"]["mrr"] == pytest.approx((0.5 + 1.0 + 0.0) / 3)
    assert found["all"]["other"]["mrr"] == pytest.approx((1.0 + 0.5 + 0.5) / 3)
    assert found["all"]["lift_percent"] == pytest.approx(found["all"]["differences"]["ndcg@10"]["lift_percent"])
    assert found["changed_most"][0] == {
        "qid": "q3",
        "user": "w",
        "query": "hats",
        "this": 0.0,
        "other": pytest.approx(SECOND),
    }
    assert found["config"]["item_affinity"]["strength"] == 1
