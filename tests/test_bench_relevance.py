"""The table of the relevance benchmark."""

from __future__ import annotations

from affinity_search.config import parse_config
from benchmarks.relevance import PLAIN, plain, table

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


def test_the_rows_over_text_and_all_time_popularity_come_last_and_have_no_shuffled_side() -> None:
    shuffled = {"lift_percent": None}
    shop = {"all": SIDE, "novel": SIDE, "shuffled_profile": shuffled, "shuffled_profile_novel": shuffled}
    over = {"all": SIDE, "novel": NONE}

    assert table({"shops": {"books": {**shop, PLAIN: over}}}).splitlines()[4:] == [
        "| books | all, over text and all-time popularity | 1,234 | 0.400 | 0.500 | +25.0 % (+20.0 to +30.0) |  |",
        "| books | novel, over text and all-time popularity | 0 | 0.000 | 0.000 | unknown |  |",
    ]


def test_the_plain_configuration_has_nothing_recent_and_nothing_personal() -> None:
    config = parse_config("""
events: {types: {purchase: {weight: 1}}}
items: {text_fields: {name: 3}}
attributes: {brand: {field: attrs.brand}}
item_affinity: {strength: 1}
popularity: {all_time: {weight: 0.8}, recent: {weight: 0.4}}
search: {window: 50}
""")
    found = plain(config)
    assert (config.lookups > 0, found.lookups, found.total_boost) == (True, 0, 0.0)
    assert (found.popularity.all_time.weight, found.popularity.recent.weight) == (0.8, 0.0)
    assert (found.items, found.search) == (config.items, config.search)
