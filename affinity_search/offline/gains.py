"""What a change does to the replayed searches, and how sure that is: means with their standard errors over shoppers."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from affinity_search.offline.arrays import Floats, Ints
from affinity_search.offline.quality import Quality
from affinity_search.offline.searches import Searches

__all__ = ["Gain", "Verdict", "auc", "gain", "verdict"]

FEWEST_SHOPPERS = 10
TWO_SIDED = 1.96
"""A two-sided interval of 95 % ends so many standard errors from the mean."""


@dataclass(frozen=True)
class Gain:
    """Mean difference, and its standard error over shoppers: infinite below 10 shoppers."""

    mean: float
    error: float

    def at_least(self, errors: float) -> float:
        """The mean less so many standard errors; minus infinity where nothing is known."""
        return self.mean - errors * self.error

    @property
    def interval(self) -> tuple[float, float] | None:
        """The two-sided 95 % interval; None where there were too few shoppers for one."""
        if self.error == inf:
            return None
        return self.at_least(TWO_SIDED), self.at_least(-TWO_SIDED)

    def over(self, base: float) -> Gain:
        """The same relative to `base`; nothing is known where that is 0."""
        return Gain(self.mean / base, self.error / base) if base else Gain(0.0, inf)


@dataclass(frozen=True)
class Verdict:
    """What a change does: relative gains for all purchases, for new items, and the mean of both."""

    all: Gain
    novel: Gain
    both: Gain


def gain(searches: Searches, before: Floats, after: Floats) -> Gain:
    """Mean difference after - before, with the error of a ratio estimate from the variance of the shoppers' sums.

    Searches without a value on either side do not count.
    """
    difference = after - before
    counts = ~np.isnan(difference)
    return _clustered(searches.shopper[counts], difference[counts])


def _clustered(shopper: Ints, values: Floats) -> Gain:
    if not len(values):
        return Gain(0.0, inf)
    _, number = np.unique(shopper, return_inverse=True)
    sums, counts = np.bincount(number, weights=values), np.bincount(number)
    mean = float(values.sum() / len(values))
    if len(sums) < FEWEST_SHOPPERS:
        return Gain(mean, inf)
    spread = float(((sums - mean * counts) ** 2).sum()) * len(sums) / (len(sums) - 1)
    return Gain(mean, sqrt(spread) / len(values))


def verdict(searches: Searches, before: Quality, after: Quality, base: Quality) -> Verdict:
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
    """AUC less 0.5: the share of pairs (bought item, alternative drawn by popularity) where the bought one weighs more.

    `weights` is [S, K]. Ties count half, so 0 is chance. With `novel` only items that the shopper does not own count,
    on both sides.
    """
    used = searches.found & ~searches.owned if novel else searches.found
    mass = np.where(used & ~searches.relevant, np.exp(searches.popular), 0.0)
    rows, columns = np.nonzero(used & searches.relevant & (mass.sum(axis=1) > 0)[:, None])
    mine, others, share = weights[rows, columns][:, None], weights[rows], mass[rows]
    won = np.where(others < mine, 1.0, np.where(others == mine, 0.5, 0.0)) * share
    return _clustered(searches.shopper[rows], won.sum(axis=1) / share.sum(axis=1) - 0.5)
