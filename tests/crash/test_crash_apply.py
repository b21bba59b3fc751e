"""`affinity apply` really killed (SIGKILL) at chosen requests to a real engine, then run again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.deploy import plan
from affinity_search.deploy.ledger import last_entry
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import MissingResource
from tests.crash.killing import Moment, run_and_kill

# The check of the templates comes before anything is written, and its thousand renderings only take time here.
PROGRAM = """
from affinity_search.cli import main
from affinity_search.surfaces import check
check.check_template = lambda engine, template: 0
main()
"""


def write_config(folder: Path, prefix: str, url: str) -> Path:
    file = folder / "affinity.yaml"
    file.write_text(
        f"""
engine: {{url: "{url}", prefix: {prefix}shop, timeout_seconds: 60}}
events: {{types: {{order: {{weight: 1}}}}}}
search: {{template: {prefix}search}}
""",
        encoding="utf-8",
    )
    return file


def kill(folder: Path, prefix: str, engine_url: str, command: str, moment: Moment) -> None:
    """Runs the command until the moment comes and kills it there."""

    def arguments(url: str) -> list[str]:
        return [*command.split(), "-c", str(write_config(folder, prefix, url))]

    run_and_kill(engine_url, moment, PROGRAM, arguments)


@pytest.fixture(autouse=True)
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affinity_search.surfaces.check.check_template", lambda _engine, _template: 0)


def run(file: Path, command: str) -> str:
    result = CliRunner().invoke(main, [*command.split(), "-c", str(file)])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def engine(engine_url: str) -> OpenSearchEngine:
    return OpenSearchEngine(engine_url)


@pytest.fixture
def file(engine: OpenSearchEngine, engine_url: str, prefix: str, tmp_path: Path) -> Iterator[Path]:
    yield write_config(tmp_path, prefix, engine_url)
    with suppress(MissingResource):
        engine.call("DELETE", f"/_ingest/pipeline/{prefix}shop-item-keys")


def assert_as_if_nothing_had_happened(config: Config, engine: OpenSearchEngine) -> None:
    """One finished entry that holds all bodies, and an engine in step with it."""
    found = plan(config, engine)
    assert (found.pending, found.drift, found.unfinished) == ((), (), None)
    entry = last_entry(engine, config.ledger_index)
    assert entry is not None
    assert (entry.number, entry.status, entry.undo, entry.undo_before) == (1, "done", 1, 0)
    assert [change.op for change in entry.changes] == ["create"] * 6


@pytest.mark.parametrize(
    "moment",
    [
        Moment("PUT", "shop-ledger", True),
        Moment("PUT", "shop-ledger/_create/1", True),
        Moment("PUT", "shop-profiles-000001", False),
        Moment("PUT", "shop-item-keys", True),
        Moment("PUT", "search", True),
        Moment("PUT", "search-rescore", False),
        Moment("PUT", "shop-ledger/_doc/1", False),
    ],
    ids=str,
)
def test_apply_killed_and_run_again(
    engine: OpenSearchEngine, engine_url: str, prefix: str, file: Path, tmp_path: Path, moment: Moment
) -> None:
    (tmp_path / "killed").mkdir()
    kill(tmp_path / "killed", prefix, engine_url, "apply", moment)
    assert run(file, "apply").endswith("done: ledger entry 1\n")
    config = load_config(file)
    assert_as_if_nothing_had_happened(config, engine)
    assert run(file, "rollback --to 0 --yes").endswith("done: ledger entry 2\n")
    assert list(engine.call("GET", f"/{prefix}*")) == [config.ledger_index]


def test_rollback_killed_between_alias_and_index_and_run_again(
    engine: OpenSearchEngine, engine_url: str, prefix: str, file: Path, tmp_path: Path
) -> None:
    run(file, "apply")
    (tmp_path / "killed").mkdir()
    kill(
        tmp_path / "killed",
        prefix,
        engine_url,
        "rollback --to 0 --yes",
        Moment("DELETE", f"{prefix}shop-lookup-000001", False),
    )
    assert run(file, "rollback --to 0 --yes").endswith("done: ledger entry 2\n")
    assert list(engine.call("GET", f"/{prefix}*")) == [load_config(file).ledger_index]
