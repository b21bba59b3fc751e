"""Configurations computed from the local state: the formula, full weights that fit, nothing built twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import duckdb
import pytest

from affinity_search.evaluate.formula import lifts, read_shop, scores
from affinity_search.profiles.build import build_profiles
from affinity_search.state import open_state
from affinity_search.tune import bench as bench_module
from affinity_search.tune.bench import Bench
from affinity_search.tune.candidates import Candidates
from affinity_search.tune.knobs import changed
from tests.evaluate_data import query
from tests.profile_data import BUCKETS, VALUES, config, fill

CONFIG = config(search={"window": 10})
ASKED = query("q", user="ann", relevant=frozenset({"i2"}))  # type: ignore[arg-type]
CANDIDATES = Candidates(
    (ASKED,), {"ann": frozenset({"i1", "i2"})}, {"shoes": {"i3": 2.0, "i1": 1.9, "i2": 1.8, "new": 1.0}}, {}
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_state(tmp_path / "state.duckdb") as found:
        fill(found, BUCKETS, VALUES)
        yield found


def test_a_configuration_is_computed_by_the_formula(connection: duckdb.DuckDBPyConnection) -> None:
    bench = Bench(connection, CANDIDATES, CONFIG)
    same, found = bench.measure(CONFIG)
    build_profiles(connection, CONFIG, now_ms=9)
    shop, generic = read_shop(connection, CONFIG), bench.generic(CONFIG)[0]["shoes"]
    assert same == CONFIG
    assert bench.shop(CONFIG).levels["ann"] == shop.levels["ann"]
    assert bench.shop(CONFIG).lifts == shop.lifts
    assert generic.ids == ("i3", "i1", "i2", "new")
    worth = scores(shop, generic, lifts(shop, generic.ids, "ann"), shop.parts)
    assert max(zip(worth, generic.ids, strict=True))[1] == "i2"
    assert (found.generic.all, found.personalised.all) == ([0.5], [1.0])
    assert found.generic.novel == [None]


def test_strengths_and_levels_need_no_other_profiles(connection: duckdb.DuckDBPyConnection) -> None:
    bench = Bench(connection, CANDIDATES, CONFIG)
    with mock.patch.object(bench_module, "build_profiles", wraps=build_profiles) as build:
        bench.measure(CONFIG)
        stronger = changed(CONFIG, "item_affinity.strength", 1.5)
        assert bench.measure(stronger)[0] == stronger
        fewer = changed(CONFIG, "item_affinity.levels", 3)
        bench.measure(fewer)
        assert build.call_count == 1
    build_profiles(connection, fewer, now_ms=9)
    assert bench.shop(fewer).levels["ann"] == read_shop(connection, fewer).levels["ann"]


def test_other_weights_get_full_weights_that_fit(connection: duckdb.DuckDBPyConnection) -> None:
    bench = Bench(connection, CANDIDATES, CONFIG)
    slow = changed(CONFIG, "item_affinity.bought_before.half_life_days", 2000)
    fitted, _ = bench.measure(slow)
    (weights,) = connection.execute(
        "SELECT list(weight ORDER BY weight) FROM profile_entries WHERE attribute = 'item'"
    ).fetchall()
    assert fitted.item_affinity.full_weight == round(weights[0][-2], 2)
    assert fitted.item_affinity.bought_before.half_life_days == 2000
    assert bench.measure(fitted)[0] == fitted
