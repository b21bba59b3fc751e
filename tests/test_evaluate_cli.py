"""The command: options to the library function, its outcome to stdout and files, errors to exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import evaluate as command
from affinity_search.cli import main, measuring
from affinity_search.engine import EngineInfo
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.evaluation.controls import Controls
from affinity_search.evaluation.folder import FolderEvaluation, evaluate_folder
from affinity_search.evaluation.report import as_json, as_text
from tests.evaluate_data import evaluation, folder_evaluation, query, side

CONFIG = "{events: {types: {purchase: {weight: 1}}}, engine: {timeout_seconds: 3}}"
QUERIES = [query("q1", "u"), query("q2", "v")]
SIDE = side(QUERIES, {"q1": ("xa", "ax"), "q2": ("ax", "xa")})
FOUND = folder_evaluation(evaluation(SIDE, SIDE))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What the library function was called with; it gives FOUND."""
    calls: list[dict[str, Any]] = []

    def library(engine: OpenSearchEngine, folder: Path, **options: Any) -> FolderEvaluation:
        calls.append({"engine": engine, "folder": folder, **options})
        options["say"]("said")
        for done in (1, 2):
            options["progress"]("searches", done, 2)
        return FOUND

    monkeypatch.setattr(command, "evaluate_folder", library)
    monkeypatch.setattr(OpenSearchEngine, "info", lambda self: EngineInfo("opensearch", "3.8.0"))
    yield calls


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def test_another_configuration_is_read_and_named(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(CONFIG, encoding="utf-8")
    assert run("--data", tmp_path, "--against", other, "--url", "http://127.0.0.1:1").exit_code == 0
    name, config = asked[0]["against"]
    assert (name, config.engine.timeout_seconds) == ("other.yaml", 3)
    missing = run("--data", tmp_path, "--against", tmp_path / "gone.yaml", "--url", "http://127.0.0.1:1")
    assert (missing.exit_code, len(asked)) == (2, 1)


def test_the_result_goes_to_stdout_and_progress_to_stderr(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    result = run("--data", tmp_path, "--url", "http://127.0.0.1:1/")
    assert result.exit_code == 0
    assert result.stdout == as_text(FOUND) + "\n"
    assert result.stderr == "engine: opensearch 3.8.0 at http://127.0.0.1:1\nsaid\nsearches: 2\n"
    [call] = asked
    assert (call["folder"], call["engine"].url) == (tmp_path, "http://127.0.0.1:1")
    wanted = {"config": None, "split": None, "sample": None, "seed": 0}
    assert {name: call[name] for name in wanted} == wanted


def test_options_are_handed_on_and_reports_written(asked: list[dict[str, Any]], tmp_path: Path) -> None:
    config = tmp_path / "affinity.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    given = ("--split", "2026-02-01", "--sample", "7", "--seed", "9", "--config", config)
    files = ("--markdown", tmp_path / "r.md", "--html", tmp_path / "r.html")
    result = run("--data", tmp_path, "--url", "http://127.0.0.1:1", "--json", *given, *files)
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == as_json(FOUND)
    [call] = asked
    assert (call["split"], call["sample"], call["seed"]) == (date(2026, 2, 1), 7, 9)
    assert call["config"].engine.timeout_seconds == 3
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("# Evaluation of shop\n")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_without_a_url_it_is_the_embedded_engine(
    asked: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Started:
        url = "http://127.0.0.1:2"

    monkeypatch.setattr(measuring, "start", Started)
    assert run("--data", tmp_path).exit_code == 0
    assert asked[0]["engine"].url == Started.url


def test_what_is_wrong_is_warned_of(
    asked: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = FOUND.outcome.controls.shuffled
    bad = folder_evaluation(evaluation(SIDE, SIDE, Controls(nothing, nothing, 3, 0.0)))
    monkeypatch.setattr(command, "evaluate_folder", lambda *_, **__: bad)
    result = run("--data", tmp_path, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 0
    assert result.stderr.endswith("warning: 3 orders change for a shopper without a profile\n")


def test_a_terminated_evaluation_cleans_up(
    asked: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned = []

    def library(*_: Any, **__: Any) -> FolderEvaluation:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            cleaned.append(True)
        return FOUND

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(command, "evaluate_folder", library)
    result = run("--data", tmp_path, "--url", "http://127.0.0.1:1")
    assert (result.exit_code, result.stdout, cleaned) == (143, "", [True])
    assert signal.getsignal(signal.SIGTERM) is before


def test_on_a_terminal_there_is_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = command._Progress()
    bar("searches", 1, 2)
    bar("searches", 2, 2)
    assert capsys.readouterr().err == (
        f"\rsearches                 [{'#' * 15}{'.' * 15}] 1 of 2 \rsearches                 [{'#' * 30}] 2 of 2 \n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "Missing option '--data'"),
        (("--data", "absent"), "Directory 'absent' does not exist"),
        (("--data", ".", "--sample", "0"), "0 is not in the range x>=1"),
        (("--data", ".", "--split", "soon"), "'soon' does not match the format '%Y-%m-%d'"),
        (("--data", ".", "--config", "absent.yaml"), "absent.yaml: expected a file, found none"),
    ],
)
def test_bad_options_exit_with_2(options: tuple[str, ...], message: str) -> None:
    result = run(*options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_no_engine_exits_with_4(tmp_path: Path) -> None:
    result = run("--data", tmp_path, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 4
    assert result.stderr.startswith("error: http://127.0.0.1:1: GET /: ")


def test_a_folder_without_items_exits_with_6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpenSearchEngine, "info", lambda self: EngineInfo("opensearch", "3.8.0"))
    result = run("--data", tmp_path, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 6
    assert "expected items.jsonl or items.csv (also ndjson, json, tsv, parquet and .gz), found none" in result.stderr


@pytest.mark.parametrize(("module", "extra"), [("duckdb", "profiles"), ("ir_measures", "evaluate")])
def test_without_an_extra_it_says_how_to_get_it(
    module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(OpenSearchEngine, "info", lambda self: EngineInfo("opensearch", "3.8.0"))
    result = run("--data", tmp_path, "--url", "http://127.0.0.1:1")
    assert result.exit_code == 2
    assert result.stderr.endswith(f"found none\n  Run: pip install 'affinity-search[{extra}]'\n")
    assert evaluate_folder is command.evaluate_folder
