"""The profile formula in plain Python: what the SQL of `profiles build` computes, one shopper and one value at a time.

For a shopper u and a value v of an attribute:

    c   = sum over u's events with v of weight(type) * count * decay(age)         u's decayed count of v
    n   = the same sum over all of u's events                                     u's decayed history
    pi  = sum over shoppers of c / sum over shoppers of n                         v's share in the population
    W   = log_lift(c, pi, n, prior_events) = ln(1 + c / (pi * (prior_events + n)))

W is the smoothed log lift of the value over the population, shifted so that it is never negative: a popular value does
not dominate, and nothing is demoted. An item weighs `item_weight` of its purchases, again `item_weight` of its other
events, and on top of that `related_weight`: how much more the shopper's history says of it than others do (see
`related`). Weights are quantised by `level`; an item that the shopper never had (a count of 0) is no entry where weight
/ saturation_weight * levels is below 1/2.
"""

from __future__ import annotations

import math

__all__ = ["decay", "item_weight", "level", "log_lift", "related_weight"]

RELATED_NOISE = 0.02
"""Scores below this say little: it is added to both sides of the boost of related items."""


def decay(age_days: float, half_life_days: float) -> float:
    """What is left of one event after `age_days`: 1 at age 0, 1/2 after a half-life. `half_life_days` > 0."""
    return math.pow(2.0, -age_days / half_life_days)


def log_lift(count: float, share: float, events: float, prior_events: float) -> float:
    """The weight of a value: ln(1 + count / (share * (prior_events + events))); 0 for a count of 0.

    `count` and `events` are decayed (of this value, of the whole history), `share` is the population's (above 0),
    `prior_events` > 0 shrinks short histories towards the population.
    """
    return math.log(1 + count / (share * (prior_events + events)))


def item_weight(count: float, weight: float) -> float:
    """The weight of an item that was bought (or viewed) before: weight * ln(1 + count); 0 for a count of 0."""
    return weight * math.log(1 + count)


def related_weight(score: float, mean: float) -> float:
    """The weight of a related item: max(0, ln((score + 0.02) / (mean + 0.02))), a log lift over the population.

    `score` is what the shopper's history says of the item, `mean` what histories say on average; both are at least 0.
    """
    return max(0.0, math.log((score + RELATED_NOISE) / (mean + RELATED_NOISE)))


def level(weight: float, saturation_weight: float, levels: int) -> int:
    """The level, 1 .. levels, of a weight above 0: round(weight / saturation_weight * levels), halves up.

    A weight above 0 never gets level 0, and a weight above `saturation_weight` gets the highest level.
    """
    return max(1, min(levels, math.floor(weight / saturation_weight * levels + 0.5)))
