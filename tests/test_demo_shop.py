"""The synthetic shop: labelled, the same every time, readable, and with the tastes that are planted in it."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from affinity_search.demo.shop import SHOWN_SHOPPERS, write_shop
from affinity_search.demo.words import BRANDS, CATEGORIES
from affinity_search.items.item import Item
from affinity_search.items.read import read_items
from affinity_search.tuning.files import suggest_from_files

Row = dict[str, str]
CONSUMABLE = {category.name for category in CATEGORIES if category.consumable}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder)
    return folder


@pytest.fixture(scope="module")
def items(shop: Path) -> dict[str, Item]:
    found = [item for _, item in read_items(shop / "items.jsonl.gz")]
    return {item.id: item for item in found if isinstance(item, Item)}


@pytest.fixture(scope="module")
def events(shop: Path) -> list[Row]:
    with gzip.open(shop / "events.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def queries(shop: Path) -> list[dict[str, Any]]:
    with gzip.open(shop / "queries.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_its_size(items: dict[str, Item], events: list[Row], queries: list[dict[str, Any]]) -> None:
    assert len(items) == 1500
    assert 20_000 < len(events) < 30_000
    assert len({row["user"] for row in events}) == 300
    assert len(queries) > 500


def test_it_says_that_it_is_synthetic(shop: Path, items: dict[str, Item], events: list[Row]) -> None:
    note = (shop / "README.txt").read_text(encoding="utf-8")
    assert note.startswith(
        "This shop is SYNTHETIC: made by a program, seed 7. No item, brand, shopper or purchase in it is real."
    )
    assert f"events.csv.gz     {len(events)} events" in note
    assert all(item.fields["text"].endswith("Synthetic demo item.") for item in items.values())
    assert all(id_.startswith("syn-") for id_ in items)


def test_an_item_is_readable(items: dict[str, Item]) -> None:
    found = items["syn-0001"]
    assert found.title == "Quickstep Harbour Running Shoes black and blue"
    assert found.attrs == {
        "brand": ("Quickstep",),
        "category": ("running shoes",),
        "colour": ("black", "blue"),
        "material": ("leather",),
        "price_band": ("mid",),
    }


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(tmp_path: Path) -> None:
    written = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_shop(tmp_path / name, seed=seed, items=60, shoppers=5)
        written.append({file.name: file.read_bytes() for file in sorted((tmp_path / name).iterdir())})
    assert written[0] == written[1]
    assert written[0].keys() == {"README.txt", "events.csv.gz", "items.jsonl.gz", "queries.jsonl.gz"}
    assert written[0]["events.csv.gz"] != written[2]["events.csv.gz"]


def test_purchases_follow_a_look_and_the_training_part_ends_before_the_queries(
    events: list[Row], queries: list[dict[str, Any]]
) -> None:
    assert Counter(row["type"] for row in events).keys() == {"view", "purchase"}
    seen = {(row["user"], row["item"]) for row in events if row["type"] == "view"}
    assert {(row["user"], row["item"]) for row in events if row["type"] == "purchase"} <= seen
    assert max(row["ts"] for row in events) < min(query["ts"] for query in queries)
    assert [row["ts"] for row in events] == sorted(row["ts"] for row in events)
    assert datetime.fromisoformat(events[0]["ts"]).year == 2025


def test_only_what_is_used_up_is_bought_again(events: list[Row], items: dict[str, Item]) -> None:
    counts = Counter((row["user"], row["item"]) for row in events if row["type"] == "purchase")
    again: Counter[bool] = Counter()
    for (_, id_), count in counts.items():
        again[items[id_].attrs["category"][0] in CONSUMABLE] += count - 1
    assert again[False] < again[True] / 50


def test_the_two_shoppers_to_show_love_different_brands(events: list[Row], items: dict[str, Item]) -> None:
    loved = {}
    for user in SHOWN_SHOPPERS:
        brands = Counter(items[row["item"]].attrs["brand"][0] for row in events if row["user"] == user)
        loved[user] = {name for name, _ in brands.most_common(3)}
    assert loved["ada"] & {names[1] for names in BRANDS.values()}
    assert loved["ben"] & {names[4] for names in BRANDS.values()}
    assert not loved["ada"] & loved["ben"]


def test_queries_name_the_category_and_what_is_new(
    queries: list[dict[str, Any]], events: list[Row], items: dict[str, Item]
) -> None:
    owned = {(row["user"], row["item"]) for row in events if row["type"] == "purchase"}
    for query in queries:
        assert {items[id_].attrs["category"][0] for id_ in query["relevant"]} == {query["query"]}
        assert query["novel"] == [id_ for id_ in query["relevant"] if (query["user"], id_) not in owned]


def test_init_finds_what_is_planted(shop: Path) -> None:
    config = suggest_from_files(shop / "items.jsonl.gz", [shop / "events.csv.gz"]).suggestion.config
    assert list(config.active_attributes)[:2] == ["brand", "colour"]
    assert "material" not in config.active_attributes and "category" not in config.active_attributes
    assert config.attributes["colour"].multi_valued
    assert config.item_affinity.strength > 0
    assert 0 < config.events.types["view"].weight < 1
