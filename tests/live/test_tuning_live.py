"""Tuning on a real engine: what is planted is found and confirmed, and nothing is left behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, load_config, parse_config
from affinity_search.engine import Engine
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import DataError
from affinity_search.offline.candidates import engine_searches
from affinity_search.offline.own_log import CutLog
from affinity_search.offline.searches import Searches
from affinity_search.sandbox import Files, find_files
from affinity_search.tuning.tune import tune
from tests.live.evaluate_shops import Shop, write_shop

CONFIG = """
events: {types: {purchase: {weight: 1}}}
attributes:
  brand: {field: attrs.brand, strength: 0.05, saturation_weight: 3}
item_affinity: {strength: 0, saturation_weight: 2}
search: {window: 50, max_boost: 2}
"""


BODY = """{
  "query": {"bool": {
    "must": [{"dis_max": {"tie_breaker": 0.3, "queries": [
      {"match": {"title": {"query": "{{q}}", "boost": 3}}}, {"match": {"text": "{{q}}"}}
    ]}}],
    "filter": [{"term": {"attrs.stock": "yes"}}]
  }},
  "size": "{{size}}{{^size}}60{{/size}}"
}"""


def left_behind(engine: OpenSearchEngine) -> list[str]:
    scripts = engine.call("GET", "/_cluster/state/metadata", params={"filter_path": "metadata.stored_scripts.*.lang"})
    # The cluster state, because `GET _ingest/pipeline` answers 404 where there is none at all.
    pipelines = engine.call("GET", "/_cluster/state/metadata", params={"filter_path": "metadata.ingest.pipeline.id"})
    held = [pipeline["id"] for pipeline in pipelines.get("metadata", {}).get("ingest", {}).get("pipeline", [])]
    indices = engine.call("GET", "/*,-.*", params={"filter_path": "*.settings.index.uuid"})
    names = [*indices, *scripts.get("metadata", {}).get("stored_scripts", {}), *held]
    return [name for name in names if name.startswith("tune-")]


def test_what_is_bought_again_is_found_and_proposed(engine_url: str, tmp_path: Path) -> None:
    data = write_shop(tmp_path / "shop", Shop(love=4.0, again=0.6))
    given, proposed = tmp_path / "affinity.yaml", tmp_path / "proposal.yaml"
    given.write_text(CONFIG)
    (data / "queries.jsonl").write_text("broken, and never read")
    command = ["tune", "--data", str(data), "-c", str(given), "--output", str(proposed), "--url", engine_url]
    said = CliRunner().invoke(main, command, catch_exceptions=False)
    assert said.exit_code == 0, said.output
    assert "item_affinity.strength: 0 -> " in said.output
    assert "confirmed in the engine on " in said.output
    config = load_config(proposed)
    assert config.item_affinity.strength > 0
    assert config.items.index == "products"
    assert config.search.template == "affinity-search"
    assert left_behind(OpenSearchEngine(engine_url)) == []


def sold_out(items: Path) -> set[str]:
    """Every fifth item of the file has no stock from now on."""
    records = [json.loads(line) for line in items.read_text().splitlines()]
    for number, record in enumerate(records):
        record["attrs"]["stock"] = ["yes" if number % 5 else "no"]
    items.write_text("".join(json.dumps(record) + "\n" for record in records))
    return {record["id"] for record in records[::5]}


def test_an_own_body_is_what_is_tuned_and_confirmed(
    engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = find_files(write_shop(tmp_path / "shop", Shop(love=4.0, again=0.6)))
    gone = sold_out(files.items)
    given = tmp_path / "affinity.yaml"
    given.write_text(CONFIG.replace("window: 50,", "window: 100, body: body.mustache,"))
    (tmp_path / "body.mustache").write_text(BODY)
    candidates: set[str] = set()

    def noted(engine: Engine, config: Config, log: CutLog) -> Searches:
        found = engine_searches(engine, config, log)
        candidates.update(log.shop.ids[int(item)] for item in found.items.ravel() if item >= 0)
        return found

    monkeypatch.setattr("affinity_search.tuning.tune.engine_searches", noted)
    said: list[str] = []
    engine = OpenSearchEngine(engine_url)
    found = tune(engine, files, load_config(given), "mix", say=said.append)
    assert candidates
    assert not candidates & gone
    assert "search.window: 50 is not tried: search.body asks for up to 60 hits" in said
    assert found.found.config.search.window >= 60
    assert found.found.config.item_affinity.strength > 0
    assert found.confirmed.hits > 0
    assert found.confirmed.error < 1e-4
    assert found.confirmed.given == pytest.approx(found.confirmed.computed, abs=1e-4)
    assert left_behind(engine) == []


def test_where_nobody_buys_twice_the_id_list_stays_off(engine_url: str, tmp_path: Path) -> None:
    data = write_shop(tmp_path / "shop", Shop(love=1.0, again=None, shoppers=60, purchases=20))
    found = tune(OpenSearchEngine(engine_url), find_files(data), parse_config(CONFIG), "mix")
    assert found.found.config.item_affinity.strength == 0
    assert found.confirmed.error < 1e-4
    assert found.confirmed.given == pytest.approx(found.confirmed.computed, abs=1e-4)
    assert found.confirmed.hits > 0


def test_empty_files_are_refused(engine_url: str, tmp_path: Path) -> None:
    items, events = tmp_path / "items.jsonl", tmp_path / "events.jsonl"
    items.write_text('{"id": "i1", "title": "shoe"}\n')
    events.write_text("")
    engine = OpenSearchEngine(engine_url)
    with pytest.raises(DataError, match="expected usable lines, found none"):
        tune(engine, Files(items, events, None), parse_config(CONFIG), "all")
    assert left_behind(engine) == []
