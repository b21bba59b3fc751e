"""Where engines live and what a record of one is worth."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from affinity_search.engine.embedded.process import birth
from affinity_search.engine.embedded.state import (
    Record,
    RunningEngine,
    cache_home,
    default_home,
    live_record,
    log_file,
    write_record,
)
from affinity_search.errors import EmbeddedEngineError


@pytest.fixture(autouse=True)
def plain_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AFFINITY_ENGINE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_folders_of_a_linux_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert default_home() == tmp_path / ".local/share/affinity-search/engine"
    assert cache_home() == tmp_path / ".cache/affinity-search"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert default_home() == Path("/data/affinity-search/engine")
    assert cache_home() == Path("/cache/affinity-search")


def test_folders_of_a_mac_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert default_home() == tmp_path / "Library/Application Support/affinity-search/engine"
    assert cache_home() == tmp_path / "Library/Caches/affinity-search"


def test_a_named_home_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("AFFINITY_ENGINE_HOME", "~/mine")
    assert default_home() == tmp_path / "mine"


def test_a_record_of_a_living_process_is_read_back(tmp_path: Path) -> None:
    urls = ("http://127.0.0.1:9200", "http://127.0.0.1:9201")
    record = Record(os.getpid(), birth(os.getpid()), "3.8.0", urls)
    write_record(tmp_path, record)
    assert live_record(tmp_path) == record
    assert record.running(tmp_path) == RunningEngine(urls[0], urls, os.getpid(), tmp_path, "3.8.0", 2)
    assert [file.name for file in tmp_path.iterdir()] == ["engine.json"]
    write_record(tmp_path, None)
    write_record(tmp_path, None)
    assert live_record(tmp_path) is None


def test_who_has_not_answered_yet_is_not_running(tmp_path: Path) -> None:
    assert Record(os.getpid(), birth(os.getpid())).running(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "half a rec",
        "[]",
        "null",
        "{}",
        '{"pid": "x", "born": "", "version": "", "urls": []}',
        '{"pid": null, "born": "", "version": "", "urls": []}',
        '{"pid": 1, "born": "", "version": "", "urls": 3}',
        '{"pid": 1, "born": "", "version": "", "urls": []}',
        '{"pid": 4194305, "born": "boot 1", "version": "", "urls": []}',
        '{"pid": -1, "born": "boot 1", "version": "", "urls": []}',
    ],
)
def test_a_stale_or_broken_record_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "engine.json").write_text(text)
    assert live_record(tmp_path) is None


def test_a_record_whose_process_number_went_to_another_is_none(tmp_path: Path) -> None:
    record = {"pid": os.getpid(), "born": f"{birth(os.getpid())}0", "version": "3.8.0", "urls": ["http://x"]}
    (tmp_path / "engine.json").write_text(json.dumps(record))
    assert live_record(tmp_path) is None


def test_the_log_stands_in_the_home() -> None:
    assert log_file(Path("/home/x")) == Path("/home/x/logs/engine.log")


def test_a_home_that_is_no_folder_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert live_record(tmp_path / "file") is None


def test_a_record_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "engine.json").mkdir()
    with pytest.raises(EmbeddedEngineError) as refused:
        live_record(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path}: the engine's data folder cannot be read: [Errno 21] Is a dir")
