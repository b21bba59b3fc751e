"""How good an order of the replayed searches is, and how sure a difference between two orders is."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from affinity_search.validation.arrays import Bools, Floats, Ints
from affinity_search.validation.searches import Searches

__all__ = ["Gain", "Quality", "Verdict", "auc", "compare", "gain", "quality"]

DEPTH = 10
DISCOUNTS = 1 / np.log2(np.arange(DEPTH) + 2)
IDEAL = np.concatenate([[0.0], np.cumsum(DISCOUNTS)])
TIE = 1e-9
"""What a place further down costs: equal scores stay in the order given."""
FEWEST_SHOPPERS = 10
SURE = 1.645
"""A one-sided interval of 95 % ends so many standard errors below the mean."""
NO_LOSS = -1e-9
"""Rounding in the last digits is no loss."""


@dataclass(frozen=True)
class Quality:
    """nDCG@10 per search: for all bought items, and for new ones among items not owned (NaN: the search has none)."""

    all: Floats
    novel: Floats

    @property
    def mean_all(self) -> float:
        """Mean over all searches; 0 where there is none."""
        return float(self.all.mean()) if len(self.all) else 0.0

    @property
    def mean_novel(self) -> float:
        """Mean over the searches with new items; 0 where there is none."""
        return float(np.nanmean(self.novel)) if self.novel_share else 0.0

    @property
    def novel_share(self) -> float:
        """Share of the searches that have new items."""
        return float((~np.isnan(self.novel)).mean()) if len(self.novel) else 0.0


@dataclass(frozen=True)
class Gain:
    """Mean difference, and the lower end of its one-sided 95 % interval over shoppers (-inf below 10 shoppers)."""

    mean: float
    lower: float

    @property
    def clear(self) -> bool:
        """True where the difference is above 0 for sure."""
        return self.lower > 0

    @property
    def loss(self) -> bool:
        """True where the difference is below 0 for sure."""
        return self.mean + (self.mean - self.lower) < 0

    def over(self, base: float) -> Gain:
        """The same relative to `base`; nothing is known where that is 0."""
        return Gain(self.mean / base, self.lower / base) if base else Gain(0.0, float("-inf"))


@dataclass(frozen=True)
class Verdict:
    """What a change does: relative gains for all purchases, for new items, and the mean of both."""

    all: Gain
    novel: Gain
    both: Gain

    @property
    def harmless(self) -> bool:
        """True where neither kind of purchase lost."""
        return self.all.mean >= NO_LOSS and self.novel.mean >= NO_LOSS

    @property
    def surely_bad(self) -> bool:
        """True where either kind of purchase surely lost."""
        return self.all.loss or self.novel.loss

    @property
    def good(self) -> bool:
        """True where there is a sure gain and no loss."""
        return self.both.clear and self.harmless


def quality(searches: Searches, scores: Floats) -> Quality:
    """nDCG@10 of the candidates sorted by these scores [S, K]; equal scores stay in the given order."""
    places = np.arange(scores.shape[1])
    keys = np.where(searches.found, scores - TIE * places, -np.inf)
    fresh = searches.relevant & ~searches.owned
    novel = _ndcg(np.where(searches.owned, -np.inf, keys), fresh, searches.novel)
    return Quality(_ndcg(keys, searches.relevant, searches.bought), np.where(fresh.any(axis=1), novel, np.nan))


def _ndcg(keys: Floats, relevant: Bools, bought: Ints) -> Floats:
    if not keys.size:
        return np.zeros(len(keys))
    near = np.argpartition(-keys, min(DEPTH, keys.shape[1]) - 1, axis=1)[:, :DEPTH]
    order = np.take_along_axis(near, np.argsort(-np.take_along_axis(keys, near, axis=1), axis=1), axis=1)
    gains = np.take_along_axis(relevant, order, axis=1) * DISCOUNTS[: order.shape[1]]
    ideal: Floats = IDEAL[np.clip(bought, 1, DEPTH)]
    return np.asarray(gains.sum(axis=1) / ideal, dtype=np.float64)


def gain(searches: Searches, before: Floats, after: Floats) -> Gain:
    """Mean difference after - before, with an interval from the variance of the shoppers' sums (a ratio estimate).

    Searches without a value on either side do not count.
    """
    difference = after - before
    counts = ~np.isnan(difference)
    return _clustered(searches.shopper[counts], difference[counts])


def _clustered(shopper: Ints, values: Floats) -> Gain:
    if not len(values):
        return Gain(0.0, float("-inf"))
    _, number = np.unique(shopper, return_inverse=True)
    sums, counts = np.bincount(number, weights=values), np.bincount(number)
    mean = float(values.sum() / len(values))
    if len(sums) < FEWEST_SHOPPERS:
        return Gain(mean, float("-inf"))
    spread = float(((sums - mean * counts) ** 2).sum()) * len(sums) / (len(sums) - 1)
    return Gain(mean, mean - SURE * sqrt(spread) / len(values))


def compare(searches: Searches, before: Quality, after: Quality, base: Quality) -> Verdict:
    """What `after` changes against `before`, relative to the means of `base`.

    Where a kind of purchase has no search, or `base` finds nothing of it, the mean of both is the gain of the other.
    """
    everything = gain(searches, before.all, after.all).over(base.mean_all)
    novel = gain(searches, before.novel, after.novel).over(base.mean_novel)
    if not base.mean_novel:
        return Verdict(everything, novel, everything)
    if not base.mean_all:
        return Verdict(everything, novel, novel)
    scales = 2 * base.mean_all, 2 * base.mean_novel * base.novel_share
    return Verdict(everything, novel, gain(searches, _blend(before, *scales), _blend(after, *scales)))


def _blend(found: Quality, scale_all: float, scale_novel: float) -> Floats:
    return np.asarray(found.all / scale_all + np.nan_to_num(found.novel) / scale_novel, dtype=np.float64)


def auc(searches: Searches, weights: Floats, *, novel: bool) -> Gain:
    """Share, less 0.5, of pairs (bought item, alternative drawn by popularity) where the bought one weighs more.

    `weights` is [S, K]. Ties count half, so 0 is chance. With `novel` only items that the shopper does not own count,
    on both sides.
    """
    used = searches.found & ~searches.owned if novel else searches.found
    mass = np.where(used & ~searches.relevant, np.exp(searches.popular), 0.0)
    rows, columns = np.nonzero(used & searches.relevant & (mass.sum(axis=1) > 0)[:, None])
    mine, others, share = weights[rows, columns][:, None], weights[rows], mass[rows]
    won = np.where(others < mine, 1.0, np.where(others == mine, 0.5, 0.0)) * share
    return _clustered(searches.shopper[rows], won.sum(axis=1) / share.sum(axis=1) - 0.5)
