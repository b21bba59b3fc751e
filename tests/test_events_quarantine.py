"""The quarantine file: what stands in it, and that it is there whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from affinity_search.errors import DataError
from affinity_search.events import Quarantine, quarantine_path


def test_lines_with_number_reason_and_text(tmp_path: Path) -> None:
    with Quarantine(tmp_path / "deep" / "quarantine", tmp_path / "e.csv") as quarantine:
        quarantine.add(3, "bad", b"a,\xff,\xc3\xa9\0")
        quarantine.add(9, "long", "é".encode() * 2001)
    assert quarantine.written == quarantine_path(tmp_path / "deep" / "quarantine", tmp_path / "e.csv")
    assert [json.loads(line) for line in quarantine.path.read_text("utf-8").splitlines()] == [
        {"line": 3, "reason": "bad", "text": "a,\\xff,é\0"},
        {"line": 9, "reason": "long", "text": "é" * 2000 + "... (cut at 2000 characters)"},
    ]
    assert list(quarantine.path.parent.iterdir()) == [quarantine.path]


def test_2000_characters_are_kept_whole(tmp_path: Path) -> None:
    with Quarantine(tmp_path, tmp_path / "e.csv") as quarantine:
        quarantine.add(1, "x", "\U0001f600".encode() * 2000)
    assert json.loads(quarantine.path.read_text("utf-8"))["text"] == "\U0001f600" * 2000


def test_namesakes_have_files_of_their_own(tmp_path: Path) -> None:
    one, other = quarantine_path(tmp_path, Path("/a/e.csv")), quarantine_path(tmp_path, Path("/b/e.csv"))
    assert one != other
    assert one.name.startswith("e.csv-")
    assert one == quarantine_path(tmp_path, Path("/a/../a/e.csv"))


def test_a_clean_reading_removes_the_file_of_an_earlier_one(tmp_path: Path) -> None:
    with Quarantine(tmp_path / "q", tmp_path / "e.csv") as quarantine:
        quarantine.add(1, "bad", b"x")
    with Quarantine(tmp_path / "q", tmp_path / "e.csv") as again:
        pass
    assert again.written is None
    assert list((tmp_path / "q").iterdir()) == []


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    with Quarantine(tmp_path / "q", tmp_path / "e.csv") as quarantine:
        quarantine.add(1, "bad", b"x")
    before = quarantine.path.read_bytes()
    with pytest.raises(KeyboardInterrupt), Quarantine(tmp_path / "q", tmp_path / "e.csv") as broken:
        broken.add(1, "other", b"y")
        raise KeyboardInterrupt
    assert quarantine.path.read_bytes() == before
    assert list((tmp_path / "q").iterdir()) == [quarantine.path]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "q").write_text("a file where the folder should be")
    with (
        pytest.raises(DataError, match="expected to write the quarantine file, got"),
        Quarantine(tmp_path / "q", tmp_path / "e.csv") as quarantine,
    ):
        quarantine.add(1, "bad", b"x")


def test_the_file_is_bounded(tmp_path: Path) -> None:
    with Quarantine(tmp_path, tmp_path / "e.csv") as quarantine:
        for number in range(8_000):
            quarantine.add(number, "bad", b"x" * 3000)
    lines = quarantine.path.read_text("utf-8").splitlines()
    assert 9_000_000 < quarantine.path.stat().st_size < 10_010_000
    assert json.loads(lines[-1]) == {
        "line": len(lines) - 1,
        "reason": "the quarantine file is full: from this line on, bad lines are counted but not kept",
        "text": None,
    }


def test_a_line_of_which_nothing_may_be_kept(tmp_path: Path) -> None:
    with Quarantine(tmp_path, tmp_path / "e.csv") as quarantine:
        quarantine.add(1, "consent", None)
    assert json.loads(quarantine.path.read_text()) == {"line": 1, "reason": "consent", "text": None}
