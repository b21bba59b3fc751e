"""`affinity events ingest` killed with SIGKILL at any point, then run again, ends as if nothing had happened."""

from __future__ import annotations

import gzip
import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from affinity_search.state import open_state

# Small batches: many transactions to be killed in, within a second or two of work.
COMMAND = """
import affinity_search.state.buckets as buckets
from affinity_search.cli import main
buckets.BATCH_EVENTS = 1000
main()
"""
# The same, killing itself right before the n-th statement that begins with these words.
SUICIDE = """
import contextlib, os, signal
import affinity_search.cli.events as command

class Connection:
    def __init__(self, real):
        self.real = real
        self.left = {count}
    def count(self, statement):
        if statement.strip().startswith({words!r}):
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), signal.SIGKILL)
    def execute(self, statement, *more):
        self.count(statement)
        return self.real.execute(statement, *more)
    def __getattr__(self, name):
        self.count(name)
        return getattr(self.real, name)

@contextlib.contextmanager
def open_state(path, real=command.open_state):
    with real(path) as connection:
        yield Connection(connection)

command.open_state = open_state
"""
EVENTS = 9_000
FILES = ("a.csv", "b.csv.gz")

State = tuple[list[tuple[object, ...]], list[tuple[object, ...]], dict[str, bytes]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files that overlap, over more days than are retained, with bad lines and repeats."""
    folder = tmp_path_factory.mktemp("data")
    rng = random.Random(7)
    rows = [
        f"u{rng.randrange(200)},{date(2024, 1, 1) + timedelta(days=n * 200 // EVENTS)},purchase,i{rng.randrange(300)}"
        if n % 500
        else f"bad {n}"
        for n in range(EVENTS)
    ]
    (folder / "a.csv").write_text("user,ts,type,item\n" + "\n".join(rows[: EVENTS * 2 // 3]))
    (folder / "b.csv.gz").write_bytes(gzip.compress(("user,ts,type,item\n" + "\n".join(rows[EVENTS // 3 :])).encode()))
    return folder


def start(shop: Path, data: Path, command: str = COMMAND) -> subprocess.Popen[str]:
    shop.mkdir(exist_ok=True)
    (shop / "affinity.yaml").write_text("events: {types: {purchase: {weight: 1}}, retention_days: 150}\n")
    files = [str(data / name) for name in FILES]
    arguments = [sys.executable, "-c", command, "events", "ingest", "--config", str(shop / "affinity.yaml"), *files]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def state(shop: Path) -> State:
    quarantine = shop / ".affinity" / "quarantine"
    with open_state(shop / ".affinity" / "state.duckdb") as connection:
        return (
            connection.execute("SELECT * FROM buckets ORDER BY ALL").fetchall(),
            connection.execute("SELECT * FROM seen ORDER BY ALL").fetchall(),
            {path.name: path.read_bytes() for path in quarantine.iterdir()},
        )


@pytest.fixture(scope="module")
def undisturbed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> State:
    shop = tmp_path_factory.mktemp("undisturbed")
    finish(start(shop, data))
    found = state(shop)
    assert len(found[0]) > 3000
    assert len(found[2]) == 2
    return found


def kill_after(process: subprocess.Popen[str], batches: int, seconds: float) -> int:
    """Kills the process `seconds` after it said that so many batches are safe; its exit code."""
    assert process.stderr is not None
    for _ in range(batches):
        if not process.stderr.readline():
            break
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    return process.returncode


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("CREATE OR REPLACE TEMP TABLE judged", 3),
        ("INSERT INTO seen", 5),
        ("MERGE INTO buckets", 1),
        ("MERGE INTO buckets", 4),
        ("DROP TABLE judged", 5),
        ("commit", 6),
        ("DELETE FROM buckets", 1),
        ("DELETE FROM seen", 1),
    ],
)
def test_killed_before_a_statement(data: Path, tmp_path: Path, undisturbed: State, words: str, count: int) -> None:
    process = start(tmp_path / "shop", data, SUICIDE.format(words=words, count=count) + COMMAND)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    finish(start(tmp_path / "shop", data))
    assert state(tmp_path / "shop") == undisturbed


@pytest.mark.parametrize(("batches", "milliseconds"), [(0, 300), (1, 0), (5, 20), (9, 3)])
def test_a_killed_ingest_is_finished_by_running_it_again(
    data: Path, tmp_path: Path, undisturbed: State, batches: int, milliseconds: int
) -> None:
    code = kill_after(start(tmp_path / "shop", data), batches, milliseconds / 1000)
    assert code == -signal.SIGKILL
    finish(start(tmp_path / "shop", data))
    assert state(tmp_path / "shop") == undisturbed


def test_killed_again_and_again(data: Path, tmp_path: Path, undisturbed: State) -> None:
    rng = random.Random(11)
    for _ in range(3):
        kill_after(start(tmp_path / "shop", data), rng.randrange(1, 8), rng.random() / 10)
    finish(start(tmp_path / "shop", data))
    assert state(tmp_path / "shop") == undisturbed
