"""Plan, apply, rollback and status of a whole configuration on a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from affinity_search.config import Config, parse_config
from affinity_search.deploy import LedgerEntry, apply, artefacts, plan, plan_artefacts, rollback, status
from affinity_search.deploy.artefact import MAX_SCRIPT_BYTES, script_artefacts
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.engine.ownership import marked
from affinity_search.errors import ConfigError, MissingResource, RefusedRequest
from affinity_search.surfaces import Template

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def engine(engine_url: str) -> OpenSearchEngine:
    return OpenSearchEngine(engine_url)


def shop(prefix: str, window: int = 100) -> Config:
    return parse_config(f"""
engine: {{prefix: {prefix}shop}}
items: {{index: {prefix}products}}
events: {{types: {{order: {{weight: 1}}}}}}
attributes: {{brand: {{field: attrs.brand}}}}
search: {{template: {prefix}search, window: {window}}}
""")


@pytest.fixture
def config(engine: OpenSearchEngine, prefix: str) -> Iterator[Config]:
    config = shop(prefix)
    yield config
    with suppress(MissingResource):
        engine.call("DELETE", f"/_ingest/pipeline/{config.engine.prefix}-item-keys")


def deploy(config: Config, engine: OpenSearchEngine) -> LedgerEntry:
    """Applies without the check of the template, which has tests of its own and takes a thousand renderings."""
    return apply(replace(plan(config, engine), templates=()), engine, NOW)


def source(engine: OpenSearchEngine, name: str) -> Any:
    try:
        return engine.call("GET", f"/_scripts/{name}")["script"]["source"]
    except MissingResource:
        return None


def test_after_an_apply_everything_is_in_step_and_plan_is_empty(engine: OpenSearchEngine, config: Config) -> None:
    entry = apply(plan(config, engine), engine, NOW)
    assert [change.op for change in entry.changes] == ["create"] * len(artefacts(config))
    again = plan(config, engine)
    assert (again.pending, again.drift, again.recorded) == ((), (), True)
    assert {artefact.state for artefact in status(config, engine).artefacts} == {"in step"}
    for alias in (config.lookup_index, config.profile_index):
        assert list(engine.call("GET", f"/{alias}/_alias")) == [f"{alias}-000001"]


def test_a_new_window_is_a_template_deploy_and_rollback_brings_the_old_one_back(
    engine: OpenSearchEngine, config: Config, prefix: str
) -> None:
    deploy(config, engine)
    old = source(engine, f"{prefix}search")
    wider = shop(prefix, window=200)
    found = plan(wider, engine)
    assert [change.op for change in found.pending] == ["create", "change", "change"]
    assert '+    "window_size": 200,' in found.pending[1].diff().splitlines()
    apply(replace(found, templates=()), engine, NOW)
    assert source(engine, f"{prefix}search") == found.pending[1].after != old
    assert source(engine, plan(config, engine).changes[-3].name) == old
    rollback(wider, engine, NOW)
    assert source(engine, f"{prefix}search") == old
    assert source(engine, found.pending[0].name) is None
    again = plan(wider, engine)
    assert ([change.op for change in again.pending], again.drift) == (["create", "change", "change"], ())


def test_a_hand_edit_is_drift(engine: OpenSearchEngine, config: Config, prefix: str) -> None:
    deploy(config, engine)
    edited = {"script": {"lang": "mustache", "source": '{"size": 3}'}}
    engine.call("PUT", f"/_scripts/{prefix}search", edited)
    engine.call("PUT", f"/{config.profile_index}/_mapping", {"properties": {"mine": {"type": "date"}}})
    found = plan(config, engine)
    assert [change.name for change in found.drift] == [f"{prefix}search"]
    assert [a.state for a in status(config, engine).artefacts].count("drift") == 1
    apply(replace(found, templates=()), engine, NOW)
    assert plan(config, engine).drift == ()


def test_rolling_the_first_apply_back_leaves_nothing_but_the_ledger_and_what_holds_documents(
    engine: OpenSearchEngine, config: Config, prefix: str
) -> None:
    deploy(config, engine)
    engine.call("PUT", f"/{config.profile_index}/_doc/u1", {"user_id": "u1"}, {"require_alias": "true"})
    entry = rollback(config, engine, NOW, to=0)
    assert [(c.name, c.note) for c in entry.changes if c.note] == [(config.profile_index, "kept: it holds 1 document")]
    assert sorted(engine.call("GET", f"/{prefix}*")) == [
        config.ledger_index,
        f"{config.profile_index}-000001",
    ]
    assert source(engine, f"{prefix}search") is None
    with pytest.raises(ConfigError, match="undone already"):
        rollback(config, engine, NOW)
    assert deploy(config, engine).number == 3


def test_a_pipeline_in_use_is_kept(engine: OpenSearchEngine, config: Config, prefix: str) -> None:
    deploy(config, engine)
    pipeline = f"{config.engine.prefix}-item-keys"
    engine.call("PUT", f"/{prefix}products-1", {"settings": {"index.default_pipeline": pipeline}})
    rollback(config, engine, NOW, to=0)
    engine.call("PUT", f"/{prefix}products-1/_doc/1", {"attrs": {"brand": "Birch"}})


def test_another_type_in_the_index_needs_a_reindex(engine: OpenSearchEngine, config: Config) -> None:
    mapping = marked({"mappings": {"properties": {"user_id": {"type": "long"}}}}, config.engine.prefix)
    engine.call("PUT", f"/{config.profile_index}-000001", {**mapping, "aliases": {config.profile_index: {}}})
    with pytest.raises(ConfigError, match=r"another value of properties\.user_id\.type"):
        plan(config, engine)


def test_of_two_applies_at_once_one_is_told(engine: OpenSearchEngine, config: Config) -> None:
    one, two = plan(config, engine), plan(config, engine)
    apply(replace(one, templates=()), engine, NOW)
    with pytest.raises(RefusedRequest, match="another deployment has taken it"):
        apply(replace(two, templates=()), engine, NOW)


def test_the_largest_template_that_is_planned_can_be_stored(
    engine: OpenSearchEngine, config: Config, prefix: str
) -> None:
    room = MAX_SCRIPT_BYTES - len('{"script":{"lang":"mustache","source":""}}')
    text = '"\n\té😀' + "x" * room
    while True:
        try:
            wanted = script_artefacts([Template(f"{prefix}big", "v", text)])
            break
        except ConfigError:
            text = text[:-1]
    apply(plan_artefacts(engine, config.ledger_index, wanted), engine, NOW)
    assert source(engine, f"{prefix}big") == text
    with pytest.raises(RefusedRequest, match="exceeded max allowed stored script size"):
        engine.call("PUT", f"/_scripts/{prefix}big", {"script": {"lang": "mustache", "source": text + "x"}})


def test_a_closed_index_is_a_finding_of_status(engine: OpenSearchEngine, config: Config) -> None:
    deploy(config, engine)
    engine.call("POST", f"/{config.lookup_index}-000001/_close")
    found = status(config, engine)
    assert found.documents[0].count is None
    assert "closed" in found.documents[0].finding
    assert found.numeric_keys_allowed
    assert found.documents[2].finding == "absent"


def test_numeric_keys_that_the_cluster_refuses_are_told(engine: OpenSearchEngine, config: Config) -> None:
    key = "search.allow_expensive_queries"
    engine.call("PUT", "/_cluster/settings", {"transient": {key: False}})
    try:
        assert not status(config, engine).numeric_keys_allowed
    finally:
        engine.call("PUT", "/_cluster/settings", {"transient": {key: None}})
    assert status(config, engine).numeric_keys_allowed
