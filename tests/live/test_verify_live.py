"""Stale keys found and repaired on a real engine: three shards, an alias of two indices, a busy writer."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from affinity_search.deploy import verify as verifying
from affinity_search.deploy.verify import verify_items
from affinity_search.engine.bulk import Action, write_bulk
from affinity_search.engine.reading import positions
from affinity_search.items.keys import affinity_key
from tests.live.foreign_index import Foreign, open_foreign


@pytest.fixture(scope="module")
def ours(engine_url: str, module_prefix: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The prefix of a deployment that all tests share: it holds nothing of the items."""
    applied = open_foreign(engine_url, tmp_path_factory.mktemp("ours"), module_prefix)
    result = applied.command("apply", "--yes")
    assert result.exit_code == 0, result.output
    return applied.config.engine.prefix


@pytest.fixture
def foreign(engine_url: str, prefix: str, tmp_path: Path, ours: str) -> Foreign:
    """Two indices with our pipeline at the end of their writes, as somebody sets it who adopts them."""
    found = open_foreign(engine_url, tmp_path / "shop", prefix, ours)
    set_final_pipeline(found, pipeline_of(found))
    return found


def pipeline_of(foreign: Foreign) -> str:
    return f"{foreign.config.engine.prefix}-item-keys"


def set_final_pipeline(foreign: Foreign, name: str) -> None:
    for index in (foreign.first, foreign.second):
        foreign.engine.call("PUT", f"/{index}/_settings", {"index.final_pipeline": name})


def item(brand: str, *sizes: str, **more: Any) -> dict[str, Any]:
    return {"name": "Mug", "brand": {"name": brand}, "variants": [{"size": size} for size in sizes], **more}


def update(foreign: Foreign, index: str, brands: dict[str, str]) -> None:
    """Partial updates by bulk, which pass the pipeline by."""
    actions = (Action("update", index, name, {"doc": {"brand": {"name": brand}}}) for name, brand in brands.items())
    assert write_bulk(foreign.engine, actions, require_alias=False).written == len(brands)


def keys(foreign: Foreign, index: str, name: str) -> Any:
    return foreign.documents(index, [name])[name]["_source"].get("affinity")


def test_stale_keys_are_counted_shown_and_repaired_and_nothing_else_is_written(foreign: Foreign) -> None:
    first, second = foreign.first, foreign.second
    foreign.write(first, {f"i{n}": item("Acme", "s", "m") for n in range(50)})
    foreign.write(second, {"c": item("Acme", sold=True), "hidden": item("Acme", sold=False)})
    update(foreign, first, {"i7": "Birch"})
    update(foreign, second, {"c": "Cedar", "hidden": "Cedar"})
    set_final_pipeline(foreign, "_none")
    foreign.write(first, {"bare": item("Dune")})
    set_final_pipeline(foreign, pipeline_of(foreign))
    before = positions(foreign.engine, foreign.alias)
    found = foreign.json("items", "verify")
    assert (found["items"], found["stale"], found["without"]) == (52, 3, 1)
    assert found["attributes"] == {"brand": 3, "item": 1}
    assert {(one["id"], one["index"]) for one in found["examples"]} == {("i7", first), ("c", second), ("bare", first)}
    said = foreign.command("items", "verify").stdout
    assert f"  such as {second}: c: affinity.brand: expected the keys of 'Cedar', found others" in said
    assert f"{first}: bare: affinity.brand: expected the keys of 'Dune', found none; affinity.item: expected" in said
    assert positions(foreign.engine, foreign.alias) == before, "a look writes nothing"
    repaired = foreign.json("items", "verify", "--repair")
    accounts = {name: repaired[name] for name in ("stale", "repaired", "overtaken", "refused")}
    assert accounts == {"stale": 3, "repaired": 3, "overtaken": 0, "refused": 0}
    after = positions(foreign.engine, foreign.alias)
    assert sum(shard.newest for shard in after) == sum(shard.newest for shard in before) + 3
    assert keys(foreign, first, "i7") == {
        "brand": [affinity_key("Birch")],
        "item": [affinity_key("i7")],
        "size": sorted([affinity_key("s"), affinity_key("m")]),
    }
    assert keys(foreign, second, "c")["brand"] == [affinity_key("Cedar")]
    assert foreign.json("items", "verify")["stale"] == 0


