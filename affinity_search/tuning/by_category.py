"""How strongly what was bought before counts, category by category, where the evidence allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from affinity_search.config.model import Config
from affinity_search.offline.arrays import Bools, Ints
from affinity_search.offline.changes import changed
from affinity_search.offline.gains import gain
from affinity_search.offline.quality import Quality
from affinity_search.offline.scorer import Scorer
from affinity_search.offline.shop import Shop
from affinity_search.tuning.acceptance import LIKELY, Measured, Objective, judge
from affinity_search.tuning.ascent import Found, JudgedCandidate, Step, measure

__all__ = ["BY_VALUE", "by_category"]

BY_VALUE = "item_affinity.bought_before.by_value"
WEIGHT = "item_affinity.bought_before.weight"
FACTORS = (0.0, 0.5, 2.0)
FEWEST_SHOPPERS = 20
"""A category with fewer shoppers keeps the weight of all."""

Qualities = Mapping[float, Quality]
"""How good every order is, by factor of the weight."""


def by_category(found: Found, scorer: Scorer, shop: Shop, attribute: str | None, aim: Objective) -> Found:
    """What was found with one more step: other weights for some values of the attribute, where they surely gain.

    The weights are learnt from all shoppers. Whether to take them is judged by two halves of the shoppers, each with
    the weights that the other half gives, because what is chosen among many categories always looks good on the
    searches that chose it. The same where there is no such attribute, what was bought is not boosted, or no
    category stands out.
    """
    item = found.config.item_affinity
    if attribute is None or not (item.strength and item.bought_before.weight) or item.bought_before.by_value:
        return found
    categories = _categories(scorer, shop, found.config.attributes[attribute].field)
    weight = item.bought_before.weight
    qualities = {f: scorer.personalised(changed(found.config, {WEIGHT: weight * f})) for f in (1.0, *FACTORS)}
    factors = _learnt(scorer, categories, qualities, np.ones(len(categories), dtype=np.bool_))
    if not factors:
        return found
    crossed = Measured(found.end.generic, _crossed(scorer, categories, qualities))
    judged = judge(scorer.searches, found.end, crossed, aim, found.start)
    candidate = JudgedCandidate(float(len(factors)), judged)
    if not judged.good:
        return replace(found, steps=(*found.steps, Step(BY_VALUE, 0.0, (candidate,))))
    weights = {value: weight * factor for value, factor in factors.items()}
    config: Config = changed(found.config, {BY_VALUE: {"attribute": attribute, "weights": weights}})
    end = measure(scorer, config)
    steps = (*found.steps, Step(BY_VALUE, 0.0, (candidate,), (candidate.value,)))
    total = judge(scorer.searches, found.start, end, aim, found.start)
    return replace(found, config=config, steps=steps, end=end, total=total)


def _categories(scorer: Scorer, shop: Shop, field: str) -> list[str]:
    """The category of each search: the first value of the first item bought; empty where it has none."""
    searches, values = scorer.searches, shop.values[field]
    first = searches.items[np.arange(len(searches)), searches.relevant.argmax(axis=1)]
    return [values[item][0] if values[item] else "" for item in first]


def _learnt(scorer: Scorer, categories: list[str], qualities: Qualities, used: Bools) -> dict[str, float]:
    """The factor of each category that surely does better with another one, from the searches `used`."""
    names = np.array(categories)
    found = {}
    for category in sorted({*categories} - {""}):
        rows = np.flatnonzero((names == category) & used)
        some = scorer.searches.rows(rows.tolist())
        if some.shoppers < FEWEST_SHOPPERS:
            continue
        gains = {f: gain(some, qualities[1.0].all[rows], qualities[f].all[rows]) for f in FACTORS}
        best = max(gains, key=lambda factor: gains[factor].mean)
        if gains[best].at_least(LIKELY) > 0:
            found[category] = best
    return found


def _crossed(scorer: Scorer, categories: list[str], qualities: Qualities) -> Quality:
    """The quality where each half of the shoppers gets the factors that the other half gives."""
    halves: Ints = scorer.searches.shopper % 2
    every, novel = qualities[1.0].all.copy(), qualities[1.0].novel.copy()
    for half in (0, 1):
        factors = _learnt(scorer, categories, qualities, halves != half)
        for row in np.flatnonzero(halves == half):
            chosen = qualities[factors.get(categories[row], 1.0)]
            every[row], novel[row] = chosen.all[row], chosen.novel[row]
    return Quality(every, novel)
