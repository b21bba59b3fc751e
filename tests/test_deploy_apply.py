"""Plan, apply and rollback on an engine in memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from affinity_search.config import Config, parse_config
from affinity_search.deploy import Artefact, LedgerEntry, Plan, apply, plan, plan_artefacts, plan_rollback, rollback
from affinity_search.deploy.ledger import add_entry, create_ledger, last_entry, read_entry, recent_entries
from affinity_search.engine.ownership import marked
from affinity_search.errors import ConfigError, EngineFailed, EngineUnavailable, RefusedRequest
from affinity_search.surfaces import Template
from tests.contract.fake_engine import FakeEngine, Index

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
LEDGER = "shop-ledger"
CONFIG = parse_config('{engine: {url: "http://fake", prefix: shop}, events: {types: {order: {weight: 1}}}}')


def wanted(version: int, **fields: str) -> tuple[Artefact, ...]:
    """Artefacts of a configuration whose template says its version."""
    properties = {name: {"type": kind} for name, kind in {"v": "long", **fields}.items()}
    body = marked({"mappings": {"dynamic": False, "properties": properties}}, "shop")
    return (
        Artefact("index", "shop-lookup", json.dumps(body)),
        Artefact("pipeline", "shop-keys", json.dumps({"processors": []}, separators=(",", ":"))),
        Artefact("script", f"search-{version}", f'{{"size": {version}}}'),
        Artefact("script", "search", f'{{"size": {version}}}'),
    )


def planned(engine: FakeEngine, version: int, **fields: str) -> Plan:
    return plan_artefacts(engine, LEDGER, wanted(version, **fields))


def deploy(engine: FakeEngine, version: int, **fields: str) -> LedgerEntry:
    return apply(planned(engine, version, **fields), engine, NOW)


def sources(engine: FakeEngine) -> dict[str, str]:
    return {name: script["source"] for name, script in engine.scripts.items()}


def ops(found: Plan | LedgerEntry) -> list[str]:
    return [f"{change.op} {change.name}" for change in found.changes]


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


def test_a_first_plan_creates_everything_and_writes_nothing(engine: FakeEngine) -> None:
    found = planned(engine, 1)
    assert ops(found) == ["create shop-lookup", "create shop-keys", "create search-1", "create search"]
    assert found.drift == ()
    assert found.last is None
    assert found.summary() == "4 to create; no drift"
    assert [call for call in engine.calls if not call.startswith("GET") and not call.endswith("_search")] == []


def test_apply_executes_the_list_of_the_plan_in_its_order(engine: FakeEngine) -> None:
    found = planned(engine, 1)
    engine.calls.clear()
    entry = apply(found, engine, NOW)
    assert [call for call in engine.calls if not call.startswith("GET")] == [
        "PUT /shop-ledger",
        "PUT /shop-ledger/_create/1",
        "PUT /shop-lookup-000001",
        "PUT /_ingest/pipeline/shop-keys",
        "PUT /_scripts/search-1",
        "PUT /_scripts/search",
        "PUT /shop-ledger/_doc/1",
    ]
    assert entry == LedgerEntry(1, "apply", "done", NOW, 1, 0, found.changes)
    assert engine.indices["shop-lookup-000001"].aliases == {"shop-lookup"}
    assert sources(engine) == {"search-1": '{"size": 1}', "search": '{"size": 1}'}


def test_the_ledger_holds_the_previous_bodies(engine: FakeEngine) -> None:
    deploy(engine, 1)
    deploy(engine, 2)
    assert engine.call("GET", "/shop-ledger/_doc/2")["_source"] == {
        "number": 2,
        "kind": "apply",
        "status": "done",
        "started": "2026-01-31T12:00:00+00:00",
        "undo": 2,
        "undo_before": 1,
        "changes": [
            {
                "kind": "index",
                "name": "shop-lookup",
                "before": '{"alias":true,"mappings":{"_meta":{"affinity_search":{"owner":"shop"}},'
                '"dynamic":"false","properties":{"v":{"type":"long"}}}}',
                "after": '{"mappings": {"dynamic": false, "properties": {"v": {"type": "long"}}, '
                '"_meta": {"affinity_search": {"owner": "shop"}}}}',
                "note": "",
            },
            {
                "kind": "pipeline",
                "name": "shop-keys",
                "before": '{"processors":[]}',
                "after": '{"processors":[]}',
                "note": "",
            },
            {"kind": "script", "name": "search-2", "before": None, "after": '{"size": 2}', "note": ""},
            {"kind": "script", "name": "search", "before": '{"size": 1}', "after": '{"size": 2}', "note": ""},
        ],
    }


def test_what_is_there_already_is_left_and_not_recorded_twice(engine: FakeEngine) -> None:
    entry = deploy(engine, 1)
    found = planned(engine, 1)
    assert found.pending == ()
    assert found.summary() == "4 to leave; no drift"
    engine.calls.clear()
    assert apply(found, engine, NOW) == entry
    assert engine.calls == []


def test_what_was_there_before_the_first_apply_is_recorded(engine: FakeEngine) -> None:
    deploy(engine, 1)
    engine.call("DELETE", f"/{LEDGER}")
    entry = deploy(engine, 1)
    assert (entry.number, entry.changed, entry.undo) == (1, (), 0)
    engine.scripts["search"]["source"] = "by hand"
    assert [change.name for change in planned(engine, 1).drift] == ["search"]


def test_a_new_version_leaves_the_old_one_under_its_own_id(engine: FakeEngine) -> None:
    deploy(engine, 1)
    assert ops(deploy(engine, 2)) == ["leave shop-lookup", "leave shop-keys", "create search-2", "change search"]
    assert sources(engine) == {"search-1": '{"size": 1}', "search-2": '{"size": 2}', "search": '{"size": 2}'}


def test_a_hand_edit_is_drift_and_apply_puts_it_right(engine: FakeEngine) -> None:
    deploy(engine, 1)
    engine.scripts["search"]["source"] = '{"size": 99}'
    found = planned(engine, 1)
    (drift,) = found.drift
    assert (drift.name, drift.before, drift.after) == ("search", '{"size": 1}', '{"size": 99}')
    assert found.summary() == "1 to change, 3 to leave; drift in 1"
    apply(found, engine, NOW)
    assert sources(engine)["search"] == '{"size": 1}'
    assert planned(engine, 1).drift == ()


def test_a_deletion_by_hand_is_drift(engine: FakeEngine) -> None:
    deploy(engine, 1)
    del engine.pipelines["shop-keys"]
    (drift,) = planned(engine, 1).drift
    assert (drift.op, drift.name) == ("delete", "shop-keys")


def test_a_pending_change_is_no_drift_and_drift_of_the_old_version_is_seen(engine: FakeEngine) -> None:
    deploy(engine, 1)
    assert planned(engine, 2).drift == ()
    engine.scripts["search-1"]["source"] = "by hand"
    found = planned(engine, 2)
    assert [change.name for change in found.drift] == ["search-1"]
    assert ops(found) == ["leave shop-lookup", "leave shop-keys", "create search-2", "change search"]


def test_a_hand_edit_that_comes_to_what_is_wanted_is_taken_over(engine: FakeEngine) -> None:
    deploy(engine, 1)
    for name in ("search", "search-2"):
        engine.scripts[name] = {"lang": "mustache", "source": '{"size": 2}'}
    found = planned(engine, 2)
    assert (found.pending, len(found.drift)) == ((), 1)
    assert apply(found, engine, NOW).number == 2
    assert planned(engine, 2).drift == ()


def test_rollback_reverses_the_last_apply_and_plan_shows_it_again(engine: FakeEngine) -> None:
    deploy(engine, 1)
    deploy(engine, 2)
    entry = rollback(CONFIG, engine, NOW)
    assert ops(entry) == ["change search", "delete search-2", "leave shop-keys", "leave shop-lookup"]
    assert (entry.number, entry.kind, entry.undo, entry.undo_before) == (3, "rollback", 1, 2)
    assert sources(engine) == {"search-1": '{"size": 1}', "search": '{"size": 1}'}
    found = planned(engine, 2)
    assert [change.name for change in found.pending] == ["search-2", "search"]
    assert found.drift == ()


def test_rolling_back_twice_goes_one_further_back(engine: FakeEngine) -> None:
    deploy(engine, 1)
    deploy(engine, 2)
    rollback(CONFIG, engine, NOW)
    rollback(CONFIG, engine, NOW, to=0)
    assert (engine.scripts, engine.pipelines, list(engine.indices)) == ({}, {}, [LEDGER])
    with pytest.raises(ConfigError, match="everything is undone already"):
        rollback(CONFIG, engine, NOW)


def test_an_apply_after_a_rollback_is_reversed_first(engine: FakeEngine) -> None:
    for version in (1, 2):
        deploy(engine, version)
    rollback(CONFIG, engine, NOW)
    assert deploy(engine, 3).undo_before == 1
    rollback(CONFIG, engine, NOW)
    assert sources(engine)["search"] == '{"size": 1}'


@pytest.mark.parametrize(("to", "size"), [(0, None), (1, 1), (2, 2)])
def test_rollback_goes_to_a_given_entry_at_once(engine: FakeEngine, to: int, size: int | None) -> None:
    for version in (1, 2, 3):
        deploy(engine, version)
    entry = rollback(CONFIG, engine, NOW, to=to)
    assert (entry.number, entry.undo) == (4, to)
    assert sources(engine).get("search") == (f'{{"size": {size}}}' if size else None)
    assert len(engine.scripts) == (to + 1 if to else 0)


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (3, "rollback --to: expected an entry before 3, whose state the engine has, got 3"),
        (7, "rollback --to: expected one of 2, 1, 0, got 7"),
    ],
)
def test_rollback_goes_nowhere_else(engine: FakeEngine, to: int, message: str) -> None:
    for version in (1, 2, 3):
        deploy(engine, version)
    with pytest.raises(ConfigError) as caught:
        rollback(CONFIG, engine, NOW, to=to)
    assert caught.value.message == message


def test_without_a_ledger_there_is_nothing_to_roll_back(engine: FakeEngine) -> None:
    with pytest.raises(ConfigError, match="expected a deployment to roll back, found none"):
        rollback(CONFIG, engine, NOW)


def test_an_entry_removed_from_the_ledger_is_named(engine: FakeEngine) -> None:
    deploy(engine, 1)
    deploy(engine, 2)
    del engine.indices[LEDGER].documents["1"]
    assert last_entry(engine, LEDGER) == read_entry(engine, LEDGER, 2)
    with pytest.raises(ConfigError, match="expected entry 1 to roll back, it is gone"):
        rollback(CONFIG, engine, NOW, to=0)


def test_rollback_never_deletes_an_index_with_documents(engine: FakeEngine) -> None:
    deploy(engine, 1)
    engine.call("PUT", "/shop-lookup/_doc/brand.b0.u1", {"v": [1]})
    entry = rollback(CONFIG, engine, NOW, to=0)
    kept = entry.changes[-1]
    assert (kept.op, kept.note) == ("leave", "kept: it holds 1 document")
    assert engine.call("GET", "/shop-lookup/_count") == {"count": 1}
    assert engine.scripts == {}
    assert planned(engine, 1).drift == ()


def test_documents_that_come_while_the_rollback_runs_are_kept_too(engine: FakeEngine) -> None:
    deploy(engine, 1)
    found = plan_rollback(CONFIG, engine, 0)
    assert ops(found)[-1] == "delete shop-lookup"
    engine.call("PUT", "/shop-lookup/_doc/1", {"v": [1]})
    engine.call("PUT", "/shop-lookup/_doc/2", {"v": [1]})
    entry = apply(found, engine, NOW)
    assert entry.changes[-1].note == "kept: it holds 2 documents"
    assert engine.indices["shop-lookup-000001"].aliases == {"shop-lookup"}


def test_documents_that_come_between_the_count_and_the_end_of_the_alias_are_kept_too(engine: FakeEngine) -> None:
    deploy(engine, 1)

    def publish_and_remove(body: Any) -> Any:
        engine.call("PUT", "/shop-lookup/_doc/1", {"v": [1]})
        return engine.call("POST", "/_aliases", body)

    engine.instead["POST /_aliases"] = publish_and_remove
    assert rollback(CONFIG, engine, NOW, to=0).changes[-1].note == "kept: it holds 1 document"
    assert engine.call("GET", "/shop-lookup/_doc/1")["found"]


def test_rollback_keeps_a_pipeline_that_an_index_uses(engine: FakeEngine) -> None:
    deploy(engine, 1)
    engine.call("PUT", "/products-1", {"settings": {"default_pipeline": "shop-keys"}})
    entry = rollback(CONFIG, engine, NOW, to=0)
    assert [c.note for c in entry.changes if c.kind == "pipeline"] == ["kept: it is the ingest pipeline of products-1"]
    assert "shop-keys" in engine.pipelines


def test_new_fields_are_added_to_an_index_in_place_and_stay_after_a_rollback(engine: FakeEngine) -> None:
    deploy(engine, 1)
    assert ops(deploy(engine, 1, w="keyword"))[0] == "change shop-lookup"
    assert set(engine.indices["shop-lookup-000001"].mappings["properties"]) == {"v", "w"}
    rollback(CONFIG, engine, NOW)
    assert set(engine.indices["shop-lookup-000001"].mappings["properties"]) == {"v", "w"}
    assert planned(engine, 1).drift == ()


def test_another_type_needs_a_reindex_and_nothing_is_written(engine: FakeEngine) -> None:
    deploy(engine, 1)
    with pytest.raises(ConfigError) as caught:
        planned(engine, 2, v="keyword")
    assert caught.value.message == (
        "http://fake/shop-lookup: expected a mapping that only adds fields, got another value of properties.v.type"
    )
    assert "_reindex" in caught.value.hint
    assert last_entry(engine, LEDGER) == read_entry(engine, LEDGER, 1)


def test_a_mapping_that_only_the_engine_refuses_is_told_the_same_way(engine: FakeEngine) -> None:
    deploy(engine, 1)
    found = planned(engine, 1, w="keyword")
    engine.indices["shop-lookup-000001"].mappings["properties"]["w"] = {"type": "date"}
    with pytest.raises(ConfigError, match=r"got mapper \[w\] cannot be changed"):
        apply(found, engine, NOW)


def test_an_index_that_lost_its_alias_gets_it_back(engine: FakeEngine) -> None:
    deploy(engine, 1)
    engine.indices["shop-lookup-000001"].aliases.clear()
    engine.call("PUT", "/shop-lookup-000001/_doc/1", {"v": [1]})
    found = planned(engine, 1)
    assert [change.op for change in (*found.drift, *found.pending)] == ["change", "change"]
    assert '+  "alias": true,' in found.pending[0].diff().splitlines()
    deploy(engine, 1, w="keyword")
    assert engine.call("GET", "/shop-lookup/_doc/1")["found"]
    assert "w" in engine.indices["shop-lookup-000001"].mappings["properties"]


def test_an_alias_of_two_indices_is_refused(engine: FakeEngine) -> None:
    engine.indices = {"a": Index(aliases={"shop-lookup"}), "b": Index(aliases={"shop-lookup"})}
    with pytest.raises(ConfigError, match="expected an alias of one index, got a, b"):
        planned(engine, 1)


def test_an_index_in_the_place_of_the_alias_is_refused(engine: FakeEngine) -> None:
    engine.indices = {"shop-lookup": Index()}
    with pytest.raises(ConfigError, match="expected an alias or nothing, got an index of that name"):
        planned(engine, 1)


def test_of_two_deployments_at_once_one_is_told(engine: FakeEngine) -> None:
    one, two = planned(engine, 1), planned(engine, 2)
    apply(one, engine, NOW)
    with pytest.raises(RefusedRequest) as caught:
        apply(two, engine, NOW)
    assert caught.value.message == (
        "http://fake/shop-ledger: expected to be alone with entry 1, another deployment has taken it"
    )
    assert "affinity status" in caught.value.hint
    assert sources(engine)["search"] == '{"size": 1}'


def test_a_deployment_that_was_taken_over_is_told(engine: FakeEngine) -> None:
    found = planned(engine, 1)

    def other_deployment(body: Any) -> Any:
        deploy(engine, 1)
        return engine.call("PUT", "/_scripts/search", body)

    engine.instead["PUT /_scripts/search"] = other_deployment
    with pytest.raises(RefusedRequest, match="another deployment has taken it"):
        apply(found, engine, NOW)
    entry = last_entry(engine, LEDGER)
    assert entry is not None
    assert (entry.number, entry.status) == (1, "done")


def test_what_the_engine_holds_afterwards_is_looked_at(engine: FakeEngine) -> None:
    found = planned(engine, 1)
    engine.instead["PUT /_scripts/search"] = lambda _: {"acknowledged": False}
    with pytest.raises(EngineFailed, match="script search: expected to find what was written"):
        apply(found, engine, NOW)
    entry = last_entry(engine, LEDGER)
    assert entry is not None
    assert entry.is_open


def test_two_first_deployments_may_create_the_ledger_at_once(engine: FakeEngine) -> None:
    def other_deployment(body: Any) -> Any:
        engine.call("PUT", f"/{LEDGER}", body)
        return engine.call("PUT", f"/{LEDGER}", body)

    engine.instead[f"PUT /{LEDGER}"] = other_deployment
    assert deploy(engine, 1).number == 1


def test_the_last_entry_is_found_though_the_search_lags(engine: FakeEngine) -> None:
    create_ledger(engine, LEDGER)
    entries = [LedgerEntry(n, "apply", "done", NOW, n, n - 1, ()) for n in range(1, 13)]
    for entry in entries:
        add_entry(engine, LEDGER, entry)
    engine.indices[LEDGER].searchable = {n: s for n, s in engine.indices[LEDGER].searchable.items() if int(n) < 10}
    last = last_entry(engine, LEDGER)
    assert last == entries[-1]
    assert [entry.number for entry in recent_entries(engine, LEDGER, last, 3)] == [12, 11, 10]
    assert list(recent_entries(engine, LEDGER, None, 3)) == []


def test_an_empty_ledger_is_as_good_as_none(engine: FakeEngine) -> None:
    create_ledger(engine, LEDGER)
    create_ledger(engine, LEDGER)
    assert last_entry(engine, LEDGER) is None
    assert deploy(engine, 1).number == 1


def test_a_template_that_fails_its_check_is_not_stored(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def refuse(_engine: object, template: Template) -> int:
        checked.append(template.name)
        raise ConfigError("template search: expected one query whatever the parameters")

    monkeypatch.setattr("affinity_search.surfaces.check.check_template", refuse)
    template = Template("search", "1", '{"size": 1}')
    with pytest.raises(ConfigError, match="expected one query"):
        apply(plan_artefacts(engine, LEDGER, wanted(1), (template,)), engine, NOW)
    assert (engine.scripts, engine.indices) == ({}, {})
    deploy(engine, 1)
    apply(plan_artefacts(engine, LEDGER, wanted(1, w="date"), (template,)), engine, NOW)
    assert checked == ["search"]  # what the engine holds already is not checked again


def test_plan_and_rollback_refuse_an_unknown_engine(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise EngineUnavailable("nobody there")

    monkeypatch.setattr(engine, "info", gone)
    with pytest.raises(EngineUnavailable):
        plan(CONFIG, engine)
    with pytest.raises(EngineUnavailable):
        plan_rollback(CONFIG, engine)


def test_the_plan_of_a_configuration_is_that_of_its_artefacts(engine: FakeEngine) -> None:
    config: Config = CONFIG
    found = plan(config, engine)
    assert [change.kind for change in found.changes] == ["index", "index", "pipeline", "script", "script", "script"]
    assert [template.name for template in found.templates] == ["affinity-search"]
    assert found.ledger == "shop-ledger"
