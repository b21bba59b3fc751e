"""A signal of one new file, on a real engine: published, looked up, moving hits by the formula, and put into words."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from duckdb import DuckDBPyConnection

from affinity_search.config import Config, parse_config
from affinity_search.deploy.probe import probe
from affinity_search.engine import Engine
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.items.keys import affinity_key
from affinity_search.offline.formula import boosts, read_shop, scores
from affinity_search.offline.replay import Ranking
from affinity_search.publish.profiles import publish_profiles
from affinity_search.publish.readable import read_profile
from affinity_search.sandbox import Files, open_sandbox
from affinity_search.search import Client
from affinity_search.search.explain import explain
from affinity_search.surfaces import build_templates
from tests.live.profile_indexes import documents
from tests.with_signal import with_signal

CONFIG = """
events: {types: {view: {weight: 1}}}
attributes: {maker: {field: attrs.maker, strength: 0.1, saturation_weight: 2}}
signals: {lately: {strength: 0.7, days: 7}}
search: {window: 50, size: 5}
"""
TITLES = {f"t{number}": f"tea {'pot ' * (1 + number % 4)}{number}" for number in range(9)}
SEEN = {"ann": {"t3": 20, "t7": 14, "t1": 2}, "bob": {"t0": 20, "t3": 1}}


class Desk(NamedTuple):
    """The shop as deployed."""

    engine: Engine
    state: DuckDBPyConnection
    config: Config
    client: Client


@pytest.fixture(scope="module")
def desk(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("tea")
    items = [{"id": item, "title": title, "attrs": {"maker": [f"maker {item}"]}} for item, title in TITLES.items()]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)) + "\n", encoding="utf-8")
    rows = [f"{user},2026-01-{day:02},view,{item}" for user, some in SEEN.items() for item, day in some.items()]
    (folder / "events.csv").write_text("\n".join(["user,ts,type,item", *rows]) + "\n", encoding="utf-8")
    files = Files(folder / "items.jsonl", folder / "events.csv", None)
    engine, name = OpenSearchEngine(engine_url), f"tea-{secrets.token_hex(3)}"
    with with_signal(), open_sandbox(engine, parse_config(CONFIG), files, name, lambda _: None) as (state, own):
        yield Desk(engine, state, own, Client.of(engine, own))


def test_its_lists_and_levels_are_published(desk: Desk) -> None:
    held = {name: source for name, (_, source) in documents(desk.engine, desk.config.lookup_index).items()}
    own = {name: source["v"] for name, source in held.items() if name.startswith("lately.") and name.endswith(".ann")}
    t3, t7 = affinity_key("t3"), affinity_key("t7")
    # Of today level 7, of six days ago level 1; what is older is not there.
    assert own == {"lately.b0.ann": sorted([t3, t7]), "lately.b1.ann": [t3], "lately.b2.ann": [t3]}
    profile = read_profile(desk.engine, desk.config, "ann")
    assert profile is not None
    assert [(e["value"], e["level"], e["weight"]) for e in profile["affinities"]["lately"]] == [
        ("t3", 7, 7.0),
        ("t7", 1, 1.0),
    ]
    assert publish_profiles(desk.engine, desk.state, desk.config, mode="verify").changed == 0


def test_the_deployed_template_has_its_clauses_and_answers(desk: Desk) -> None:
    (template,) = build_templates(desk.config)
    stored = desk.engine.call("GET", f"/_scripts/{template.versioned_name}")["script"]["source"]
    assert stored.count("lately|b") == 3
    found = probe(desk.config, desk.engine, [template])
    assert (found.failures, found.notes, found.untried) == ((), (), "")


@pytest.mark.parametrize("user", ["ann", "bob", "nobody"])
def test_a_search_is_changed_by_it_as_the_formula_says(desk: Desk, user: str) -> None:
    generic, personal = desk.client.search("tea", size=50), desk.client.search("tea", size=50, user_id=user)
    shop = read_shop(desk.state, desk.config, [user])
    found = Ranking(tuple(hit.id for hit in generic.hits), tuple(hit.score for hit in generic.hits))
    computed = scores(shop, found, boosts(shop, found.ids, user), shop.parts)
    assert {hit.id: hit.score for hit in personal.hits} == pytest.approx(
        dict(zip(found.ids, computed, strict=True)), rel=1e-6
    )
    moved = {hit.id: reason.boost for hit in personal.hits for reason in hit.reasons if reason.attribute == "lately"}
    expected = {"ann": {"t3": 0.7, "t7": 0.1}, "bob": {"t0": 0.7}, "nobody": {}}
    assert moved == pytest.approx(expected[user])


def test_explain_words_it(desk: Desk) -> None:
    found = explain(desk.client, desk.config, "tea", "ann", size=50)
    said = {one.hit.id: one for one in found.personalised}
    reason = next(reason for reason in said["t3"].hit.reasons if reason.attribute == "lately")
    assert (reason.level, reason.value, reason.role, reason.related) == (7, "t3", "view", False)
    assert "you came across this in the last days" in said["t3"].sentence.lower()
    assert not any("last days" in one.sentence for item, one in said.items() if item not in ("t3", "t7"))
