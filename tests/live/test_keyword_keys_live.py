"""The shape that adds nothing to the items: the very results of numeric keys, by the items' own fields and ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import load_config
from tests.live.foreign import document, request
from tests.live.shop import ALDER_FAN, BIRCH_FAN, STRANGER, Shop, write_files
from tests.live.test_adoption_live import Desk, desk, write_events

__all__ = ["desk"]

SHOP = """
engine: {{url: "{url}", prefix: "{prefix}"}}
items: {{index: "{index}", keys: {keys}}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  brand: {{field: attrs.brand, strength: 0.25, saturation_weight: 2, levels: 15}}
  colour: {{field: attrs.colour, multi_valued: true, strength: 0.2, saturation_weight: 1, levels: 3}}
item_affinity: {item}
popularity: {{recent: {{weight: 0.2}}}}
search: {{template: "{prefix}search"}}
"""


def affinity(config: Path, *words: str) -> Any:
    result = CliRunner().invoke(main, [*words, "-c", str(config)])
    assert result.exit_code == 0, result.output
    return json.loads(result.output) if "--json" in words else result.output


def deploy(folder: Path, url: str, prefix: str, index: str, keys: str, item: str) -> Path:
    """Profiles and templates over the items that stand in `index` already; the path of the configuration."""
    folder.mkdir()
    write_files(folder)
    config = folder / "affinity.yaml"
    config.write_text(SHOP.format(url=url, prefix=prefix, index=index, keys=keys, item=item), encoding="utf-8")
    affinity(config, "items", "catalogue", str(folder / "items.jsonl"))
    affinity(config, "events", "ingest", str(folder / "events.csv"))
    affinity(config, "profiles", "build")
    affinity(config, "apply", "--yes")
    affinity(config, "profiles", "publish")
    return config


def told(config: Path, word: str, user: str) -> list[Any]:
    """Everything that an explained answer says of its hits: order, scores, reasons, sentences."""
    found: list[Any] = affinity(config, "explain", word, "--user", user, "--json")["personalised"]
    return found


@pytest.mark.parametrize(
    "item", ["{strength: 0.4, saturation_weight: 2}", "{owned_demotion: 0.5}"], ids=["bought before", "stepping back"]
)
def test_keyword_keys_give_the_very_results_of_numeric_ones(shop: Shop, desk: Desk, item: str) -> None:
    index = shop.config.items.index
    numeric = deploy(desk.folder / "n", desk.url, f"{desk.prefix}n", index, "numeric", item)
    keyword = deploy(desk.folder / "k", desk.url, f"{desk.prefix}k", index, "keyword", item)
    for user in (BIRCH_FAN, ALDER_FAN, STRANGER):
        for word in ("running", "jacket", "shoes"):
            assert told(keyword, word, user) == told(numeric, word, user)
    assert told(keyword, "shoes", BIRCH_FAN) != told(keyword, "shoes", STRANGER)
    pipelines = request(desk.url, "GET", "/_ingest/pipeline")
    assert f"{desk.prefix}n-item-keys" in pipelines
    assert f"{desk.prefix}k-item-keys" not in pipelines
    lists = request(desk.url, "POST", f"/{desk.prefix}k-lookup/_search", {"size": 100})["hits"]["hits"]
    assert {"Birch"} in [set(hit["_source"]["k"]) for hit in lists if hit["_id"].endswith(BIRCH_FAN)]
    assert "keys     the items' own fields and ids are looked up" in affinity(keyword, "status")
    assert affinity(keyword, "status", "--json")["keys"] == "keyword"


def test_from_one_shape_to_the_other_no_search_fails(shop: Shop, desk: Desk) -> None:
    """Between the apply and the publication nobody's lists fit, so all see the generic order."""
    item = "{strength: 0.4, saturation_weight: 2}"
    config = deploy(desk.folder / "n", desk.url, f"{desk.prefix}n", shop.config.items.index, "keyword", item)
    before = [hit["_id"] for hit in hits(desk, BIRCH_FAN)]
    config.write_text(config.read_text().replace("keys: keyword", "keys: numeric"))
    affinity(config, "apply", "--yes")
    assert [hit["_id"] for hit in hits(desk, BIRCH_FAN)] == [hit["_id"] for hit in hits(desk, STRANGER)]
    affinity(config, "profiles", "build")
    affinity(config, "profiles", "publish")
    assert [hit["_id"] for hit in hits(desk, BIRCH_FAN)] == before


def hits(desk: Desk, user: str) -> list[dict[str, Any]]:
    body = {"id": f"{desk.prefix}nsearch", "params": {"q": "shoes", "user_id": user}}
    index = load_config(desk.folder / "n" / "affinity.yaml").items.index
    found: list[dict[str, Any]] = request(desk.url, "POST", f"/{index}/_search/template", body)["hits"]["hits"]
    return found


def test_an_adoption_by_keyword_writes_nothing_to_the_index(desk: Desk) -> None:
    """The writer's own versions stay as they are, and brand and category still move hits."""
    desk.create(desk.index)
    for number in range(300):
        at = f"/{desk.index}/_doc/p{number}?version=7{number:04}&version_type=external"
        request(desk.url, "PUT", at, document(number))
    request(desk.url, "POST", f"/{desk.index}/_refresh")
    before = desk.state_of_index()
    stats = request(desk.url, "GET", f"/{desk.index}/_stats/indexing")["_all"]["primaries"]["indexing"]["index_total"]
    desk.adopt_dry()
    assert "keys: keyword" in desk.config_path.read_text()
    desk.affinity("adopt", "--apply")
    desk.affinity("items", "catalogue", "--from-index")
    desk.affinity("events", "ingest", str(write_events(desk, 300)))
    desk.affinity("profiles", "build")
    desk.affinity("apply", "--yes")
    desk.affinity("profiles", "publish")
    found = json.loads(desk.affinity("search", "sneaker", "--user", "u1", "--json").output)
    assert {hit["source"]["brand"] for hit in found["hits"]} == {"Acme"}
    assert desk.state_of_index() == before
    after = request(desk.url, "GET", f"/{desk.index}/_stats/indexing")["_all"]["primaries"]["indexing"]["index_total"]
    assert after == stats
    assert "got keyword" in desk.affinity("items", "signals", code=2).output
    assert "got keyword: there is nothing to verify" in desk.affinity("items", "verify", code=2).output
    desk.affinity("adopt", "--leave", "--apply")
    assert desk.names() == []
    assert desk.state_of_index() == before
