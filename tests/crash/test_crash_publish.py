"""`affinity profiles build` and `publish` killed with SIGKILL, then run again, end as if nothing had happened."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from affinity_search.config import Config, load_config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.profiles.build import build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.state import open_state
from tests.crash.killing import dying_before, expect_killed
from tests.live.profile_indexes import documents, make_indexes
from tests.profile_data import Bucket, fill

# Small batches, so that there are many places to be killed at.
PUBLISH = """
import functools
import affinity_search.publish.profiles as publish
from affinity_search.cli import main
publish.write_bulk = functools.partial(publish.write_bulk, max_actions=40)
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
CLI = "affinity_search.cli.profiles"
# A few among all statements of a build, and the end of it, when the new tables are to take the place of the old ones.
PLACES = (("", 3), ("", 45), ("INSERT OR REPLACE INTO meta", 1), ("commit", 1))
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
    """A shop whose last build is not published yet: of 80 shoppers 20 are new, 20 go, and many changed."""
    folder.mkdir()
    (folder / "affinity.yaml").write_text(CONFIG.format(url=url, prefix=prefix))
    config = load_config(folder / "affinity.yaml")
    engine = OpenSearchEngine(url)
    make_indexes(engine, config)
    with open_state(config.state.path) as connection:
        fill(connection, buckets(1, range(60)), VALUES)
        build_profiles(connection, config, now_ms=1000)
        publish_profiles(engine, connection, config)
        fill(connection, buckets(2, range(20, 80)), VALUES)
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


def publish(config: Config) -> None:
    with open_state(config.state.path) as connection:
        publish_profiles(OpenSearchEngine(str(config.engine.url)), connection, config)


# Each list is one publication, killed before these statements one run after the other; commits end a batch.
@pytest.mark.parametrize(
    "places",
    [[("commit", 3)], [("", 25)], [("begin", 2), ("commit", 4), ("INSERT", 1)]],
    ids=["commit", "any", "thrice"],
)
def test_a_killed_publication_is_finished_by_running_it_again(
    engine_url: str, prefix: str, tmp_path: Path, whole: Held, places: list[tuple[str, int]]
) -> None:
    config = prepare(tmp_path / "killed", engine_url, f"{prefix}killed")
    for words, count in places:
        expect_killed(start(tmp_path / "killed", dying_before(CLI, words, count) + PUBLISH, "publish"))
        with open_state(config.state.path) as connection:
            rows = connection.execute("SELECT * FROM published ORDER BY user_id").fetchall()
        assert rows != whole[2], "killed too late to tell anything"
    publish(config)
    assert held(config) == whole


@pytest.fixture(scope="module")
def whole(engine_url: str, module_prefix: str, tmp_path_factory: pytest.TempPathFactory) -> Held:
    """What a publication leaves that nobody kills."""
    folder = tmp_path_factory.mktemp("whole") / "shop"
    config = prepare(folder, engine_url, f"{module_prefix}whole")
    publish(config)
    found = held(config)
    assert {version for version, _ in found[1].values()} == {2000}
    assert len(found[1]) == len(found[2]) == 60
    return found


def test_a_killed_build_leaves_the_last_one_or_the_new_one(tmp_path: Path) -> None:
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
    for words, count in PLACES:
        expect_killed(start(tmp_path, dying_before(CLI, words, count) + BUILD, "build"))
        with open_state(config.state.path) as connection:
            assert connection.execute(query).fetchall() == last
    with open_state(config.state.path) as connection:
        build_profiles(connection, config, now_ms=3)
        assert connection.execute(query).fetchall() == new
