"""Every command against servers that are no search engines: a message and an exit code of ours, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from tests.contract.odd_server import Odd, serving

CONFIG = """
engine: {{url: "{url}", timeout_seconds: 2}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes: {{brand: {{field: attrs.brand}}}}
item_affinity: {{strength: 1}}
state: {{path: state.duckdb}}
"""
OPENSEARCH = b'"version": {"distribution": "opensearch", "number": "3.8.0"}'
BODIES = (
    b"[]",
    b'"text"',
    b"{}",
    b"{" + OPENSEARCH + b"}",
    b"{" + OPENSEARCH + b', "hits": []}',
    b"{" + OPENSEARCH + b', "hits": {"hits": [7]}}',
    b"{" + OPENSEARCH + b', "hits": {"hits": [{}]}}',
    b"{" + OPENSEARCH + b', "hits": {"hits": [{"_id": "a"}]}}',
    b"{" + OPENSEARCH + b', "hits": {"hits": [{"_id": "a", "_score": "NaN", "_source": 7}]}}',
    b"{" + OPENSEARCH + b', "hits": {"hits": [], "total": 3}, "_shards": 7, "_scroll_id": 1}',
    b"{" + OPENSEARCH + b', "items": [{}], "count": "many", "docs": [{}], "responses": [[]]}',
    b"{" + OPENSEARCH + b', "script": {}, "persistent": 7, "metadata": [], "acknowledged": false}',
)
COMMANDS = (
    ("status",),
    ("plan",),
    ("apply", "--yes"),
    ("rollback", "--yes"),
    ("search", "tea", "--user", "ann"),
    ("search", "tea", "--sort", "price"),
    ("explain", "tea", "--user", "ann"),
    ("explain", "tea", "--user", "ann", "--item", "a"),
    ("profiles", "show", "ann"),
    ("profiles", "publish"),
    ("profiles", "publish", "--verify"),
    ("items", "load", "items.jsonl"),
    ("items", "signals"),
    ("render", "--params", "{}"),
)


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("items.jsonl").write_text('{"id": "a", "title": "tea", "attrs": {"brand": "x"}}\n', encoding="utf-8")
    Path("events.csv").write_text("user,ts,type,item\nann,2026-01-01,purchase,a\n", encoding="utf-8")
    Path("affinity.yaml").write_text(CONFIG.format(url="http://127.0.0.1:1"), encoding="utf-8")
    for command in (["events", "ingest", "events.csv", "--accept-loss"], ["profiles", "build"]):
        assert CliRunner().invoke(main, command).exit_code == 0


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.decode().removeprefix("{" + OPENSEARCH.decode()))
def test_no_answer_ends_in_a_traceback(status: int, body: bytes) -> None:
    with serving(Odd(status, body=body)) as url:
        Path("affinity.yaml").write_text(CONFIG.format(url=url), encoding="utf-8")
        for command in COMMANDS:
            found = CliRunner().invoke(main, list(command))
            assert found.exception is None or isinstance(found.exception, SystemExit), (command, found.exception)
            assert found.exit_code in range(8)
            assert "Traceback" not in found.output
