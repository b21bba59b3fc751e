"""The evaluation on a real engine: controls on shops whose truth is known, and nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import parse_config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import DataError, EngineFailed
from affinity_search.evaluation.folder import FolderEvaluation, evaluate_folder
from affinity_search.evaluation.report import as_json, warnings
from affinity_search.offline.comparison import Difference
from affinity_search.offline.measures import mean
from tests.live.evaluate_shops import Shop, write_shop

LOVED = Shop(love=6.0, again=0.4)
ONCE = Shop(love=6.0, again=None)
NO_SIGNAL = Shop(love=1.0, again=0.0)

ATTRIBUTES = ("brand", "colour", "item")
CONFIG = """
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  brand: {{field: attrs.brand, strength: 0.1, saturation_weight: 3, levels: 15}}
  colour: {{field: attrs.colour, multi_valued: true, strength: 0.1, saturation_weight: 2, levels: 5}}
item_affinity: {{strength: 0.5}}
search: {{shape: {shape}, window: 40}}
"""


@pytest.fixture(scope="module")
def engine(engine_url: str) -> OpenSearchEngine:
    return OpenSearchEngine(engine_url)


@pytest.fixture(scope="module")
def loved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("data") / "Loved Shop!", LOVED)


@pytest.fixture(scope="module")
def found(engine: OpenSearchEngine, loved: Path) -> FolderEvaluation:
    return evaluate_folder(engine, loved)


def left_behind(engine: OpenSearchEngine, name: str) -> list[str]:
    state = engine.call("GET", "/_cluster/state/metadata", params={"filter_path": "metadata.stored_scripts.*.lang"})
    # The cluster state, because `GET _ingest/pipeline` answers 404 where there is none at all.
    pipelines = engine.call("GET", "/_cluster/state/metadata", params={"filter_path": "metadata.ingest.pipeline.id"})
    names = [
        *engine.call("GET", "/*,-.*", params={"filter_path": "*.settings.index.uuid"}),
        *state.get("metadata", {}).get("stored_scripts", {}),
        *(held["id"] for held in pipelines.get("metadata", {}).get("ingest", {}).get("pipeline", [])),
    ]
    return [one for one in names if one.startswith(name)]


def about_nothing_or_more(found: Difference) -> bool:
    """True where the lift is not below zero beyond its interval, nor by more than two percent."""
    return found.percent is not None and found.percent > -2 and not found.sure_loss


def test_planted_tastes_are_found_and_shuffled_ones_are_not(found: FolderEvaluation) -> None:
    outcome = found.outcome
    assert found.suggested
    assert {"alone brand", "alone colour", "alone item"} <= outcome.all.parts.keys()
    assert outcome.all.difference.sure_gain
    assert (outcome.all.difference.percent or 0) > 20
    assert outcome.novel.difference.sure_gain
    assert not outcome.controls.shuffled.sure_gain
    assert not outcome.controls.shuffled_novel.sure_gain
    assert (mean(outcome.all.personalised["mrr"]) or 0) > (mean(outcome.all.generic["mrr"]) or 0)
    assert warnings(found) == []


def test_an_empty_profile_changes_nothing_and_the_engine_computes_the_formula(found: FolderEvaluation) -> None:
    assert found.outcome.controls.empty_changed == 0
    assert 0 < found.outcome.controls.formula_error < 1e-4


def test_every_query_is_accounted_for(found: FolderEvaluation) -> None:
    counts = as_json(found)["queries"]
    assert counts["used"] + counts["left_out"] == counts["sampled"] == counts["held"] == len(found.outcome.queries)
    assert counts["novel_used"] + counts["novel_left_out"] == counts["held"]
    assert found.derived
    assert (counts["of_unknown_shoppers"], counts["unknown_items"]) == (0, 0)


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_the_formula_holds_for_both_shapes_and_several_values(
    engine: OpenSearchEngine, loved: Path, shape: str
) -> None:
    config = parse_config(CONFIG.format(shape=shape))
    given = evaluate_folder(engine, loved, config=config, sample=60)
    assert given.outcome.config == config
    assert not given.suggested
    assert given.outcome.controls.formula_error < 1e-4
    assert given.outcome.controls.empty_changed == 0
    assert set(given.outcome.all.parts) == {f"{word} {n}" for word in ("alone", "without") for n in ATTRIBUTES}
    assert len(given.outcome.queries) == 60
    assert given.outcome.all.difference.sure_gain


def test_where_nobody_buys_twice_nothing_is_lost(engine: OpenSearchEngine, tmp_path: Path) -> None:
    once = evaluate_folder(engine, write_shop(tmp_path, ONCE))
    item = once.outcome.config.item_affinity
    assert item.owned_demotion > 0
    assert item.bought_before.weight * item.strength == 0
    assert about_nothing_or_more(once.outcome.all.difference)
    assert once.outcome.novel.difference.sure_gain, "tastes are there, and found"
    assert not once.outcome.controls.shuffled_novel.sure_gain
    assert once.outcome.controls.empty_changed == 0


def test_what_was_bought_steps_back_and_is_a_part_of_the_report(engine: OpenSearchEngine, tmp_path: Path) -> None:
    once = "item_affinity: {owned_demotion: 0.5}"
    config = parse_config(CONFIG.format(shape="rescore").replace("item_affinity: {strength: 0.5}", once))
    found = evaluate_folder(engine, write_shop(tmp_path, ONCE), config=config, sample=60).outcome
    assert set(found.all.parts) == {
        f"{word} {n}" for word in ("alone", "without") for n in ("brand", "colour", "owned_demotion")
    }
    assert found.controls.formula_error < 1e-4
    assert found.controls.empty_changed == 0
    assert found.all.parts["alone owned_demotion"].sure_gain, "who bought a thing wants another one"
    # With what the shopper owns taken out on both sides, all that is left is lifted alike.
    assert found.novel.parts["alone owned_demotion"].percent == pytest.approx(0, abs=0.5)


def test_without_a_signal_the_lift_is_about_nothing(engine: OpenSearchEngine, tmp_path: Path) -> None:
    """Also a log without queries: its last purchases become queries, and the report says so."""
    nothing = evaluate_folder(engine, write_shop(tmp_path, NO_SIGNAL, queries=False))
    assert nothing.derived
    assert nothing.origin.startswith("derived from the purchases since 2026-0")
    assert len(nothing.outcome.all.task.queries) > 300
    for difference in (nothing.outcome.all.difference, nothing.outcome.novel.difference):
        assert about_nothing_or_more(difference)
        assert abs(difference.percent or 0) < 5


def test_the_command_prints_json_and_writes_reports(engine_url: str, loved: Path, tmp_path: Path) -> None:
    config = tmp_path / "affinity.yaml"
    config.write_text(CONFIG.format(shape="rescore"), encoding="utf-8")
    asked = ["--data", str(loved), "--config", str(config), "--url", engine_url, "--sample", "50", "--seed", "3"]
    asked += ["--markdown", str(tmp_path / "r.md"), "--html", str(tmp_path / "r.html"), "--json"]
    first, second = (CliRunner().invoke(main, ["evaluate", *asked], catch_exceptions=False) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout == second.stdout, "the same seed gives the same report"
    printed = json.loads(first.stdout)
    assert printed["queries"]["sampled"] == 50
    assert printed["all"]["lift_percent"] > 0
    assert (printed["seed"], printed["config_suggested"]) == (3, False)
    assert (tmp_path / "r.md").read_text(encoding="utf-8").startswith("# Evaluation of Loved Shop!\n")
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "personalised searches: " in first.stderr


def test_another_configuration_is_set_against_the_one_evaluated(
    engine_url: str, engine: OpenSearchEngine, loved: Path, tmp_path: Path
) -> None:
    for name, text in (("mine.yaml", CONFIG), ("off.yaml", "events: {{types: {{purchase: {{weight: 1}}}}}}\n")):
        (tmp_path / name).write_text(text.format(shape="rescore"), encoding="utf-8")
    asked = ["--data", str(loved), "--config", str(tmp_path / "mine.yaml"), "--against", str(tmp_path / "off.yaml")]
    asked += ["--url", engine_url, "--sample", "80", "--json", "--html", str(tmp_path / "r.html")]
    said = CliRunner().invoke(main, ["evaluate", *asked], catch_exceptions=False)
    assert said.exit_code == 0
    printed = json.loads(said.stdout)
    found = printed["against"]
    # The other configuration has nothing personal, so it gives the generic order: the lift, seen from the other end.
    for kind in ("all", "novel"):
        assert found[kind]["this"] == pytest.approx(printed[kind]["personalised"])
        assert found[kind]["other"] == pytest.approx(printed[kind]["generic"])
        assert found[kind]["queries"] == printed[kind]["queries"]
    low, high = found["all"]["ci_percent"]
    assert low <= found["all"]["lift_percent"] <= high < 0
    changes = [abs(one["other"] - one["this"]) for one in found["changed_most"]]
    assert changes == sorted(changes, reverse=True)
    assert 0 < len(changes) <= 20
    assert len(changes) <= found["changed_queries"] <= found["all"]["queries"]
    assert {"qid", "user", "query", "this", "other"} == found["changed_most"][0].keys()
    assert "Against off.yaml: queries that change most" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert left_behind(engine, "evaluate-loved-shop-") == []


def test_a_configuration_set_against_itself_changes_nothing(engine: OpenSearchEngine, loved: Path) -> None:
    config = parse_config(CONFIG.format(shape="function_score"))
    found = evaluate_folder(engine, loved, config=config, against=("same.yaml", config), sample=40).against
    assert found is not None
    assert (found.changed_count, found.all.differences["ndcg@10"].percent) == (0, 0.0)


class Failing:
    """The engine, but searches fail."""

    def __init__(self, engine: OpenSearchEngine) -> None:
        self._engine = engine
        self.url, self.info = engine.url, engine.info

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
        if "_msearch" in path:
            raise EngineFailed("no searches today")
        return self._engine.call(method, path, body, params)


def test_nothing_is_left_behind_not_even_by_an_error(
    engine: OpenSearchEngine, loved: Path, found: FolderEvaluation
) -> None:
    assert found.name == "Loved Shop!"
    config = parse_config(CONFIG.format(shape="rescore"))
    said: list[str] = []
    with pytest.raises(EngineFailed, match="no searches today"):
        evaluate_folder(Failing(engine), loved, config=config, say=said.append)
    assert [line.split(":")[0] for line in said][-1] == "profiles publish"
    assert left_behind(engine, "evaluate-loved-shop-") == []


def test_broken_and_missing_files_are_refused_before_anything_is_loaded(
    engine: OpenSearchEngine, loved: Path, tmp_path: Path
) -> None:
    config = parse_config(CONFIG.format(shape="rescore"))
    with pytest.raises(DataError, match=r"expected items\.jsonl or items\.csv"):
        evaluate_folder(engine, tmp_path)
    for name in ("items.jsonl", "events.csv"):
        (tmp_path / name).write_bytes((loved / name).read_bytes())
    (tmp_path / "queries.jsonl").write_text('{"user": "u000"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"queries\.jsonl:1: expected an object with user, query and relevant"):
        evaluate_folder(engine, tmp_path)
    (tmp_path / "queries.jsonl").write_bytes((loved / "queries.jsonl").read_bytes())
    (tmp_path / "events.csv").write_text("user,ts,type,item\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"events\.csv: expected events that count, found none"):
        evaluate_folder(engine, tmp_path, config=config)
    with pytest.raises(DataError, match=r"events\.csv: expected events that count, found none"):
        evaluate_folder(engine, tmp_path)
    (tmp_path / "events.csv").write_text("no,header\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"events\.csv: expected the columns"):
        evaluate_folder(engine, tmp_path, config=config)


def test_unknown_shoppers_items_and_queries_without_targets_are_a_defined_result(
    engine: OpenSearchEngine, loved: Path, tmp_path: Path
) -> None:
    for name in ("items.jsonl", "events.csv"):
        (tmp_path / name).write_bytes((loved / name).read_bytes())
    rows = [
        {"user": "nobody", "query": "shoes", "relevant": ["i000"]},
        {"user": "nobody", "query": "shoes", "relevant": ["gone"]},
        {"user": "nobody", "query": "shoes", "relevant": []},
        {"user": "nobody", "query": "no such word", "relevant": ["i000"]},
        {"user": "nobody", "query": "", "relevant": ["i000"], "novel": []},
    ]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    config = parse_config(CONFIG.format(shape="rescore"))
    given = evaluate_folder(engine, tmp_path, config=config)
    printed = as_json(given)
    json.dumps(printed, allow_nan=False)
    counts = printed["queries"]
    assert counts["left_out_reasons"]["no target"] == 1
    assert counts["left_out_reasons"]["fewer than 10 candidates"] == 1
    assert counts["used"] + counts["left_out"] == 5
    assert (counts["of_unknown_shoppers"], counts["unknown_items"]) == (5, 1)
    assert printed["all"]["ci_percent"] is None, "one shopper says nothing about chance"
    assert not given.derived
    rows = [{**row, "relevant": []} for row in rows]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    nothing = evaluate_folder(engine, tmp_path, config=config)
    assert as_json(nothing)["all"]["lift_percent"] is None
    assert warnings(nothing) == ["none of the 5 queries counts"]
