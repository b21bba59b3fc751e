"""A shopper with very many events: what is popular or usual stays what the others show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from duckdb import DuckDBPyConnection

from affinity_search.profiles import build as build_module
from affinity_search.profiles.build import build_profiles
from affinity_search.state import open_state
from affinity_search.state.heavy import HeavyShoppers, find_heavy_shoppers
from affinity_search.state.popularity import compute_signals
from tests.profile_data import Bucket, config, entries, fill

# Twenty people with eight purchases each, two of every item; nobody but the crawler has more.
PEOPLE: list[Bucket] = [(f"u{n:02}", f"i{(n + k) % 8}", "purchase", 90 + k, 1) for n in range(20) for k in range(8)]
CRAWLER: list[Bucket] = [("crawler", "i0", "cart", 97, 15_000), ("crawler", "i1", "cart", 95, 5_000)]
VALUES = [(f"i{n}", "attrs.brand", f"brand {n % 4}") for n in range(8)]


@pytest.fixture
def connection() -> Iterator[DuckDBPyConnection]:
    with open_state(Path(":memory:")) as found:
        yield found


def test_heavy_shoppers_are_those_with_many_times_the_events_of_most(connection: DuckDBPyConnection) -> None:
    fill(connection, PEOPLE + CRAWLER, [])
    found = find_heavy_shoppers(connection, ["purchase", "cart"], None)
    assert found == HeavyShoppers(shoppers=1, of_shoppers=21, most_events=100, event_share=20_000 / 20_160)
    assert connection.execute("SELECT * FROM heavy_shoppers").fetchall() == [("crawler", 20_000.0, 0.000025)]


def test_only_the_types_that_count_and_the_days_so_far(connection: DuckDBPyConnection) -> None:
    fill(connection, PEOPLE + CRAWLER, [])
    assert find_heavy_shoppers(connection, ["purchase"], None) == HeavyShoppers(0, 20, 100, 0.0)
    assert find_heavy_shoppers(connection, ["purchase", "cart"], 94).shoppers == 0
    assert find_heavy_shoppers(connection, ["purchase", "cart"], 95).shoppers == 1


@pytest.mark.parametrize("shoppers", [0, 1, 2, 3])
def test_of_very_few_shoppers_nobody_stands_out(connection: DuckDBPyConnection, shoppers: int) -> None:
    fill(connection, [(f"u{n}", "i0", "purchase", 1, 10 ** (n + 3)) for n in range(shoppers)], [])
    assert find_heavy_shoppers(connection, ["purchase"], None).shoppers == 0


def test_a_crawler_turns_nobodys_profile(connection: DuckDBPyConnection) -> None:
    fill(connection, PEOPLE, VALUES)
    assert build_profiles(connection, config(), now_ms=1).heavy is None
    before = entries(connection)
    fill(connection, PEOPLE + CRAWLER, VALUES)
    report = build_profiles(connection, config(), now_ms=2)
    after = {key: entry for key, entry in entries(connection).items() if key[0] != "crawler"}
    assert {key: entry[2] for key, entry in after.items()} == {key: entry[2] for key, entry in before.items()}
    for key, entry in before.items():
        assert after[key][:2] == pytest.approx(entry[:2], rel=0.02), key
    assert report.heavy == HeavyShoppers(1, 21, 100, 20_000 / 20_160)
    assert report.warnings[-1] == (
        "events: 1 of 21 shoppers have more than 100 events each, 99.2% of all (crawlers?): they count for less in "
        "shares and in popularity"
    )


def test_the_crawlers_own_profile_is_that_of_all_its_events(connection: DuckDBPyConnection) -> None:
    fill(connection, PEOPLE + CRAWLER, VALUES)
    build_profiles(connection, config(), now_ms=1)
    assert entries(connection)["crawler", "item", "i0"][0] == 7500.0


def test_several_crawlers_do_no_more(connection: DuckDBPyConnection) -> None:
    fill(connection, PEOPLE, VALUES)
    build_profiles(connection, config(), now_ms=1)
    before = {key: entry[2] for key, entry in entries(connection).items()}
    more = [(f"crawler {n}", item, kind, day, count) for n in range(5) for _, item, kind, day, count in CRAWLER]
    fill(connection, PEOPLE + more, VALUES)
    build_profiles(connection, config(), now_ms=2)
    after = {key: entry[2] for key, entry in entries(connection).items() if not key[0].startswith("crawler")}
    assert after == before


def test_a_crawler_makes_nothing_popular(connection: DuckDBPyConnection) -> None:
    fill(connection, PEOPLE + CRAWLER, [])
    compute_signals(connection, config())
    found = dict(connection.execute("SELECT item, popularity FROM signals_now").fetchall())
    # Carts weigh 1/2, and each of the crawler's counts (100 / 20,000)^2 of that: its 20,000 come to 0.25.
    assert found == pytest.approx({**{f"i{n}": 20.0 for n in range(8)}, "i0": 20.1875, "i1": 20.0625}, abs=1e-4)


def test_the_same_buckets_in_any_order_and_partition_give_the_same_bits(connection: DuckDBPyConnection) -> None:
    uneven = [(user, item, kind, day - n % 7, count + n % 3) for n, (user, item, kind, day, count) in enumerate(PEOPLE)]
    seen = set()
    for order, at_once in ((uneven + CRAWLER, 2_000_000), (CRAWLER + uneven[::-1], 7), (sorted(uneven + CRAWLER), 50)):
        fill(connection, order, VALUES)
        with mock.patch.object(build_module, "BUCKETS_PER_PARTITION", at_once):
            build_profiles(connection, config(), now_ms=1)
        compute_signals(connection, config())
        tables = ("profile_entries", "population", "signals_now")
        seen.add(str([sorted(connection.table(table).fetchall()) for table in tables]))
    assert len(seen) == 1
