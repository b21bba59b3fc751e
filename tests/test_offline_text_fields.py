"""Text fields that are not called `title` and `text`: what is read, what queries are made of, what `init` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from affinity_search.config import parse_config
from affinity_search.items.item import Item, parse_item
from affinity_search.offline.own_log import cut_log
from affinity_search.offline.shop import gather
from affinity_search.offline.text import TextIndex
from affinity_search.offline.text_fields import Texts, item_texts, judge_text_fields
from affinity_search.tuning.init import suggest
from tests.shop_data import event

KINDS = ("mug", "plate", "bowl", "jug")


def named(number: int, **more: Any) -> Item:
    kind = KINDS[number % len(KINDS)]
    story = f"Fired twice, number {number} of a series, thrown in the old barn"
    maker = {"about": f"Potter {number % 3}"}
    return parse_item({"id": f"i{number}", "name": f"Blue {kind} {number}", "story": story, "maker": maker, **more})


ITEMS = [named(n) for n in range(48)]
BOUGHT = [(f"u{n % 8}", f"i{(7 * n + n // 8) % 48}", n) for n in range(160)]


def test_the_field_with_the_highest_boost_names_the_item() -> None:
    found = item_texts(ITEMS[:2], {"maker.about": 1.0, "name": 3.0, "nothing": 1.0})

    assert found == (
        Texts(3.0, ["Blue mug 0", "Blue plate 1"]),
        Texts(1.0, ["Potter 0", "Potter 1"]),
        Texts(1.0, ["", ""]),
    )


def test_a_word_counts_as_much_as_its_field() -> None:
    texts = TextIndex([Texts(3.0, ["mug", "jug"]), Texts(1.0, ["jug", "mug"])])
    found = texts.search("mug")

    assert found[0] > found[1] > 0
    assert found[0] / found[1] == pytest.approx(3 / (3 + 1.2) / (1 / (1 + 1.2)))


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ({"title": "Blue mug", "name": "x y"}, {"title": 2.0, "text": 1.0}),
        ({"text": "Blue mug", "name": "x y"}, {"title": 2.0, "text": 1.0}),
        ({}, {"title": 2.0, "text": 1.0}),
        ({"maker": {"name": "Two Words"}}, {"title": 2.0, "text": 1.0}),
        ({"sku": "a1"}, {"title": 2.0, "text": 1.0}),
    ],
)
def test_title_and_text_are_the_text_fields_unless_others_stand_for_them(record: Any, fields: Any) -> None:
    assert judge_text_fields([parse_item({"id": "1", **record})]) == fields


def test_fields_of_words_stand_for_title_and_text() -> None:
    assert judge_text_fields(ITEMS) == {"name": 2.0, "story": 1.0}
    shelves = [named(n, shelf="in the back") for n in range(9)]
    assert judge_text_fields(shelves) == {"name": 2.0, "story": 1.0}


def test_init_searches_and_writes_these_fields() -> None:
    found = suggest(ITEMS, [event(user, item, day) for user, item, day in BOUGHT])

    assert found.config.items.text_fields == {"name": 2.0, "story": 1.0}
    assert found.reasons["items.text_fields"] == "no item has a title or a text; these fields hold words"
    plain = [parse_item({"id": item.id, "title": item.fields["name"]}) for item in ITEMS]
    assert "items.text_fields" not in suggest(plain, [event(user, item, day) for user, item, day in BOUGHT]).reasons


def test_queries_are_made_of_the_configured_fields(tmp_path: Path) -> None:
    items, events = tmp_path / "items.jsonl", tmp_path / "events.csv"
    lines = [{"id": item.id, **item.fields} for item in ITEMS]
    items.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    rows = [f"{user},2026-{1 + day // 28:02}-{1 + day % 28:02},purchase,{item}\n" for user, item, day in BOUGHT]
    events.write_text("user,ts,type,item\n" + "".join(rows), encoding="utf-8")
    config = parse_config("events: {types: {purchase: {weight: 1}}}\nitems: {text_fields: {name: 2, maker.about: 1}}")

    log = cut_log(items, events, tmp_path, config=config)

    assert {text for _, _, text in log.wanted} == {"blue"}
    assert log.shop.titles[0] == "Blue mug 0"


def test_the_default_fields_read_as_before() -> None:
    plain = [parse_item({"id": "a", "title": ["Red", "mug"], "text": ["big", "big"], "name": "x y"})]
    shop = gather(plain, [], "date")

    assert shop.texts == (Texts(2.0, ["Red mug"]), Texts(1.0, ["big"]))
