"""`affinity profiles build | publish | show`: what is printed, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.config import load_config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.state import open_state
from tests.live.profile_indexes import make_indexes
from tests.profile_data import BUCKETS, SHOP, VALUES, fill


@pytest.fixture
def config_path(tmp_path: Path, engine_url: str, prefix: str) -> Path:
    """A shop with events held and nothing built, and empty indexes in the engine."""
    file = tmp_path / "affinity.yaml"
    file.write_text(json.dumps({**SHOP, "engine": {"url": engine_url, "prefix": f"{prefix}c"}}))
    config = load_config(file)
    make_indexes(OpenSearchEngine(engine_url), config)
    with open_state(config.state.path) as connection:
        fill(connection, BUCKETS, VALUES)
    return file


def run(config_path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["profiles", *arguments, "-c", str(config_path)])


def test_build_publish_show(config_path: Path) -> None:
    built = run(config_path, "build")
    assert built.exit_code == 0
    lines = built.stdout.splitlines()
    assert lines[0].endswith("as of 1970-04-11: 2 shoppers, 12 entries")
    assert lines[1:] == [
        "  brand: 3 entries of 2 shoppers",
        "  colour: 4 entries of 2 shoppers",
        "  item: 5 entries of 2 shoppers, clipped 40.0%",
        "  no items are loaded yet, so no event's item is known",
    ]
    assert built.stderr.startswith("warning: item_affinity.saturation_weight: 40% of the entries")
    published = run(config_path, "publish")
    assert published.stdout == (
        "shoppers: changed 2, unchanged 0, removed 0\ndocuments: written 13, superseded 0, absent 0, refused 0\n"
    )
    assert run(config_path, "publish").stdout == (
        "shoppers: changed 0, unchanged 2, removed 0\ndocuments: written 0, superseded 0, absent 0, refused 0\n"
    )
    assert run(config_path, "show", "ann").stdout == (
        "ann: 3 events, as of 1970-04-11\n"
        "\n"
        "brand                                    level  weight    count\n"
        "  Alder                                      3    0.64     1.00\n"
        "  Birch                                      2    0.33     1.00\n"
        "\n"
        "colour                                   level  weight    count\n"
        "  red                                        1    0.52     2.59\n"
        "  blue                                       1    0.38     1.59\n"
        "\n"
        "item                                     level  weight    count\n"
        "  i2                                         7    1.76     1.41\n"
        "  i1                                         6    1.39     1.00\n"
    )


def test_json(config_path: Path) -> None:
    built = json.loads(run(config_path, "build", "--as-of", "1970-04-01", "--json").stdout)
    assert built["as_of"] == "1970-04-01"
    assert built["attributes"]["brand"] == {
        "entries": 2,
        "shoppers": 2,
        "entries_cut": 0,
        "shoppers_cut": 0,
        "clipped": 0,
    }
    assert built["entries"] == sum(found["entries"] for found in built["attributes"].values())
    published = json.loads(run(config_path, "publish", "--json").stdout)
    assert published["build"] == built["build"]
    assert (published["changed"], published["refused"], published["reasons"]) == (2, 0, [])
    shown = json.loads(run(config_path, "show", "bob", "--json").stdout)
    assert (shown["user_id"], shown["build"], shown["events"]) == ("bob", built["build"], 1.0)


def test_a_long_list_is_cut_for_the_eye(config_path: Path) -> None:
    with open_state(load_config(config_path).state.path) as connection:
        fill(connection, [("ann", f"i{n:02}", "purchase", 100, n + 1) for n in range(23)], VALUES)
    run(config_path, "build")
    run(config_path, "publish")
    lines = run(config_path, "show", "ann").stdout.splitlines()
    assert lines[-1] == "  and 13 more"
    assert sum(line.startswith("  i") for line in lines) == 10


def test_a_shopper_without_a_profile(config_path: Path) -> None:
    shown = run(config_path, "show", "nobody")
    assert (shown.exit_code, shown.stdout) == (5, "")
    assert shown.stderr == "error: nobody: no profile: this shopper gets the generic order\n"
    as_json = run(config_path, "show", "nobody", "--json")
    assert (as_json.exit_code, as_json.stdout) == (5, "null\n")


def test_publish_before_build(config_path: Path) -> None:
    published = run(config_path, "publish")
    assert published.exit_code == 6
    assert "profiles: expected a build, found none\n  Run `affinity profiles build` first." in published.stderr


def test_publish_and_show_before_apply(config_path: Path) -> None:
    config = load_config(config_path)
    engine = OpenSearchEngine(str(config.engine.url))
    run(config_path, "build")
    engine.call("DELETE", f"/{config.profile_index}-1")
    for arguments in (("publish",), ("show", "ann")):
        result = run(config_path, *arguments)
        assert result.exit_code == 5
        assert config.profile_index in result.stderr
        assert "`affinity apply`" in result.stderr


def test_no_engine(config_path: Path) -> None:
    config_path.write_text(json.dumps({**SHOP, "engine": {"url": "http://127.0.0.1:1"}}))
    run(config_path, "build")
    assert run(config_path, "publish").exit_code == 4
    assert run(config_path, "show", "ann").exit_code == 4


def test_a_day_that_is_none(config_path: Path) -> None:
    assert run(config_path, "build", "--as-of", "yesterday").exit_code == 2
