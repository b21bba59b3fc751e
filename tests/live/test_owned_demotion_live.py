"""What was bought steps back, on a real engine: all else is boosted, by the formula, and only for those who bought."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from duckdb import DuckDBPyConnection

from affinity_search.config import Config, parse_config
from affinity_search.engine import Engine
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import DataError
from affinity_search.items.keys import affinity_key
from affinity_search.offline.formula import boosts, read_shop, scores
from affinity_search.offline.replay import Ranking
from affinity_search.profiles.build import build_profile, build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.publish.readable import read_profile
from affinity_search.sandbox import Files, open_sandbox
from affinity_search.search import Answer, Client
from affinity_search.search.explain import explain
from affinity_search.state import open_state
from tests.live.profile_indexes import documents, make_indexes
from tests.profile_data import BUCKETS, VALUES, config, fill

READER, VIEWER, HEAVY, STRANGER = "reader", "viewer", "heavy", "nobody"
TITLES = {f"b{number}": "novel " * (1 + number % 4) + f"of the sea {number}" for number in range(12)}
BOUGHT = {READER: ("b0", "b3", "b7"), HEAVY: tuple(TITLES), "other": ("b0", "b1"), "third": ("b0", "b1", "b5")}
WINDOW = 8
CONFIG = """
events: {{types: {{purchase: {{weight: 1}}, view: {{weight: 0.1}}}}}}
attributes: {{author: {{field: attrs.author, strength: 0.1, saturation_weight: 2}}}}
item_affinity: {{{item}owned_demotion: 0.3}}
search: {{shape: {shape}, window: {window}, size: 5}}
"""
RELATED = "strength: 0.4, bought_before: {weight: 0}, related: {weight: 1}, "


class Desk(NamedTuple):
    """The shop as deployed."""

    engine: Engine
    state: DuckDBPyConnection
    config: Config
    client: Client

    def all_hits(self, user: str | None = None) -> Answer:
        """Every hit for `novel`."""
        return self.client.search("novel", size=50, **({"user_id": user} if user else {}))


def write_books(folder: Path) -> Files:
    """The files of the shop: a reader, somebody who only looks, and one who has everything."""
    items = [
        {"id": item, "title": title, "attrs": {"author": [f"author {number % 3}"]}}
        for number, (item, title) in enumerate(TITLES.items())
    ]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)) + "\n", encoding="utf-8")
    rows = [f"{user},2026-01-{10 + n},purchase,{item}" for user, some in BOUGHT.items() for n, item in enumerate(some)]
    rows += [f"{user},2026-01-20,view,b{n}" for user in (READER, VIEWER) for n in (2, 4)]
    (folder / "events.csv").write_text("\n".join(["user,ts,type,item", *rows]) + "\n", encoding="utf-8")
    return Files(folder / "items.jsonl", folder / "events.csv", None)


@pytest.fixture(
    scope="module",
    params=[("rescore", ""), ("function_score", ""), ("rescore", RELATED)],
    ids=["rescore", "function_score", "beside_related"],
)
def desk(engine_url: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Desk]:
    shape, item = request.param
    given = parse_config(CONFIG.format(shape=shape, item=item, window=WINDOW))
    engine, name = OpenSearchEngine(engine_url), f"books-{secrets.token_hex(3)}"
    files = write_books(tmp_path_factory.mktemp("books"))
    with open_sandbox(engine, given, files, name, lambda _: None) as (state, own):
        yield Desk(engine, state, own, Client.of(engine, own))


@pytest.mark.parametrize("user", [READER, VIEWER, HEAVY, "other", "third", STRANGER])
def test_the_engine_computes_the_formula(desk: Desk, user: str) -> None:
    generic, personal = desk.all_hits(), desk.all_hits(user)
    shop = read_shop(desk.state, desk.config, [user])
    found = Ranking(tuple(hit.id for hit in generic.hits), tuple(hit.score for hit in generic.hits))
    computed = scores(shop, found, boosts(shop, found.ids, user), shop.parts)
    wanted = dict(zip(found.ids, computed, strict=True))
    assert len(wanted) == len(TITLES)
    assert {hit.id: hit.score for hit in personal.hits} == pytest.approx(wanted, rel=1e-6)


def test_what_was_bought_is_not_lifted_and_all_else_within_the_window_is(desk: Desk) -> None:
    generic = {hit.id: hit.score for hit in desk.all_hits().hits}
    window = WINDOW if desk.config.search.shape == "rescore" else len(TITLES)
    near, bought = list(generic)[:window], set(BOUGHT[READER])
    hits = desk.client.search("novel", user_id=READER, size=window).hits
    factors = {hit.id: hit.score / generic[hit.id] for hit in hits}
    assert set(factors) == set(near)
    assert {item for item, factor in factors.items() if factor >= 1.3 - 1e-6} >= set(near) - bought
    assert (
        {hit.id for hit in hits if "owned_demotion" not in {r.attribute for r in hit.reasons}}
        == set(near) & bought
        != set()
    )
    beyond = [hit for hit in desk.all_hits(READER).hits if hit.id not in near]
    assert {hit.id: hit.score for hit in beyond} == {item: generic[item] for item in generic if item not in near}


@pytest.mark.parametrize("user", [READER, "other", "third"])
def test_related_items_do_not_lift_what_steps_back(desk: Desk, user: str) -> None:
    reasons = {hit.id: {reason.attribute for reason in hit.reasons} for hit in desk.all_hits(user).hits}
    assert not any("item" in reasons[item] for item in BOUGHT[user])
    if user == READER and desk.config.item_affinity.related_on:
        assert any("item" in attributes for attributes in reasons.values())


def test_somebody_who_only_looked_has_nothing_that_steps_back(desk: Desk) -> None:
    hits = desk.all_hits(VIEWER).hits
    assert {reason.attribute for hit in hits for reason in hit.reasons} - {"item"} == {"author"}
    profile = read_profile(desk.engine, desk.config, VIEWER)
    assert profile is not None
    assert "owned_demotion" not in profile["affinities"]


def test_a_stranger_gets_the_generic_answer_to_the_last_bit(desk: Desk) -> None:
    found, wanted = desk.all_hits(STRANGER).hits, desk.all_hits().hits
    assert [(hit.id, hit.score) for hit in found] == [(hit.id, hit.score) for hit in wanted]
    assert {hit.factor for hit in found if hit.accounted} == {1}


def test_explain_says_what_is_new(desk: Desk) -> None:
    found = explain(desk.client, desk.config, "novel", READER, size=50)
    new = [(one, r) for one in found.personalised for r in one.hit.reasons if r.attribute == "owned_demotion"]
    assert new
    assert {(r.level, r.boost, r.value, r.related) for _, r in new} == {(1, 0.3, None, False)}
    only = {one.sentence == "You have not bought this yet." for one, _ in new if len(one.hit.reasons) == 1}
    assert only <= {True}
    assert not any("bought this yet" in one.sentence for one, _ in new if len(one.hit.reasons) > 1)
    assert not any("bought this yet" in one.sentence for one in found.personalised if one.hit.id in BOUGHT[READER])


def sources(engine: Engine, shop: Config) -> dict[str, dict[str, Any]]:
    return {name: source for name, (_, source) in documents(engine, shop.lookup_index).items()}


def test_the_documents_come_move_and_go(engine_url: str, prefix: str, tmp_path: Path) -> None:
    engine, names = OpenSearchEngine(engine_url), {"prefix": f"{prefix}p"}
    shop = config(attributes={}, item_affinity={"owned_demotion": 0.2}, engine=names)
    elsewhere = config(attributes={}, item_affinity={"owned_demotion": 0.2}, engine=names, items={"index": "goods"})
    off = config(item_affinity={"strength": 0}, engine=names)
    make_indexes(engine, shop)
    i1, i2, i3, gone = map(affinity_key, ("i1", "i2", "i3", "gone"))
    with open_state(tmp_path / "state.duckdb") as state:
        fill(state, BUCKETS, VALUES)
        build_profiles(state, shop, now_ms=1000)
        assert publish_profiles(engine, state, shop).changed == 2
        assert sources(engine, shop) == {
            "owned_demotion.b0.ann": {"v": sorted([i1, i2]), "on": ["products"]},
            "owned_demotion.b0.bob": {"v": sorted([i3, gone]), "on": ["products"]},
        }
        assert publish_profiles(engine, state, shop).unchanged == 2
        state.execute("INSERT INTO buckets VALUES ('ann', 'i3', 'purchase', 100, 1)")
        build_profile(state, shop, ["ann"], now_ms=2000)
        publish_profiles(engine, state, shop, users=["ann"])
        assert sources(engine, shop)["owned_demotion.b0.ann"]["v"] == sorted([i1, i2, i3])
        with pytest.raises(DataError, match="expected a build with this configuration"):
            publish_profiles(engine, state, elsewhere)
        build_profiles(state, elsewhere, now_ms=2500)
        assert publish_profiles(engine, state, elsewhere).changed == 2
        assert {tuple(source["on"]) for source in sources(engine, shop).values()} == {("goods",)}
        build_profiles(state, off, now_ms=3000)
        publish_profiles(engine, state, off)
        assert {name.split(".")[0] for name in sources(engine, shop)} == {"brand", "colour"}
