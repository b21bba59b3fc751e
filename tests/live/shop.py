"""A small fixed shop on a real engine, made by the library's own functions: 12 items, 2 shoppers with tastes.

`u42` buys blue shoes of Birch and bought `s05` twice; `u77` buys red ones of Alder. Six others buy everything once, so
that their tastes stand out from a population.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from affinity_search import deploy
from affinity_search.config import Config, load_config
from affinity_search.deploy.items import load_items
from affinity_search.engine import Engine
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import MissingResource
from affinity_search.profiles.build import build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.search import Client
from affinity_search.state import open_state
from affinity_search.state.buckets import ingest

__all__ = ["ALDER_FAN", "BIRCH_FAN", "EVENTS", "ITEMS", "STRANGER", "Shop", "open_shop", "remove", "write_files"]

BIRCH_FAN = "u42"
ALDER_FAN = "u77"
STRANGER = "nobody"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _item(number: int, title: str, brand: str, colours: str, price: float) -> dict[str, object]:
    attrs = {"brand": [brand], "colour": colours.split()}
    return {"id": f"s{number:02}", "title": title, "text": f"{title} by {brand}", "attrs": attrs, "price": price}


ITEMS = (
    _item(1, "Road running shoes", "Alder", "red", 79.0),
    _item(2, "Trail running shoes", "Alder", "red black", 89.0),
    _item(3, "Light running shoes", "Alder", "blue", 69.0),
    _item(4, "Road running shoes", "Birch", "blue", 84.5),
    _item(5, "Trail running shoes", "Birch", "blue black", 94.5),
    _item(6, "Light running shoes", "Birch", "red", 74.5),
    _item(7, "Road running shoes", "Cedar", "black", 59.0),
    _item(8, "Trail running shoes", "Cedar", "blue red", 64.0),
    _item(9, "Light running shoes", "Cedar", "white", 49.0),
    _item(10, "Running jacket", "Birch", "blue", 120.0),
    _item(11, "Rain jacket", "Alder", "red", 110.0),
    _item(12, "Walking shoes", "Cedar", "white black", 55.0),
)
BOUGHT = {
    BIRCH_FAN: ("s04", "s05", "s05", "s10"),
    ALDER_FAN: ("s01", "s02", "s11", "s02"),
    **{f"v{n}": tuple(f"s{1 + (n * 2 + k) % 12:02}" for k in range(4)) for n in range(6)},
}
EVENTS = tuple(
    (user, f"2026-02-{10 + day}", "purchase", item) for user, items in BOUGHT.items() for day, item in enumerate(items)
)
CONFIG = """\
engine:
  url: {url}
  prefix: {prefix}
items:
  index: {prefix}-products
events:
  types:
    purchase: {{weight: 1}}
attributes:
  brand: {{field: attrs.brand, strength: 0.25, saturation_weight: 2, levels: 15}}
  colour: {{field: attrs.colour, multi_valued: true, strength: 0.2, saturation_weight: 1, levels: 3}}
item_affinity:
  strength: 0.4
  saturation_weight: 2
popularity:
  recent: {{weight: 0.2}}
search:
  template: {prefix}-search
"""


@dataclass(frozen=True)
class Shop:
    """The shop as deployed: everything a test needs to search in it, and the folder with its files and state."""

    config: Config
    config_path: Path
    engine: Engine
    client: Client


@contextmanager
def open_shop(url: str, folder: Path, prefix: str) -> Iterator[Shop]:
    """The shop under names that begin with `prefix`, deployed and published; all of it is removed at the end."""
    write_files(folder)
    config_path = folder / "affinity.yaml"
    config_path.write_text(CONFIG.format(url=url, prefix=prefix), encoding="utf-8")
    config = load_config(config_path)
    engine = OpenSearchEngine(url)
    try:
        _fill(engine, config, folder)
        yield Shop(config, config_path, engine, Client.of(engine, config))
    finally:
        remove(engine, config)


def write_files(folder: Path) -> None:
    """Writes `items.jsonl` and `events.csv` of the shop."""
    lines = [json.dumps(item) for item in ITEMS]
    (folder / "items.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [",".join(event) for event in (("user", "ts", "type", "item"), *EVENTS)]
    (folder / "events.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _fill(engine: Engine, config: Config, folder: Path) -> None:
    with open_state(config.state.path) as state:
        ingest(state, [folder / "events.csv"], config, now=NOW, quarantine_folder=folder / "quarantine")
        load_items(engine, state, folder / "items.jsonl", config)
        build_profiles(state, config, now_ms=int(NOW.timestamp() * 1000))
        # A plan without `templates` skips their check, which takes seconds and has tests of its own.
        deploy.apply(deploy.plan_artefacts(engine, config.ledger_index, deploy.artefacts(config)), engine, NOW)
        publish_profiles(engine, state, config)


def remove(engine: Engine, config: Config) -> None:
    """Removes from the engine everything that a configuration has put there."""
    names = f"{config.items.index}*,{config.engine.prefix}-*"
    for index in engine.call(
        "GET", f"/{names}", params={"filter_path": "*.settings.index.uuid", "expand_wildcards": "all"}
    ):
        engine.call("DELETE", f"/{index}")
    metadata = engine.call("GET", "/_cluster/state/metadata", params={"filter_path": "metadata.stored_scripts"})
    for script in metadata.get("metadata", {}).get("stored_scripts", {}):
        if script.startswith(config.search.template):
            engine.call("DELETE", f"/_scripts/{script}")
    try:
        engine.call("DELETE", f"/_ingest/pipeline/{config.engine.prefix}-*")
    except MissingResource:
        return
