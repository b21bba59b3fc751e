"""What a tuning says: a line per number for people, the same as JSON, and the proposal as a commented affinity.yaml."""

from __future__ import annotations

from typing import Any

from affinity_search.offline.gains import Gain
from affinity_search.tuning.acceptance import stands_below_generic
from affinity_search.tuning.ascent import Step
from affinity_search.tuning.reasons import reasons, why_idle
from affinity_search.tuning.suggestion import Suggestion
from affinity_search.tuning.tune import Tuning
from affinity_search.tuning.wording import of_events, percent, why
from affinity_search.tuning.write import write_yaml

__all__ = ["as_json", "as_text", "proposal"]

HEAD = (
    "Proposed by `affinity tune`, which replayed the end of the shop's log. Nothing is changed in the engine by this "
    "file: compare it with yours, `affinity profiles build` with it, then `affinity plan` and `affinity apply`."
)
BELOW = "Even so all or new items stand BELOW the generic order: begin with what `affinity init` chooses."


def as_text(found: Tuning) -> str:
    """The lines that people read: what would change and why, what stays and why, and the whole of it."""
    confirmed = found.confirmed
    lines = {step.address: f"  {step.address}: {why(step)}" for step in found.found.steps}
    taken = [step.address for step in found.found.steps if step.moved]
    return "\n".join(
        [
            _looked_at(found),
            "",
            "would change:" if taken else "would change nothing:",
            *([lines[address] for address in taken] or ["  nothing gains for sure"]),
            "stays:",
            *(line for address, line in lines.items() if address not in taken),
            *(f"  attributes.{name}.strength: 0 stays; {why_idle(found.found, name)}" for name in _not_tried(found)),
            "",
            _total(found),
            *([BELOW] if stands_below_generic(found.found.end) else []),
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
    told = {"": f"{_looked_at(found)} {_total(found)}"}
    return write_yaml(Suggestion(found.found.config, told | reasons(found.before, found.found)), HEAD)


def _not_tried(found: Tuning) -> list[str]:
    """The attributes that are off and were not even tried."""
    idle = [name for name, attribute in found.before.attributes.items() if not attribute.strength]
    return [name for name in idle if found.found.step(f"attributes.{name}.strength") is None]


def _looked_at(found: Tuning) -> str:
    text = (
        f"{found.searches:,} searches of {found.shoppers:,} shoppers, derived from the purchases since {found.since}; "
        f"objective: {found.aim}. Changes are in percent of the generic nDCG@10; a number changes where the objective "
        f"gains with 99 % confidence, an attribute is switched on where its AUC is surely enough and it is not likely "
        f"to cost anything; intervals are of 95 %."
    )
    return of_events(found.before, text)


def _total(found: Tuning) -> str:
    start, end, total = found.found.start, found.found.end, found.found.total.verdict
    text = (
        f"Together, on the searches that they were chosen by, nDCG@10 of all purchases: "
        f"{start.personalised.mean_all:.4f} -> "
        f"{end.personalised.mean_all:.4f} ({percent(total.all)}; generic {end.generic.mean_all:.4f}); "
        f"new items: {start.personalised.mean_novel:.4f} -> {end.personalised.mean_novel:.4f} "
        f"({percent(total.novel)}; generic {end.generic.mean_novel:.4f})."
    )
    return of_events(found.before, text)


def _gain_json(found: Gain) -> dict[str, Any]:
    ends = found.interval
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
                "value": candidate.value,
                "all": _gain_json(candidate.judged.verdict.all),
                "novel": _gain_json(candidate.judged.verdict.novel),
                "falls_against_generic": not candidate.judged.harmless,
            }
            for candidate in step.candidates
        ],
    }
