"""Related items: the SQL against the formula in plain Python, the size guard, single shoppers, what is said of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affinity_search.config import Config
from affinity_search.profiles import related
from affinity_search.profiles.build import build_profile, build_profiles
from affinity_search.profiles.record import config_hash
from affinity_search.profiles.weights import decay, item_weight, similarity
from affinity_search.search.answer import Reason
from affinity_search.search.sentences import sentence
from affinity_search.state import open_state
from tests.profile_data import Bucket, Weights, config, entries, fill

Connection = duckdb.DuckDBPyConnection

TOGETHER: list[Bucket] = [
    *[(user, item, "purchase", 100, 1) for user in ("ann", "bob", "cleo") for item in ("tea", "pot")],
    ("cleo", "cup", "purchase", 100, 1),
    ("dora", "cup", "purchase", 100, 1),
    ("dora", "tea", "purchase", 80, 1),
    ("emil", "tea", "purchase", 100, 3),
]


def shop(weight: float = 1.0, **changes: object) -> Config:
    item = {"strength": 1, "full_weight": 3, "related": {"weight": weight}, "bought_before": {"half_life_days": 20}}
    return config(attributes={}, item_affinity={**item, **changes})


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with open_state(tmp_path / "state.duckdb") as found:
        fill(found, TOGETHER, [])
        yield found


@pytest.fixture(scope="module")
def shared() -> Iterator[Connection]:
    with open_state(Path(":memory:")) as found:
        yield found


def wanted(chosen: Config, buckets: Sequence[Bucket]) -> dict[tuple[str, str], tuple[float, float]]:
    """(count, weight) by shopper and item, size guard apart, in plain Python."""
    item = chosen.item_affinity
    counts: dict[tuple[str, str], float] = defaultdict(float)
    newest = max(row[3] for row in buckets)
    for user, name, kind, day, count in buckets:
        mass = chosen.events.types[kind].weight * count
        if mass:
            counts[user, name] += mass * decay(newest - day, item.bought_before.half_life_days)
    owners = defaultdict(set)
    for user, name in counts:
        owners[name].add(user)
    near = {
        (a, b): similarity(len(owners[a] & owners[b]), len(owners[a]), len(owners[b]))
        for a in owners
        for b in owners
        if a != b
    }
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for (user, name), mass in counts.items():
        for (a, b), close in near.items():
            if a == name and close:
                sums[user, b] += math.log(1 + mass) * close
    ordered = sorted(sums.values())
    scale = ordered[math.ceil(0.99 * len(ordered)) - 1] if ordered else 1.0
    keys = counts.keys() | sums.keys()
    return {
        key: (
            counts.get(key, 0.0),
            item_weight(counts.get(key, 0.0), item.bought_before.weight)
            + item.related.weight * sums.get(key, 0.0) / scale,
        )
        for key in keys
    }


def found_items(found: Weights) -> dict[tuple[str, str], tuple[float, float]]:
    return {(user, value): row[:2] for (user, attribute, value), row in found.items() if attribute == "item"}


def test_a_shop_worked_out_by_hand(connection: Connection) -> None:
    build_profiles(connection, shop(), now_ms=1)
    # Three shoppers have tea and pot, five have tea, three a pot; two have tea and a cup, two a cup.
    pot, cup = 3 / math.sqrt(15) * 3 / 8, 2 / math.sqrt(10) * 2 / 7
    neighbours = connection.execute("SELECT * FROM related_items ORDER BY ALL").fetchall()
    assert neighbours == [
        ("cup", "tea", pytest.approx(cup)),
        ("pot", "tea", pytest.approx(pot)),
        ("tea", "cup", pytest.approx(cup)),
        ("tea", "pot", pytest.approx(pot)),
    ]
    # The highest score: emil's three teas lift a pot.
    scale = math.log(4) * pot
    found: dict[Any, Any] = dict(entries(connection))
    assert found["emil", "item", "pot"] == (0.0, pytest.approx(1.0), 5)
    assert found["emil", "item", "cup"] == (0.0, pytest.approx(math.log(4) * cup / scale), 3)
    assert found["emil", "item", "tea"] == (3.0, pytest.approx(math.log(4)), 7)
    assert found["ann", "item", "tea"] == (1.0, pytest.approx(math.log(2) + math.log(2) * pot / scale), 6)
    assert found["dora", "item", "pot"] == (0.0, pytest.approx(math.log(1.5) * pot / scale), 1)


BUCKETS = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2", "u3", "u4", "u5"]),
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(["purchase", "cart", "view"]),
        st.integers(60, 100),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda row: row[:4],
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(buckets=BUCKETS, weight=st.sampled_from([0.25, 1.0]), bought=st.sampled_from([0.0, 1.0]))
def test_the_sql_is_the_formula(shared: Connection, buckets: list[Bucket], weight: float, bought: float) -> None:
    chosen = shop(weight, bought_before={"weight": bought, "half_life_days": 20})
    fill(shared, buckets, [])
    build_profiles(shared, chosen, now_ms=1, as_of=None)
    expected = {key: row for key, row in wanted(chosen, buckets).items() if row[1] > 0}
    found = found_items(entries(shared))
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert found[key] == pytest.approx(row, rel=1e-6, abs=1e-6), key


def test_off_is_as_if_there_were_no_such_signal(connection: Connection) -> None:
    build_profiles(connection, shop(0), now_ms=1)
    assert all(count > 0 for count, _, _ in entries(connection).values())
    assert connection.execute("SELECT count(*) FROM related_items").fetchone() == (0,)
    assert config_hash(shop(0)) == config_hash(shop(0, related={"weight": 0, "neighbours": 7}))
    assert config_hash(shop(0)) != config_hash(shop(1))


def test_a_single_shopper_is_built_as_all_are(connection: Connection) -> None:
    build_profiles(connection, shop(), now_ms=1)
    before = entries(connection)
    build_profile(connection, shop(), ["emil", "cleo"], now_ms=2)
    assert entries(connection) == before


def test_two_builds_are_alike_in_every_bit(connection: Connection) -> None:
    build_profiles(connection, shop(), now_ms=1)
    before = entries(connection)
    with mock.patch.object(related, "PAIRS_PER_PARTITION", 3):
        build_profiles(connection, shop(), now_ms=2)
    assert entries(connection) == before


def test_items_never_had_come_on_top_at_most_half_as_many(connection: Connection) -> None:
    more = [("emil", f"old{n}", "purchase", 60, 1) for n in range(9)]
    fill(connection, [*TOGETHER, *more], [])
    small = shop(50).model_copy(update={"profiles": shop().profiles.model_copy(update={"max_items": 2})})
    build_profiles(connection, small, now_ms=1)
    kept = {value: row[0] for (user, _, value), row in entries(connection).items() if user == "emil"}
    assert kept == {"pot": 0.0, "tea": 3.0, "old0": 0.25}


def test_each_item_keeps_its_best_neighbours(connection: Connection) -> None:
    build_profiles(connection, shop(related={"weight": 1, "neighbours": 1}), now_ms=1)
    rows = connection.execute("SELECT item, neighbour FROM related_items ORDER BY ALL").fetchall()
    assert rows == [("cup", "tea"), ("pot", "tea"), ("tea", "pot")]


def test_heavy_shoppers_and_many_shoppers_stay_bounded(connection: Connection) -> None:
    with mock.patch.object(related, "MOST_PAIRS", 0):
        report = build_profiles(connection, shop(bought_before={"weight": 0}), now_ms=1)
    assert report.entries == 0
    assert report.warnings == [
        "item_affinity: no entries: item_affinity.bought_before.weight is 0, and no two items were bought by the same "
        "shoppers"
    ]
    with mock.patch.object(related, "NEWEST_ITEMS", 1):
        build_profiles(connection, shop(), now_ms=2)
    assert connection.execute("SELECT count(*) FROM related_items").fetchone() == (0,)


@pytest.mark.parametrize(("together", "expected"), [(0, 0), (1, 0), (2, 2 / 4 * 2 / 7), (4, 4 / 4 * 4 / 9)])
def test_similarity(together: int, expected: float) -> None:
    assert similarity(together, 4, 4) == pytest.approx(expected)


def test_the_sentence_claims_no_purchase() -> None:
    reason = Reason("item", 3, 0.5, 0.3, "s1", related=True)
    assert sentence([reason]) == "People who bought what you bought also bought this."
