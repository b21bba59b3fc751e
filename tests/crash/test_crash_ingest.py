"""`affinity events ingest` killed with SIGKILL at any point, then run again, ends as if nothing had happened."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from affinity_search.state import open_state
from tests.crash.killing import dying_before, expect_killed

# Small batches: many transactions to be killed in, within a second or two of work.
COMMAND = """
import affinity_search.state.buckets as buckets
from affinity_search.cli import main
buckets.BATCH_EVENTS = 1000
main()
"""
# The same, waiting for its end once so many batches are safe.
WAITING = """
import itertools, signal
import affinity_search.cli.events as command

calls = itertools.count(1)

def progress(*_):
    if next(calls) == {batches}:
        print("waiting", flush=True)
        signal.pause()

command._print_progress = progress
"""
CLI = "affinity_search.cli.events"
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
    expect_killed(start(tmp_path / "shop", data, dying_before(CLI, words, count) + COMMAND))
    finish(start(tmp_path / "shop", data))
    assert state(tmp_path / "shop") == undisturbed


def test_killed_again_and_again_before_any_statement(data: Path, tmp_path: Path, undisturbed: State) -> None:
    rng = random.Random(11)
    for _ in range(4):
        expect_killed(start(tmp_path / "shop", data, dying_before(CLI, "", rng.randrange(1, 60)) + COMMAND))
    finish(start(tmp_path / "shop", data))
    assert state(tmp_path / "shop") == undisturbed


@pytest.mark.parametrize("batches", [1, 9])
def test_killed_from_outside_once_so_many_batches_are_safe(
    data: Path, tmp_path: Path, undisturbed: State, batches: int
) -> None:
    process = start(tmp_path / "shop", data, WAITING.format(batches=batches) + COMMAND)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.kill()
    expect_killed(process)
    finish(start(tmp_path / "shop", data))
    assert state(tmp_path / "shop") == undisturbed
