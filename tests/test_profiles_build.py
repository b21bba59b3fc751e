"""Profiles from buckets: the SQL against the formula in plain Python, the size guard, and what is left behind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affinity_search.config import Config
from affinity_search.errors import ConfigError, DataError
from affinity_search.profiles import build as build_module
from affinity_search.profiles import statements
from affinity_search.profiles.build import build_profile, build_profiles
from affinity_search.profiles.report import AttributeReport, BuildReport
from affinity_search.signals import owned_demotion
from affinity_search.state import open_state
from affinity_search.state.builds import last_build
from affinity_search.state.known import KnownItems
from tests.profile_data import BUCKETS, SHOP, VALUES, Bucket, Weights, config, entries, expected, fill, quantised

Connection = duckdb.DuckDBPyConnection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with open_state(tmp_path / "state.duckdb") as found:
        fill(found, BUCKETS, VALUES)
        yield found


@pytest.fixture(scope="module")
def shared() -> Iterator[Connection]:
    """A state that many examples run in, one after the other."""
    with open_state(Path(":memory:")) as found:
        yield found


def rows(connection: Connection, table: str) -> list[tuple[Any, ...]]:
    return sorted(connection.table(table).fetchall())


def assert_same(shop: Config, found: Weights, wanted: Weights) -> None:
    """Counts and weights agree but for rounding; the levels are exactly those of the weights found."""
    assert found.keys() == wanted.keys()
    for key, (count, weight, _) in wanted.items():
        assert found[key][:2] == pytest.approx((count, weight), rel=1e-9, abs=1e-9), key
        assert found[key][2] == quantised(shop, key[1], found[key][1]), key


def test_some_values_have_a_weight_of_their_own(connection: Connection) -> None:
    by_value = {"attribute": "colour", "weights": {"red": 0.5, "blue": 3, "none": 9}}
    item = {
        "strength": 1,
        "saturation_weight": 9,
        "bought_before": {"weight": 2, "half_life_days": 20, "by_value": by_value},
    }
    build_profiles(connection, config(item_affinity=item), now_ms=1000)
    found = entries(connection)
    # i1 is red, i2 red and blue: the lower weight counts; i3 is blue, and of "gone" nothing is known.
    assert found["ann", "item", "i1"][1] == pytest.approx(0.5 * math.log(2))
    assert found["ann", "item", "i2"][1] == pytest.approx(0.5 * math.log(1 + 2**0.5))
    assert found["bob", "item", "i3"][1] == pytest.approx(3 * math.log(1.5))
    assert found["bob", "item", "gone"][1] == pytest.approx(2 * math.log(4))
    single = config(item_affinity=item)
    build_profile(connection, single, ["ann"], now_ms=2000)
    assert entries(connection) == found


def test_a_shop_worked_out_by_hand(connection: Connection) -> None:
    report = build_profiles(connection, config(), now_ms=1000)
    found = entries(connection)
    # brand, half-life 10 days: ann has 1 of Alder and 2 / 2 of Birch; bob has 2 * 0.5 + 1 / 4 of Birch and 3 of "gone".
    alder, birch, everything = 1, 1 + 1.25, 2 + 4.25
    assert found["ann", "brand", "Alder"] == pytest.approx((1, math.log(1 + 1 / (alder / everything * 7)), 3))
    assert found["ann", "brand", "Birch"] == pytest.approx((1, math.log(1 + 1 / (birch / everything * 7)), 2))
    assert found["bob", "brand", "Birch"] == pytest.approx((1.25, math.log(1 + 1.25 / (birch / everything * 9.25)), 2))
    # items, half-life 20 days, weight 2
    assert found["ann", "item", "i2"] == pytest.approx((2**0.5, 2 * math.log(1 + 2**0.5), 7))
    assert found["bob", "item", "i3"] == pytest.approx((0.5, 2 * math.log(1.5), 4))
    assert report == BuildReport(
        build=1000,
        as_of="1970-04-11",
        shoppers=2,
        attributes={
            "brand": AttributeReport(entries=3, shoppers=2),
            "colour": AttributeReport(entries=4, shoppers=2),
            "item": AttributeReport(entries=5, shoppers=2, clipped=2),
        },
        warnings=[
            "item_affinity.saturation_weight: 40% of the entries weigh more and get no more than the highest level; "
            "2.8 would hold 99 % of them"
        ],
        known=KnownItems(events=19, known=0, catalogue=False),
    )
    assert rows(connection, "profile_events") == [("ann", 3.0), ("bob", 6.0)]


def test_the_whole_shop_is_as_the_formula_says(connection: Connection) -> None:
    build_profiles(connection, config(), now_ms=1000)
    found = entries(connection)
    assert_same(config(), found, expected(config(), BUCKETS, VALUES, 100))
    assert {key: entry[2] for key, entry in found.items()} == {
        key: entry[2] for key, entry in expected(config(), BUCKETS, VALUES, 100).items()
    }


def buckets_of(days: st.SearchStrategy[int]) -> st.SearchStrategy[list[Bucket]]:
    row = st.tuples(
        st.sampled_from(["ann", "bob", "cleo", "d.é/汉"]),
        st.sampled_from(["i1", "i2", "i3", "i4", "gone"]),
        st.sampled_from(["purchase", "cart", "view"]),
        days,
        st.integers(1, 50),
    )
    return st.lists(row, max_size=25, unique_by=lambda bucket: bucket[:4])


VALUE_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["i1", "i2", "i3", "i4"]),
        st.sampled_from(["attrs.brand", "attrs.colour", "attrs.size"]),
        st.sampled_from(["red", "blue", "Ünïcode", ""]),
    ),
    max_size=12,
)
SLOW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def buildable(buckets: list[Bucket], seen: int) -> bool:
    return bool(buckets) and any(row[2] != "view" and row[3] <= seen for row in buckets)


@SLOW
@given(buckets_of(st.integers(0, 400)), VALUE_ROWS, st.one_of(st.none(), st.integers(0, 500)), st.floats(0.1, 50))
def test_sql_and_python_agree(
    shared: Connection, buckets: list[Bucket], values: list[tuple[str, str, str]], as_of: int | None, prior: float
) -> None:
    seen = max((row[3] for row in buckets), default=0) if as_of is None else as_of
    if not buildable(buckets, seen):
        return
    shop = config(profiles={"prior_events": prior})
    fill(shared, buckets, values)
    build_profiles(shared, shop, now_ms=1, as_of=None if as_of is None else date.fromordinal(719163 + as_of))
    assert_same(shop, entries(shared), expected(shop, buckets, values, seen))


@SLOW
@given(buckets_of(st.integers(0, 60)), VALUE_ROWS)
def test_sql_and_python_agree_on_sequences(
    shared: Connection, buckets: list[Bucket], values: list[tuple[str, str, str]]
) -> None:
    if not buildable(buckets, 60):
        return
    shop = config(events={"types": {"purchase": {"weight": 1}, "cart": {"weight": 0.5}, "view": {"weight": 0}},
                          "time": "sequence"})  # fmt: skip
    fill(shared, buckets, values)
    assert build_profiles(shared, shop, now_ms=1).as_of == ""
    assert_same(shop, entries(shared), expected(shop, buckets, values, 60))


@SLOW
@given(buckets_of(st.integers(0, 100)), VALUE_ROWS, st.permutations(["ann", "bob", "cleo", "d.é/汉"]))
def test_some_shoppers_alone_are_as_in_a_full_build(
    shared: Connection, buckets: list[Bucket], values: list[tuple[str, str, str]], users: list[str]
) -> None:
    if not buildable(buckets, 100):
        return
    fill(shared, buckets, values)
    build_profiles(shared, config(), now_ms=1)
    whole = rows(shared, "profile_entries"), rows(shared, "profile_events"), rows(shared, "population")
    build_profile(shared, config(), users[:2], now_ms=2)
    assert whole == (rows(shared, "profile_entries"), rows(shared, "profile_events"), rows(shared, "population"))


def test_partitions_make_no_difference(connection: Connection) -> None:
    build_profiles(connection, config(), now_ms=1)
    whole = rows(connection, "profile_entries"), rows(connection, "profile_events")
    steps: list[tuple[int, int]] = []
    with mock.patch.object(build_module, "BUCKETS_PER_PARTITION", 2):
        build_profiles(connection, config(), now_ms=1, progress=lambda done, total: steps.append((done, total)))
    assert whole == (rows(connection, "profile_entries"), rows(connection, "profile_events"))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_the_same_buckets_in_any_order_give_the_same_bits(connection: Connection) -> None:
    many: list[Bucket] = [(f"u{n % 7}", f"i{n % 31}", "purchase", n * 37 % 365, 1 + n % 3) for n in range(3000)]
    values = [(f"i{n}", "attrs.brand", f"brand {n % 5}") for n in range(31)]
    seen = set()
    for order in (many, many[::-1], sorted(many)):
        fill(connection, order, values)
        build_profiles(connection, config(), now_ms=1)
        seen.add(str(rows(connection, "profile_entries")))
    assert len(seen) == 1


def test_later_buckets_are_left_out(connection: Connection) -> None:
    assert build_profiles(connection, config(), now_ms=1, as_of=date(1970, 4, 1)).as_of == "1970-04-01"
    assert_same(config(), entries(connection), expected(config(), [b for b in BUCKETS if b[3] <= 90], VALUES, 90))


def test_the_size_guard_keeps_the_top_by_weight_times_count_and_says_what_it_cut(connection: Connection) -> None:
    buckets: list[Bucket] = [("ann", f"i{n}", "purchase", 100, n) for n in range(1, 7)] + [
        ("bob", "i1", "purchase", 100, 1)
    ]
    values = [(f"i{n}", "attrs.brand", f"b{n}") for n in range(1, 7)]
    shop = config(profiles={"max_values": 4, "max_items": 2})
    fill(connection, buckets, values)
    report = build_profiles(connection, shop, now_ms=1)
    everything = expected(shop, buckets, values, 100)
    kept = entries(connection)
    for attribute, limit in (("brand", 4), ("item", 2)):
        of_ann = {key: e[0] * e[1] for key, e in everything.items() if key[:2] == ("ann", attribute)}
        best = sorted(of_ann, key=lambda key: (-of_ann[key], key))[:limit]
        assert {key for key in kept if key[:2] == ("ann", attribute)} == set(best)
    assert (report.attributes["brand"].entries_cut, report.attributes["brand"].shoppers_cut) == (2, 1)
    assert (report.attributes["item"].entries_cut, report.attributes["item"].shoppers_cut) == (4, 1)
    assert report.attributes["item"].entries == 3
    assert report.entries == len(kept)


def test_ties_are_broken_by_value(connection: Connection) -> None:
    fill(connection, [("ann", f"i{n}", "purchase", 100 - n % 2, 1) for n in (4, 2, 6, 8)], [])
    build_profiles(connection, config(profiles={"max_items": 2}), now_ms=1)
    assert sorted(entries(connection)) == [("ann", "item", "i2"), ("ann", "item", "i4")]


def test_clipped_weights_are_counted_and_warned_of(connection: Connection) -> None:
    shop = config(item_affinity={"strength": 1, "saturation_weight": 0.5}, attributes={})
    report = build_profiles(connection, shop, now_ms=1)
    weights = sorted(entry[1] for entry in entries(connection).values())
    assert report.attributes["item"].clipped == sum(weight > 0.5 for weight in weights) == 5
    assert report.warnings == [
        "item_affinity.saturation_weight: 100% of the entries weigh more and get no more than the highest level; "
        f"{weights[-1]:.1f} would hold 99 % of them"
    ]


def test_items_that_were_not_loaded_are_warned_of(connection: Connection) -> None:
    fill(connection, BUCKETS, [row for row in VALUES if row[1] == "attrs.brand"])
    report = build_profiles(connection, config(item_affinity={"strength": 0}), now_ms=1)
    assert report.warnings == [
        "attributes.colour: no entries: no item with events has a value in `attrs.colour` (are the items loaded?)"
    ]
    assert report.attributes["colour"] == AttributeReport()


def test_an_item_list_without_weight_is_warned_of(connection: Connection) -> None:
    shop = config(item_affinity={"strength": 1, "bought_before": {"weight": 0}}, attributes={})
    report = build_profiles(connection, shop, now_ms=1)
    assert entries(connection) == {}
    assert report.warnings == ["item_affinity: no entries: item_affinity.bought_before.weight is 0"]
    assert report.shoppers == 0


def test_what_was_only_viewed_counts_apart_from_what_was_bought(connection: Connection) -> None:
    item = {"strength": 1, "bought_before": {"half_life_days": 20}, "viewed_before": {"weight": 3, "half_life_days": 5}}
    build_profiles(connection, config(attributes={}, item_affinity=item), now_ms=1)
    found = {key[::2]: row[:2] for key, row in entries(connection).items()}
    assert found == {
        ("ann", "i1"): pytest.approx((1, math.log(2))),
        ("ann", "i2"): pytest.approx((2 * 0.5**0.5, math.log(1 + 2 * 0.5**0.5))),
        ("bob", "i2"): pytest.approx((1, 3 * math.log(2))),
        ("bob", "i3"): pytest.approx((0.5, math.log(1.5))),
        ("bob", "gone"): pytest.approx((3, math.log(4))),
    }
    off = config(attributes={}, item_affinity={**item, "viewed_before": {"weight": 0}})
    build_profiles(connection, off, now_ms=2)
    assert ("bob", "item", "i2") not in entries(connection)


def test_every_entry_says_the_most_that_its_events_say(connection: Connection) -> None:
    types = {name: {"weight": 0.5} for name in ("purchase", "cart", "view", "click", "impression", "rating")}
    shop = config(attributes={"brand": {"field": "attrs.brand"}}, events={"types": types})
    buckets = [("u", f"i{n}", kind, 100, 1) for n, kind in enumerate(types)]
    buckets += [("u", "i3", "impression", 100, 9), ("u", "i2", "rating", 90, 1), ("v", "i9", "impression", 100, 9)]
    # Of C less than half was bought, and the rest says no more than that it was viewed.
    buckets += [("u", "i0", "click", 99, 1), ("w", "i5", "purchase", 100, 1), ("w", "i5", "view", 100, 2)]
    brands = [("i4", "A"), ("i9", "B"), ("i0", "A"), ("i5", "C")]
    fill(connection, buckets, [(item, "attrs.brand", brand) for item, brand in brands])
    build_profiles(connection, shop, now_ms=1)
    assert {row[0:1] + row[2:3]: row[6] for row in rows(connection, "profile_entries")} == {
        ("u", "A"): "click",
        ("u", "C"): "other",
        ("w", "C"): "view",
        ("w", "i5"): "purchase",
        ("v", "B"): "impression",
        ("u", "i0"): "purchase",
        ("u", "i1"): "add_to_cart",
        ("u", "i2"): "view",
        ("u", "i3"): "click",
        ("u", "i4"): "impression",
        ("u", "i5"): "other",
        ("v", "i9"): "impression",
    }


@SLOW
@given(buckets_of(st.integers(0, 100)), st.sampled_from([None, 0, 0.5]), st.sampled_from([None, 20, 3]))
def test_sql_and_python_agree_on_what_was_viewed(
    shared: Connection, buckets: list[Bucket], weight: float | None, half_life: float | None
) -> None:
    if not buildable(buckets, 100):
        return
    viewed = {"weight": weight, "half_life_days": half_life}
    shop = config(item_affinity={**SHOP["item_affinity"], "viewed_before": viewed})
    fill(shared, buckets, VALUES)
    build_profiles(shared, shop, now_ms=1)
    assert_same(shop, entries(shared), expected(shop, buckets, VALUES, max(row[3] for row in buckets)))


def stepping_back(**changes: Any) -> Config:
    item = {"owned_demotion": 0.2, "bought_before": {"half_life_days": 20}}
    return config(attributes={}, item_affinity={**item, **changes})


def test_the_items_bought_are_those_of_the_role_purchase(connection: Connection) -> None:
    report = build_profiles(connection, stepping_back(), now_ms=1)
    # bob's two carts of i2 are no purchase, cleo only viewed; "gone" is no longer in the catalogue.
    assert entries(connection) == {
        ("ann", "owned_demotion", "i1"): (1.0, 1.0, 1),
        ("ann", "owned_demotion", "i2"): (pytest.approx(2 * 0.5**0.5), 1.0, 1),
        ("bob", "owned_demotion", "gone"): (3.0, 1.0, 1),
        ("bob", "owned_demotion", "i3"): (0.5, 1.0, 1),
    }
    assert report.attributes == {"owned_demotion": AttributeReport(entries=4, shoppers=2)}
    assert report.warnings == []
    assert rows(connection, "profile_events") == [("ann", 3.0), ("bob", 6.0)]


def test_without_a_owned_demotion_nothing_is_kept_of_it(connection: Connection) -> None:
    build_profiles(connection, stepping_back(), now_ms=1)
    build_profiles(connection, config(), now_ms=2)
    assert {attribute for _, attribute, _ in entries(connection)} == {"brand", "colour", "item"}


def test_beside_the_attributes_it_changes_none_of_them(connection: Connection) -> None:
    build_profiles(connection, config(item_affinity={"strength": 0}), now_ms=1)
    alone, population = entries(connection), rows(connection, "population")
    build_profiles(connection, config(item_affinity={"owned_demotion": 0.2}), now_ms=2)
    both = entries(connection)
    assert {key: entry for key, entry in both.items() if key[1] != "owned_demotion"} == alone
    assert len(both) == len(alone) + 4
    assert rows(connection, "population") == population


def test_the_newest_items_bought_are_kept_and_ties_broken_by_item(connection: Connection) -> None:
    days = {"i1": 1, "i2": 100, "i3": 50, "i4": 50, "i5": 50, "i6": 60}
    fill(connection, [("ann", item, "purchase", day, 1) for item, day in days.items()], [])
    report = build_profiles(connection, config(attributes={}, item_affinity={"owned_demotion": 1},
                                               profiles={"max_items": 1}), now_ms=1)  # fmt: skip
    assert sorted(item for _, _, item in entries(connection)) == ["i2", "i3", "i4", "i6"]
    assert report.attributes["owned_demotion"] == AttributeReport(entries=4, shoppers=1, entries_cut=2, shoppers_cut=1)


def test_no_more_items_are_kept_than_an_engine_looks_up_at_once(connection: Connection) -> None:
    with mock.patch.object(owned_demotion, "MOST_BOUGHT", 1):
        report = build_profiles(connection, stepping_back(), now_ms=1)
    assert sorted(key[::2] for key in entries(connection)) == [("ann", "i1"), ("bob", "gone")]
    assert report.attributes["owned_demotion"].entries_cut == 2


def test_items_bought_long_ago_are_kept(connection: Connection) -> None:
    fill(connection, [("ann", "i1", "purchase", 0, 1), ("bob", "i2", "purchase", 90_000, 1)], [])
    build_profiles(connection, stepping_back(), now_ms=1)
    assert entries(connection)["ann", "owned_demotion", "i1"] == (0.0, 1.0, 1)


def test_later_purchases_and_partitions_and_sequences(connection: Connection) -> None:
    shop = stepping_back()
    with mock.patch.object(build_module, "BUCKETS_PER_PARTITION", 2):
        build_profiles(connection, shop, now_ms=1, as_of=date(1970, 4, 1))
    assert sorted(key[::2] for key in entries(connection)) == [("ann", "i2"), ("bob", "i3")]
    types = {"purchase": {"weight": 1}, "cart": {"weight": 2}, "view": {"weight": 0}}
    build_profiles(connection, stepping_back().model_copy(update={"events": config(
        events={"types": types, "time": "sequence"}).events}), now_ms=2)  # fmt: skip
    assert sorted(key[::2] for key in entries(connection)) == [
        ("ann", "i1"), ("ann", "i2"), ("bob", "gone"), ("bob", "i3"),
    ]  # fmt: skip


@SLOW
@given(buckets_of(st.integers(0, 100)), VALUE_ROWS, st.sampled_from(["date", "sequence"]), st.sampled_from([0.5, 1]))
def test_sql_and_python_agree_on_the_items_bought(
    shared: Connection, buckets: list[Bucket], values: list[tuple[str, str, str]], time: str, cart: float
) -> None:
    if not buildable(buckets, 100):
        return
    types = {"purchase": {"weight": 1}, "cart": {"weight": cart}, "view": {"weight": 0}}
    shop = config(item_affinity={"owned_demotion": 0.2}, events={"types": types, "time": time})
    fill(shared, buckets, values)
    build_profiles(shared, shop, now_ms=1)
    assert_same(shop, entries(shared), expected(shop, buckets, values, max(row[3] for row in buckets)))


def test_a_purchase_joins_the_items_of_its_shopper_only(connection: Connection) -> None:
    build_profiles(connection, stepping_back(), now_ms=1)
    before = rows(connection, "profile_entries")
    assert build_profile(connection, stepping_back(), ["ann", "cleo"], now_ms=2).shoppers == 1
    assert rows(connection, "profile_entries") == before
    connection.execute("INSERT INTO buckets VALUES ('cleo', 'i1', 'purchase', 100, 1)")
    build_profile(connection, stepping_back(owned_demotion=0.9), ["cleo"], now_ms=3)
    assert rows(connection, "profile_entries") == sorted(
        [*before, ("cleo", "owned_demotion", "i1", 1.0, 1.0, 1, "purchase")]
    )


def test_a_shop_where_nobody_bought_is_warned_of(connection: Connection) -> None:
    fill(connection, [("ann", "i1", "cart", 100, 1)], [])
    assert build_profiles(connection, stepping_back(), now_ms=1).warnings == [
        "item_affinity.owned_demotion: no entries: there is no event of the role purchase"
    ]
    assert entries(connection) == {}


def test_build_ids_only_grow(connection: Connection) -> None:
    ids = [build_profiles(connection, config(), now_ms=now).build for now in (500, 400, 501, 9000)]
    assert ids == [500, 501, 502, 9000]
    assert build_profile(connection, config(), ["ann"], now_ms=0).build == 9001
    found = last_build(connection)
    assert found is not None
    assert (found.id, found.as_of) == (9001, "1970-04-11")


def test_an_event_moves_its_shopper_only(connection: Connection) -> None:
    build_profiles(connection, config(), now_ms=1)
    before = entries(connection)
    connection.execute("INSERT INTO buckets VALUES ('ann', 'i3', 'purchase', 100, 5)")
    report = build_profile(connection, config(), ["ann"], now_ms=2)
    after = entries(connection)
    assert (report.shoppers, report.attributes["brand"]) == (1, AttributeReport(entries=2, shoppers=1))
    assert after["ann", "brand", "Birch"][0] == before["ann", "brand", "Birch"][0] + 5
    assert ("ann", "item", "i3") in after
    assert {k: v for k, v in after.items() if k[0] == "bob"} == {k: v for k, v in before.items() if k[0] == "bob"}


def test_a_new_shopper_and_a_value_new_to_everybody(connection: Connection) -> None:
    build_profiles(connection, config(), now_ms=1)
    connection.execute("INSERT INTO buckets VALUES ('dora', 'i9', 'purchase', 100, 2)")
    connection.execute("INSERT INTO item_values VALUES ('i9', 'attrs.brand', 'Dogwood')")
    build_profile(connection, config(), ["dora", "nobody"], now_ms=2)
    # The population had 6.25 decayed events: the share that dora alone gives the brand is 2 / 6.25.
    weight = math.log(1 + 2 / (2 / 6.25 * (5 + 2)))
    assert entries(connection)["dora", "brand", "Dogwood"][:2] == pytest.approx((2, weight))


def test_a_shopper_without_events_left_loses_the_profile(connection: Connection) -> None:
    build_profiles(connection, config(), now_ms=1)
    connection.execute("DELETE FROM buckets WHERE user_id = 'ann'")
    assert build_profile(connection, config(), ["ann"], now_ms=2).shoppers == 0
    assert {key[0] for key in entries(connection)} == {"bob"}
    assert rows(connection, "profile_events") == [("bob", 6.0)]


def test_a_build_that_breaks_leaves_the_last_one(connection: Connection) -> None:
    build_profiles(connection, config(), now_ms=1)
    before = rows(connection, "profile_entries"), last_build(connection)
    connection.execute("INSERT INTO buckets VALUES ('ann', 'i3', 'purchase', 100, 5)")
    broken = "\n".join([statements.SWAP, "SELECT * FROM nowhere"])
    with mock.patch.object(statements, "SWAP", broken), pytest.raises(DataError, match=r"local state: .*nowhere"):
        build_profiles(connection, config(), now_ms=2)
    assert (rows(connection, "profile_entries"), last_build(connection)) == before
    build_profiles(connection, config(), now_ms=3)
    assert_same(
        config(), entries(connection), expected(config(), [*BUCKETS, ("ann", "i3", "purchase", 100, 5)], VALUES, 100)
    )


def test_nothing_is_left_lying_about(connection: Connection) -> None:
    tables = "SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY ALL"
    before = connection.execute(tables).fetchall()
    build_profiles(connection, config(), now_ms=1)
    build_profile(connection, config(), ["ann"], now_ms=2)
    assert connection.execute(tables).fetchall() == before


def test_no_events(connection: Connection) -> None:
    fill(connection, [], VALUES)
    with pytest.raises(DataError, match="expected events, found none"):
        build_profiles(connection, config(), now_ms=1)


def test_a_day_means_nothing_without_a_calendar(connection: Connection) -> None:
    shop = config(events={"types": {"purchase": {"weight": 1}}, "time": "sequence"})
    with pytest.raises(ConfigError, match=r"as_of: expected none where events\.time is sequence, got 2026-01-01"):
        build_profiles(connection, shop, now_ms=1, as_of=date(2026, 1, 1))


def test_some_shoppers_need_a_full_build_with_the_same_configuration(connection: Connection) -> None:
    with pytest.raises(DataError, match="expected a build, found none"):
        build_profile(connection, config(), ["ann"], now_ms=1)
    build_profiles(connection, config(), now_ms=1)
    with pytest.raises(DataError, match="expected a build with this configuration"):
        build_profile(connection, config(profiles={"prior_events": 6}), ["ann"], now_ms=2)
