"""`affinity items load` killed: the old items stay in use, and the same command again ends as if never killed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.deploy.items import load_items
from affinity_search.engine.aliases import resolve_alias
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.state import open_state
from tests.crash.killing import Moment, run_and_kill

ITEMS = 1_000
CONFIG = """
engine: {{url: "{url}", prefix: "{prefix}", timeout_seconds: 60}}
items: {{index: "{prefix}-products"}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes: {{brand: {{field: attrs.brand}}, colour: {{field: attrs.colour, multi_valued: true, levels: 3}}}}
"""
# Small batches, so that there are several to be killed between.
COMMAND = """
import functools
import affinity_search.deploy.items as loading
from affinity_search.cli import main
loading.write_bulk = functools.partial(loading.write_bulk, max_actions=200)
main(prog_name="affinity")
"""
TABLES = ("items", "item_values", "item_signals")


@dataclass(frozen=True)
class Shop:
    folder: Path
    config: Config
    engine: OpenSearchEngine

    def indices(self) -> list[str]:
        names = self.engine.call("GET", f"/{self.config.items.index}*", params={"filter_path": "*.settings.index.uuid"})
        return sorted(names)

    def documents(self) -> dict[str, Any]:
        body = {"size": 10_000, "sort": [{"affinity.item": "asc"}]}
        answer = self.engine.call("POST", f"/{self.config.items.index}/_search", body)
        return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        with open_state(self.config.state.path) as state:
            return {name: sorted(state.table(name).fetchall()) for name in TABLES}

    def catalogue(self, version: str, count: int) -> Path:
        path = self.folder / f"{version}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for n in range(count):
                attrs = {"brand": f"b{n % 50}", "colour": ["red", "blue"][: 1 + n % 2], "version": version}
                file.write(json.dumps({"id": f"i{n}", "title": f"{version} item {n}", "attrs": attrs}) + "\n")
        return path

    def load(self, source: Path) -> str:
        """What the command says first; it must have gone well."""
        result = CliRunner().invoke(main, self.arguments(source, "affinity.yaml"))
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout.splitlines()[0]

    def load_and_kill(self, source: Path, engine_url: str, moment: Moment) -> None:
        text = (self.folder / "affinity.yaml").read_text()

        def arguments(url: str) -> list[str]:
            (self.folder / "killed.yaml").write_text(text.replace(engine_url, url))
            return self.arguments(source, "killed.yaml")

        run_and_kill(engine_url, moment, COMMAND, arguments)

    def arguments(self, source: Path, config: str) -> list[str]:
        return ["items", "load", str(source), "-c", str(self.folder / config)]


@pytest.fixture
def shop(engine_url: str, prefix: str, tmp_path: Path) -> Shop:
    (tmp_path / "affinity.yaml").write_text(CONFIG.format(url=engine_url, prefix=prefix))
    shop = Shop(tmp_path, load_config(tmp_path / "affinity.yaml"), OpenSearchEngine(engine_url))
    with open_state(shop.config.state.path) as state:
        state.execute("INSERT INTO buckets SELECT 'u', 'i' || n, 'purchase', 100, n + 1 FROM range(40) AS t(n)")
        load_items(shop.engine, state, shop.catalogue("old", 30), shop.config)
    return shop


@pytest.mark.parametrize(
    "moment",
    [
        Moment("PUT", r"-products-[0-9-]+", after=True),
        Moment("POST", "/_bulk", after=False, number=1),
        Moment("POST", "/_bulk", after=True, number=3),
        Moment("POST", "/_aliases", after=False),
        Moment("POST", "/_aliases", after=True),
    ],
    ids=str,
)
def test_the_same_command_again_ends_as_if_never_killed(shop: Shop, engine_url: str, moment: Moment) -> None:
    source = shop.catalogue("new", ITEMS)
    before, old = shop.indices(), shop.documents()
    shop.load_and_kill(source, engine_url, moment)
    assert len(shop.indices()) == 2
    if moment != Moment("POST", "/_aliases", after=True):
        assert resolve_alias(shop.engine, shop.config.items.index) == before
        assert shop.documents() == old

    assert shop.load(source) == "read 1,000 = loaded 1,000 + replaced 0 + quarantined 0 + refused 0"
    assert shop.indices() == resolve_alias(shop.engine, shop.config.items.index)
    killed = shop.documents(), shop.tables()

    shop.load(source)
    assert (shop.documents(), shop.tables()) == killed
    assert len(killed[0]) == ITEMS
    assert {name: len(rows) for name, rows in killed[1].items()} == {
        "items": ITEMS,
        "item_values": 3 * ITEMS + ITEMS // 2,
        "item_signals": 40,
    }
