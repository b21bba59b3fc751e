"""Queries of User Behavior Insights as test queries."""

from __future__ import annotations

from pathlib import Path

import pytest

from affinity_search.errors import DataError
from affinity_search.offline.queries import read_queries
from affinity_search.offline.query import Query
from tests.format_shops import lines


def query(qid: str, text: str, **who: str) -> list[dict[str, object]]:
    return [
        {"index": {"_index": "ubi_queries", "_id": qid}},
        {"query_id": qid, "user_query": text, "timestamp": "2024-01-01T00:00:00Z", **who},
    ]


def event(qid: str, action: str, item: str) -> list[dict[str, object]]:
    attributes = {"object": {"object_id": item}, "position": {"ordinal": 1}}
    found = {"query_id": qid, "action_name": action, "client_id": "c", "event_attributes": attributes}
    return [{"index": {"_index": "ubi_events"}}, found]


def test_what_was_bought_is_relevant_or_else_what_was_clicked(tmp_path: Path) -> None:
    records = [
        *query("q1", "mug", client_id="c1"),
        *query("q2", "cup", user_id="u2", client_id="c2"),
        *query("q3", "pan", client_id="c3"),
        *event("q1", "click", "a"),
        *event("q1", "product_purchase", "b"),
        *event("q2", "click_through", "c"),
        *event("q2", "impression", "d"),
        *event("q3", "impression", "d"),
        *event("gone", "purchase", "d"),
    ]
    assert read_queries(lines(tmp_path / "queries.jsonl", records)) == [
        Query("q1", "c1", "mug", "", frozenset({"b"}), None),
        Query("q2", "u2", "cup", "", frozenset({"c"}), None),
    ]


def test_queries_that_led_to_nothing_are_no_test_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected queries, found none"):
        read_queries(lines(tmp_path / "queries.jsonl", query("q1", "mug", client_id="c1")))
