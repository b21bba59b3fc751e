"""What others made on the same cluster stays as it is: scripts, pipelines and indices, on a real engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.deploy import apply, plan, rollback, status
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.engine.ownership import mark_of
from affinity_search.errors import AffinityError, ConfigError, MissingResource
from affinity_search.profiles.build import build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.sandbox import remove_sandbox
from affinity_search.state import open_state

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
CONFIG = """
engine: {{url: "{url}", prefix: "{name}"}}
items: {{index: "{name}-products"}}
events: {{types: {{order: {{weight: 1}}}}}}
attributes: {{brand: {{field: attrs.brand}}}}
search: {{template: "{template}", window: {window}}}
"""
THEIRS = {"script": {"lang": "mustache", "source": '{"query": {"match_all": {}}, "size": 7}'}}


@pytest.fixture
def engine(engine_url: str, prefix: str) -> Iterator[OpenSearchEngine]:
    engine = OpenSearchEngine(engine_url)
    yield engine
    with suppress(MissingResource):
        engine.call("DELETE", f"/_ingest/pipeline/{prefix}*")


def write(folder: Path, engine: OpenSearchEngine, name: str, template: str, window: int = 100) -> Path:
    """The configuration file of a shop that calls itself `name` and its template `template`."""
    (folder / name).mkdir(exist_ok=True)
    file = folder / name / "affinity.yaml"
    file.write_text(CONFIG.format(url=engine.url, name=name, template=template, window=window), encoding="utf-8")
    return file


def deploy(config: Config, engine: OpenSearchEngine, *, take_over: bool = False) -> None:
    """Applies without the check of the template, which has tests of its own and takes a thousand renderings."""
    apply(replace(plan(config, engine, take_over=take_over), templates=()), engine, NOW)


def run(file: Path, *arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, [arguments[0], "--config", str(file), *arguments[1:]], input=answer)


def script(engine: OpenSearchEngine, name: str) -> Any:
    try:
        return engine.call("GET", f"/_scripts/{name}")["script"]["source"]
    except MissingResource:
        return None


def indices(engine: OpenSearchEngine, pattern: str) -> list[str]:
    return sorted(engine.call("GET", f"/{pattern}", params={"expand_wildcards": "all"}))


def test_every_index_of_a_deployment_bears_the_mark_of_its_prefix(
    engine: OpenSearchEngine, prefix: str, tmp_path: Path
) -> None:
    config = load_config(write(tmp_path, engine, f"{prefix}a", f"{prefix}a-search"))
    deploy(config, engine)
    found = engine.call("GET", f"/{prefix}a-*/_mapping")
    assert {name: mark_of(body["mappings"]) for name, body in found.items()} == {
        f"{prefix}a-ledger": {"owner": f"{prefix}a"},
        f"{prefix}a-lookup-000001": {"owner": f"{prefix}a"},
        f"{prefix}a-profiles-000001": {"owner": f"{prefix}a"},
    }


def test_of_two_shops_with_one_template_name_the_second_is_refused(
    engine: OpenSearchEngine, prefix: str, tmp_path: Path
) -> None:
    name = f"{prefix}search"
    first = load_config(write(tmp_path, engine, f"{prefix}a", name))
    second = write(tmp_path, engine, f"{prefix}b", name, window=200)
    deploy(first, engine)
    theirs = script(engine, name)
    planned, applied = run(second, "plan"), run(second, "apply", "--yes")
    assert (planned.exit_code, applied.exit_code) == (2, 2)
    finding = f"no entry of {prefix}b-ledger wrote it"
    assert f"! others script   {name}  ({finding})" in planned.output.splitlines()
    assert f"got script {name} ({finding})" in applied.output
    assert "--take-over" in applied.output
    assert status(load_config(second), engine).artefacts[-1].state == "foreign"
    assert (script(engine, name), indices(engine, f"{prefix}b-*")) == (theirs, [])
    again = plan(first, engine)
    assert (again.pending, again.drift, again.foreign) == ((), (), ())


def test_a_template_of_others_is_taken_over_on_request_and_given_back(
    engine: OpenSearchEngine, prefix: str, tmp_path: Path
) -> None:
    name = f"{prefix}search"
    engine.call("PUT", f"/_scripts/{name}", THEIRS)
    config = load_config(write(tmp_path, engine, f"{prefix}a", name))
    with pytest.raises(ConfigError, match="expected nothing, or what this deployment made, under its names"):
        deploy(config, engine)
    deploy(config, engine, take_over=True)
    assert script(engine, name) != THEIRS["script"]["source"]
    assert (plan(config, engine).foreign, plan(config, engine).pending) == ((), ())
    rollback(config, engine, NOW)
    assert script(engine, name) == THEIRS["script"]["source"]
    assert [one.name for one in plan(config, engine).foreign] == [name]


def test_a_pipeline_of_others_is_refused(engine: OpenSearchEngine, prefix: str, tmp_path: Path) -> None:
    theirs = {"description": "mine", "processors": [{"lowercase": {"field": "brand"}}]}
    engine.call("PUT", f"/_ingest/pipeline/{prefix}a-item-keys", theirs)
    config = load_config(write(tmp_path, engine, f"{prefix}a", f"{prefix}search"))
    with pytest.raises(ConfigError, match=f"pipeline {prefix}a-item-keys .no entry of {prefix}a-ledger wrote it"):
        deploy(config, engine)
    assert engine.call("GET", f"/_ingest/pipeline/{prefix}a-item-keys") == {f"{prefix}a-item-keys": theirs}


@pytest.mark.parametrize("kind", ["lookup", "profiles"])
def test_an_index_of_others_is_refused_and_taken_over_without_losing_what_it_holds(
    engine: OpenSearchEngine, prefix: str, tmp_path: Path, kind: str
) -> None:
    alias, theirs = f"{prefix}a-{kind}", f"{prefix}archive"
    meta = {"team": "search"}
    engine.call("PUT", f"/{theirs}", {"aliases": {alias: {}}, "mappings": {"_meta": meta}})
    engine.call("PUT", f"/{theirs}/_doc/1", {"note": "keep"}, {"refresh": "true"})
    config = load_config(write(tmp_path, engine, f"{prefix}a", f"{prefix}search"))
    with pytest.raises(ConfigError, match=f"index {alias} .it bears no owner mark"):
        deploy(config, engine)
    assert indices(engine, f"{prefix}*") == [theirs]
    deploy(config, engine, take_over=True)
    assert engine.call("GET", f"/{theirs}/_mapping")[theirs]["mappings"]["_meta"] == {
        **meta,
        "affinity_search": {"owner": f"{prefix}a"},
    }
    rollback(config, engine, NOW, to=0)
    assert engine.call("GET", f"/{theirs}/_doc/1")["_source"] == {"note": "keep"}


def test_an_index_with_the_mark_of_another_shop_is_refused(
    engine: OpenSearchEngine, prefix: str, tmp_path: Path
) -> None:
    deploy(load_config(write(tmp_path, engine, f"{prefix}a", f"{prefix}a-search")), engine)
    aliases = {"add": {"index": f"{prefix}a-lookup-000001", "alias": f"{prefix}b-lookup"}}
    engine.call("POST", "/_aliases", {"actions": [aliases]})
    config = load_config(write(tmp_path, engine, f"{prefix}b", f"{prefix}b-search"))
    with pytest.raises(ConfigError, match=f"index {prefix}b-lookup .it bears the mark of {prefix}a"):
        deploy(config, engine)


def test_profiles_are_not_published_to_an_index_of_others(
    engine: OpenSearchEngine, prefix: str, tmp_path: Path
) -> None:
    config = load_config(write(tmp_path, engine, f"{prefix}a", f"{prefix}search"))
    deploy(config, engine)
    engine.call("PUT", f"/{prefix}others", {})
    engine.call("POST", "/_aliases", {"actions": [
        {"remove": {"index": f"{config.lookup_index}-000001", "alias": config.lookup_index}},
        {"add": {"index": f"{prefix}others", "alias": config.lookup_index}},
    ]})  # fmt: skip
    with open_state(config.state.path) as state:
        state.execute("INSERT INTO buckets VALUES ('u', 'a', 'order', 80, 3)")
        build_profiles(state, config, now_ms=int(NOW.timestamp() * 1000))
        with pytest.raises(AffinityError, match=f"expected an index of the deployment {prefix}a, got {prefix}others"):
            publish_profiles(engine, state, config)
    assert engine.call("GET", f"/{prefix}others/_count")["count"] == 0


def test_rollback_lists_asks_and_changes_nothing_unless_told(
    engine: OpenSearchEngine, prefix: str, tmp_path: Path
) -> None:
    name = f"{prefix}search"
    file = write(tmp_path, engine, f"{prefix}a", name)
    deploy(load_config(file), engine)
    old = script(engine, name)
    deploy(load_config(write(tmp_path, engine, f"{prefix}a", name, window=200)), engine)
    new = script(engine, name)
    declined, unanswered = run(file, "rollback", answer="n\n"), run(file, "rollback", answer="")
    assert (declined.exit_code, unanswered.exit_code) == (1, 2)
    assert f"~ change script   {name}" in declined.output
    assert "Carry out this rollback? [y/N]" in declined.output
    assert "nothing was changed" in declined.output
    assert "`--yes` answers beforehand" in unanswered.output
    assert script(engine, name) == new != old
    assert run(file, "rollback", answer="y\n").exit_code == 0
    assert script(engine, name) == old


def test_a_second_rollback_does_not_delete_the_live_template_unasked(
    engine: OpenSearchEngine, prefix: str, tmp_path: Path
) -> None:
    name = f"{prefix}search"
    file = write(tmp_path, engine, f"{prefix}a", name)
    deploy(load_config(file), engine)
    old = script(engine, name)
    deploy(load_config(write(tmp_path, engine, f"{prefix}a", name, window=200)), engine)
    assert [run(file, "rollback", "--yes").exit_code for _ in range(2)] == [0, 2]
    refused = run(file, "rollback", "--yes")
    assert "`affinity rollback --to 0`" in refused.output
    assert script(engine, name) == old
    assert run(file, "rollback", "--to", "0", "--yes").exit_code == 0
    assert script(engine, name) is None


def test_a_rollback_keeps_a_script_that_others_changed(engine: OpenSearchEngine, prefix: str, tmp_path: Path) -> None:
    name = f"{prefix}search"
    config = load_config(write(tmp_path, engine, f"{prefix}a", name))
    deploy(config, engine)
    engine.call("PUT", f"/_scripts/{name}", THEIRS)
    rollback(config, engine, NOW, to=0)
    assert script(engine, name) == THEIRS["script"]["source"]


def test_removing_a_sandbox_leaves_what_others_made_under_such_names(
    engine: OpenSearchEngine, prefix: str, tmp_path: Path
) -> None:
    name = f"{prefix}demo"
    config = load_config(write(tmp_path, engine, name, f"{name}-search"))
    neighbour = load_config(write(tmp_path, engine, f"{name}-two", f"{name}-two-search"))
    deploy(config, engine)
    deploy(neighbour, engine)
    engine.call("PUT", f"/{config.lookup_index}/_doc/1", {"user_id": "u"})
    engine.call("PUT", f"/{name}-orders", {})
    engine.call("PUT", f"/{name}-products-20260101-000000-000001", {"aliases": {f"{name}-products": {}}})
    engine.call("PUT", f"/_scripts/{name}-search-of-others", THEIRS)
    engine.call("PUT", f"/_ingest/pipeline/{name}-clean", {"processors": []})
    remove_sandbox(engine, name)
    remove_sandbox(engine, name)
    assert indices(engine, f"{name}*") == [
        f"{name}-orders",
        f"{name}-products-20260101-000000-000001",
        f"{name}-two-ledger",
        f"{name}-two-lookup-000001",
        f"{name}-two-profiles-000001",
    ]
    assert (script(engine, f"{name}-search"), script(engine, f"{name}-search-of-others")) == (
        None,
        THEIRS["script"]["source"],
    )
    assert sorted(engine.call("GET", f"/_ingest/pipeline/{name}*")) == [f"{name}-clean", f"{name}-two-item-keys"]
    assert {artefact.state for artefact in status(neighbour, engine).artefacts} == {"in step"}