def test_the_version_that_the_owner_gave_an_item_stays(foreign: Foreign) -> None:
    set_final_pipeline(foreign, "_none")
    given = [Action("index", foreign.first, "a", item("Acme"), version=7)]
    assert write_bulk(foreign.engine, given, require_alias=False).written == 1
    assert foreign.json("items", "verify", "--repair")["repaired"] == 1
    (held,) = foreign.documents(foreign.first, ["a"]).values()
    assert (held["_version"], held["_source"]["affinity"]["brand"]) == (7, [affinity_key("Acme")])
    external = {"version": "8", "version_type": "external"}
    assert foreign.engine.call("PUT", f"/{foreign.first}/_doc/a", item("Cedar"), external)["_version"] == 8


def test_routing_and_every_other_field_stay(foreign: Foreign) -> None:
    body = {
        **item("Acme", "s"),
        "deep": {"list": [1.5, 2.5, None], "x": [{"y": "ü"}, {}]},
        "big": 12345678901234567,
        "popularity": 3,
    }
    given = [Action("index", foreign.first, "a", body, routing="k")]
    assert write_bulk(foreign.engine, given, require_alias=False).written == 1
    stale = {"doc": {"affinity": {"brand": [5]}}}
    update_stale = Action("update", foreign.first, "a", stale, routing="k")
    assert write_bulk(foreign.engine, [update_stale], require_alias=False).written == 1
    assert foreign.json("items", "verify", "--repair")["repaired"] == 1
    found = foreign.engine.call("GET", f"/{foreign.first}/_doc/a", params={"routing": "k"})
    affinity = {"brand": [affinity_key("Acme")], "size": [affinity_key("s")], "item": [affinity_key("a")]}
    assert found["_source"] == {**body, "affinity": affinity}
    assert foreign.engine.call("GET", f"/{foreign.alias}/_count")["count"] == 1, "no second copy in another shard"


