"""A shop whose files are in forms of its own, all the way by commands: found rightly, personalised, evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.search import Client
from affinity_search.state import open_state
from tests.live.shop import remove

CONFIG = """\
engine: {{url: {url}, prefix: {prefix}}}
items:
  index: {prefix}-products
  source:
    encoding: cp1252
    merge: true
    fields:
      id: Artikel
      title: Name
      text: {{path: Beschreibung, html: true}}
      price: {{path: Preis, decimal: ","}}
      attributes:
        brand: Marke
        category: {{path: Pfad, separator: ">", hierarchy: true}}
        options: {{path: Wert, pairs: {{name: Option}}}}
    keep: [Bild]
events:
  types: {{purchase: {{weight: 1}}, view: {{weight: 0.1}}}}
  source:
    each: lines
    where: {{kind: [order]}}
    fields:
      user: [customer.id, customer.guest]
      ts: {{path: at, unit: us}}
      type: {{constant: purchase}}
      item: sku
      group: order
      quantity: pieces
      consent: {{path: privacy.analytics, denied: ["Nein"]}}
attributes:
  brand: {{field: attrs.brand, strength: 0.3, saturation_weight: 2, levels: 15}}
  size: {{field: attrs.Größe, multi_valued: true, strength: 0.1, saturation_weight: 2, levels: 3}}
search: {{template: {prefix}-search}}
"""
HEADER = "Artikel;Name;Marke;Beschreibung;Preis;Pfad;Option;Wert;Bild\r\n"
BRANDS = ("Äpfel & Co", "Birke")
FIRST_MICROSECOND = 1_767_225_600_000_000  # 2026-01-01
DAY = 86_400_000_000


def catalogue() -> str:
    rows = [HEADER]
    for n in range(12):
        text = '"<p>Für <b>jeden</b> Tag\n&amp; Abend</p>"'
        rows.append(f"a{n};Hose {n};{BRANDS[n % 2]};{text};1.0{n:02},50 €;Mode > Hosen;Größe;S;https://x/{n}.jpg\r\n")
        rows.append(f"a{n};;;;99,00 €;;;M;\r\n")
    return "".join(rows)


def order(number: int, user: str, items: list[str], **more: Any) -> dict[str, Any]:
    lines = [{"sku": item, "pieces": 2} for item in items]
    known = {"customer": {"guest": user}, "privacy": {"analytics": "Ja"}, "kind": "order", "order": number}
    return {**known, "at": FIRST_MICROSECOND + number * DAY, "lines": lines, **more}


def orders() -> list[dict[str, Any]]:
    birch = [f"a{n}" for n in range(1, 12, 2)]
    found = [order(n, "birgit", [birch[n % 6], birch[(n + 1) % 6]]) for n in range(6)]
    found += [order(10 + n, f"v{n}", [f"a{n}", f"a{(n + 5) % 12}"]) for n in range(8)]
    found.append(order(30, "secret", ["a1"], privacy={"analytics": "nein"}))
    found.append(order(31, "birgit", [], kind="visit"))
    found.append(order(32, "birgit", []))
    return found


@pytest.fixture
def config(engine_url: str, prefix: str, tmp_path: Path) -> Iterator[Config]:
    (tmp_path / "affinity.yaml").write_text(CONFIG.format(url=engine_url, prefix=prefix), encoding="utf-8")
    (tmp_path / "items.csv").write_bytes(catalogue().encode("cp1252"))
    (tmp_path / "events.json").write_text(json.dumps(orders(), indent=2), encoding="utf-8")
    config = load_config(tmp_path / "affinity.yaml")
    yield config
    remove(OpenSearchEngine(engine_url), config)


def run(folder: Path, *words: str) -> str:
    found = CliRunner().invoke(main, [*words, "--config", str(folder / "affinity.yaml")], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_a_shop_with_files_of_its_own_shape(config: Config, tmp_path: Path) -> None:
    ingested = json.loads(run(tmp_path, "events", "ingest", str(tmp_path / "events.json"), "--json"))
    counts = {"read": 31, "applied": 28, "no_consent": 1, "unmapped": 2}
    assert {name: count for name, count in ingested["total"].items() if count} == counts
    assert ingested["held"] == {"before": 0, "applied": 56, "removed": 0, "after": 56}
    run(tmp_path, "items", "load", str(tmp_path / "items.csv"))
    run(tmp_path, "profiles", "build")
    run(tmp_path, "apply", "--yes")
    run(tmp_path, "profiles", "publish")
    engine = OpenSearchEngine(str(config.engine.url))
    first = engine.call("GET", f"/{config.items.index}/_doc/a3")["_source"]
    assert {name: first[name] for name in ("title", "text", "price", "attrs", "keep")} == {
        "title": "Hose 3",
        "text": "Für jeden Tag & Abend",
        "price": 99.0,
        "attrs": {"brand": ["Birke"], "category": ["Mode", "Mode > Hosen"], "Größe": ["S", "M"]},
        "keep": {"Bild": "https://x/3.jpg"},
    }
    mapping = engine.call("GET", f"/{config.items.index}/_mapping")
    (index,) = mapping.values()
    assert index["mappings"]["properties"]["keep"] == {"type": "object", "enabled": False}
    brands = [
        hit.source["attrs"]["brand"][0] for hit in Client.of(engine, config).search("hose", user_id="birgit").hits
    ]
    assert brands[:4] == ["Birke"] * 4
    with open_state(config.state.path) as state:
        assert state.execute("SELECT count(*) FROM buckets WHERE user_id = 'secret'").fetchall() == [(0,)]
    assert not list(tmp_path.rglob("quarantine/*"))


def test_it_is_evaluated_by_the_same_mapping(config: Config, tmp_path: Path, engine_url: str) -> None:
    found = json.loads(
        run(tmp_path, "evaluate", "--data", str(tmp_path), "--url", engine_url, "--split", "2026-01-05", "--json")
    )
    assert found["name"] == tmp_path.name
