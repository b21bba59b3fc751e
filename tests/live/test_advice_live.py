"""What `affinity status` advises is followed to the letter, for every kind of damage, until it advises nothing more."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.engine import path
from affinity_search.engine.opensearch import OpenSearchEngine

CONFIG = """
engine: {{url: "{url}", prefix: "{prefix}"}}
items: {{index: "{prefix}-products"}}
search: {{template: "{prefix}-search"}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes: {{brand: {{field: attrs.brand, saturation_weight: {saturation_weight}}}}}
"""


@dataclass
class Shop:
    """A shop with everything deployed, loaded and published, and the commands to look after it."""

    folder: Path
    engine: OpenSearchEngine
    config: Config

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "-c", str(self.folder / "affinity.yaml")])

    def do(self, command: str) -> None:
        file = "items.jsonl" if command.startswith("items") else "events.jsonl"
        result = self.run(*command.replace("FILE", str(self.folder / file)).split())
        assert result.exit_code == 0, f"{command}: {result.output}"

    def advice(self) -> list[str]:
        return list(json.loads(self.run("status", "--json").stdout)["advice"])

    def index(self, alias: str) -> str:
        return next(iter(self.engine.call("GET", path(alias, "_alias"))))

    def counts(self) -> list[int]:
        aliases = self.config.lookup_index, self.config.profile_index, self.config.items.index
        for alias in aliases:
            self.engine.call("POST", path(alias, "_refresh"))
        return [self.engine.call("GET", path(alias, "_count"))["count"] for alias in aliases]


@pytest.fixture(scope="module")
def shop(engine_url: str, module_prefix: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all damages: each of them is repaired before the next."""
    tmp_path = tmp_path_factory.mktemp("advice")
    file = tmp_path / "affinity.yaml"
    file.write_text(CONFIG.format(url=engine_url, prefix=f"{module_prefix}a", saturation_weight=3))
    items = [{"id": f"i{n}", "title": f"mug {n}", "attrs": {"brand": f"brand {n % 3}"}} for n in range(9)]
    events = [
        {"user": f"u{n % 5}", "item": f"i{n % 7}", "type": "purchase", "ts": f"2026-01-{1 + n % 28:02}"}
        for n in range(40)
    ]
    for name, rows in (("items", items), ("events", events)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shop = Shop(tmp_path, OpenSearchEngine(engine_url), load_config(file))
    for command in ("apply", "items load FILE", "events ingest FILE", "profiles build", "profiles publish"):
        shop.do(command)
    yield shop
    shop.engine.call("DELETE", path("_ingest", "pipeline", f"{shop.config.engine.prefix}-item-keys"))


def empty(shop: Shop, alias: str) -> None:
    query = {"query": {"match_all": {}}}
    shop.engine.call("POST", path(alias, "_delete_by_query"), query, {"refresh": "true"})


def lookups_emptied(shop: Shop) -> None:
    empty(shop, shop.config.lookup_index)


def profiles_emptied(shop: Shop) -> None:
    empty(shop, shop.config.profile_index)


def items_emptied(shop: Shop) -> None:
    empty(shop, shop.config.items.index)


def one_lookup_lost(shop: Shop) -> None:
    found = shop.engine.call("POST", path(shop.config.lookup_index, "_search"), {"size": 1})["hits"]["hits"][0]
    shop.engine.call("DELETE", path(found["_index"], "_doc", found["_id"]), None, {"refresh": "true"})


def lookup_index_deleted(shop: Shop) -> None:
    shop.engine.call("DELETE", path(shop.index(shop.config.lookup_index)))


def profile_index_deleted(shop: Shop) -> None:
    shop.engine.call("DELETE", path(shop.index(shop.config.profile_index)))


def item_index_deleted(shop: Shop) -> None:
    shop.engine.call("DELETE", path(shop.index(shop.config.items.index)))


def profile_index_made_by_hand(shop: Shop) -> None:
    name = shop.index(shop.config.profile_index)
    kept = shop.engine.call("GET", path(name, "_mapping"))[name]["mappings"].get("_meta")
    profile_index_deleted(shop)
    mappings = {"properties": {"user_id": {"type": "text"}}, **({"_meta": kept} if kept else {})}
    shop.engine.call("PUT", path(name), {"mappings": mappings, "aliases": {shop.config.profile_index: {}}})


def template_deleted(shop: Shop) -> None:
    shop.engine.call("DELETE", path("_scripts", shop.config.search.template))


def state_lost(shop: Shop) -> None:
    lookups_emptied(shop)
    profiles_emptied(shop)
    shop.config.state.path.unlink()


def configuration_changed(shop: Shop) -> None:
    file = shop.folder / "affinity.yaml"
    file.write_text(file.read_text().replace("saturation_weight: 3", "saturation_weight: 2"))


DAMAGES = [
    lookups_emptied,
    profiles_emptied,
    items_emptied,
    one_lookup_lost,
    lookup_index_deleted,
    profile_index_deleted,
    item_index_deleted,
    profile_index_made_by_hand,
    template_deleted,
    state_lost,
    configuration_changed,
]


def follow(shop: Shop, line: str) -> None:
    """Does what the line says: first by hand where it says so, then its commands in their order."""
    if match := re.search(r"^(\S+) .*delete the index behind it", line):
        shop.engine.call("DELETE", path(shop.index(match[1])))
    for command in re.findall(r"`affinity ([^`]+)`", line):
        shop.do(command)


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_advice_works_when_it_is_followed(shop: Shop, damage: Callable[[Shop], None]) -> None:
    assert shop.advice() == []
    before = shop.counts()
    damage(shop)
    assert shop.advice() != []
    for _ in range(4):
        if not (advice := shop.advice()):
            break
        follow(shop, advice[0])
    assert shop.advice() == []
    assert shop.counts() == before or damage is configuration_changed  # other levels, other slots
    assert json.loads(shop.run("profiles", "publish", "--verify", "--json").stdout)["repaired"] == 0


def test_what_publish_prints(shop: Shop) -> None:
    lookups, profiles, _ = shop.counts()
    artefacts = json.loads(shop.run("status", "--json").stdout)["artefacts"]
    lookups_emptied(shop)
    lines = shop.run("profiles", "publish").stdout.splitlines()
    assert lines[0] == f"shoppers: changed {profiles}, unchanged 0, removed 0"
    assert lines[1] == f"documents: written {lookups + profiles}, superseded 0, absent 0, refused 0"
    assert lines[2] == (
        f"compared {profiles} documents (somebody else has written to these indexes since): {profiles} shoppers had "
        "others than this state published"
    )
    found: dict[str, Any] = json.loads(shop.run("profiles", "publish", "--force", "--json").stdout)
    assert (found["changed"], found["finding"], found["repaired"]) == (profiles, "asked for", 0)
    assert json.loads(shop.run("status", "--json").stdout)["artefacts"] == artefacts
    shown: dict[str, Any] = json.loads(shop.run("items", "signals", "--force", "--json").stdout)
    assert shown["written"] == shown["items"] == 7
    assert shop.run("items", "signals", "--verify").stdout == (
        "7 items = unchanged 7 + written 0 + absent 0 + conflicts 0 + refused 0\n"
    )


def test_a_shop_whose_shoppers_have_no_profile_needs_nothing(shop: Shop) -> None:
    """The last test here: another state file, whose only event is of an item without a brand, takes the place."""
    file = shop.folder / "affinity.yaml"
    file.write_text(file.read_text() + "item_affinity: {strength: 0}\n")
    (shop.folder / "events.jsonl").write_text(
        json.dumps({"user": "u", "item": "gone", "type": "purchase", "ts": "2026-01-01"}) + "\n"
    )
    shop.config.state.path.unlink()
    assert shop.run("profiles", "publish").exit_code == 6  # nothing is built yet
    shop.do("events ingest FILE")
    shop.do("profiles build")
    told = shop.run("profiles", "publish")
    assert told.exit_code == 6
    assert "--take-over" in told.stderr
    shop.do("profiles publish --take-over")
    assert shop.counts()[:2] == [0, 0]
    assert shop.advice() == []
