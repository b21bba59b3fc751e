"""The rows of a query in place of a file: read-only, nothing left behind, no password in what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config.source_block import EventSource
from affinity_search.errors import ConfigError, DataError
from affinity_search.sources import Form, open_source, query_result, read_as_rows


def rows(sql: str, folder: Path) -> list[object]:
    with query_result(sql, (), folder) as path:
        assert path.stat().st_mode & 0o777 == 0o600
        return [record.value for record in open_source(path, Form("parquet"), ()).records()]


def test_rows_of_two_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "orders.csv").write_text("order,user\n1,ann\n2,bob\n", encoding="utf-8")
    (tmp_path / "lines.csv").write_text("order,item\n1,tea\n1,mug\n2,jam\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    sql = "SELECT user, item FROM 'orders.csv' JOIN 'lines.csv' USING (\"order\") ORDER BY ALL"
    found = [{"user": "ann", "item": "mug"}, {"user": "ann", "item": "tea"}, {"user": "bob", "item": "jam"}]
    for end in ("", ";", " ;\n", " -- done"):
        assert rows(sql + end, tmp_path) == found
    assert list((tmp_path / "query").iterdir()) == []


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM x", "expected one SELECT (nothing is written), got DELETE"),
        ("SELECT 1; SELECT 2", "expected one SELECT (nothing is written), got SELECT, SELECT"),
        ("COPY (SELECT 1) TO 'x.csv'", "expected one SELECT (nothing is written), got COPY"),
        ("ATTACH 'x.db'", "expected one SELECT (nothing is written), got ATTACH"),
        ("", "expected one SELECT (nothing is written), got none"),
        ("SELECT 1) TO 'x.csv'; SELECT (1", "expected one SELECT"),
    ],
)
def test_only_one_select(tmp_path: Path, sql: str, said: str) -> None:
    with pytest.raises((ConfigError, DataError)) as caught, query_result(sql, (), tmp_path):
        pass
    assert said in caught.value.message or "Parser Error" in caught.value.message
    assert not (tmp_path / "x.csv").exists()


def test_what_fails_names_no_password(tmp_path: Path) -> None:
    sql = "SELECT * FROM postgres_scan('host=x password=hunter2', 'a', 'b')"
    with pytest.raises(DataError) as caught, query_result(sql, (), tmp_path):
        pass
    assert caught.value.message.startswith("--sql: expected a query that DuckDB answers, got Catalog Error")
    assert "hunter2" not in str(caught.value)


def test_an_extension_has_a_plain_name(tmp_path: Path) -> None:
    said = "--extension: expected the name of an extension of DuckDB, got 'a; DROP'"
    with pytest.raises(ConfigError, match=said), query_result("SELECT 1", ("a; DROP",), tmp_path):
        pass


def test_rows_have_no_format_of_a_file() -> None:
    told = EventSource.model_validate({"format": "csv", "delimiter": ";", "encoding": "cp1252", "each": "lines"})
    assert read_as_rows(told) == EventSource.model_validate({"each": "lines"})
    assert read_as_rows(None) is None


def test_events_of_a_query(tmp_path: Path) -> None:
    config = tmp_path / "affinity.yaml"
    config.write_text(
        "events:\n  types: {purchase: {weight: 1}}\n"
        "  source:\n    format: csv\n"
        "    fields: {user: who, item: what, type: {constant: purchase}, ts: {path: day, unit: days}}\n",
        encoding="utf-8",
    )
    sql = "SELECT 'u' || n AS who, 'i' || (n % 2) AS what, 19000 + n AS day FROM range(5) AS t(n)"
    words = ["events", "ingest", "--config", str(config), "--json"]
    found = CliRunner().invoke(main, [*words, "--sql", sql])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["total"]["applied"] == 5
    again = CliRunner().invoke(main, [*words, "--sql", sql])
    assert json.loads(again.stdout)["total"]["duplicate"] == 5
    assert CliRunner().invoke(main, words).exit_code == 2
    assert CliRunner().invoke(main, [*words, "--sql", sql, str(config)]).exit_code == 2
