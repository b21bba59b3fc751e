"""What a load of items leaves as it is on a real engine: indices of others, aliases and settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.config import load_config
from affinity_search.engine.aliases import resolve_alias
from affinity_search.engine.indices import create_index
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.state import open_state

CONFIG = """
engine: {{url: "{url}", prefix: "{prefix}"}}
items: {{index: "{alias}"}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes: {{brand: {{field: attrs.brand}}}}
"""


@dataclass(frozen=True)
class Desk:
    """One shop's folder, the alias of its items, and its engine."""

    folder: Path
    alias: str
    engine: OpenSearchEngine

    def load(self, *options: str) -> Result:
        """What `affinity items load` says to two items."""
        items = [{"id": str(n), "title": "mug", "attrs": {"brand": brand}} for n, brand in enumerate(("acme", "birch"))]
        (self.folder / "items.jsonl").write_text("\n".join(json.dumps(item) for item in items), encoding="utf-8")
        command = ["items", "load", str(self.folder / "items.jsonl"), "-c", str(self.folder / "affinity.yaml")]
        return CliRunner().invoke(main, [*command, *options])

    @property
    def index(self) -> str:
        """The one index behind the alias."""
        (index,) = resolve_alias(self.engine, self.alias)
        return index

    def aliases(self) -> Any:
        return self.engine.call("GET", f"/{self.index}/_alias")[self.index]["aliases"]

    def setting(self, name: str) -> Any:
        found = self.engine.call("GET", f"/{self.index}/_settings", params={"flat_settings": "true"})
        return found[self.index]["settings"].get(f"index.{name}")

    def change_aliases(self, *actions: Any) -> None:
        self.engine.call("POST", "/_aliases", {"actions": list(actions)})

    def indices(self) -> list[str]:
        return sorted(self.engine.call("GET", f"/{self.alias}*", params={"expand_wildcards": "all"}))


@pytest.fixture
def desk(engine_url: str, prefix: str, tmp_path: Path) -> Iterator[Desk]:
    alias = f"{prefix}products"
    text = CONFIG.format(url=engine_url, prefix=f"{prefix}shop", alias=alias)
    (tmp_path / "affinity.yaml").write_text(text, encoding="utf-8")
    return Desk(tmp_path, alias, OpenSearchEngine(engine_url))


@pytest.mark.parametrize("name", ["summer", "20260101-000000-000001"])
def test_an_alias_of_a_foreign_index_is_refused_and_its_searches_go_on(desk: Desk, name: str) -> None:
    theirs = f"{desk.alias}-{name}"
    create_index(desk.engine, theirs, {"aliases": {desk.alias: {"filter": {"term": {"sold": True}}}}})
    result = desk.load()
    assert result.exit_code == 2
    assert f"got one of {theirs}, an index that this deployment did not make" in result.output
    assert "`affinity items load --take-over`" in result.output
    assert (desk.index, desk.indices()) == (theirs, [theirs])
    assert desk.aliases() == {desk.alias: {"filter": {"term": {"sold": True}}}}


@pytest.mark.parametrize("name", ["summer", "20260101-000000-000001"])
def test_a_foreign_index_outlives_its_alias_when_that_is_taken_over(desk: Desk, name: str) -> None:
    theirs = f"{desk.alias}-{name}"
    aliases = {desk.alias: {"is_hidden": False, "filter": {"term": {"attrs.brand": "acme"}}}, f"{desk.alias}-old": {}}
    create_index(desk.engine, theirs, {"aliases": aliases, "settings": {"number_of_replicas": 0}})
    desk.engine.call("PUT", f"/{theirs}/_doc/1", {"note": "keep"})
    result = desk.load("--take-over")
    assert result.exit_code == 0, result.output
    assert f"{theirs} stays as it is: it was not made by `affinity items load`" in result.output
    assert desk.index != theirs
    assert desk.aliases()[desk.alias]["filter"] == {"term": {"attrs.brand": "acme"}}
    assert resolve_alias(desk.engine, f"{desk.alias}-old") == [theirs]
    again = desk.load()
    assert again.exit_code == 0, again.output
    assert desk.indices() == sorted([theirs, desk.index])
    assert desk.engine.call("GET", f"/{theirs}/_doc/1")["_source"] == {"note": "keep"}


def test_the_items_of_another_shop_are_refused(desk: Desk, engine_url: str, prefix: str) -> None:
    assert desk.load().exit_code == 0
    first = desk.index
    (desk.folder / "affinity.yaml").write_text(
        CONFIG.format(url=engine_url, prefix=f"{prefix}other", alias=desk.alias), encoding="utf-8"
    )
    result = desk.load()
    assert result.exit_code == 2
    assert f"an index of the deployment {prefix}shop" in result.output
    assert desk.indices() == [first]


def test_an_alias_of_several_indices_is_refused(desk: Desk) -> None:
    assert desk.load().exit_code == 0
    mine, theirs = desk.index, f"{desk.alias}-summer"
    create_index(desk.engine, theirs, {"aliases": {desk.alias: {}}})
    for options in ((), ("--take-over",)):
        result = desk.load(*options)
        assert result.exit_code == 2
        assert "expected an alias of one index" in result.output
    assert resolve_alias(desk.engine, desk.alias) == sorted([mine, theirs])


def test_the_properties_of_the_alias_and_the_other_aliases_survive_the_swap(desk: Desk) -> None:
    assert desk.load().exit_code == 0
    old, shop = desk.index, {"filter": {"term": {"attrs.brand": "acme"}}, "search_routing": "7", "index_routing": "7"}
    desk.change_aliases(
        {"add": {"index": old, "alias": desk.alias, **shop, "is_write_index": False, "is_hidden": True}},
        {"add": {"index": old, "alias": f"{desk.alias}-all"}},
        {"add": {"index": old, "alias": f"{desk.alias}-birch", "filter": {"term": {"attrs.brand": "birch"}}}},
    )
    before = desk.aliases()
    assert set(before) == {desk.alias, f"{desk.alias}-all", f"{desk.alias}-birch"}
    assert desk.load().exit_code == 0
    assert desk.index != old
    assert desk.aliases() == before
    assert desk.indices() == [desk.index]


def test_changed_settings_survive_the_swap(desk: Desk) -> None:
    assert desk.load().exit_code == 0
    old = desk.index
    changed = {
        "auto_expand_replicas": "false",
        "number_of_replicas": "2",
        "refresh_interval": "17s",
        "max_result_window": "20000",
        "search.slowlog.threshold.query.warn": "3s",
    }
    desk.engine.call("PUT", f"/{old}/_settings", {"index": changed})
    assert {name: desk.setting(name) for name in changed} == changed
    assert desk.load().exit_code == 0
    assert desk.index != old
    assert {name: desk.setting(name) for name in changed} == changed


def test_a_write_block_survives_the_swap_and_does_not_hinder_it(desk: Desk) -> None:
    assert desk.load().exit_code == 0
    desk.engine.call("PUT", f"/{desk.index}/_settings", {"index": {"blocks.write": True}})
    for _ in range(2):
        result = desk.load()
        assert result.exit_code == 0, result.output
        assert desk.setting("blocks.write") == "true"
    assert desk.engine.call("GET", f"/{desk.alias}/_count")["count"] == 2


def signals(desk: Desk) -> Result:
    """What `affinity items signals` says after three purchases of item 0."""
    config = load_config(desk.folder / "affinity.yaml")
    with open_state(config.state.path) as state:
        state.execute("INSERT INTO buckets VALUES ('u', '0', 'purchase', 80, 3)")
    return CliRunner().invoke(main, ["items", "signals", "-c", str(desk.folder / "affinity.yaml")])


def test_popularity_goes_to_items_of_others_only_where_they_have_the_fields_for_it(desk: Desk) -> None:
    theirs = f"{desk.alias}-v7"
    create_index(desk.engine, theirs, {"aliases": {desk.alias: {}}, "mappings": {"properties": {}}})
    desk.engine.call("PUT", f"/{theirs}/_doc/0", {"title": "mug"}, {"refresh": "true"})
    before = desk.engine.call("GET", f"/{theirs}/_mapping")
    refused = signals(desk)
    assert refused.exit_code == 2
    assert "Add popularity and popularity_recent to its mapping as rank_feature" in refused.output
    assert desk.engine.call("GET", f"/{theirs}/_mapping") == before
    assert desk.engine.call("GET", f"/{theirs}/_doc/0")["_source"] == {"title": "mug"}
    fields = {"popularity": {"type": "rank_feature"}, "popularity_recent": {"type": "rank_feature"}}
    desk.engine.call("PUT", f"/{theirs}/_mapping", {"properties": fields})
    assert signals(desk).exit_code == 0
    assert desk.engine.call("GET", f"/{theirs}/_doc/0")["_source"]["popularity"] == 6.0


def test_popularity_does_not_go_to_the_items_of_another_shop(desk: Desk, engine_url: str, prefix: str) -> None:
    assert desk.load().exit_code == 0
    (desk.folder / "affinity.yaml").write_text(
        CONFIG.format(url=engine_url, prefix=f"{prefix}other", alias=desk.alias), encoding="utf-8"
    )
    refused = signals(desk)
    assert refused.exit_code == 2
    assert f"an index of the deployment {prefix}shop" in refused.output
