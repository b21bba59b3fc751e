"""Reading answers, accounting for scores, and the sentences."""

from __future__ import annotations

from typing import Any

import pytest

from affinity_search.search import Answer, Hit, Reason, read_answer
from affinity_search.search.explain import said_of
from affinity_search.search.sentences import sentence


def body(*hits: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"took": 3, **more, "hits": {"hits": list(hits)}}


def raw(number: int, *names: str) -> dict[str, Any]:
    told = ["template|affinity-search-1a2b3c4d", "personalised", *names]
    return {"_id": f"s{number}", "_score": 8.0 / number, "_source": {"title": "x"}, "matched_queries": told}


def test_a_hit_accounts_for_its_own_score() -> None:
    found = read_answer(body(raw(1, "window|100", "brand|b0|0.1", "brand|b1|0.2", "item|b0|0.7")))

    assert found.template == "affinity-search-1a2b3c4d"
    assert found.personalised
    assert (found.took_ms, found.window, found.notes) == (3, 100, ())
    (hit,) = found.hits
    assert hit.factor == pytest.approx(2.0)
    assert hit.relevance == pytest.approx(4.0)
    assert [(r.attribute, r.level, r.slots) for r in hit.reasons] == [("item", 1, ("b0",)), ("brand", 3, ("b0", "b1"))]
    assert [r.share for r in hit.reasons] == pytest.approx([0.35, 0.15])
    assert hit.relevance is not None
    assert hit.score is not None
    assert hit.relevance / hit.score + sum(r.share for r in hit.reasons) == pytest.approx(1)


@pytest.mark.parametrize(
    ("first", "names", "accounted"),
    [
        (1, ["window|3"], [True, True, True, False]),
        (3, ["window|3"], [True, False, False, False]),
        (4, ["window|3"], [False, False, False, False]),
        (9001, ["window|all"], [True, True, True, True]),
        (1, [], [False, False, False, False]),
        (1, ["window|soon"], [False, False, False, False]),
        (1, ["window|b0|0.5", "window|2"], [True, True, False, False]),
        (1, ["window|b0|0.5", "window|all"], [True, True, True, True]),
    ],
)
def test_the_account_ends_at_the_window_that_the_template_tells(
    first: int, names: list[str], accounted: list[bool]
) -> None:
    found = read_answer(body(*(raw(n, *names, "brand|b0|0.1") for n in range(1, 5))), first_rank=first)

    assert [hit.accounted for hit in found.hits] == accounted
    for hit in found.hits:
        assert (hit.factor is None, hit.relevance is None, not hit.reasons) == (not hit.accounted,) * 3


def test_hits_that_a_field_sorts_have_no_score_and_are_read_all_the_same() -> None:
    unscored = {"_id": "a", "_score": None, "sort": [3.5], "matched_queries": ["template|shop-1a2b3c4d", "sorted"]}

    found = read_answer(body(unscored), personal=True)

    assert found.hits == (Hit(1, "a", None, None, None, {}, accounted=False),)
    assert found.notes == ("personalisation is off because the hits are sorted",)
    assert said_of(found.hits[0], found, "lamp") == "Sorted as you asked."


def test_a_template_that_does_not_tell_its_window_is_said() -> None:
    (note,) = read_answer(body(raw(1))).notes
    assert note.endswith("does not tell its window: run `affinity apply`")


def test_a_template_without_anything_personal_is_said_to_whoever_is_named() -> None:
    one = {"_id": "s1", "_score": 2.0, "matched_queries": ["template|a-1"]}

    assert read_answer(body(one)).notes == ()
    assert read_answer(body(one), personal=True).notes == (
        "personalisation is off because the deployed template looks nothing up",
    )
    assert read_answer(body(), personal=True).notes == ()


def test_the_total_is_told_where_it_was_counted() -> None:
    counted = {"took": 1, "_shards": {"total": 3}, "hits": {"total": {"value": 40, "relation": "gte"}, "hits": []}}

    found = read_answer(counted)
    assert (found.total, found.total_exact, found.shards) == (40, False, 3)
    assert read_answer(body()).total is None


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
        ([Reason("item", 3, 0.5, 0.3, "s1", role="purchase")], "You bought this before."),
        ([Reason("item", 3, 0.5, 0.3, "s1", role="view")], "You looked at this before."),
        ([Reason("item", 3, 0.5, 0.3, "s1", role="click")], "You looked at this before."),
        ([Reason("item", 3, 0.5, 0.3, "s1", role="add_to_cart")], "You had this in your basket before."),
        ([Reason("item", 3, 0.5, 0.3, "s1", role="wishlist")], "You had this on your wish list before."),
        ([Reason("item", 3, 0.5, 0.3, "s1", role="impression")], "This was shown to you before."),
        ([Reason("item", 3, 0.5, 0.3, "s1", role="other")], "This is in your history."),
        ([Reason("item", 3, 0.5, 0.3, "s1")], "This is in your history."),
        (
            [Reason("item", 3, 0.5, 0.3, "s1", related=True, role="purchase")],
            "People who bought what you bought also bought this.",
        ),
        (
            [Reason("item", 3, 0.5, 0.3, "s1", related=True, role="view")],
            "This often goes with what is in your history.",
        ),
        ([Reason("owned_demotion", 1, 0.2, 0.1)], "You have not bought this yet."),
        ([Reason("price_band", 3, 0.5, 0.3, "under 5", role="purchase")], "You often choose price band under 5."),
        ([Reason("brand", 3, 0.5, 0.3, role="purchase")], "You often choose this brand."),
        ([Reason("brand", 3, 0.5, 0.3, "Birch", role="view")], "You often look at brand Birch."),
        ([Reason("brand", 3, 0.5, 0.3, "Birch", role="impression")], "You are often shown brand Birch."),
        ([Reason("brand", 3, 0.5, 0.3, "Birch")], "Your history often has brand Birch."),
        (
            [Reason("tone", 3, 0.5, 0.3, "warm", values=("warm", "pale", "red"), role="purchase")],
            "You often choose tone warm and pale.",
        ),
        (
            [
                Reason("item", 3, 0.5, 0.3, role="purchase"),
                Reason("brand", 3, 0.4, 0.2, "Birch", role="purchase"),
                Reason("size", 1, 0.1, 0.1, "M"),
            ],
            "You bought this before and you often choose brand Birch.",
        ),
    ],
)
def test_the_sentence_names_only_what_moved_the_hit(reasons: list[Reason], expected: str) -> None:
    assert sentence(reasons) == expected
