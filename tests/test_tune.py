"""Tuning without an engine: relevance taken apart, when a change is taken, the descent, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from math import log1p
from pathlib import Path

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, parse_config
from affinity_search.config.model import Popularity
from affinity_search.config.suggest.measure import Gain, Quality
from affinity_search.config.suggest.split import Search
from affinity_search.evaluate.replay import Ranking
from affinity_search.evaluate.replay import Search as Asked
from affinity_search.tune.candidates import Candidates, candidates, popularity_score, replayable, stored_feature
from affinity_search.tune.descent import Descent, Step, Trial, descend
from affinity_search.tune.judge import Measured, Verdict, compare, interval
from affinity_search.tune.knobs import Knob, changed, knobs
from affinity_search.tune.report import as_json, as_text, proposal
from affinity_search.tune.shop import Tuning
from tests.evaluate_data import query, ranking

CONFIG = parse_config(
    """
events: {types: {purchase: {weight: 1}}}
attributes: {brand: {field: attrs.brand, strength: 0.1, full_weight: 4}}
item_affinity: {strength: 0.5, full_weight: 2}
search: {max_lift: 2}
"""
)


# --- candidates


@pytest.mark.parametrize(
    ("value", "kept"), [(0, 0), (1, 1), (255, 255), (257, 257), (511, 511), (513, 512), (1e6, 999424)]
)
def test_a_feature_keeps_nine_bits(value: float, kept: float) -> None:
    assert stored_feature(value) == kept


def popularity(all_time: float, recent: float) -> Popularity:
    return Popularity.model_validate({"all_time": {"weight": all_time}, "recent": {"weight": recent}})


def test_popularity_can_be_weighed_anew() -> None:
    found = {Asked("shoes"): Ranking(("a", "b", "c"), (5.0 + log1p(100), 6.0, 5.5))}
    kept = candidates([query("q")], found, {}, {"a": (100.0, 0.0), "c": (0.0, 7.0)}, popularity(1, 0))
    assert kept.text_scores == {"shoes": {"a": pytest.approx(5.0), "b": 6.0, "c": 5.5}}
    bare = kept.rankings(popularity(0, 0))["shoes"]
    assert bare.ids == ("b", "c", "a")
    assert bare.scores == pytest.approx((6.0, 5.5, 5.0))
    other = kept.rankings(popularity(0.5, 1))["shoes"]
    assert other.ids == ("c", "a", "b")
    assert other.scores == pytest.approx((5.5 + log1p(7), 5 + 0.5 * log1p(100), 6.0))
    assert popularity_score(popularity(2, 3), 1, 3) == pytest.approx(2 * log1p(1) + 3 * log1p(3))


def test_a_search_knows_what_is_owned_and_wanted() -> None:
    asked = query("q", relevant="bz")
    kept = Candidates((asked,), {"u": frozenset("b")}, {}, {})
    (search,) = kept.searches({"shoes": ranking("abc")})
    assert (search.owned, search.relevant, search.bought, search.novel) == ([False, True, False], frozenset({1}), 2, 1)


def test_what_cannot_be_won_or_lost_is_left_out() -> None:
    found = {Asked("few"): ranking("abc"), Asked("many"): ranking("abcdefghij")}
    few, hit, miss = query("1", text="few"), query("2", text="many"), query("3", text="many", relevant="z")
    assert replayable([few, hit, miss], found) == [hit]


# --- judge


def search(shopper: int) -> Search:
    return Search(shopper, "", (), (), (), (), (), frozenset(), 1, 1)


SEARCHES = [search(n) for n in range(40)]


def quality(all_: float, novel: float | None = None) -> Quality:
    """The same for every shopper but for a small, fixed spread."""
    spread = [0.01 * (n % 5 - 2) for n in range(40)]
    return Quality([all_ + s for s in spread], [None if novel is None else novel + s for s in spread])


FLAT = quality(0.2, 0.2)


def test_a_sure_gain_is_taken() -> None:
    better = Measured(FLAT, Quality([v * 1.1 for v in FLAT.all], [v and v * 1.2 for v in FLAT.novel]))
    verdict = compare(SEARCHES, Measured(FLAT, FLAT), better, "mix", Measured(FLAT, FLAT))
    assert verdict.good
    assert (verdict.all.mean, verdict.novel.mean, verdict.aim.mean) == pytest.approx((0.1, 0.2, 0.15))
    ends = interval(verdict.aim)
    assert ends is not None
    assert ends[0] < verdict.aim.mean < ends[1]


@pytest.mark.parametrize("aim", ["all", "novel", "mix"])
def test_what_falls_against_generic_is_not_taken(aim: str) -> None:
    start = Measured(FLAT, quality(0.1, 0.1))
    verdict = compare(SEARCHES, start, Measured(FLAT, quality(0.19, 0.3)), aim, start)  # type: ignore[arg-type]
    assert not verdict.harmless
    assert not verdict.good


def test_a_generic_order_made_weaker_is_no_gain() -> None:
    start = Measured(FLAT, FLAT)
    assert not compare(SEARCHES, start, Measured(quality(0.1, 0.1), quality(0.15, 0.3)), "novel", start).harmless


def test_nothing_is_sure_of_few_shoppers() -> None:
    few = SEARCHES[:9]
    old, new = Quality([0.1] * 9, [0.1] * 9), Quality([0.5] * 9, [0.5] * 9)
    verdict = compare(few, Measured(old, old), Measured(old, new), "all", Measured(old, old))
    assert not verdict.good
    assert interval(verdict.all) is None


def test_a_generic_order_that_finds_nothing_gives_no_gain() -> None:
    none = Quality([0.0] * 40, [None] * 40)
    verdict = compare(SEARCHES, Measured(none, none), Measured(none, quality(0.5)), "mix", Measured(none, none))
    assert (verdict.aim.mean, verdict.good) == (0.0, False)


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
        "search.window": [50, 200],
    }


def test_what_has_no_effect_is_not_turned() -> None:
    steps = CONFIG.model_copy(update={"events": CONFIG.events.model_copy(update={"time": "sequence"})})
    assert "popularity.recent.weight" not in turned(steps)
    bare = parse_config("{events: {types: {purchase: {weight: 1}}}, search: {shape: function_score}}")
    assert list(turned(bare)) == [
        "popularity.recent.weight",
        "popularity.all_time.weight",
        "item_affinity.strength",
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


def test_the_bound_grows_with_the_strengths_up_to_eight() -> None:
    assert changed(CONFIG, "item_affinity.strength", 1.5).search.max_lift == 4
    assert changed(CONFIG, "item_affinity.strength", 50).search.max_lift == 8
    assert changed(CONFIG, "item_affinity.strength", 0).search.max_lift == 2


# --- descent


def landscape(gain_of: Callable[[Config], float]) -> Callable[[Config], tuple[Config, Measured]]:
    def measure(config: Config) -> tuple[Config, Measured]:
        better = 1 + gain_of(config)
        return config, Measured(FLAT, Quality([v * better for v in FLAT.all], [v and v * better for v in FLAT.novel]))

    return measure


def test_nothing_moves_where_nothing_matters() -> None:
    found = descend(CONFIG, SEARCHES, landscape(lambda _: 0.0), "mix")
    assert found.config == CONFIG
    assert [step.taken for step in found.steps] == [None] * 9
    assert found.total.aim == Gain(0.0, 0.0)


def test_the_best_value_is_found_and_told() -> None:
    peak = landscape(lambda c: 0.2 - abs(c.item_affinity.strength - 1.5) / 10)
    found = descend(CONFIG, SEARCHES, peak, "mix")
    assert found.config == changed(CONFIG, "item_affinity.strength", 1.5)
    (step,) = [step for step in found.steps if step.taken]
    assert (step.address, step.before, step.after) == ("item_affinity.strength", 0.5, 1.5)
    assert found.total.all.mean == pytest.approx(0.1)


def test_of_equals_the_nearest_is_taken() -> None:
    found = descend(CONFIG, SEARCHES, landscape(lambda c: 0.1 * (c.popularity.recent.weight > 0)), "mix")
    assert found.config.popularity.recent.weight == 0.5


def test_a_harmful_strength_goes_to_zero() -> None:
    found = descend(CONFIG, SEARCHES, landscape(lambda c: 0.1 - c.item_affinity.strength / 10), "mix")
    assert found.config.item_affinity.strength == 0


# --- report


def tuning(found: Descent) -> Tuning:
    return Tuning(CONFIG, found, "mix", "2026-01-01", 100, 40, 40, 123, 2e-7)


def test_the_text_says_what_changes_and_what_stays() -> None:
    found = descend(CONFIG, SEARCHES, landscape(lambda c: 0.1 * (c.popularity.recent.weight > 0)), "mix")
    text = as_text(tuning(found))
    assert "would change:\n  popularity.recent.weight: 0 -> 0.5: all +10.0% [" in text
    assert "stays:\n  popularity.all_time.weight: 1 stays; the best other value, 0.5: all +0.0%" in text
    assert text.endswith("confirmed in the engine: 123 scores, largest relative difference 2.0e-07")
    still = as_text(tuning(descend(CONFIG, SEARCHES, landscape(lambda _: 0.0), "all")))
    assert "would change nothing:\n  nothing gains for sure\n" in still


def test_the_proposal_reads_back_and_says_why() -> None:
    found = descend(CONFIG, SEARCHES, landscape(lambda c: c.item_affinity.strength / 10), "mix")
    text = proposal(tuning(found))
    assert parse_config(text) == found.config
    assert text.startswith("# Proposed by `affinity tune`")
    assert "0.5 -> 2.5: all +" in text
    assert "was 2; the bound grows with what the strengths add up to" in text


def test_json_holds_numbers_or_null() -> None:
    nothing = Gain(0.0, float("-inf"))
    verdict = Verdict(nothing, nothing, nothing, harmless=False)
    steps = (Step("half_life_days", 1, 1, (Trial(4.0, verdict),)),)
    empty = Measured(Quality([], []), Quality([], []))
    found = tuning(Descent(CONFIG, steps, empty, empty, replace(verdict, harmless=True)))
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
