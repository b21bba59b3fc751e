"""The table of the relevance benchmark."""

from __future__ import annotations

from benchmarks.relevance import table

SIDE = {
    "queries": 1234,
    "generic": {"ndcg@10": 0.4},
    "personalised": {"ndcg@10": 0.5},
    "lift_percent": 25.0,
    "ci_percent": [20.0, 30.04],
}
NONE = {"queries": 0, "generic": {"ndcg@10": 0.0}, "personalised": {"ndcg@10": 0.0}, "lift_percent": None}


def test_a_row_per_shop_and_kind_of_target() -> None:
    shop = {
        "all": SIDE,
        "novel": NONE,
        "shuffled_profile": {"lift_percent": -3.21, "ci_percent": None},
        "shuffled_profile_novel": {"lift_percent": None},
    }

    assert table({"shops": {"books": shop}}).splitlines()[2:] == [
        "| books | all | 1,234 | 0.400 | 0.500 | +25.0 % (+20.0 to +30.0) | -3.2 % |",
        "| books | novel | 0 | 0.000 | 0.000 | unknown | unknown |",
    ]
