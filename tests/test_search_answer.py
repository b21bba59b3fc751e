"""Reading answers, accounting for scores, and the sentences."""

from __future__ import annotations

from typing import Any

import pytest

from affinity_search.search import Answer, Hit, Reason, read_answer
from affinity_search.search.sentences import sentence


def body(*hits: dict[str, Any]) -> dict[str, Any]:
    return {"took": 3, "hits": {"hits": list(hits)}}


def test_a_hit_accounts_for_its_own_score() -> None:
    names = ["template|affinity-search-1a2b3c4d", "personalised", "brand|b0|0.1", "brand|b1|0.2", "item|b0|0.7"]

    found = read_answer(body({"_id": "s1", "_score": 8.0, "_source": {"title": "x"}, "matched_queries": names}))

    assert found.template == "affinity-search-1a2b3c4d"
    assert found.personalised
    assert found.took_ms == 3
    (hit,) = found.hits
    assert hit.factor == pytest.approx(2.0)
    assert hit.relevance == pytest.approx(4.0)
    assert [(r.attribute, r.level) for r in hit.reasons] == [("item", 1), ("brand", 3)]
    assert [r.share for r in hit.reasons] == pytest.approx([0.35, 0.15])
    assert hit.relevance / hit.score + sum(r.share for r in hit.reasons) == pytest.approx(1)


def test_no_hit_says_nothing_of_the_template() -> None:
    assert read_answer(body()) == Answer(hits=(), template=None, personalised=False, took_ms=3)


def test_a_sorted_answer_says_that_personalisation_is_off() -> None:
    names = ["template|a-1", "sorted"]

    found = read_answer(body({"_id": "s1", "_score": 2.0, "matched_queries": names}), first_rank=11)

    assert found.notes == ("personalisation is off because the hits are sorted",)
    assert not found.personalised
    assert found.hits == (Hit(11, "s1", 2.0, 2.0, 1.0, {}),)


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ([], "Ranked by your search words and by what is popular."),
        ([Reason("item", 3, 0.5, 0.3, "s1")], "You bought this before."),
        ([Reason("owned_demotion", 1, 0.2, 0.1)], "You have not bought this yet."),
        ([Reason("price_band", 3, 0.5, 0.3, "under 5")], "You often choose price band under 5."),
        ([Reason("brand", 3, 0.5, 0.3)], "You often choose this brand."),
        (
            [Reason("item", 3, 0.5, 0.3), Reason("brand", 3, 0.4, 0.2, "Birch"), Reason("size", 1, 0.1, 0.1, "M")],
            "You bought this before and you often choose brand Birch.",
        ),
    ],
)
def test_the_sentence_names_only_what_moved_the_hit(reasons: list[Reason], expected: str) -> None:
    assert sentence(reasons) == expected
