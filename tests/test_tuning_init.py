"""What `affinity init` chooses: planted tastes are found, and nothing is found where nothing is planted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config import Config, parse_config
from affinity_search.errors import DataError
from affinity_search.events import Event
from affinity_search.items.item import Item
from affinity_search.tuning.files import suggest_from_files
from affinity_search.tuning.init import suggest
from affinity_search.tuning.suggestion import Suggestion
from affinity_search.tuning.write import write_yaml
from tests.shop_data import as_steps, catalogue, event, item, purchases

ITEMS = catalogue()


@pytest.fixture(scope="module")
def tasteful() -> Suggestion:
    return suggest(ITEMS, purchases(ITEMS, taste=8.0))


def test_a_planted_taste_is_taken_and_junk_is_left_out(tasteful: Suggestion) -> None:
    assert list(tasteful.config.active_attributes) == ["brand"]
    brand = tasteful.config.attributes["brand"]
    assert (brand.field, brand.multi_valued, brand.levels, brand.half_life_days) == ("attrs.brand", False, 15, 90.0)
    assert brand.strength in (0.05, 0.1, 0.2, 0.4)
    assert tasteful.reasons["attributes.junk"].startswith(
        "for filters only: does not surely tell a shopper's next purchase from another item: "
    )
    assert tasteful.reasons["attributes.category"].startswith("for filters only: ")


def test_nobody_buys_twice_so_what_was_bought_steps_back(tasteful: Suggestion) -> None:
    item = tasteful.config.item_affinity
    assert item.owned_demotion >= 0.1
    assert item.strength * item.bought_before.weight == 0
    assert tasteful.reasons["item_affinity.owned_demotion"].startswith(
        "what was bought is not bought again soon, so the rest goes before it; 0 -> "
    )
    assert "buying the same item again brings no sure gain; " in tasteful.reasons["item_affinity.strength"]


def test_a_shared_taste_makes_items_related(tasteful: Suggestion) -> None:
    item = tasteful.config.item_affinity
    assert item.related_on
    assert tasteful.reasons["item_affinity.related.weight"].startswith("what others bought together with a shopper's ")


def test_without_a_signal_nothing_personal_is_on() -> None:
    found = suggest(ITEMS, purchases(ITEMS, again=0.0))
    assert found.config.active_attributes == {}
    assert (found.config.item_affinity.strength, found.config.item_affinity.owned_demotion) == (0, 0)
    assert found.config.total_boost == 0
    assert found.config.search.max_boost == 1
    assert found.config.popularity.recent.weight == 0
    assert found.reasons["attributes"] == "none taken"


def test_what_is_bought_again_is_lifted() -> None:
    found = suggest(ITEMS, purchases(ITEMS, again=0.5))
    assert found.config.item_affinity.strength >= 0.5
    assert found.config.item_affinity.saturation_weight > 0.5
    assert found.config.boost_scale == 1.0
    assert found.reasons["item_affinity.owned_demotion"] == "off: what was bought is boosted"
    assert found.reasons["item_affinity.strength"].startswith("what was bought before is bought again; 0 -> ")


def test_a_sequence_has_no_calendar() -> None:
    found = suggest(ITEMS, as_steps(purchases(ITEMS, taste=8.0, again=0.3)), time="sequence")
    assert list(found.config.active_attributes) == ["brand"]
    assert found.config.events.time == "sequence"
    assert found.config.item_affinity.strength > 0
    assert found.config.popularity.recent.weight == 0
    assert found.config.attributes["brand"].half_life_days in (3, 10, 40)
    assert (
        found.reasons["events.time"]
        == "whole numbers from 1 to 40 that count up per shopper; days below mean such steps"
    )
    assert found.reasons["popularity.recent.weight"] == "off: there is no common calendar"


NOTHING_REPLAYED = "No purchase could be replayed, so everything personal is off."


@pytest.mark.parametrize(
    ("items", "events"),
    [
        ([], []),
        (ITEMS, []),
        ([], [event("u", "i1", 1)]),
        (ITEMS, [event(f"u{n}", f"i{n}", n) for n in range(50)]),
        (ITEMS, [event("u", f"i{n}", 7) for n in range(50)]),
        ([item(i.id) for i in ITEMS], purchases(ITEMS, shoppers=20)),
    ],
    ids=["nothing", "no events", "no items", "one event each", "one day", "no text"],
)
def test_without_a_replay_the_safe_configuration_says_so(items: list[Item], events: list[Event]) -> None:
    found = suggest(items, events)
    assert found.reasons[""].endswith(NOTHING_REPLAYED)
    assert (found.config.total_boost, found.config.lookups) == (0, 0)
    assert found.config.popularity.all_time.weight == 1
    assert list(found.config.events.types) == ["purchase"]
    assert parse_config(write_yaml(found)) == found.config


def test_one_shopper_proves_nothing() -> None:
    found = suggest(ITEMS, purchases(ITEMS, taste=8.0, again=0.5, shoppers=1))
    assert (found.config.active_attributes, found.config.item_affinity.strength) == ({}, 0)
    assert found.reasons["attributes.brand"] == "for filters only: too few shoppers to be sure of anything"


def test_items_without_attributes_still_have_the_item_list() -> None:
    bare = [item(i.id, i.title) for i in ITEMS]
    found = suggest(bare, purchases(ITEMS, again=0.5))
    assert found.config.active_attributes == {}
    assert found.config.item_affinity.strength > 0


def with_attribute(name: str, values: Iterable[tuple[str, ...]]) -> list[Item]:
    return [Item(f"i{n}", f"mug {n}", {name: found} if found else {}) for n, found in enumerate(values)]


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("rare", [("a",), ("b",), *[()] * 98], "left out: only 2.0% of the items have it"),
        ("same", [("a",)] * 99 + [("b",)], "left out: one value in 99% of the items that have it"),
        ("sku", [(f"s{n}",) for n in range(100)], "left out: nearly every item has only values that no other item has"),
        ("a b", [("a",), ("b",)] * 50, "left out: its name cannot be that of a field"),
        ("fine", [("a",), ("b",)] * 50, "for filters only: no purchase could be replayed to judge it by"),
    ],
)
def test_unfit_attributes_are_left_out_for_a_reason(name: str, values: list[tuple[str, ...]], why: str) -> None:
    found = suggest(with_attribute(name, values), [])
    assert found.reasons[f"attributes.{name.replace(' ', '_')}"] == why


def test_an_attribute_that_no_event_has_is_left_out() -> None:
    items = with_attribute("maker", [("a",), ("b",), *[()] * 20])
    found = suggest(items, [event("u", f"i{n}", n) for n in range(2, 22)])
    assert found.reasons["attributes.maker"] == "left out: only 0.0% of the events are of items that have it"


def test_names_that_the_configuration_reserves_or_refuses_get_another() -> None:
    others = {"7 Up": ("x",), "Brand": ("y",), "brand": ("z",)}
    renamed = [
        Item(i.id, i.title, {"item": i.attrs["brand"], "category": i.attrs["category"], **others}) for i in ITEMS
    ]
    found = suggest(renamed, purchases(ITEMS, taste=8.0))
    assert found.config.attributes["attr_item"].field == "attrs.item"
    assert {"attributes.attr_7_up", "attributes.brand", "attributes.brand_2"} <= found.reasons.keys()


def test_the_same_data_gives_the_same_file(tasteful: Suggestion) -> None:
    again = suggest(list(ITEMS), purchases(ITEMS, taste=8.0))
    assert write_yaml(again) == write_yaml(tasteful)


def test_the_file_reads_back_and_gives_its_reasons(tasteful: Suggestion) -> None:
    text = write_yaml(tasteful)
    assert parse_config(text) == tasteful.config
    assert "# Written by `affinity init`, which looked at the shop's data." in text
    assert "    # 3,200 events; a purchase\n    purchase:\n      weight: 1.0\n" in text
    assert "  # for filters only: does not surely tell a shopper's next purchase" in text
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("name", ["achat: €\u2028#", "a\nb", "x\x85y", "- no", "\u200b"])
def test_names_that_yaml_takes_for_something_else_read_back(name: str) -> None:
    config = Config.model_validate({"events": {"types": {name: {"weight": 1}}}})
    assert parse_config(write_yaml(Suggestion(config, {}))) == config


NAMES = st.text(min_size=1, max_size=60)


@given(st.dictionaries(NAMES, st.floats(0, 1), min_size=1, max_size=4), st.dictionaries(NAMES, NAMES, max_size=3))
def test_any_names_read_back(types: Mapping[str, float], reasons: Mapping[str, str]) -> None:
    # What no text can hold (lone surrogates, control characters) never gets past the reading of events.
    usable = {n: w for n, w in types.items() if n.isprintable()} or {"buy": 1.0}
    config = Config.model_validate({"events": {"types": {n: {"weight": w} for n, w in usable.items()}}})
    said = {f"attributes.{name}": why for name, why in reasons.items()} | {"": "".join(reasons)}
    assert parse_config(write_yaml(Suggestion(config, said))) == config


def write(path: Path, lines: Iterable[str]) -> Path:
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_files_are_read_and_broken_lines_counted(tmp_path: Path) -> None:
    items = write(tmp_path / "items.jsonl.gz", ['{"id": "a", "title": "mug"}', "oops", '{"id": 1.5}'])
    events = [
        write(tmp_path / "1.csv", ["user,ts,type,item", "u,2026-01-01,purchase,a", "u,someday,purchase,a"]),
        write(tmp_path / "2.jsonl", [json.dumps({"user": "u", "ts": "2026-02", "type": "view", "item": "a"})]),
    ]
    found = suggest_from_files(items, events)
    assert (found.bad_items, found.bad_events) == (2, 1)
    assert found.suggestion.reasons[""] == f"1 items, 2 events of 1 shoppers. {NOTHING_REPLAYED}"
    assert found.suggestion.reasons["events.time"] == "dates from 2026-01-01 to 2026-02-01"
    assert list(found.suggestion.config.events.types) == ["purchase", "view"]


@pytest.mark.parametrize(
    ("times", "kind"),
    [
        (("1", "2", "3"), "sequence"),
        (("2017-01", "2017-02", "2017-03"), "date"),
        (("1483228800", "1483228900", "1483229000"), "date"),
        (("1483228800000", "1483228900000"), "date"),
        (("1", "2", "2017-01-01"), "sequence"),
        ((), "date"),
    ],
)
def test_the_kind_of_time_is_seen(times: tuple[str, ...], kind: str, tmp_path: Path) -> None:
    items = write(tmp_path / "items.jsonl", ['{"id": "a"}'])
    events = write(tmp_path / "e.csv", ["user,ts,type,item", *(f"u,{time},purchase,a" for time in times)])
    assert suggest_from_files(items, [events]).suggestion.config.events.time == kind


def test_months_are_read_as_months(tmp_path: Path) -> None:
    items = write(tmp_path / "items.jsonl", ['{"id": "a"}'])
    events = write(tmp_path / "e.csv", ["user,ts,type,item", "u,202311,purchase,a", "u,202312,purchase,a"])
    found = suggest_from_files(items, [events]).suggestion
    assert found.reasons["events.time"] == "dates from 2023-11-01 to 2023-12-01"
    assert found.sources["events"]["fields"]["ts"] == {"path": "ts", "format": "%Y%m"}


def test_a_file_without_any_event_is_refused_with_what_it_has(tmp_path: Path) -> None:
    items = write(tmp_path / "items.jsonl", ['{"id": "a", "title": "mug"}'])
    with pytest.raises(DataError, match=r"items\.jsonl: expected a column with the time of the event, found none"):
        suggest_from_files(items, [items])


def test_many_tags_that_items_share_are_looked_at() -> None:
    tags = [(f"t{n}", f"t{(n + 1) % 60}", f"only{n}", f"mine{n}") for n in range(60)]
    found = suggest(with_attribute("tags", tags), [])
    assert found.reasons["attributes.tags"].startswith("for filters only: ")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a file, found none"):
        suggest_from_files(tmp_path / "items.jsonl", [tmp_path / "events.csv"])
