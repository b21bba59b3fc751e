"""Related items on a real engine: they boost what was never bought, and no sentence claims that it was."""

from __future__ import annotations

import secrets
from pathlib import Path

from affinity_search.config import parse_config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.sandbox import Files, open_sandbox
from affinity_search.search import Client
from affinity_search.search.explain import explain
from tests.live.shop import BIRCH_FAN, write_files

CONFIG = """
events: {types: {purchase: {weight: 1}}}
item_affinity: {strength: 0.4, saturation_weight: 2, related: {weight: 1}}
"""


def test_what_goes_with_a_shoppers_items_is_lifted_and_said_so(engine_url: str, tmp_path: Path) -> None:
    write_files(tmp_path)
    files = Files(tmp_path / "items.jsonl", tmp_path / "events.csv", None)
    engine, name = OpenSearchEngine(engine_url), f"related-{secrets.token_hex(3)}"
    with open_sandbox(engine, parse_config(CONFIG), files, name, lambda _: None) as (state, config):
        found = explain(Client.of(engine, config), config, "running shoes", BIRCH_FAN)
        rows = state.execute("SELECT value, count, level FROM profile_entries WHERE user_id = ?", [BIRCH_FAN])
        profile = {value: (count, level) for value, count, level in rows.fetchall()}
    # Two shoppers bought s03 together with s04, and s06 together with s05; this one has s04 and s05 only.
    assert profile["s03"][0] == profile["s06"][0] == 0
    said = {one.hit.id: one for one in found.personalised}
    for item in ("s03", "s06"):
        (reason,) = said[item].hit.reasons
        assert (reason.attribute, reason.related, reason.level) == ("item", True, profile[item][1])
        assert said[item].sentence == "People who bought what you bought also bought this."
    assert said["s05"].sentence == "You bought this before."
    assert said["s05"].as_json()["reasons"][0]["related"] is False
