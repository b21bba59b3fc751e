"""The words in which gains, values and steps are told, the same in every report and file."""

from __future__ import annotations

from collections.abc import Iterator

from affinity_search.config.model import Config
from affinity_search.config.roles import PURCHASE
from affinity_search.offline.gains import Gain, Verdict
from affinity_search.tuning.ascent import Step
from affinity_search.tuning.by_category import BY_VALUE

__all__ = ["addresses", "gains", "of_events", "percent", "why"]

FACTORS = {"attributes.*.strength": "strength", "half_life_days": "half_life_days"}

WITHOUT_PURCHASES = {
    "purchase": "event",
    "Purchase": "Event",
    "bought": "taken",
    "buying": "taking",
    "many buy": "many take",
}


def of_events(config: Config, text: str) -> str:
    """A text about purchases, for a shop whose log has none: it then speaks of events, and of what was taken."""
    if config.events.target_word == PURCHASE:
        return text
    for word, other in WITHOUT_PURCHASES.items():
        text = text.replace(word, other)
    return text


def percent(found: Gain) -> str:
    """The gain with its two-sided 95 % interval, as in "+4.2% [+3.1%, +5.3%]"."""
    ends = found.interval
    if ends is None:
        return f"{found.mean:+.1%}, too few shoppers for an interval"
    return f"{found.mean:+.1%} [{ends[0]:+.1%}, {ends[1]:+.1%}]"


def gains(verdict: Verdict) -> str:
    """What a change does to nDCG@10 of both kinds of purchase."""
    return f"all {percent(verdict.all)}, new items {percent(verdict.novel)}"


def addresses(step: Step, config: Config) -> Iterator[str]:
    """Where in affinity.yaml the numbers of the step stand: one, or those that a factor multiplies."""
    key = FACTORS.get(step.address)
    if key is None:
        yield step.address
        return
    yield from (f"attributes.{name}.{key}" for name in config.active_attributes)
    if key == "half_life_days" and config.item_affinity.strength:
        yield "item_affinity.bought_before.half_life_days"
        if config.item_affinity.viewed_before.half_life_days:
            yield "item_affinity.viewed_before.half_life_days"


def why(step: Step) -> str:
    """What became of the number and what that gains, or why it stays."""
    taken = step.taken
    if taken and step.moved:
        ending = "" if len(step.changes) == 1 else ", by the last change"
        return f"{_value(step, step.before)} -> {_value(step, step.after)}: {gains(taken.judged.verdict)}{ending}"
    if taken:
        return (
            f"{_value(step, step.before)} again, after {_value(step, step.changes[-2])}: {gains(taken.judged.verdict)}"
        )
    best = step.best
    said = f"{_value(step, step.before)} stays; the best other value, {_value(step, best.value)}: "
    said += gains(best.judged.verdict)
    return said if best.judged.harmless else f"{said}; it falls against the generic order"


def _value(step: Step, value: float) -> str:
    if step.address == BY_VALUE:
        return f"{value:g} categories with a weight of their own" if value else "one weight for all"
    return f"times {value:.3g}" if step.factor else f"{value:g}"
