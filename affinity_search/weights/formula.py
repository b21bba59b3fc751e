"""The profile formula, written once: `profiles build` computes it in SQL, the replay of `init` and `tune` in NumPy.

For a shopper u and a value v of an attribute:

    c   = sum over u's events with v of weight(type) * count * decay(age)         u's decayed count of v
    n   = the same sum over all of u's events                                     u's decayed history
    pi  = sum over shoppers of c / sum over shoppers of n                         v's share in the population
    W   = log_lift(c, pi, n, prior_events) = ln(1 + c / (pi * (prior_events + n)))

W is the smoothed log lift of the value over the population, shifted so that it is never negative: a popular value does
not dominate, and nothing is demoted. An item weighs `item_weight` of its purchases, again `item_weight` of its other
events, and on top of that `related_weight`: how much more the shopper's history says of it than others do (see
`related`). Weights are quantised by `level`.

Two kinds of entries are left out: what is no longer `remembered`, and values that nearly everything has (`common`).

Every function here takes numbers, arrays of them, or terms of SQL (see `affinity_search.formulas`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FORMULAS", "common", "decay", "item_weight", "level", "log_lift", "related_weight", "remembered"]

RELATED_NOISE = 0.02
"""Scores below this say little: it is added to both sides of the boost of related items."""

FEWEST_EVENTS = 1 / 64
"""Less than this of an event is forgotten: what is left of a single one after six half-lives."""


COMMON_SHARE = 0.9
"""Of a value with this share nobody can have more than 1.11 times as much as everybody has."""


def decay(age_days: Any, half_life_days: Any) -> Any:
    """What is left of one event after `age_days`: 1 at age 0, 1/2 after a half-life. `half_life_days` > 0."""
    return np.exp2(-age_days / half_life_days)


def remembered(events: Any) -> Any:
    """True where these events are a taste: `events` is the sum of count * decay(age), of whatever type they are.

    An event of a light type is remembered as long as one of a heavy type, many events longer than one.
    """
    return np.greater_equal(events, FEWEST_EVENTS)


def common(share: Any) -> Any:
    """True where a value is no taste: `share` is that of the items, or of all events, that have it."""
    return np.greater_equal(share, COMMON_SHARE)


def log_lift(count: Any, share: Any, events: Any, prior_events: Any) -> Any:
    """The weight of a value: ln(1 + count / (share * (prior_events + events))); 0 for a count of 0.

    `count` and `events` are decayed (of this value, of the whole history), `share` is the population's (above 0),
    `prior_events` > 0 shrinks short histories towards the population.
    """
    return np.log(1 + count / (share * (prior_events + events)))


def item_weight(count: Any, weight: Any) -> Any:
    """The weight of an item that was bought (or viewed) before: weight * ln(1 + count); 0 for a count of 0."""
    return weight * np.log(1 + count)


def related_weight(score: Any, mean: Any) -> Any:
    """The weight of a related item: max(0, ln((score + 0.02) / (mean + 0.02))), a log lift over the population.

    `score` is what the shopper's history says of the item, `mean` what histories say on average; both are at least 0.
    """
    return np.maximum(0.0, np.log((score + RELATED_NOISE) / (mean + RELATED_NOISE)))


def level(weight: Any, saturation_weight: Any, levels: Any, least: Any = 1) -> Any:
    """The level, `least` .. levels, of a weight: round(weight / saturation_weight * levels), halves up.

    A weight above `saturation_weight` gets the highest level. `least` is 1 where the shopper has events of the value,
    so that a small weight is not lost; it is 0 for what the shopper never had: where its level is 0, it is no entry.
    """
    return np.maximum(least, np.minimum(levels, np.floor(weight / saturation_weight * levels + 0.5)))


FORMULAS = (common, decay, item_weight, level, log_lift, related_weight, remembered)
