"""Tuning without an engine: the parameters, when a change is taken, the coordinate ascent, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, parse_config
from affinity_search.config.model import Attribute
from affinity_search.offline.arrays import Floats
from affinity_search.offline.candidates import stored_feature
from affinity_search.offline.changes import changed
from affinity_search.offline.gains import Gain, Verdict
from affinity_search.offline.quality import Quality
from affinity_search.offline.scorer import Scorer
from affinity_search.signals import reweighed
from affinity_search.tuning.acceptance import Auc, Judged, Measured, Objective, accepted, judge, stands_below_generic
from affinity_search.tuning.ascent import Found, JudgedCandidate, Step, ascend
from affinity_search.tuning.parameters import Candidate, Parameter, parameters, windows_left_out
from affinity_search.tuning.report import as_json, as_text, proposal
from affinity_search.tuning.tune import Confirmed, Tuning
from tests.offline_data import scorer, searches

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


# --- acceptance


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
    ends = found.aim.interval
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
    assert stands_below_generic(better)
    assert not stands_below_generic(Measured(FLAT, quality(0.2, 0.21)))


def test_a_generic_order_made_weaker_is_no_gain() -> None:
    start = Measured(FLAT, FLAT)
    assert not judge(SEARCHES, start, Measured(quality(0.1, 0.1), quality(0.15, 0.3)), "novel", start).harmless


def test_nothing_is_sure_of_few_shoppers() -> None:
    few = SEARCHES.rows(range(9))
    old, new = Quality(np.full(9, 0.1), np.full(9, 0.1)), Quality(np.full(9, 0.5), np.full(9, 0.5))
    found = judge(few, Measured(old, old), Measured(old, new), "all", Measured(old, old))
    assert not found.good
    assert found.aim.interval is None


def test_a_generic_order_that_finds_nothing_gives_no_gain() -> None:
    none = Quality(np.zeros(40), np.full(40, nan))
    found = judge(SEARCHES, Measured(none, none), Measured(none, quality(0.5)), "mix", Measured(none, none))
    assert (found.aim.mean, found.good) == (0.0, False)


SURE_GAIN, NO_GAIN = Gain(0.1, 0.01), Gain(0.0, 0.01)
ON = Auc(NO_GAIN, SURE_GAIN)


def judged(both: Gain, all_: Gain = NO_GAIN, novel: Gain = NO_GAIN, *, harmless: bool = True) -> Judged:
    return Judged(Verdict(all_, novel, both), "mix", harmless)


@pytest.mark.parametrize(
    ("found", "good"),
    [
        (judged(Gain(0.024, 0.01)), True),
        (judged(Gain(0.023, 0.01)), False),
        (judged(SURE_GAIN, all_=Gain(-0.017, 0.01)), False),
        (judged(SURE_GAIN, novel=Gain(-0.017, 0.01)), False),
        (judged(SURE_GAIN, novel=Gain(-0.016, 0.01)), True),
        (judged(SURE_GAIN, harmless=False), False),
        (judged(Gain(0.5, inf)), False),
    ],
    ids=["99 %", "below 99 %", "all surely lose", "new surely lose", "new may lose", "below generic", "few shoppers"],
)
def test_a_change_gains_for_sure_and_loses_nothing_surely(found: Judged, good: bool) -> None:
    assert found.good is good
    assert accepted(found, in_effect(CONFIG)["item_affinity.strength"], 1.0, {}) is good


@pytest.mark.parametrize(
    ("auc", "both", "taken"),
    [
        (ON, NO_GAIN, True),
        (ON, Gain(-0.008, 0.01), True),
        (ON, Gain(-0.009, 0.01), False),
        (Auc(SURE_GAIN, Gain(0.03, 0.01)), SURE_GAIN, False),
        (Auc(SURE_GAIN, Gain(0.034, 0.01)), NO_GAIN, True),
        (Auc(SURE_GAIN, Gain(0.0, inf)), NO_GAIN, True),
        (Auc(Gain(0.0, inf), Gain(0.0, inf)), SURE_GAIN, False),
    ],
)
def test_an_attribute_is_switched_on_by_its_auc(auc: Auc, both: Gain, taken: bool) -> None:
    switch = in_effect(IDLE)["attributes.brand.strength"]
    assert accepted(judged(both), switch, 0.05, {"brand": auc}) is taken


def test_an_attribute_is_switched_off_only_for_a_sure_gain() -> None:
    switch = in_effect(CONFIG)["attributes.brand.strength"]
    assert not accepted(judged(NO_GAIN), switch, 0.0, {"brand": ON})
    assert accepted(judged(SURE_GAIN), switch, 0.0, {"brand": ON})


def test_a_wider_window_must_gain_one_percent() -> None:
    window = in_effect(CONFIG)["search.window"]
    assert not accepted(judged(Gain(0.009, 0.001)), window, 200, {})
    assert accepted(judged(Gain(0.011, 0.001)), window, 200, {})


def test_a_longer_list_must_gain_half_a_percent() -> None:
    places = in_effect(CONFIG)["profiles.max_items"]
    assert not accepted(judged(Gain(0.004, 0.0001)), places, 512, {})
    assert accepted(judged(Gain(0.006, 0.0001)), places, 512, {})


def test_a_longer_list_is_found_where_it_pays_and_written_as_a_whole_number() -> None:
    found = ascend(CONFIG, landscape(lambda c: 0.1 * (c.profiles.max_items >= 512)), "mix")
    assert found.config == changed(CONFIG, {"profiles.max_items": 512})
    assert isinstance(found.config.profiles.max_items, int)
    off = changed(CONFIG, {"item_affinity.strength": 0.0})
    assert "profiles.max_items" not in in_effect(off)


def test_related_items_are_tried_as_strong_as_short_histories_need_them() -> None:
    found = ascend(CONFIG, landscape(lambda c: 0.1 * c.item_affinity.related.weight * c.item_affinity.strength), "mix")
    assert found.config.item_affinity.related.weight * found.config.item_affinity.strength >= 1.6


# --- parameters


IDLE = changed(CONFIG, {"attributes.brand.strength": 0.0})


def in_effect(config: Config) -> dict[str, Parameter]:
    return {p.address: p for group in parameters(config) for p in group if p.candidates(config)}


def values(config: Config) -> dict[str, list[float]]:
    return {address: [c.value for c in p.candidates(config)] for address, p in in_effect(config).items()}


def test_the_parameters_of_a_shop() -> None:
    assert values(CONFIG) == {
        "popularity.recent.weight": [1.0],
        "popularity.newness.weight": [1.0, 2.0, 4.0],
        "item_affinity.strength": [0.25, 0.0, 1.0, 1.5],
        "item_affinity.related.weight": [0.2, 0.4, 0.8, 1.6, 3.2],
        "attributes.brand.strength": [0.0],
        "attributes.*.strength": [0.5, 2.0, 4.0],
        "half_life_days": [1 / 3, 4.0],
        "profiles.prior_events": [2.0, 20.0],
        "item_affinity.levels": [7],
        "profiles.max_items": [512.0, 1024.0],
        "attributes.brand.levels": [7],
        "search.window": [50, 200],
    }


def test_nothing_switched_on_leaves_what_may_be_switched_on() -> None:
    nothing = changed(IDLE, {"item_affinity.strength": 0.0})
    assert values(nothing) == {
        "popularity.recent.weight": [1.0],
        "popularity.newness.weight": [1.0, 2.0, 4.0],
        "item_affinity.strength": [0.25, 0.5, 1.0, 1.5],
        "item_affinity.owned_demotion": [0.1, 0.25, 0.5, 1.0, 2.0],
        "item_affinity.related.weight": [0.1, 0.2, 0.4, 0.8, 1.6],
        "attributes.brand.strength": [0.05],
        "search.window": [50, 200],
    }


def with_body(folder: Path, size: str) -> Config:
    body = folder / "body.mustache"
    body.write_text('{"query": {"match": {"title": "{{q}}"}}, "size": "' + size + '"}')
    return CONFIG.model_copy(update={"search": CONFIG.search.model_copy(update={"body": body})})


@pytest.mark.parametrize(("size", "tried"), [("50", [50, 200]), ("{{size}}{{^size}}60{{/size}}", [200]), ("51", [200])])
def test_a_window_below_the_size_of_the_body_is_not_tried(tmp_path: Path, size: str, tried: list[int]) -> None:
    assert values(with_body(tmp_path, size))["search.window"] == tried


def test_it_is_said_which_windows_are_not_tried_and_why(tmp_path: Path) -> None:
    assert windows_left_out(CONFIG) == {}
    assert windows_left_out(with_body(tmp_path, "{{size}}{{^size}}60{{/size}}")) == {
        50: "search.window: 50 is not tried: search.body asks for up to 60 hits"
    }


def test_a_body_of_the_team_holds_the_popularity_that_it_wants(tmp_path: Path) -> None:
    own = with_body(tmp_path, "{{size}}")
    assert values(CONFIG).keys() - values(own).keys() == {"popularity.recent.weight", "popularity.newness.weight"}
    bare = changed(own, {"popularity.all_time.weight": 0.0})
    assert "popularity.all_time.weight" not in values(bare)


def test_every_parameter_names_its_signal() -> None:
    signals = {p.address: p.signal for group in parameters(CONFIG) for p in group}
    assert signals["item_affinity.strength"] == "bought_before"
    assert signals["item_affinity.related.weight"] == "related"
    assert signals["item_affinity.owned_demotion"] == "owned_demotion"
    assert signals["attributes.brand.strength"] == signals["attributes.brand.levels"] == "attribute"
    assert signals["search.window"] == "search"


def test_the_usual_popularity_is_tried_where_it_is_another() -> None:
    assert values(changed(CONFIG, {"popularity.all_time.weight": 0.25}))["popularity.all_time.weight"] == [1.0]


def test_related_items_may_stand_alone_in_the_list() -> None:
    off = changed(CONFIG, {"item_affinity.strength": 0.0})
    alone = in_effect(off)["item_affinity.related.weight"].candidates(off)[1].config.item_affinity
    assert (alone.strength, alone.bought_before.weight, alone.related.weight) == (1.0, 0.0, 0.2)


def test_a_new_attribute_is_as_strong_as_the_others() -> None:
    two = CONFIG.attributes | {
        "colour": CONFIG.attributes["brand"].model_copy(update={"strength": 0.0, "field": "attrs.colour"})
    }
    both = CONFIG.model_copy(update={"attributes": two})
    (on,) = in_effect(both)["attributes.colour.strength"].candidates(both)
    assert (on.value, on.config.attributes["colour"].strength) == (0.1, 0.1)


def test_only_what_gets_other_weights_is_fitted_anew() -> None:
    off = changed(CONFIG, {"item_affinity.strength": 0.0})
    on = in_effect(off)["item_affinity.strength"].candidates(off)
    # A list that was off has a saturation weight that fits nothing yet.
    assert [reweighed(off, candidate.config) for candidate in on] == [["item"]] * len(on) != []
    found = {
        address: lists
        for address, parameter in in_effect(CONFIG).items()
        if any(lists := reweighed(CONFIG, candidate.config) for candidate in parameter.candidates(CONFIG))
    }
    assert found == {
        "item_affinity.related.weight": ["item"],
        "half_life_days": ["brand", "item"],
        "profiles.prior_events": ["brand"],
        "profiles.max_items": ["item"],
    }
    without = changed(CONFIG, {"attributes.brand.strength": 0.0})
    assert reweighed(CONFIG, without) == []
    assert reweighed(without, CONFIG) == ["brand"]


def test_what_has_no_effect_is_not_tried() -> None:
    steps = CONFIG.model_copy(update={"events": CONFIG.events.model_copy(update={"time": "sequence"})})
    assert not {"popularity.recent.weight", "popularity.newness.weight"} & in_effect(steps).keys()
    bare = parse_config("{events: {types: {purchase: {weight: 1}}}, search: {shape: function_score}}")
    assert list(in_effect(bare)) == [
        "popularity.recent.weight",
        "popularity.newness.weight",
        "item_affinity.strength",
        "item_affinity.owned_demotion",
        "item_affinity.related.weight",
    ]


def test_the_budget_of_lookups_holds() -> None:
    full = parse_config(
        "{events: {types: {p: {weight: 1}}}, attributes: {a: {field: attrs.a}}, search: {max_lookups: 7}}"
    )
    assert "item_affinity.strength" not in in_effect(full)


def candidate(address: str, value: float) -> Candidate:
    return next(c for c in in_effect(CONFIG)[address].candidates(CONFIG) if c.value == value)


def test_half_lives_and_strengths_move_together() -> None:
    slow = candidate("half_life_days", 4.0).config
    assert (slow.attributes["brand"].half_life_days, slow.item_affinity.bought_before.half_life_days) == (360, 360)
    assert candidate("attributes.*.strength", 2.0).config.attributes["brand"].strength == 0.2


# --- ascent


class Landscape:
    """A scorer on which everything is as good as a function of the configuration says."""

    searches = SEARCHES

    def __init__(self, gain_of: Callable[[Config], float]) -> None:
        self._gain_of = gain_of
        self.fitted_item: list[Config] = []
        self.forgotten: list[str] = []

    def generic(self, config: Config) -> Quality:
        return FLAT

    def personalised(self, config: Config) -> Quality:
        better = 1 + self._gain_of(config)
        return Quality(FLAT.all * better, FLAT.novel * better)

    def fitted(self, config: Config, names: Collection[str]) -> Config:
        if set(names) == {"item"}:
            self.fitted_item.append(config)
        return config

    def weights(self, config: Config) -> dict[str, Floats]:
        """Every attribute but `junk` always tells the item bought from the others."""
        sure = SEARCHES.relevant.astype(np.float64)
        return {name: sure * (name != "junk") for name in config.active_attributes}

    def forget(self, fields: Collection[str]) -> None:
        self.forgotten += fields


def landscape(gain_of: Callable[[Config], float]) -> Scorer:
    return cast(Scorer, Landscape(gain_of))


def test_nothing_moves_where_nothing_matters() -> None:
    found = ascend(CONFIG, landscape(lambda _: 0.0), "mix")
    assert found.config == CONFIG
    assert [step.taken for step in found.steps] == [None] * 12
    assert found.total.aim == Gain(0.0, 0.0)


def test_the_best_value_is_found_and_told() -> None:
    peak = landscape(lambda c: 0.2 - abs(c.item_affinity.strength - 1.5) / 10)
    found = ascend(CONFIG, peak, "mix")
    assert found.config == changed(CONFIG, {"item_affinity.strength": 1.5})
    (step,) = [step for step in found.steps if step.taken]
    assert (step.address, step.before, step.after) == ("item_affinity.strength", 0.5, 1.5)
    assert found.total.verdict.all.mean == pytest.approx(0.1)


def test_a_list_that_is_switched_on_is_fitted() -> None:
    flat = Landscape(lambda _: 0.0)
    ascend(changed(IDLE, {"item_affinity.strength": 0.0}), cast(Scorer, flat), "mix")
    assert [c.item_affinity.strength for c in flat.fitted_item if not c.item_affinity.related.weight] == [
        0.25,
        0.5,
        1.0,
        1.5,
    ]


def test_of_equals_the_nearest_is_taken() -> None:
    found = ascend(IDLE, landscape(lambda c: 0.1 * (c.item_affinity.strength > 0.5)), "mix")
    assert found.config.item_affinity.strength == 1.0


def test_an_attribute_that_is_off_is_switched_on_and_one_that_harms_off() -> None:
    on = landscape(lambda c: 0.1 * bool(c.attributes["brand"].strength))
    assert ascend(IDLE, on, "mix").config.attributes["brand"].strength == 0.05
    off = landscape(lambda c: -0.1 * bool(c.attributes["brand"].strength))
    assert ascend(CONFIG, off, "mix").config.attributes["brand"].strength == 0
    assert ascend(IDLE, off, "mix").config == IDLE


def test_what_may_change_again_but_does_not_keeps_its_reason() -> None:
    """In the second round both may go; the one that costs more goes, and then the other one is wanted again."""
    names = ("brand", "colour")
    both = IDLE.model_copy(update={"attributes": {name: idle_attribute(name) for name in names}})
    worth = {(): 0.0, ("brand",): 0.1, ("colour",): 0.05, names: 0.12}
    later = {(): 0.05, ("brand",): 0.2, ("colour",): 0.1, names: 0.08}

    def gain_of(config: Config) -> float:
        active = tuple(name for name in names if config.active_attributes.get(name))
        return (later if config.search.window == 200 else worth)[active] + 0.1 * (config.search.window == 200)

    found = ascend(both, landscape(gain_of), "mix")
    steps = {name: found.step(f"attributes.{name}.strength") for name in names}
    assert [(s.before, s.changes, s.taken.value) for s in steps.values() if s and s.taken] == [
        (0.0, (0.05,), 0.05),
        (0.0, (0.05, 0.0), 0.0),
    ]
    assert [step.moved for step in steps.values() if step] == [True, False]
    assert "  attributes.colour.strength: 0 again, after 0.05: all +" in as_text(replace(tuning(found), before=both))


def idle_attribute(name: str) -> Attribute:
    return Attribute(field=f"attrs.{name}", strength=0.0)


def test_of_several_attributes_the_best_goes_first() -> None:
    names = ("brand", "colour", "size")
    idle = IDLE.model_copy(update={"attributes": {name: idle_attribute(name) for name in names}})
    worth = {"brand": 0.01, "colour": 0.05, "size": 0.03}
    hill = landscape(lambda c: sum(worth[name] for name in c.active_attributes))
    steps = [step.address for step in ascend(idle, hill, "mix").steps if step.taken]
    assert steps == [f"attributes.{name}.strength" for name in ("colour", "size", "brand")]


def test_an_attribute_without_an_auc_is_not_even_tried_and_the_report_says_so() -> None:
    both = IDLE.model_copy(update={"attributes": {name: idle_attribute(name) for name in ("brand", "junk")}})
    hill = Landscape(lambda c: 0.1 * len(c.active_attributes))
    found = ascend(both, cast(Scorer, hill), "mix")
    assert list(found.config.active_attributes) == ["brand"]
    assert hill.forgotten == ["attrs.junk"]
    assert found.step("attributes.junk.strength") is None
    text = as_text(replace(tuning(found), before=both))
    assert "  attributes.junk.strength: 0 stays; does not surely tell a shopper's next purchase from another" in text


def test_without_a_search_nothing_is_tried() -> None:
    found = ascend(CONFIG, scorer(searches([])), "mix")
    assert (found.config, found.steps) == (CONFIG, ())


def test_a_harmful_strength_goes_to_zero() -> None:
    found = ascend(CONFIG, landscape(lambda c: 0.1 - c.item_affinity.strength / 10), "mix")
    assert found.config.item_affinity.strength == 0


# --- report


def tuning(found: Found) -> Tuning:
    return Tuning(CONFIG, found, "mix", "2026-01-01", 100, 40, 40, Confirmed(30, 123, 2e-7, 0.43211, 0.43209))


def test_the_text_says_what_changes_and_what_stays() -> None:
    found = ascend(CONFIG, landscape(lambda c: 0.1 * (c.popularity.recent.weight > 0)), "mix")
    text = as_text(tuning(found))
    assert "would change:\n  popularity.recent.weight: 0 -> 1: all +10.0% [" in text
    assert "stays:\n  popularity.newness.weight: 0 stays; the best other value, 1: all +0.0%" in text
    assert "item_affinity.strength: 0.5 stays; the best other value, 0.25: all +0.0%" in text
    assert text.endswith(
        "confirmed in the engine on 30 of the searches: nDCG@10 0.4321 (computed 0.4321), 123 scores, "
        "largest relative difference 2.0e-07"
    )
    still = as_text(tuning(ascend(CONFIG, landscape(lambda _: 0.0), "all")))
    assert "would change nothing:\n  nothing gains for sure\n" in still


def test_the_proposal_reads_back_and_says_why() -> None:
    found = ascend(CONFIG, landscape(lambda c: c.item_affinity.strength / 10), "mix")
    text = proposal(tuning(found))
    assert parse_config(text) == found.config
    assert text.startswith("# Proposed by `affinity tune`")
    assert "0.5 -> 1.5: all +" in text
    assert "was 2; the bound grows with what the strengths add up to" in text


def test_what_two_rounds_did_is_told_as_a_whole() -> None:
    """Half-lives change by factors, twice: what people read is where they began and where they ended."""
    slow = landscape(lambda c: 0.02 * np.log(c.attributes["brand"].half_life_days))
    found = tuning(ascend(CONFIG, slow, "mix"))
    days = found.found.config.attributes["brand"].half_life_days
    assert days == 90 * 16
    assert "half_life_days: times 1 -> times 16: all +" in as_text(found)
    assert ", by the last change" in as_text(found)
    assert proposal(found).count("times 1 -> times 16") == 2


def test_what_was_switched_on_and_then_strengthened_has_both_reasons() -> None:
    hill = landscape(lambda c: c.attributes["brand"].strength)
    found = Tuning(IDLE, ascend(IDLE, hill, "mix"), "mix", "2026-01-01", 1, 1, 1, Confirmed(1, 1, 0, 0, 0))
    assert found.found.config.attributes["brand"].strength == 0.8
    lines = [line for line in as_text(found).splitlines() if ".strength" in line]
    assert lines[0].startswith("  attributes.brand.strength: 0 -> 0.05: all +5.0% [")
    assert lines[1].startswith("  attributes.*.strength: times 1 -> times 16: all +")
    reason = " ".join(proposal(found).replace("#", "").split())
    assert "0 -> 0.05: all +5.0% [" in reason
    assert "; times 1 -> times 16: all +" in reason


def test_what_a_factor_changed_is_no_change_of_the_single_number() -> None:
    stronger = landscape(lambda c: c.attributes["brand"].strength)
    text = as_text(tuning(ascend(CONFIG, stronger, "mix")))
    assert "  attributes.*.strength: times 1 -> times 16: all +" in text
    assert "  attributes.brand.strength: 0.1 stays; the best other value, 0: all -" in text.split("stays:")[1]


def test_every_changed_number_has_a_reason_and_nothing_else_is_commented() -> None:
    first = ascend(CONFIG, landscape(lambda _: 0.0), "mix")
    fitted = tuning(replace(first, config=changed(first.config, {"attributes.brand.saturation_weight": 3.21})))
    text = proposal(fitted)
    assert "    # was 4; 3.21 is the 99th percentile of the weights above 0\n    saturation_weight: 3.21" in text
    assert "brand.levels:" not in text


def test_a_start_below_generic_is_told() -> None:
    bad = ascend(CONFIG, landscape(lambda _: -0.5), "mix")
    assert "BELOW the generic order" in as_text(tuning(bad))


def test_json_holds_numbers_or_null() -> None:
    nothing = Gain(0.0, inf)
    nothing_gained = Judged(Verdict(nothing, nothing, nothing), "mix", harmless=False)
    steps = (Step("half_life_days", 1, (JudgedCandidate(4.0, nothing_gained),), factor=True),)
    empty = Measured(Quality(np.zeros(0), np.zeros(0)), Quality(np.zeros(0), np.zeros(0)))
    found = tuning(Found(CONFIG, steps, {}, empty, empty, replace(nothing_gained, harmless=True)))
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
