"""The catalogue taken from an index that others fill, on a real engine: three shards, two indices, a busy writer."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from affinity_search.deploy.catalogue import catalogue_from_index
from affinity_search.engine.reading import positions
from affinity_search.state import open_state
from tests.live.foreign_index import Foreign, open_foreign


@pytest.fixture
def foreign(engine_url: str, prefix: str, tmp_path: Path) -> Foreign:
    return open_foreign(engine_url, tmp_path / "shop", prefix)


def item(name: str, brand: str, *sizes: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "brand": {"name": brand}, "variants": [{"size": size} for size in sizes], **more}


def held(foreign: Foreign) -> dict[str, tuple[str, dict[str, list[str]]]]:
    """By id the title and the values, by field, that the state holds."""
    with open_state(foreign.config.state.path) as state:
        titles = state.execute("SELECT id, title FROM items").fetchall()
        rows = state.execute("SELECT item, field, value FROM item_values ORDER BY ALL").fetchall()
    found: dict[str, tuple[str, dict[str, list[str]]]] = {name: (title, {}) for name, title in titles}
    assert len(found) == len(titles), "an id stands twice in the catalogue"
    for name, field, value in rows:
        found[name][1].setdefault(field, []).append(value)
    return found


def test_values_come_from_both_indices_through_the_filter_of_the_alias(foreign: Foreign) -> None:
    foreign.write(foreign.first, {"a": item("Mug", "Acme", "s", "m"), "b/ü": {"name": ["Red", "mug"], "brand.name": 7}})
    foreign.write(foreign.second, {"c": item("Cup", "Birch", sold=True), "d": item("Gone", "Cedar", sold=False)})
    found = foreign.json("items", "catalogue", "--from-index")
    assert (found["whole"], found["read"], found["stored"], found["others"]) == (True, 3, 3, 0)
    assert found["coverage"] == {"brand": {"items": 3, "several": 0}, "size": {"items": 1, "several": 1}}
    assert held(foreign) == {
        "a": ("Mug", {"brand.name": ["Acme"], "variants.size": ["m", "s"]}),
        "b/ü": ("Red mug", {"brand.name": ["7"]}),
        "c": ("Cup", {"brand.name": ["Birch"]}),
    }


def test_a_later_reading_reads_what_was_written_since_and_no_more(foreign: Foreign) -> None:
    foreign.write(foreign.first, {f"i{n}": item(f"Mug {n}", "Acme") for n in range(30)})
    foreign.json("items", "catalogue", "--from-index")
    assert foreign.json("items", "catalogue", "--from-index")["read"] == 0
    foreign.write(foreign.first, {"i3": item("Mug 3", "Birch"), "new": item("Cup", "Cedar", "l")})
    foreign.engine.call("POST", f"/{foreign.first}/_update/i4", {"doc": {"brand": {"name": "Dune"}}})
    foreign.engine.call("DELETE", f"/{foreign.first}/_doc/i5")
    found = foreign.json("items", "catalogue", "--from-index")
    assert (found["whole"], found["read"], found["stored"], found["others"]) == (False, 3, 3, 28)
    catalogue = held(foreign)
    assert {name: catalogue[name] for name in ("i3", "i4", "new")} == {
        "i3": ("Mug 3", {"brand.name": ["Birch"]}),
        "i4": ("Mug 4", {"brand.name": ["Dune"]}),
        "new": ("Cup", {"brand.name": ["Cedar"], "variants.size": ["l"]}),
    }
    assert catalogue["i5"] == ("Mug 5", {"brand.name": ["Acme"]}), "what shoppers did with it still tells their taste"
    whole = foreign.command("items", "catalogue", "--from-index", "--whole")
    assert whole.stdout.splitlines()[0] == f"{foreign.alias}: 30 items; 1 others that are not in it stay"


def test_a_new_attribute_or_an_index_made_again_is_read_whole(foreign: Foreign) -> None:
    foreign.write(foreign.first, {"a": item("Mug", "Acme", colour="red"), "b": item("Cup", "Acme", colour="blue")})
    foreign.json("items", "catalogue", "--from-index")
    file = foreign.folder / "affinity.yaml"
    file.write_text(file.read_text() + "  colour: {field: colour}\n", encoding="utf-8")
    found = foreign.json("items", "catalogue", "--from-index")
    assert (found["whole"], found["coverage"]["colour"]["items"]) == (True, 2)
    foreign.engine.call("DELETE", f"/{foreign.second}")
    again = open_foreign_second(foreign)
    foreign.write(again, {"c": item("Bowl", "Birch", sold=True)})
    found = foreign.json("items", "catalogue", "--from-index")
    assert (found["whole"], found["read"], found["others"]) == (False, 1, 2)


def open_foreign_second(foreign: Foreign) -> str:
    foreign.engine.call("PUT", f"/{foreign.second}", {"aliases": {foreign.alias: {}}})
    return foreign.second


def test_an_item_of_two_indices_has_the_values_of_both_also_when_one_of_them_changes(foreign: Foreign) -> None:
    foreign.write(foreign.first, {"a": item("Mug", "Acme", "s")})
    foreign.write(foreign.second, {"a": item("Mug", "Acme GmbH", "m", sold=True)})
    found = foreign.json("items", "catalogue", "--from-index")
    assert (found["read"], found["stored"]) == (2, 1)
    assert held(foreign)["a"][1] == {"brand.name": ["Acme", "Acme GmbH"], "variants.size": ["m", "s"]}
    foreign.write(foreign.first, {"a": item("Mug", "Birch", "s")})
    foreign.json("items", "catalogue", "--from-index")
    assert held(foreign)["a"][1] == {"brand.name": ["Acme GmbH", "Birch"], "variants.size": ["m", "s"]}


def test_pages_keep_to_a_narrow_window_and_lose_nothing(foreign: Foreign) -> None:
    foreign.engine.call("PUT", f"/{foreign.first}/_settings", {"index.max_result_window": 7})
    foreign.write(foreign.first, {f"i{n}": item("Mug", f"b{n}") for n in range(100)})
    assert foreign.json("items", "catalogue", "--from-index")["read"] == 100
    assert {name: values["brand.name"] for name, (_, values) in held(foreign).items()} == {
        f"i{n}": [f"b{n}"] for n in range(100)
    }
    foreign.write(foreign.first, {f"i{n}": item("Mug", f"c{n}") for n in range(50)})
    assert foreign.json("items", "catalogue", "--from-index")["read"] == 50


def test_a_busy_writer_loses_no_change_to_the_reader_and_the_reader_ends(foreign: Foreign) -> None:
    items = {f"i{n}": item("Mug", "b0") for n in range(300)}
    foreign.write(foreign.first, items)
    stop, turns = threading.Event(), 0

    def keep_writing() -> None:
        nonlocal turns
        while not stop.is_set():
            turns += 1
            foreign.write(foreign.first, {name: item("Mug", f"b{turns}") for name in items})

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        for _ in range(5):
            foreign.json("items", "catalogue", "--from-index")
    finally:
        stop.set()
        writer.join()
    assert turns > 1, "the writer wrote beside the reader"
    foreign.json("items", "catalogue", "--from-index")
    assert {tuple(values["brand.name"]) for _, values in held(foreign).values()} == {(f"b{turns}",)}


def test_nothing_of_the_index_is_changed(foreign: Foreign) -> None:
    foreign.write(foreign.first, {"a": item("Mug", "Acme")})
    before = foreign.engine.call("GET", f"/{foreign.alias}", params={"flat_settings": "true"})
    wrote = positions(foreign.engine, foreign.alias)
    foreign.json("items", "catalogue", "--from-index")
    assert foreign.engine.call("GET", f"/{foreign.alias}", params={"flat_settings": "true"}) == before
    assert positions(foreign.engine, foreign.alias) == wrote


def test_profiles_are_built_from_it(foreign: Foreign) -> None:
    foreign.write(foreign.first, {f"i{n}": item("Mug", f"b{n % 2}") for n in range(20)})
    foreign.json("items", "catalogue", "--from-index")
    rows = [f"u{n % 2},2026-01-{1 + n:02},purchase,i{n}" for n in range(20)]
    (foreign.folder / "events.csv").write_text("\n".join(["user,ts,type,item", *rows]) + "\n", encoding="utf-8")
    (taken,) = foreign.json("events", "ingest", str(foreign.folder / "events.csv"))["files"]
    assert taken["known_items_share"] == 1.0
    foreign.json("profiles", "build")
    with open_state(foreign.config.state.path) as state:
        tastes = "SELECT user_id, value FROM profile_entries WHERE attribute = 'brand' ORDER BY user_id"
        assert state.execute(tastes).fetchall() == [("u0", "b0"), ("u1", "b1")]


def test_an_index_without_documents_or_without_their_source_is_refused(foreign: Foreign) -> None:
    result = foreign.command("items", "catalogue", "--from-index")
    assert (result.exit_code, result.stderr) == (
        6,
        f"error: {foreign.engine.url}/{foreign.alias}: expected items, found none\n",
    )
    foreign.engine.call("DELETE", f"/{foreign.second}")
    bare = {"mappings": {"_source": {"enabled": False}}, "aliases": {foreign.alias: {}}}
    foreign.engine.call("PUT", f"/{foreign.second}", bare)
    foreign.write(foreign.second, {"a": {"x": 1}})
    result = foreign.command("items", "catalogue", "--from-index")
    assert result.exit_code == 2, result.stderr
    assert "expected items with their _source, found a mapping that does not keep it" in result.stderr
    assert "Take the catalogue from a file instead: affinity items catalogue FILE" in result.stderr
    assert held(foreign) == {}


def test_a_failed_reading_leaves_the_catalogue_as_it_was(foreign: Foreign, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign.write(foreign.first, {"a": item("Mug", "Acme")})
    foreign.json("items", "catalogue", "--from-index")
    foreign.write(foreign.first, {"a": item("Mug", "Birch")})

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with open_state(foreign.config.state.path) as state, pytest.raises(KeyboardInterrupt):
        catalogue_from_index(foreign.engine, state, foreign.config, progress=stop)
    assert held(foreign)["a"][1] == {"brand.name": ["Acme"]}
    foreign.json("items", "catalogue", "--from-index")
    assert held(foreign)["a"][1] == {"brand.name": ["Birch"]}


def test_a_file_fills_the_catalogue_without_an_engine(foreign: Foreign) -> None:
    file = foreign.folder / "items.jsonl"
    records = [{"id": "a", "title": "Mug", "brand": {"name": "Acme"}, "attrs": {"colour": "red"}}, {"id": ""}]
    file.write_text("\n".join(json.dumps(record) for record in records) + "\n", encoding="utf-8")
    config = foreign.folder / "affinity.yaml"
    config.write_text(config.read_text().replace(foreign.engine.url, "http://127.0.0.1:1"), encoding="utf-8")
    found = foreign.json("items", "catalogue", str(file))
    assert (found["read"], found["stored"], found["quarantined"], found["others"]) == (2, 1, 1, 0)
    assert held(foreign) == {"a": ("Mug", {"attrs.colour": ["red"], "brand.name": ["Acme"]})}


@pytest.mark.parametrize("arguments", [(), ("items.csv", "--from-index"), ("items.csv", "--whole")])
def test_it_takes_one_source(foreign: Foreign, arguments: tuple[str, ...]) -> None:
    result = foreign.command("items", "catalogue", *arguments)
    assert result.exit_code == 2
    assert "expected either FILE, or --from-index" in result.stderr
