"""Detached processes: started, recognised, ended, and others left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from affinity_search.engine.embedded import process
from affinity_search.engine.embedded.process import birth, end, lives, spawn


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[int]:
    pid = spawn(["/bin/sleep", "60"], tmp_path / "log")
    born = birth(pid)
    yield pid
    assert end(pid, born, 5)


def test_a_spawned_process_is_nobodys_child_in_a_session_of_its_own(sleeper: int) -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(sleeper, os.WNOHANG)
    assert os.getsid(sleeper) != os.getsid(0)
    assert birth(sleeper) == birth(sleeper) != birth(os.getpid())


def test_output_is_appended_to_the_log_and_arguments_arrive_as_they_are(tmp_path: Path) -> None:
    log = tmp_path / "a log"
    log.write_text("before\n")
    pid = spawn(["/bin/sh", "-c", 'printf "%s\\n" "$@"; echo wrong >&2', "x", "a b", "$HOME", "'"], log)
    wait_until_gone(pid)
    assert log.read_text() == "before\na b\n$HOME\n'\nwrong\n"


def test_an_end_is_asked_for_first(tmp_path: Path) -> None:
    says = "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(print('bye')))\nprint('up', flush=True)\n"
    pid = spawn([sys.executable, "-c", f"{says}time.sleep(60)"], tmp_path / "log")
    wait_for(tmp_path / "log", "up\n")
    assert end(pid, birth(pid), 10) is True
    assert birth(pid) == ""
    assert (tmp_path / "log").read_text() == "up\nbye\n"


def test_an_end_is_forced_when_asking_did_not_help(tmp_path: Path) -> None:
    says = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
    pid = spawn([sys.executable, "-c", says], tmp_path / "log")
    wait_for(tmp_path / "log", "up\n")
    assert end(pid, birth(pid), 0.3) is True
    assert birth(pid) == ""


def test_who_took_over_the_number_is_left_alone(sleeper: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(os, "kill", lambda *order: sent.append(order))
    assert end(sleeper, "another boot 1", 5) is True
    assert sent == []
    monkeypatch.undo()
    assert birth(sleeper) != ""


def test_a_dead_child_that_nobody_waited_for_does_not_count_as_running() -> None:
    child = subprocess.Popen(["/bin/sleep", "60"])
    assert birth(child.pid) != ""
    os.kill(child.pid, signal.SIGKILL)
    wait_until_gone(child.pid)
    assert Path(f"/proc/{child.pid}/stat").exists()
    child.wait()


def test_a_number_nobody_has() -> None:
    assert birth(2**22 + 1) == ""
    assert lives(2**22 + 1, "") is False
    assert end(2**22 + 1, "", 60) is True


def test_ps_tells_the_same_where_there_is_no_proc(sleeper: int) -> None:
    assert process._birth_ps(sleeper) == process._birth_ps(sleeper) != ""
    assert process._birth_ps(2**22 + 1) == ""


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 10
    while birth(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for(file: Path, text: str) -> None:
    deadline = time.monotonic() + 20
    while file.read_text() != text:
        assert time.monotonic() < deadline
        time.sleep(0.01)
