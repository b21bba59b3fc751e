"""`affinity profiles build` and `publish` killed with SIGKILL, then run again, end as if nothing had happened."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from affinity_search.config import Config, load_config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.profiles.build import build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.state import open_state
from tests.live.profile_indexes import documents, make_indexes
from tests.profile_data import Bucket, fill

# Small batches, so that there are many places to be killed at, and a line for each.
PUBLISH = """
import functools, sys
import affinity_search.cli.profiles as cli
import affinity_search.publish.profiles as publish
from affinity_search.cli import main
publish.write_bulk = functools.partial(publish.write_bulk, max_actions=40)
cli.progress_of = lambda unit: lambda done, total: print(done, file=sys.stderr, flush=True)
main()
"""
BUILD = "from affinity_search.cli import main; main()"
CONFIG = """\
engine: {{url: "{url}", prefix: {prefix}}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  brand: {{field: attrs.brand, saturation_weight: 3}}
  colour: {{field: attrs.colour, saturation_weight: 2, multi_valued: true, levels: 4}}
item_affinity: {{strength: 0.5, saturation_weight: 1.5, levels: 7}}
"""
VALUES = [(f"i{n}", "attrs.brand", f"brand {n % 7}") for n in range(40)] + [
    (f"i{n}", "attrs.colour", f"colour {c}") for n in range(40) for c in {n % 3, n % 5}
]

Held = tuple[dict[str, Any], dict[str, Any], list[tuple[Any, ...]]]


def buckets(seed: int, shoppers: range) -> list[Bucket]:
    rng = random.Random(seed)
    return [
        (f"u{user}", f"i{item}", "purchase", rng.randrange(200), 1)
        for user in shoppers
        for item in rng.sample(range(40), 8)
    ]


def prepare(folder: Path, url: str, prefix: str) -> Config:
    """A shop whose last build is not published yet: of 200 shoppers 50 are new, 50 go, and many changed."""
    folder.mkdir()
    (folder / "affinity.yaml").write_text(CONFIG.format(url=url, prefix=prefix))
    config = load_config(folder / "affinity.yaml")
    engine = OpenSearchEngine(url)
    make_indexes(engine, config)
    with open_state(config.state.path) as connection:
        fill(connection, buckets(1, range(150)), VALUES)
        build_profiles(connection, config, now_ms=1000)
        publish_profiles(engine, connection, config)
        fill(connection, buckets(2, range(50, 200)), VALUES)
        build_profiles(connection, config, now_ms=2000)
    return config


def held(config: Config) -> Held:
    engine = OpenSearchEngine(str(config.engine.url))
    with open_state(config.state.path) as connection:
        published = connection.execute("SELECT * FROM published ORDER BY user_id").fetchall()
    return documents(engine, config.lookup_index), documents(engine, config.profile_index), published


def start(folder: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, "profiles", *arguments, "--config", str(folder / "affinity.yaml")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def kill_after(process: subprocess.Popen[str], lines: int, seconds: float) -> None:
    assert process.stderr is not None
    for _ in range(lines):
        assert process.stderr.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def test_a_killed_publication_is_finished_by_running_it_again(engine_url: str, prefix: str, tmp_path: Path) -> None:
    config = prepare(tmp_path / "whole", engine_url, f"{prefix}whole")
    finish(start(tmp_path / "whole", PUBLISH, "publish"))
    whole = held(config)
    assert {version for version, _ in whole[1].values()} == {2000}
    assert len(whole[1]) == len(whole[2]) == 150
    for number, kills in enumerate([[(1, 0.0)], [(9, 0.004)], [(3, 0.001), (4, 0.0), (2, 0.003)]]):
        name = f"killed{number}"
        config = prepare(tmp_path / name, engine_url, f"{prefix}{name}")
        for lines, seconds in kills:
            kill_after(start(tmp_path / name, PUBLISH, "publish"), lines, seconds)
            with open_state(config.state.path) as connection:
                rows = connection.execute("SELECT * FROM published ORDER BY user_id").fetchall()
            assert rows != whole[2], "killed too late to tell anything"
        finish(start(tmp_path / name, PUBLISH, "publish"))
        assert held(config) == whole


@pytest.mark.parametrize("milliseconds", [250, 400, 550, 700])
def test_a_killed_build_leaves_the_last_one_or_the_new_one(tmp_path: Path, milliseconds: int) -> None:
    (tmp_path / "affinity.yaml").write_text(CONFIG.format(url="http://127.0.0.1:1", prefix="none"))
    config = load_config(tmp_path / "affinity.yaml")
    query = "SELECT * FROM profile_entries ORDER BY ALL"
    with open_state(config.state.path) as connection:
        fill(connection, buckets(2, range(150)), VALUES)
        build_profiles(connection, config, now_ms=1)
        new = connection.execute(query).fetchall()
        fill(connection, buckets(1, range(100)), VALUES)
        build_profiles(connection, config, now_ms=2)
        last = connection.execute(query).fetchall()
        fill(connection, buckets(2, range(150)), VALUES)
    process = start(tmp_path, BUILD, "build")
    time.sleep(milliseconds / 1000)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    with open_state(config.state.path) as connection:
        assert connection.execute(query).fetchall() in (last, new)
    finish(start(tmp_path, BUILD, "build"))
    with open_state(config.state.path) as connection:
        assert connection.execute(query).fetchall() == new
