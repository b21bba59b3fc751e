"""What `status` finds and says, and the plan as text and JSON, on an engine in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from affinity_search.config import parse_config
from affinity_search.config.model import State
from affinity_search.deploy import Artefact, Status, apply, plan_artefacts, plan_rollback
from affinity_search.deploy.overview import status_of
from affinity_search.deploy.report import plan_text, status_text
from affinity_search.errors import EngineUnavailable, RefusedRequest
from affinity_search.profiles.publication import Publication, with_publication
from affinity_search.state.builds import config_hash
from tests.contract.fake_engine import FakeEngine

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
LEDGER = "shop-ledger"
CONFIG = parse_config('{engine: {url: "http://fake", prefix: shop}, events: {types: {order: {weight: 1}}}}')


def wanted(source: str = "one\ntwo") -> tuple[Artefact, ...]:
    return (
        Artefact("index", "shop-lookup", '{"mappings":{}}'),
        Artefact("index", "shop-profiles", '{"mappings":{}}'),
        Artefact("pipeline", "shop-keys", "{}"),
        Artefact("script", "search", source),
    )


def deploy(engine: FakeEngine, source: str = "one\ntwo") -> None:
    apply(plan_artefacts(engine, LEDGER, wanted(source)), engine, NOW)


def found(engine: FakeEngine) -> Status:
    return status_of(CONFIG, engine, wanted())


def states(engine: FakeEngine) -> dict[str, str]:
    return {artefact.name: artefact.state for artefact in found(engine).artefacts}


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


def test_an_empty_engine_is_behind_and_every_missing_piece_says_what_makes_it(engine: FakeEngine) -> None:
    assert status_text(found(engine)).splitlines() == [
        "engine   http://fake  opensearch 3.8.0",
        "index    shop-lookup  -  absent",
        "index    shop-profiles  -  absent",
        "pipeline shop-keys  -  absent",
        "script   search  -  absent",
        "lookups  shop-lookup  absent",
        "profiles shop-profiles  absent",
        "items    products  absent",
        "! The engine is behind affinity.yaml: `affinity plan` shows what `affinity apply` would do.",
        "! There is no shop-lookup (lookups): `affinity apply` makes it.",
        "! There is no shop-profiles (profiles): `affinity apply` makes it.",
        "! There is no products (items): `affinity items load FILE` makes it.",
    ]
    assert engine.indices == {}


def test_a_deployed_shop_with_documents_needs_nothing(engine: FakeEngine) -> None:
    deploy(engine)
    engine.call("PUT", "/products", {})
    for index in ("shop-lookup", "shop-profiles", "products"):
        engine.call("PUT", f"/{index}/_doc/1", {}, {"refresh": "true"})
    assert found(engine).advice == ()
    assert status_text(found(engine)).splitlines() == [
        "engine   http://fake  opensearch 3.8.0",
        "index    shop-lookup  d7fd5216  in step",
        "index    shop-profiles  d7fd5216  in step",
        "pipeline shop-keys  44136fa3  in step",
        "script   search  21066d10  in step",
        "lookups  shop-lookup  1 document",
        "profiles shop-profiles  1 document",
        "items    products  1 document",
        "ledger   1  2026-01-31 12:00:00  apply  done  "
        "create shop-lookup, create shop-profiles, create shop-keys, create search",
    ]


def test_empty_indices_say_what_fills_them(engine: FakeEngine) -> None:
    deploy(engine)
    engine.call("PUT", "/products", {})
    assert found(engine).advice == (
        "shop-lookup (lookups) is empty. To fill it: `affinity items load FILE`, `affinity events ingest FILE`, "
        "`affinity profiles build` and `affinity profiles publish`.",
        "shop-profiles (profiles) is empty. To fill it: `affinity items load FILE`, `affinity events ingest FILE`, "
        "`affinity profiles build` and `affinity profiles publish`.",
        "products (items) is empty: `affinity items load FILE` fills it.",
    )


def test_an_index_that_does_not_answer_is_a_finding(engine: FakeEngine) -> None:
    deploy(engine)

    def closed(_body: Any) -> Any:
        raise RefusedRequest("400 closed", status=400)

    engine.instead["GET /shop-lookup/_count"] = closed
    status = found(engine)
    assert (status.documents[0].count, status.documents[0].finding) == (None, "400 closed")
    assert "shop-lookup (lookups) does not answer: 400 closed" in status.advice


def test_pending_and_drift_are_told_apart(engine: FakeEngine) -> None:
    deploy(engine, "older")
    assert states(engine)["search"] == "pending"
    deploy(engine)
    assert set(states(engine).values()) == {"in step"}
    engine.scripts["search"]["source"] = "by hand"
    del engine.pipelines["shop-keys"]
    assert states(engine) == {
        "shop-lookup": "in step",
        "shop-profiles": "in step",
        "shop-keys": "drift",
        "search": "drift",
    }
    assert (
        "Somebody changed what was applied: `affinity plan` shows it, `affinity apply` puts it right."
        in found(engine).advice
    )


def test_an_unfinished_deployment_is_said_to_be_so(engine: FakeEngine) -> None:
    engine.cut(4)
    with pytest.raises(EngineUnavailable):
        deploy(engine)
    assert found(engine).advice[0] == ("Ledger entry 1 is running or was interrupted: `affinity apply` finishes it.")
    assert plan_text(plan_artefacts(engine, LEDGER, wanted())).splitlines() == [
        "Ledger entry 1 (apply) was begun and not finished: this finishes it.",
        "= leave  index    shop-lookup",
        "+ create index    shop-profiles",
        "+ create pipeline shop-keys",
        "+ create script   search",
        "3 to create, 1 to leave; no drift",
    ]
    assert plan_text(plan_rollback(CONFIG, engine)).splitlines() == [
        "Ledger entry 1 (apply) was begun and not finished: this reverses it.",
        "= leave  script   search",
        "= leave  pipeline shop-keys",
        "= leave  index    shop-profiles",
        "- delete index    shop-lookup",
        "1 to delete, 3 to leave; no drift",
    ]


@pytest.mark.parametrize(
    ("transient", "persistent", "default", "allowed"),
    [
        (None, None, None, True),
        (None, None, "true", True),
        (None, "false", "true", False),
        ("true", "false", "true", True),
        ("false", "true", "true", False),
        (None, None, "false", False),
    ],
)
def test_a_cluster_that_refuses_expensive_queries_is_told(
    engine: FakeEngine, transient: str | None, persistent: str | None, default: str | None, allowed: bool
) -> None:
    layers = {"transient": transient, "persistent": persistent, "defaults": default}
    key = "search.allow_expensive_queries"
    engine.settings = {layer: {key: value} if value else {} for layer, value in layers.items()}
    status = found(engine)
    assert status.numeric_keys_allowed is allowed
    assert any("refuses lookups of numeric keys" in line for line in status.advice) is not allowed


def test_the_ledger_is_shown_from_its_end(engine: FakeEngine) -> None:
    for number in range(1, 8):
        deploy(engine, f"source {number}")
    assert [entry.number for entry in found(engine).entries] == [7, 6, 5, 4, 3]


def test_the_status_in_json(engine: FakeEngine) -> None:
    deploy(engine)
    value = found(engine).as_json()
    assert value["url"] == "http://fake"
    assert value["engine"] == {"distribution": "opensearch", "version": "3.8.0"}
    assert value["artefacts"][2] == {
        "kind": "pipeline",
        "name": "shop-keys",
        "state": "in step",
        "digest": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }
    assert value["documents"][2] == {
        "role": "items",
        "alias": "products",
        "count": None,
        "finding": "absent",
        "published": None,
    }
    assert value["publication"] is None
    assert value["numeric_keys_allowed"] is True
    assert value["ledger"] == [
        {
            "number": 1,
            "kind": "apply",
            "status": "done",
            "started": "2026-01-31T12:00:00+00:00",
            "changes": [
                {"op": "create", "kind": "index", "name": "shop-lookup", "note": ""},
                {"op": "create", "kind": "index", "name": "shop-profiles", "note": ""},
                {"op": "create", "kind": "pipeline", "name": "shop-keys", "note": ""},
                {"op": "create", "kind": "script", "name": "search", "note": ""},
            ],
        }
    ]
    assert value["advice"] == list(found(engine).advice)


def test_a_plan_shows_drift_with_what_was_edited_only_once(engine: FakeEngine) -> None:
    deploy(engine)
    engine.scripts["search"]["source"] = "one\n2"
    assert plan_text(plan_artefacts(engine, LEDGER, wanted())).splitlines() == [
        "! drift  script   search  (changed by hand since entry 1)",
        "= leave  index    shop-lookup",
        "= leave  index    shop-profiles",
        "= leave  pipeline shop-keys",
        "~ change script   search  35f00651 -> 21066d10",
        "    --- search 35f00651",
        "    +++ search 21066d10",
        "    @@ -1,2 +1,2 @@",
        "     one",
        "    -2",
        "    +two",
        "1 to change, 3 to leave; drift in 1",
    ]
    text = plan_text(plan_artefacts(engine, LEDGER, wanted("three")))
    assert text.splitlines()[:7] == [
        "! drift  script   search  (changed by hand since entry 1)",
        "    --- search 21066d10",
        "    +++ search 35f00651",
        "    @@ -1,2 +1,2 @@",
        "     one",
        "    -two",
        "    +2",
    ]


def test_a_plan_names_what_was_deleted_or_made_by_hand(engine: FakeEngine) -> None:
    deploy(engine)
    del engine.scripts["search"]
    assert "! drift  script   search  (deleted by hand since entry 1)" in plan_text(
        plan_artefacts(engine, LEDGER, wanted())
    )
    apply(plan_rollback(CONFIG, engine), engine, NOW)
    engine.pipelines["shop-keys"] = {}
    assert "! drift  pipeline shop-keys  (made by hand since entry 2)" in plan_text(
        plan_artefacts(engine, LEDGER, wanted())
    )


def test_a_plan_in_json(engine: FakeEngine) -> None:
    deploy(engine)
    engine.scripts["search"]["source"] = "one"
    value = plan_artefacts(engine, LEDGER, wanted("one\ntwo")).as_json()
    drift = value["drift"][0]
    assert (drift["op"], drift["name"]) == ("change", "search")
    assert (value["kind"], value["last_entry"], value["unfinished_entry"]) == ("apply", 1, None)
    assert [change["op"] for change in value["changes"]] == ["leave", "leave", "leave", "change"]
    change = value["changes"][3]
    assert (change["before"], change["after"]) == (drift["after"], drift["before"])
    assert change["diff"].endswith(" one\n+two")
    assert plan_artefacts(FakeEngine(), LEDGER, wanted()).as_json()["changes"][0]["before"] is None


def test_an_empty_plan_says_so(engine: FakeEngine) -> None:
    assert plan_text(plan_artefacts(engine, LEDGER, ())) == "nothing to do; no drift"


def published(engine: FakeEngine, lookups: int | None, profiles: int | None, config: str | None = None) -> None:
    note = Publication("a state", 7, config or config_hash(CONFIG), lookups, profiles)
    (index,) = engine.call("GET", "/shop-lookup/_alias")
    mappings = engine.indices[index].mappings
    engine.call("PUT", "/shop-lookup/_mapping", {"_meta": with_publication(mappings, note)})


def profile_advice(engine: FakeEngine, state: Path) -> list[str]:
    config = CONFIG.model_copy(update={"state": State(path=state)})
    return [line for line in status_of(config, engine, wanted()).advice if "products" not in line]


def test_documents_are_set_against_the_last_publication(engine: FakeEngine, tmp_path: Path) -> None:
    deploy(engine)
    state = tmp_path / "state.duckdb"
    state.touch()
    published(engine, 3, 1)
    assert profile_advice(engine, state) == [
        "shop-lookup (lookups) is empty. To fill it: `affinity profiles publish`.",
        "shop-profiles (profiles) is empty. To fill it: `affinity profiles publish`.",
    ]
    for index in ("shop-lookup", "shop-profiles"):
        engine.call("PUT", f"/{index}/_doc/1", {}, {"refresh": "true"})
    assert profile_advice(engine, state) == [
        "shop-lookup (lookups): expected the 3 documents of the last publication, found 1. To repair it: "
        "`affinity profiles publish`."
    ]
    published(engine, None, None)
    assert profile_advice(engine, state) == []
    published(engine, 1, 1, config="another")
    assert profile_advice(engine, state) == [
        "The profiles were built with another configuration. To bring them up to date: "
        "`affinity profiles build` and `affinity profiles publish`."
    ]


def test_a_publication_is_no_drift(engine: FakeEngine) -> None:
    deploy(engine)
    published(engine, 0, 0)
    assert set(states(engine).values()) == {"in step"}
    assert plan_artefacts(engine, LEDGER, wanted()).recorded
    value = found(engine).as_json()["publication"]
    assert (value["state"], value["build"], value["lookups"], value["profiles"]) == ("a state", 7, 0, 0)
    assert [line for line in found(engine).advice if "empty" in line] == []


def test_a_mapping_that_no_apply_can_change_has_a_way_out(engine: FakeEngine) -> None:
    typed = '{"mappings":{"properties":{"user_id":{"type":"keyword"}}}}'
    artefact = Artefact("index", "shop-profiles", typed)
    ours = {"affinity_search": {"owner": CONFIG.engine.prefix}}
    engine.call("PUT", "/made-by-hand", {"mappings": {"_meta": ours, "properties": {"user_id": {"type": "text"}}}})
    engine.call("POST", "/_aliases", {"actions": [{"add": {"index": "made-by-hand", "alias": "shop-profiles"}}]})
    advice = status_of(CONFIG, engine, (artefact,)).advice
    assert advice[0].startswith(
        "shop-profiles has a mapping that cannot be changed in place: delete the index behind it."
    )
    assert not any("The engine is behind" in line for line in advice)
