"""Tuning without an engine: when a change is taken, the descent, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, parse_config
from affinity_search.tune.candidates import stored_feature
from affinity_search.tune.descent import Descent, Step, Trial, descend
from affinity_search.tune.judge import Judged, Measured, Objective, below_generic, interval, judge
from affinity_search.tune.knobs import Knob, knobs
from affinity_search.tune.report import as_json, as_text, proposal
from affinity_search.tune.shop import Confirmed, Tuning
from affinity_search.validation.bench import Bench
from affinity_search.validation.changes import changed
from affinity_search.validation.measure import Gain, Quality, Verdict
from tests.validation_data import searches

CONFIG = parse_config(
    """
events: {types: {purchase: {weight: 1}}}
attributes: {brand: {field: attrs.brand, strength: 0.1, saturation_weight: 4}}
item_affinity: {strength: 0.5, saturation_weight: 2}
search: {max_boost: 2}
"""
)


# --- candidates


@pytest.mark.parametrize(
    ("value", "kept"), [(0, 0), (1, 1), (255, 255), (257, 257), (511, 511), (513, 512), (1e6, 999424)]
)
def test_a_feature_keeps_nine_bits(value: float, kept: float) -> None:
    assert stored_feature(np.array([value])).tolist() == [kept]


# --- judge


SEARCHES = searches([{0}] * 40)


def quality(all_: float, novel: float = nan) -> Quality:
    """The same for every shopper but for a small, fixed spread."""
    spread = np.array([0.01 * (n % 5 - 2) for n in range(40)])
    return Quality(all_ + spread, novel + spread)


FLAT = quality(0.2, 0.2)


def test_a_sure_gain_is_taken() -> None:
    better = Measured(FLAT, Quality(FLAT.all * 1.1, FLAT.novel * 1.2))
    found = judge(SEARCHES, Measured(FLAT, FLAT), better, "mix", Measured(FLAT, FLAT))
    assert found.good
    assert (found.verdict.all.mean, found.verdict.novel.mean, found.aim.mean) == pytest.approx((0.1, 0.2, 0.15))
    ends = interval(found.aim)
    assert ends is not None
    assert ends[0] < found.aim.mean < ends[1]


@pytest.mark.parametrize("aim", ["all", "novel", "mix"])
def test_what_falls_against_generic_is_not_taken(aim: Objective) -> None:
    start = Measured(FLAT, quality(0.3, 0.1))
    found = judge(SEARCHES, start, Measured(FLAT, quality(0.19, 0.5)), aim, start)
    assert not found.harmless
    assert not found.good


def test_who_stands_below_generic_may_come_nearer() -> None:
    start = Measured(FLAT, quality(0.1, 0.1))
    better, worse = Measured(FLAT, quality(0.19, 0.19)), Measured(FLAT, quality(0.09, 0.5))
    assert judge(SEARCHES, start, better, "mix", start).good
    assert not judge(SEARCHES, start, worse, "mix", start).harmless
    assert below_generic(better)
    assert not below_generic(Measured(FLAT, quality(0.2, 0.21)))


def test_a_generic_order_made_weaker_is_no_gain() -> None:
    start = Measured(FLAT, FLAT)
    assert not judge(SEARCHES, start, Measured(quality(0.1, 0.1), quality(0.15, 0.3)), "novel", start).harmless


def test_nothing_is_sure_of_few_shoppers() -> None:
    few = SEARCHES.rows(range(9))
    old, new = Quality(np.full(9, 0.1), np.full(9, 0.1)), Quality(np.full(9, 0.5), np.full(9, 0.5))
    found = judge(few, Measured(old, old), Measured(old, new), "all", Measured(old, old))
    assert not found.good
    assert interval(found.aim) is None


def test_a_generic_order_that_finds_nothing_gives_no_gain() -> None:
    none = Quality(np.zeros(40), np.full(40, nan))
    found = judge(SEARCHES, Measured(none, none), Measured(none, quality(0.5)), "mix", Measured(none, none))
    assert (found.aim.mean, found.good) == (0.0, False)


# --- knobs


def turned(config: Config) -> dict[str, Knob]:
    return {knob.address: knob for turn in knobs(config) if (knob := turn(config))}


def test_the_knobs_of_a_shop() -> None:
    found = {address: [value for value, _ in knob.others] for address, knob in turned(CONFIG).items()}
    assert found == {
        "popularity.recent.weight": [0.5, 1.0, 2.0],
        "popularity.all_time.weight": [0.5, 2.0],
        "item_affinity.strength": [0.25, 0.0, 1.0, 1.5, 2.5],
        "item_affinity.related.weight": [0.1, 0.2, 0.4],
        "half_life_days": [1 / 3, 4.0],
        "attributes.*.strength": [0.5, 2.0],
        "profiles.prior_events": [2.0, 20.0],
        "item_affinity.levels": [7],
        "attributes.brand.levels": [7],
        "search.window": [50, 200],
    }


def test_only_what_gets_other_weights_is_fitted_anew() -> None:
    off = changed(CONFIG, {"item_affinity.strength": 0.0})
    assert turned(off)["item_affinity.strength"].refits == ("item",)
    found = {address: knob.refits for address, knob in turned(CONFIG).items() if knob.refits}
    assert found == {
        "item_affinity.related.weight": ("item",),
        "half_life_days": ("brand", "item"),
        "profiles.prior_events": ("brand",),
    }


def test_what_has_no_effect_is_not_turned() -> None:
    steps = CONFIG.model_copy(update={"events": CONFIG.events.model_copy(update={"time": "sequence"})})
    assert "popularity.recent.weight" not in turned(steps)
    bare = parse_config("{events: {types: {purchase: {weight: 1}}}, search: {shape: function_score}}")
    assert list(turned(bare)) == [
        "popularity.recent.weight",
        "popularity.all_time.weight",
        "item_affinity.strength",
        "item_affinity.owned_demotion",
    ]


def test_the_budget_of_lookups_holds() -> None:
    full = parse_config(
        "{events: {types: {p: {weight: 1}}}, attributes: {a: {field: attrs.a}}, search: {max_lookups: 7}}"
    )
    assert "item_affinity.strength" not in turned(full)


def test_half_lives_and_strengths_move_together() -> None:
    found = turned(CONFIG)
    slow = dict(found["half_life_days"].others)[4.0]
    assert (slow.attributes["brand"].half_life_days, slow.item_affinity.bought_before.half_life_days) == (360, 360)
    assert dict(found["attributes.*.strength"].others)[2.0].attributes["brand"].strength == 0.2


# --- descent


class Landscape:
    """A bench on which everything is as good as a function of the configuration says."""

    searches = SEARCHES

    def __init__(self, gain_of: Callable[[Config], float]) -> None:
        self._gain_of = gain_of

    def generic(self, config: Config) -> Quality:
        return FLAT

    def personalised(self, config: Config) -> Quality:
        better = 1 + self._gain_of(config)
        return Quality(FLAT.all * better, FLAT.novel * better)

    def fitted(self, config: Config, names: Collection[str]) -> Config:
        return config


def landscape(gain_of: Callable[[Config], float]) -> Bench:
    return cast(Bench, Landscape(gain_of))


def test_nothing_moves_where_nothing_matters() -> None:
    found = descend(CONFIG, landscape(lambda _: 0.0), "mix")
    assert found.config == CONFIG
    assert [step.taken for step in found.steps] == [None] * 10
    assert found.total.aim == Gain(0.0, 0.0)


def test_the_best_value_is_found_and_told() -> None:
    peak = landscape(lambda c: 0.2 - abs(c.item_affinity.strength - 1.5) / 10)
    found = descend(CONFIG, peak, "mix")
    assert found.config == changed(CONFIG, {"item_affinity.strength": 1.5})
    (step,) = [step for step in found.steps if step.taken]
    assert (step.address, step.before, step.after) == ("item_affinity.strength", 0.5, 1.5)
    assert found.total.verdict.all.mean == pytest.approx(0.1)


def test_of_equals_the_nearest_is_taken() -> None:
    found = descend(CONFIG, landscape(lambda c: 0.1 * (c.popularity.recent.weight > 0)), "mix")
    assert found.config.popularity.recent.weight == 0.5


def test_a_harmful_strength_goes_to_zero() -> None:
    found = descend(CONFIG, landscape(lambda c: 0.1 - c.item_affinity.strength / 10), "mix")
    assert found.config.item_affinity.strength == 0


# --- report


def tuning(found: Descent) -> Tuning:
    return Tuning(CONFIG, found, "mix", "2026-01-01", 100, 40, 40, Confirmed(30, 123, 2e-7, 0.43211, 0.43209))


def test_the_text_says_what_changes_and_what_stays() -> None:
    found = descend(CONFIG, landscape(lambda c: 0.1 * (c.popularity.recent.weight > 0)), "mix")
    text = as_text(tuning(found))
    assert "would change:\n  popularity.recent.weight: 0 -> 0.5: all +10.0% [" in text
    assert "stays:\n  popularity.all_time.weight: 1 stays; the best other value, 0.5: all +0.0%" in text
    assert text.endswith(
        "confirmed in the engine on 30 of the searches: nDCG@10 0.4321 (computed 0.4321), 123 scores, "
        "largest relative difference 2.0e-07"
    )
    still = as_text(tuning(descend(CONFIG, landscape(lambda _: 0.0), "all")))
    assert "would change nothing:\n  nothing gains for sure\n" in still


def test_the_proposal_reads_back_and_says_why() -> None:
    found = descend(CONFIG, landscape(lambda c: c.item_affinity.strength / 10), "mix")
    text = proposal(tuning(found))
    assert parse_config(text) == found.config
    assert text.startswith("# Proposed by `affinity tune`")
    assert "0.5 -> 2.5: all +" in text
    assert "was 2; the bound grows with what the strengths add up to" in text


def test_what_two_rounds_did_is_told_as_a_whole() -> None:
    """Half-lives are turned by factors, twice: what people read is where they began and where they ended."""
    slow = landscape(lambda c: 0.02 * np.log(c.attributes["brand"].half_life_days))
    found = tuning(descend(CONFIG, slow, "mix"))
    days = found.found.config.attributes["brand"].half_life_days
    assert days == 90 * 16
    assert "half_life_days: times 1 -> times 16: all +" in as_text(found)
    assert ", by the last turn" in as_text(found)
    assert proposal(found).count("times 1 -> times 16") == 2


def test_every_changed_number_has_a_reason_and_nothing_else_is_commented() -> None:
    first = descend(CONFIG, landscape(lambda _: 0.0), "mix")
    fitted = tuning(replace(first, config=changed(first.config, {"attributes.brand.saturation_weight": 3.21})))
    text = proposal(fitted)
    assert "    # was 4; 3.21 is the 99th percentile of the weights above 0\n    saturation_weight: 3.21" in text
    assert "brand.levels:" not in text


def test_a_start_below_generic_is_told() -> None:
    bad = descend(CONFIG, landscape(lambda _: -0.5), "mix")
    assert "BELOW the generic order" in as_text(tuning(bad))


def test_json_holds_numbers_or_null() -> None:
    nothing = Gain(0.0, float("-inf"))
    judged = Judged(Verdict(nothing, nothing, nothing), "mix", harmless=False)
    steps = (Step("half_life_days", 1, 1, (Trial(4.0, judged),)),)
    empty = Measured(Quality(np.zeros(0), np.zeros(0)), Quality(np.zeros(0), np.zeros(0)))
    found = tuning(Descent(CONFIG, steps, empty, empty, replace(judged, harmless=True)))
    said = json.loads(json.dumps(as_json(found), allow_nan=False))
    assert said["total"]["all"] == {"gain_percent": 0, "interval_percent": None}
    assert said["steps"][0]["tried"][0]["falls_against_generic"] is True
    assert "times 1 stays; the best other value, times 4" in as_text(found)
    assert "too few shoppers for an interval; it falls against the generic order" in " ".join(
        as_text(found).split("\n")
    )


# --- command


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["tune", *arguments])
    return result.exit_code, result.output


def test_the_command_wants_files(tmp_path: Path) -> None:
    code, said = run()
    assert code == 2
    assert "expected --data, or --items and --events" in said
    assert run("--data", str(tmp_path), "--items", "x")[0] == 2
    code, said = run("--data", str(tmp_path))
    assert (code, "expected items.jsonl or items.csv" in said) == (6, True)