@pytest.mark.parametrize("what", ["rewritten", "deleted"])
def test_who_writes_between_the_look_and_the_repair_wins(
    foreign: Foreign, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    foreign.write(foreign.first, {"a": item("Acme"), "b": item("Acme")})
    update(foreign, foreign.first, {"a": "Birch", "b": "Birch"})
    original = verifying.read_copies_of

    def read_then_wait(*arguments: Any) -> Any:
        copies = original(*arguments)
        if "a" in {copy.id for copy in copies}:
            theirs = Action("delete", foreign.first, "a")
            if what == "rewritten":
                theirs = Action("index", foreign.first, "a", item("Theirs"))
            assert write_bulk(foreign.engine, [theirs], require_alias=False).written == 1
        return copies

    monkeypatch.setattr(verifying, "read_copies_of", read_then_wait)
    found = verify_items(foreign.engine, foreign.config, repair=True)
    assert found.repaired + found.overtaken == found.stale == 2
    assert found.overtaken == 1
    hits = foreign.engine.call("POST", f"/{foreign.first}/_search", {"query": {"ids": {"values": ["a"]}}})["hits"][
        "hits"
    ]
    assert [hit["_source"]["brand"]["name"] for hit in hits] == (["Theirs"] if what == "rewritten" else [])


def test_a_busy_writer_loses_nothing_to_the_repair(foreign: Foreign) -> None:
    names = [f"i{n}" for n in range(120)]
    foreign.write(foreign.first, {name: item("b0") for name in names})
    stop, turns = threading.Event(), 0

    def keep_updating() -> None:
        nonlocal turns
        while not stop.is_set():
            turns += 1
            update(foreign, foreign.first, dict.fromkeys(names, f"b{turns}"))

    writer = threading.Thread(target=keep_updating)
    writer.start()
    try:
        reports = [foreign.json("items", "verify", "--repair") for _ in range(4)]
    finally:
        stop.set()
        writer.join()
    assert all(one["stale"] == one["repaired"] + one["overtaken"] + one["refused"] for one in reports)
    foreign.json("items", "verify", "--repair")
    assert foreign.json("items", "verify")["stale"] == 0
    held = foreign.documents(foreign.first, names)
    assert {document["_source"]["brand"]["name"] for document in held.values()} == {f"b{turns}"}


def advice(foreign: Foreign) -> list[str]:
    foreign.engine.call("POST", f"/{foreign.alias}/_refresh")
    return [line for line in foreign.json("status")["advice"] if "verify" in line]


def test_status_tells_of_stale_keys_and_its_advice_works(foreign: Foreign) -> None:
    foreign.write(foreign.first, {f"i{n}": item("Acme") for n in range(20)})
    assert advice(foreign) == []
    update(foreign, foreign.first, {"i3": "Birch"})
    assert advice(foreign) == [
        f"{foreign.alias}: expected keys of the values that items have, 1 of 20 looked at have keys of others, such as "
        "i3 (partial updates pass the pipeline by): `affinity items verify` counts them, with --repair it writes them "
        "again"
    ]
    foreign.json("items", "verify", "--repair")
    assert advice(foreign) == []


def test_a_repair_needs_the_pipeline_of_this_configuration_and_a_whole_source(foreign: Foreign) -> None:
    foreign.write(foreign.first, {"a": item("Acme")})
    file = foreign.folder / "affinity.yaml"
    before = file.read_text()
    file.write_text(f"{before}  colour: {{field: colour}}\n", encoding="utf-8")
    result = foreign.command("items", "verify", "--repair")
    assert (result.exit_code, "Run `affinity apply` first" in result.stderr) == (2, True)
    file.write_text(before, encoding="utf-8")
    foreign.engine.call("DELETE", f"/{foreign.second}")
    mapping = {"mappings": {"_source": {"excludes": ["text"]}}, "aliases": {foreign.alias: {}}}
    foreign.engine.call("PUT", f"/{foreign.second}", mapping)
    result = foreign.command("items", "verify", "--repair")
    assert (result.exit_code, "an item written again would lose what is not kept" in result.stderr) == (2, True)
    assert foreign.json("items", "verify")["stale"] == 0, "a look needs neither"


def test_an_item_that_the_engine_refuses_is_told(foreign: Foreign) -> None:
    foreign.write(foreign.first, {"a": item("Acme"), "b": item("Acme")})
    update(foreign, foreign.first, {"a": "Birch", "b": "Birch"})
    check = {"processors": [{"set": {"if": "ctx._id == 'a'", "field": "brand", "value": "a text"}}]}
    name = f"{foreign.alias}-check"
    foreign.engine.call("PUT", f"/_ingest/pipeline/{name}", check)
    set_final_pipeline(foreign, name)
    try:
        found = foreign.json("items", "verify", "--repair")
    finally:
        set_final_pipeline(foreign, "_none")
        foreign.engine.call("DELETE", f"/_ingest/pipeline/{name}")
    assert (found["stale"], found["repaired"], found["overtaken"], found["refused"]) == (2, 1, 0, 1)
    assert "brand" in found["refusals"][0]["reason"]


def test_items_that_load_wrote_are_repaired_too(foreign: Foreign, tmp_path: Path) -> None:
    file = foreign.folder / "affinity.yaml"
    file.write_text(file.read_text().replace(foreign.alias, f"{foreign.alias}-own"), encoding="utf-8")
    items = tmp_path / "items.jsonl"
    items.write_text('{"id": "a", "brand": {"name": "Acme"}}\n{"id": "b", "brand": {"name": "Acme"}}\n')
    assert foreign.json("items", "load", str(items))["loaded"] == 2
    update(foreign, f"{foreign.alias}-own", {"a": "Birch"})
    assert foreign.json("items", "verify")["stale"] == 1
    assert foreign.json("items", "verify", "--repair")["repaired"] == 1
    assert foreign.json("items", "verify")["stale"] == 0


def test_there_must_be_an_index(foreign: Foreign) -> None:
    foreign.engine.call("DELETE", f"/{foreign.first},{foreign.second}")
    assert foreign.command("items", "verify").exit_code == 5


def test_items_without_numeric_keys_have_none_to_verify(foreign: Foreign) -> None:
    file = foreign.folder / "affinity.yaml"
    text = file.read_text().replace("items: {index", "items: {keys: keyword, index")
    file.write_text(
        text.replace("  size: {field: variants.size, multi_valued: true, levels: 3}\n", ""), encoding="utf-8"
    )
    result = foreign.command("items", "verify")
    assert result.exit_code == 2
    assert "got keyword: there is nothing to verify" in result.stderr
