"""`affinity plan`, `apply`, `rollback` and `status` as a user types them, over an engine in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.errors import EngineUnavailable
from affinity_search.surfaces import Template
from tests.contract.fake_engine import FakeEngine

CONFIG = """
engine: {url: "http://fake", prefix: shop}
events: {types: {order: {weight: 1}}}
search: {template: shop-search}
"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """The engine that every command reaches; templates pass their check, which needs the real one."""
    engine = FakeEngine()
    monkeypatch.setattr("affinity_search.cli.deploy.connect", lambda _settings: engine)
    monkeypatch.setattr("affinity_search.surfaces.check.check_template", lambda _engine, _template: 0)
    templates = (Template("shop-search", "11111111", "one\ntwo"),)
    monkeypatch.setattr("affinity_search.deploy.artefact.build_templates", lambda _config: templates)
    monkeypatch.setattr("affinity_search.deploy.planning.build_templates", lambda _config: templates)
    return engine


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "affinity.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return file


def run(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [arguments[0], "--config", str(file), *arguments[1:]])


def lines(result: Result) -> list[str]:
    return [line.rstrip() for line in result.output.splitlines()]


def test_plan_prints_what_apply_then_executes(engine: FakeEngine, file: Path) -> None:
    planned, applied, again = run(file, "plan"), run(file, "apply"), run(file, "apply")
    assert [result.exit_code for result in (planned, applied, again)] == [0, 0, 0]
    assert lines(planned) == [
        "+ create index    shop-lookup",
        "+ create index    shop-profiles",
        "+ create pipeline shop-item-keys",
        "+ create script   shop-search-11111111",
        "+ create script   shop-search",
        "+ create script   shop-search-rescore",
        "? search  not tried, there is no item index products yet: `affinity items load` makes it",
        "6 to create; no drift",
    ]
    assert lines(applied) == [*lines(planned), "done: ledger entry 1"]
    assert lines(again)[-2:] == ["6 to leave; no drift", "nothing to do, as of ledger entry 1"]


def test_check_exits_3_on_drift_only(engine: FakeEngine, file: Path) -> None:
    assert run(file, "plan", "--check").exit_code == 0
    run(file, "apply")
    assert run(file, "plan", "--check").exit_code == 0
    engine.scripts["shop-search"]["source"] = "one\n2"
    assert run(file, "plan").exit_code == 0
    checked = run(file, "plan", "--check")
    assert checked.exit_code == 3
    assert lines(checked)[0] == "! drift  script   shop-search  (changed by hand since entry 1)"
    assert run(file, "plan", "--check", "--json").exit_code == 3
    run(file, "apply")
    assert run(file, "plan", "--check").exit_code == 0


def test_plan_as_json(engine: FakeEngine, file: Path) -> None:
    value = json.loads(run(file, "plan", "--json").output)
    assert [change["op"] for change in value["changes"]] == ["create"] * 6
    assert value["drift"] == []


def test_rollback_reverses_the_list(engine: FakeEngine, file: Path) -> None:
    run(file, "apply")
    engine.call("PUT", "/shop-profiles/_doc/u1", {"user_id": "u1"})
    result = run(file, "rollback", "--to", "0", "--yes")
    assert lines(result) == [
        "- delete script   shop-search-rescore",
        "- delete script   shop-search",
        "- delete script   shop-search-11111111",
        "- delete pipeline shop-item-keys",
        "= leave  index    shop-profiles  (kept: it holds 1 document)",
        "- delete index    shop-lookup",
        "5 to delete, 1 to leave; no drift",
        "done: ledger entry 2",
    ]
    refused = run(file, "rollback", "--yes")
    assert refused.exit_code == 2
    assert "everything is undone already" in refused.output


def test_what_is_kept_in_the_last_moment_is_said(engine: FakeEngine, file: Path) -> None:
    run(file, "apply")

    def published(_body: Any) -> Any:
        engine.call("PUT", "/shop-profiles/_doc/u1", {"user_id": "u1"})
        return engine.call("DELETE", "/_scripts/shop-search")

    engine.instead["DELETE /_scripts/shop-search"] = published
    assert lines(run(file, "rollback", "--to", "0", "--yes"))[-3:] == [
        "6 to delete; no drift",
        "index shop-profiles: kept: it holds 1 document",
        "done: ledger entry 2",
    ]


def test_rollback_to_an_entry(engine: FakeEngine, file: Path) -> None:
    run(file, "apply")
    assert run(file, "rollback", "--to", "0", "--yes").exit_code == 0
    assert engine.scripts == {}
    assert run(file, "rollback", "--to", "-1").exit_code == 2


def test_status_for_people_and_programs(engine: FakeEngine, file: Path) -> None:
    text = run(file, "status")
    assert (text.exit_code, lines(text)[0]) == (0, "engine   http://fake  opensearch 3.8.0")
    assert "! There is no products (items): `affinity items load FILE` makes it." in lines(text)
    run(file, "apply")
    value = json.loads(run(file, "status", "--json").output)
    assert {artefact["state"] for artefact in value["artefacts"]} == {"in step"}


@pytest.mark.parametrize("command", ["plan", "apply", "rollback", "status"])
def test_an_engine_that_is_down_is_one_clear_line(
    engine: FakeEngine, file: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise EngineUnavailable("http://fake: nobody there", hint="Start it.")

    monkeypatch.setattr(engine, "info", gone)
    result = run(file, command)
    assert (result.exit_code, result.output) == (4, "error: http://fake: nobody there\n  Start it.\n")


@pytest.mark.parametrize("command", ["plan", "apply", "rollback", "status"])
def test_a_missing_configuration_is_said(tmp_path: Path, command: str) -> None:
    result = run(tmp_path / "none.yaml", command)
    assert result.exit_code == 2
    assert "expected a file, found none" in result.output
