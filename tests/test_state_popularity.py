"""Popularity from buckets, and the catalogue in the state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from duckdb import ConstraintException, DuckDBPyConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.config import Config, parse_config
from affinity_search.items.item import parse_item
from affinity_search.offline.changes import changed
from affinity_search.state import open_state
from affinity_search.state.catalogue import Coverage, coverage, stage_items, store_catalogue
from affinity_search.state.popularity import compute_signals


@pytest.fixture
def state(tmp_path: Path) -> Iterator[DuckDBPyConnection]:
    with open_state(tmp_path / "state.duckdb") as connection:
        yield connection


def shop(time: str = "date") -> Config:
    return parse_config(
        f"""
events: {{time: {time}, types: {{purchase: {{weight: 1}}, view: {{weight: 0.1}}, look: {{weight: 0}}}}}}
popularity: {{recent_days: 10}}
attributes: {{brand: {{field: attrs.brand}}, colour: {{field: attrs.colour}}, maker: {{field: maker}}}}
"""
    )


def signals(state: DuckDBPyConnection) -> list[tuple[str, float, float]]:
    return state.execute("SELECT item, popularity, recent FROM signals_now ORDER BY item").fetchall()


def newness(state: DuckDBPyConnection) -> dict[str, float]:
    return dict(state.execute("SELECT item, newness FROM signals_now").fetchall())


BUCKETS = [
    ("u1", "a", "purchase", 100, 2),
    ("u2", "a", "purchase", 90, 1),
    ("u2", "a", "view", 91, 3),
    ("u1", "b", "view", 100, 1),
    ("u1", "c", "look", 100, 9),
    ("u1", "c", "unknown", 100, 9),
    ("u3", "d", "purchase", 40, 5),
]


def test_weighted_events_of_all_time_and_of_the_last_days(state: DuckDBPyConnection) -> None:
    state.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", BUCKETS)
    assert compute_signals(state, shop()) == 100
    # Ten days up to day 100 are 91 to 100.
    assert signals(state) == [("a", 3 + 3 * 0.1, 2 + 3 * 0.1), ("b", 0.1, 0.1), ("d", 5.0, 0.0)]


def test_as_of_a_day_later_events_do_not_count(state: DuckDBPyConnection) -> None:
    state.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", BUCKETS)
    assert compute_signals(state, shop(), 90) == 90
    assert signals(state) == [("a", 1.0, 1.0), ("d", 5.0, 0.0)]
    assert compute_signals(state, shop(), 39) == 39
    assert signals(state) == []


def test_a_sequence_knows_no_recent_days(state: DuckDBPyConnection) -> None:
    state.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", BUCKETS)
    compute_signals(state, shop("sequence"))
    assert signals(state) == [("a", 3 + 3 * 0.1, 0.0), ("b", 0.1, 0.0), ("d", 5.0, 0.0)]


def test_newness_is_by_the_first_event_that_counts_and_halves_in_steps(state: DuckDBPyConnection) -> None:
    state.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", BUCKETS)
    new = changed(shop(), {"popularity.newness.weight": 1.0, "popularity.newness.half_life_days": 20.0})
    compute_signals(state, new)
    # a: 10 days old, 0.707; d: three half-lives. The view of a weight of 0 on day 100 makes no c.
    assert newness(state) == {"a": 11 / 16, "b": 1.0, "d": 1 / 8}
    compute_signals(state, new, 90)
    assert newness(state) == {"a": 1.0, "d": 2 / 16}
    compute_signals(state, new, 140)
    assert newness(state) == {"a": 2 / 16, "b": 4 / 16, "d": 0.0}
    compute_signals(state, shop())
    assert newness(state) == {"a": 0.0, "b": 0.0, "d": 0.0}


def test_a_sequence_knows_nothing_new(state: DuckDBPyConnection) -> None:
    state.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", BUCKETS)
    compute_signals(state, shop("sequence"))
    assert newness(state) == {"a": 0.0, "b": 0.0, "d": 0.0}


def test_a_state_from_before_newness_holds_none(tmp_path: Path) -> None:
    with open_state(tmp_path / "state.duckdb") as state:
        state.execute("ALTER TABLE item_signals DROP COLUMN newness")
        state.execute("INSERT INTO item_signals VALUES ('a', 2, 1)")
    with open_state(tmp_path / "state.duckdb") as state:
        assert state.execute("SELECT * FROM item_signals").fetchall() == [("a", 2.0, 1.0, 0.0)]


def test_no_events_no_signals(state: DuckDBPyConnection) -> None:
    assert compute_signals(state, shop()) is None
    assert signals(state) == []


events = st.lists(
    st.tuples(
        st.sampled_from(["u", "v"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["purchase", "view", "look", "other"]),
        st.integers(80, 100),
        st.integers(1, 1000),
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None, max_examples=30)
@given(events)
def test_equals_the_sum_written_in_python(rows: list[tuple[str, str, str, int, int]]) -> None:
    config = shop()
    newest = max(row[3] for row in rows)
    with open_state(Path(":memory:")) as state:
        state.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", rows)
        compute_signals(state, config)
        found = {item: (all_time, recent) for item, all_time, recent in signals(state)}
    weight = {name: kind.weight for name, kind in config.events.types.items()}
    for item in ("a", "b"):
        mine = [(weight.get(kind, 0) * count, day) for _, of, kind, day, count in rows if of == item]
        all_time, recent = found.get(item, (0, 0))
        assert all_time == pytest.approx(sum(value for value, _ in mine))
        assert recent == pytest.approx(sum(value for value, day in mine if day > newest - 10))


def stage(state: DuckDBPyConnection, *records: dict[str, object]) -> list[str]:
    return [item.id for item in stage_items(state, [parse_item(record) for record in records], shop())]


def test_catalogue_is_taken_in_and_what_vanished_stays(state: DuckDBPyConnection) -> None:
    state.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", BUCKETS)
    compute_signals(state, shop())
    first = {"id": "a", "title": "A", "attrs": {"brand": "x", "size": 2}, "maker": "m"}
    assert stage(state, first, {"id": "b", "title": "B", "attrs": {"brand": ["x", "y"], "colour": "red"}}) == ["a", "b"]
    assert coverage(state, shop()) == {"brand": Coverage(2, 1), "colour": Coverage(1, 0), "maker": Coverage(1, 0)}
    store_catalogue(state, "products-1")
    assert stage(state, {"id": "b", "title": "B2", "attrs": {"brand": "z"}}, {"id": "c"}) == ["b", "c"]
    store_catalogue(state, "products-2")
    assert state.execute("SELECT * FROM items ORDER BY id").fetchall() == [("a", "A"), ("b", "B2"), ("c", "")]
    assert state.execute("SELECT * FROM item_values ORDER BY ALL").fetchall() == [
        ("a", "attrs.brand", "x"),
        ("a", "attrs.size", "2"),
        ("a", "maker", "m"),
        ("b", "attrs.brand", "z"),
    ]
    assert state.execute("SELECT * FROM item_signals").fetchall() == [("b", 0.1, 0.1, 0.0)]
    assert state.execute("SELECT value FROM meta WHERE key = 'signals_index'").fetchall() == [("products-2",)]


def test_a_catalogue_is_stored_whole_or_not_at_all(state: DuckDBPyConnection) -> None:
    compute_signals(state, shop())
    stage(state, {"id": "a", "title": "A"})
    state.execute("INSERT INTO staged_items VALUES ('b', NULL)")
    with pytest.raises(ConstraintException):
        store_catalogue(state, "products-1")
    assert state.execute("SELECT count(*) FROM items").fetchall() == [(0,)]


def test_many_items_are_staged_in_order(state: DuckDBPyConnection) -> None:
    assert stage(state, *({"id": i, "attrs": {"n": i}} for i in range(4_500))) == [str(i) for i in range(4_500)]
    assert state.execute("SELECT count(*) FROM staged_items").fetchall() == [(4_500,)]
    assert state.execute("SELECT count(DISTINCT value) FROM staged_values").fetchall() == [(4_500,)]
