"""What is no taste: what happened long ago, and values that nearly everything has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from affinity_search.config import Config
from affinity_search.profiles.build import build_profile, build_profiles
from affinity_search.state import open_state
from tests.profile_data import Bucket, entries, fill

TODAY = 20_000
PURCHASE, VIEW = "purchase", "view"


@pytest.fixture
def connection() -> Iterator[DuckDBPyConnection]:
    with open_state(Path(":memory:")) as found:
        yield found


def shop(levels: int = 7, **sections: Any) -> Config:
    """Views weigh a fifth; half-lives are 90 days; saturation weights are high: most levels would round to 0."""
    return Config.model_validate(
        {
            "events": {"types": {PURCHASE: {"weight": 1}, VIEW: {"weight": 0.2}}},
            "attributes": {"brand": {"field": "attrs.brand", "levels": levels, "saturation_weight": 9}},
            "item_affinity": {"strength": 0.5, "levels": levels, "saturation_weight": 9},
            **sections,
        }
    )


BRANDS = [(f"i{n}", "attrs.brand", f"brand {n}") for n in range(6)]


def others(count: int = 6) -> list[Bucket]:
    return [(f"other {n}", f"i{n % 6}", PURCHASE, TODAY, 1) for n in range(count)]


def kept(connection: DuckDBPyConnection, user: str) -> dict[tuple[str, str], int]:
    return {key[1:]: entry[2] for key, entry in entries(connection).items() if key[0] == user}


@pytest.mark.parametrize("levels", [1, 3, 7, 15, 255])
def test_one_event_of_last_week_is_a_taste_and_one_of_years_ago_is_none(
    connection: DuckDBPyConnection, levels: int
) -> None:
    lone = [("fresh", "i1", VIEW, TODAY - 7, 1), ("old", "i1", VIEW, TODAY - 3 * 365, 1)]
    fill(connection, others() + lone, BRANDS)
    build_profiles(connection, shop(levels), now_ms=1)
    assert kept(connection, "fresh").keys() == {("brand", "brand 1"), ("item", "i1")}
    assert min(kept(connection, "fresh").values()) >= 1
    assert kept(connection, "old") == {}


def test_a_brand_that_nobody_else_bought_is_forgotten_just_as_well(connection: DuckDBPyConnection) -> None:
    # Its share in the population fades with it, so that its weight never does.
    fill(connection, [*others(5), ("old", "i5", PURCHASE, TODAY - 1095, 1)], BRANDS)
    build_profiles(connection, shop(), now_ms=1)
    assert kept(connection, "old") == {}


@pytest.mark.parametrize(("age", "remembered"), [(539, True), (540, True), (541, False)])
@pytest.mark.parametrize("kind", [PURCHASE, VIEW])
def test_a_lone_event_is_forgotten_after_six_half_lives_whatever_its_type(
    connection: DuckDBPyConnection, age: int, remembered: bool, kind: str
) -> None:
    fill(connection, [*others(), ("ann", "i1", kind, TODAY - age, 1)], BRANDS)
    build_profiles(connection, shop(), now_ms=1)
    assert bool(kept(connection, "ann")) is remembered
    build_profile(connection, shop(), ["ann"], now_ms=2)
    assert bool(kept(connection, "ann")) is remembered


def test_many_events_are_remembered_for_longer(connection: DuckDBPyConnection) -> None:
    long_ago = TODAY - 1080  # twelve half-lives
    fill(connection, [*others(), ("ann", "i1", VIEW, long_ago, 64), ("bob", "i1", VIEW, long_ago, 63)], BRANDS)
    build_profiles(connection, shop(), now_ms=1)
    assert kept(connection, "ann") == {("brand", "brand 1"): 1, ("item", "i1"): 1}
    assert kept(connection, "bob") == {}


def test_events_of_many_items_keep_a_brand_that_none_of_them_would(connection: DuckDBPyConnection) -> None:
    old: list[Bucket] = [("ann", f"i{n}", PURCHASE, TODAY - 720, 1) for n in range(6)]
    same = [(f"i{n}", "attrs.brand", "one" if n < 5 else "other") for n in range(6)]
    fill(connection, [*others(), *old], same)
    build_profiles(connection, shop(), now_ms=1)
    assert kept(connection, "ann") == {("brand", "one"): 1}


def test_each_half_life_forgets_in_its_own_time(connection: DuckDBPyConnection) -> None:
    fill(connection, [*others(), ("ann", "i1", PURCHASE, TODAY - 60, 1)], BRANDS)
    item = {"strength": 0.5, "saturation_weight": 9, "bought_before": {"half_life_days": 5}}
    build_profiles(connection, shop(item_affinity=item), now_ms=1)
    assert kept(connection, "ann") == {("brand", "brand 1"): 1}


def test_steps_of_a_sequence_are_forgotten_too(connection: DuckDBPyConnection) -> None:
    fill(connection, [*others(), ("ann", "i1", PURCHASE, 1, 1), ("ann", "i2", PURCHASE, 700, 1)], BRANDS)
    types = {PURCHASE: {"weight": 1}, VIEW: {"weight": 0.2}}
    build_profiles(connection, shop(events={"types": types, "time": "sequence"}), now_ms=1)
    assert kept(connection, "ann").keys() == {("brand", "brand 2"), ("item", "i2")}


def test_where_everything_is_forgotten_the_report_says_so(connection: DuckDBPyConnection) -> None:
    fill(connection, others(), BRANDS)
    report = build_profiles(connection, shop(), now_ms=1, as_of=date(2030, 1, 1))
    assert entries(connection) == {}
    assert report.warnings == [
        "attributes.brand: no entries: every event is more than six half-lives old",
        "item_affinity: no entries: every event is more than six half-lives old",
    ]


# --- values that say nothing


def tagged(tags: dict[str, int], items: int = 20) -> list[tuple[str, str, str]]:
    """Every tag on as many items, from the first on."""
    return [(f"i{n}", "attrs.tag", tag) for tag, count in tags.items() for n in range(min(count, items))]


TAGS = {"tag": {"field": "attrs.tag", "multi_valued": True, "levels": 3}}


def catalogue(connection: DuckDBPyConnection, count: int = 20) -> None:
    connection.execute("DELETE FROM items")
    connection.executemany("INSERT INTO items VALUES (?, ?)", [[f"i{n}", f"Item {n}"] for n in range(count)])


def test_a_value_of_nearly_every_item_is_no_taste_and_is_named(connection: DuckDBPyConnection) -> None:
    fill(connection, others(), tagged({"shop": 20, "all but one": 19, "most": 17, "few": 3}))
    catalogue(connection)
    report = build_profiles(connection, shop(attributes=TAGS), now_ms=1)
    assert kept(connection, "other 0").keys() == {("tag", "most"), ("tag", "few"), ("item", "i0")}
    assert report.common == {"tag": ["all but one", "shop"]}
    assert report.warnings == [
        "attributes.tag: left out `all but one`, `shop`: no taste, "
        "as at least 90 % of the items or of the events have it"
    ]
    before = entries(connection)
    build_profile(connection, shop(attributes=TAGS), ["other 0"], now_ms=2)
    assert entries(connection) == before


def test_items_without_any_value_are_items_too(connection: DuckDBPyConnection) -> None:
    fill(connection, others(), tagged({"sale": 6}))
    catalogue(connection)
    assert build_profiles(connection, shop(attributes=TAGS), now_ms=1).common == {}
    catalogue(connection, 6)
    assert build_profiles(connection, shop(attributes=TAGS), now_ms=2).common == {"tag": ["sale"]}


def test_a_value_of_nearly_every_event_is_no_taste(connection: DuckDBPyConnection) -> None:
    buckets: list[Bucket] = [(f"u{n}", f"i{k}", PURCHASE, TODAY, 1) for n in range(12) for k in range(3)]
    gone: list[Bucket] = [(f"u{n}", "gone", PURCHASE, TODAY, 5) for n in range(12)]
    fill(connection, [*buckets, ("u0", "i9", PURCHASE, TODAY, 1), *gone], tagged({"bought by all": 5, "rest": 20}))
    catalogue(connection)
    assert build_profiles(connection, shop(attributes=TAGS), now_ms=1).common == {"tag": ["bought by all", "rest"]}


def test_the_events_of_a_few_shoppers_say_nothing_of_a_value(connection: DuckDBPyConnection) -> None:
    fill(connection, [(f"u{n}", "i1", PURCHASE, TODAY, 3) for n in range(9)], tagged({"owned_demotion": 5}))
    catalogue(connection)
    assert build_profiles(connection, shop(attributes=TAGS), now_ms=1).common == {}
    assert kept(connection, "u1").keys() == {("tag", "owned_demotion"), ("item", "i1")}


def test_an_attribute_without_any_other_value_has_no_entries(connection: DuckDBPyConnection) -> None:
    fill(connection, others(), tagged({"shop": 20}))
    catalogue(connection)
    report = build_profiles(connection, shop(attributes=TAGS), now_ms=1)
    assert report.attributes["tag"].entries == 0
    assert report.warnings == [
        "attributes.tag: left out `shop`: no taste, as at least 90 % of the items or of the events have it"
    ]


def test_many_values_are_named_in_part(connection: DuckDBPyConnection) -> None:
    fill(connection, others(), tagged({f"root {n}": 20 for n in range(8)}))
    catalogue(connection)
    (warning,) = build_profiles(connection, shop(attributes=TAGS), now_ms=1).warnings
    assert warning.startswith("attributes.tag: left out `root 0`, `root 1`, `root 2`, `root 3`, `root 4` and 3 more: ")


def test_ids_as_an_attribute_are_told(connection: DuckDBPyConnection) -> None:
    fill(connection, others(), [(f"i{n}", "attrs.brand", f"id {n}") for n in range(20)])
    catalogue(connection)
    assert build_profiles(connection, shop(), now_ms=1).warnings == [
        "attributes.brand: nearly every item has a value of its own: item_affinity says that already"
    ]
    fill(connection, others(), [(f"i{n}", "attrs.brand", f"id {n}") for n in range(19)])
    assert build_profiles(connection, shop(), now_ms=2).warnings == []
