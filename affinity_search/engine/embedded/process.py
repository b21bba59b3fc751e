"""Processes that outlive this one: started detached, recognised again by more than their id, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["birth", "end", "lives", "spawn"]

POLL_S = 0.05
KILL_WAIT_S = 10

# The shell puts the command in the background and ends, so that the process is nobody's child here: it survives us,
# and leaves no zombie with us when it dies.
_DETACH = 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!'


def spawn(command: Sequence[str], log: Path) -> int:
    """The id of a new process in a session of its own, its output appended to `log`."""
    shell = ["/bin/sh", "-c", _DETACH, "sh", str(log), *command]
    found = subprocess.run(shell, capture_output=True, text=True, check=True, start_new_session=True)
    return int(found.stdout)


def birth(pid: int) -> str:
    """What tells process `pid` from every other that ever had or will have this id; empty when none runs."""
    return _birth_linux(pid) if sys.platform == "linux" else _birth_ps(pid)


def lives(pid: int, born: str) -> bool:
    """Whether the process that had id `pid` and birth `born` still runs; one that was never seen alive does not."""
    return born != "" and birth(pid) == born


def end(pid: int, born: str, timeout_s: float) -> bool:
    """Whether the process `pid` born at `born` has ended: asked with SIGTERM, after `timeout_s` with SIGKILL.

    A process that took over the id is left alone. PermissionError where the process is another user's.
    """
    for order, wait_s in ((signal.SIGTERM, timeout_s), (signal.SIGKILL, KILL_WAIT_S)):
        if lives(pid, born):
            with suppress(ProcessLookupError):
                os.kill(pid, order)
        deadline = time.monotonic() + wait_s
        while lives(pid, born) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    return not lives(pid, born)


def _birth_linux(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = stat.rpartition(")")[2].split()  # the name in parentheses may hold anything
    state, ticks_since_boot = fields[0], fields[19]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return "" if state in "ZX" else f"{boot} {ticks_since_boot}"


def _birth_ps(pid: int) -> str:
    asked = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    found = subprocess.run(asked, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    state, _, started = found.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()
