"""`affinity items load` killed: the old items stay in use, and the same command again ends as if never killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from affinity_search.config import Config, load_config
from affinity_search.deploy.items import load_items
from affinity_search.engine.aliases import resolve_alias
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.state import open_state

ITEMS = 6_000
CONFIG = """
engine: {{url: "{url}", prefix: "{prefix}", timeout_seconds: 60}}
items: {{index: "{prefix}-products"}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes: {{brand: {{field: attrs.brand}}, colour: {{field: attrs.colour, multi_valued: true, levels: 3}}}}
"""
COMMAND = "from affinity_search.cli import main; main(prog_name='affinity')"
TABLES = ("items", "item_values", "item_signals")
Moment = Callable[["Shop", list[str]], bool]


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

    def start(self, source: Path) -> subprocess.Popen[bytes]:
        command = [
            sys.executable,
            "-c",
            COMMAND,
            "items",
            "load",
            str(source),
            "-c",
            str(self.folder / "affinity.yaml"),
        ]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture
def shop(engine_url: str, prefix: str, tmp_path: Path) -> Shop:
    (tmp_path / "affinity.yaml").write_text(CONFIG.format(url=engine_url, prefix=prefix))
    shop = Shop(tmp_path, load_config(tmp_path / "affinity.yaml"), OpenSearchEngine(engine_url))
    with open_state(shop.config.state.path) as state:
        state.execute("INSERT INTO buckets SELECT 'u', 'i' || n, 'purchase', 100, n + 1 FROM range(40) AS t(n)")
        load_items(shop.engine, state, shop.catalogue("old", 30), shop.config)
    return shop


def when_the_new_index_is_there(shop: Shop, before: list[str]) -> bool:
    return shop.indices() != before


def when_half_of_it_is_written(shop: Shop, before: list[str]) -> bool:
    for index in set(shop.indices()) - set(before):
        shop.engine.call("POST", f"/{index}/_refresh")
        return bool(shop.engine.call("GET", f"/{index}/_count")["count"] >= 1_000)
    return False


def when_the_alias_has_moved(shop: Shop, before: list[str]) -> bool:
    return resolve_alias(shop.engine, shop.config.items.index) != before


def kill_when(shop: Shop, process: subprocess.Popen[bytes], moment: Moment, before: list[str]) -> None:
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if moment(shop, before):
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.005)
    process.communicate(timeout=60)


@pytest.mark.parametrize("moment", [when_the_new_index_is_there, when_half_of_it_is_written, when_the_alias_has_moved])
def test_the_same_command_again_ends_as_if_never_killed(shop: Shop, moment: Moment) -> None:
    source = shop.catalogue("new", ITEMS)
    before, old = shop.indices(), shop.documents()
    process = shop.start(source)
    kill_when(shop, process, moment, before)
    if moment is not when_the_alias_has_moved:
        assert process.returncode == -signal.SIGKILL
        assert resolve_alias(shop.engine, shop.config.items.index) == before
        assert shop.documents() == old
        assert len(shop.indices()) == 2

    again = shop.start(source)
    out, err = again.communicate(timeout=240)
    assert (again.returncode, err) == (0, b"")
    assert out.startswith(b"read 6,000 = loaded 6,000 + replaced 0 + quarantined 0 + refused 0\n")
    assert shop.indices() == resolve_alias(shop.engine, shop.config.items.index)
    killed = shop.documents(), shop.tables()

    undisturbed = shop.start(source)
    undisturbed.communicate(timeout=240)
    assert undisturbed.returncode == 0
    assert (shop.documents(), shop.tables()) == killed
    assert len(killed[0]) == ITEMS
    assert {name: len(rows) for name, rows in killed[1].items()} == {
        "items": ITEMS,
        "item_values": 3 * ITEMS + ITEMS // 2,
        "item_signals": 40,
    }
