"""What a tuning says: a line per number for people, the same as JSON, and the proposal as a commented affinity.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from affinity_search.config.model import Config
from affinity_search.suggest import Suggestion, write_yaml
from affinity_search.tune.again import BY_VALUE
from affinity_search.tune.descent import Step, Trial
from affinity_search.tune.judge import below_generic, interval
from affinity_search.tune.shop import Tuning
from affinity_search.validation.changes import value_at
from affinity_search.validation.measure import Gain

__all__ = ["as_json", "as_text", "proposal"]

HEAD = (
    "Proposed by `affinity tune`, which replayed the end of the shop's log. Nothing is changed in the engine by this "
    "file: compare it with yours, `affinity profiles build` with it, then `affinity plan` and `affinity apply`."
)
BELOW = "Even so all or new items stand BELOW the generic order: begin with what `affinity init` chooses."
FACTORS = {"attributes.*.strength": "strength", "half_life_days": "half_life_days"}


def as_text(found: Tuning) -> str:
    """The lines that people read: what would change and why, what stays and why, and the whole of it."""
    confirmed = found.confirmed
    taken = [step for step in found.found.steps if _moves(found, step)]
    stays = [step for step in found.found.steps if not _moves(found, step)]
    return "\n".join(
        [
            _looked_at(found),
            "",
            "would change:" if taken else "would change nothing:",
            *(f"  {step.address}: {_why(found, step)}" for step in taken),
            *(["  nothing gains for sure"] if not taken else []),
            "stays:",
            *(f"  {step.address}: {_why(found, step)}" for step in stays),
            "",
            _total(found),
            *([BELOW] if below_generic(found.found.end) else []),
            f"confirmed in the engine on {confirmed.searches:,} of the searches: nDCG@10 {confirmed.given:.4f} "
            f"(computed {confirmed.computed:.4f}), "
            f"{confirmed.hits:,} scores, largest relative difference {confirmed.error:.1e}",
        ]
    )


def as_json(found: Tuning) -> dict[str, Any]:
    """The same as plain JSON values; intervals are null where there were too few shoppers."""
    total, generic = found.found.total, found.found.end.generic
    personal, confirmed = found.found.end.personalised, found.confirmed
    return {
        "objective": found.aim,
        "since": found.since,
        "searches": {"used": found.searches, "derived": found.held, "shoppers": found.shoppers},
        "steps": [_step_json(step) for step in found.found.steps],
        "total": {"all": _gain_json(total.verdict.all), "novel": _gain_json(total.verdict.novel)},
        "all": {"generic": generic.mean_all, "personalised": personal.mean_all},
        "novel": {"generic": generic.mean_novel, "personalised": personal.mean_novel},
        "confirmed": {
            "scores": confirmed.hits,
            "largest_error": confirmed.error,
            "ndcg@10": {"computed": confirmed.computed, "engine": confirmed.given},
        },
        "config": found.found.config.model_dump(mode="json", exclude_defaults=True),
    }


def proposal(found: Tuning) -> str:
    """The configuration found, as YAML; the number that changed has the reason above it."""
    reasons = {"": f"{_looked_at(found)} {_total(found)}"}
    for step in found.found.steps:
        reasons |= {address: _why(found, step) for address in _addresses(step, found.found.config)}
    for address, was, now in _fitted(found):
        reasons[address] = f"was {was:g}; {now:g} is the 99th percentile of the weights above 0"
    before, after = found.before.search.max_boost, found.found.config.search.max_boost
    if before != after:
        reasons["search.max_boost"] = f"was {before:g}; the bound grows with what the strengths add up to"
    return write_yaml(Suggestion(found.found.config, reasons), HEAD)


def _addresses(step: Step, config: Config) -> Iterator[str]:
    key = FACTORS.get(step.address)
    if key is None:
        yield step.address
        return
    yield from (f"attributes.{name}.{key}" for name in config.active_attributes)
    if key == "half_life_days" and config.item_affinity.strength:
        yield "item_affinity.bought_before.half_life_days"
        if config.item_affinity.viewed_before.half_life_days:
            yield "item_affinity.viewed_before.half_life_days"


def _moved(found: Tuning, step: Step) -> list[tuple[Any, Any]]:
    """The values of all addresses of the step, before and after the whole tuning."""
    before, after = found.before, found.found.config
    return [(value_at(before, address), value_at(after, address)) for address in _addresses(step, after)]


def _moves(found: Tuning, step: Step) -> bool:
    return any(was != now for was, now in _moved(found, step))


def _fitted(found: Tuning) -> Iterator[tuple[str, float, float]]:
    """The saturation weights that are other ones now: address, before, after."""
    addresses = [f"attributes.{name}.saturation_weight" for name in found.before.attributes]
    for address in [*addresses, "item_affinity.saturation_weight"]:
        was, now = value_at(found.before, address), value_at(found.found.config, address)
        if was != now:
            yield address, was, now


def _looked_at(found: Tuning) -> str:
    return (
        f"{found.searches:,} searches of {found.shoppers:,} shoppers, derived from the {_word(found)}s since "
        f"{found.since}; objective: {found.aim}. Changes are in percent of the generic nDCG@10; a number changes where "
        f"the objective gains with 99 % confidence, intervals are of 95 %."
    )


def _word(found: Tuning) -> str:
    return found.before.events.target_word


def _total(found: Tuning) -> str:
    start, end, total = found.found.start, found.found.end, found.found.total.verdict
    return (
        f"Together, on the searches that they were chosen by, nDCG@10 of all {_word(found)}s: "
        f"{start.personalised.mean_all:.4f} -> "
        f"{end.personalised.mean_all:.4f} ({_told(total.all)}; generic {end.generic.mean_all:.4f}); "
        f"new items: {start.personalised.mean_novel:.4f} -> {end.personalised.mean_novel:.4f} "
        f"({_told(total.novel)}; generic {end.generic.mean_novel:.4f})."
    )


def _why(found: Tuning, step: Step) -> str:
    if _moves(found, step) and (trial := step.taken):
        was, now = _moved(found, step)[0]
        if step.address in FACTORS:
            was, now = 1.0, now / was
        turns = ", by the last turn" if step.address in FACTORS and now != trial.value else ""
        return f"{_value(step, was)} -> {_value(step, now)}: {_gains(trial)}{turns}"
    best = step.best
    said = f"{_value(step, step.before)} stays; the best other value, {_value(step, best.value)}: {_gains(best)}"
    return said if best.judged.harmless else f"{said}; it falls against the generic order"


def _value(step: Step, value: Any) -> str:
    if step.address == BY_VALUE:
        count = value if isinstance(value, float) else len(value.weights) if value else 0
        return f"{count:g} categories with a weight of their own" if count else "one weight for all"
    return f"times {value:.3g}" if step.address in FACTORS else f"{value:g}"


def _gains(trial: Trial) -> str:
    return f"all {_told(trial.judged.verdict.all)}, new items {_told(trial.judged.verdict.novel)}"


def _told(found: Gain) -> str:
    ends = interval(found)
    if ends is None:
        return f"{found.mean:+.1%}, too few shoppers for an interval"
    return f"{found.mean:+.1%} [{ends[0]:+.1%}, {ends[1]:+.1%}]"


def _gain_json(found: Gain) -> dict[str, Any]:
    ends = interval(found)
    return {
        "gain_percent": 100 * found.mean,
        "interval_percent": [100 * ends[0], 100 * ends[1]] if ends else None,
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "address": step.address,
        "before": step.before,
        "after": step.after,
        "tried": [
            {
                "value": trial.value,
                "all": _gain_json(trial.judged.verdict.all),
                "novel": _gain_json(trial.judged.verdict.novel),
                "falls_against_generic": not trial.judged.harmless,
            }
            for trial in step.trials
        ],
    }
