"""How good an order of the replayed searches is, and how sure a difference between two orders is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log2, sqrt
from operator import itemgetter

from affinity_search.config.suggest.split import Search

__all__ = ["Gain", "Quality", "auc", "gain", "quality"]

DEPTH = 10
DISCOUNTS = [1 / log2(rank + 2) for rank in range(DEPTH)]
IDEAL = [sum(DISCOUNTS[:n]) for n in range(DEPTH + 1)]
FEWEST_SHOPPERS = 10
SURE = 1.645


@dataclass(frozen=True)
class Quality:
    """nDCG@10 per search: for all bought items, and for new ones among items not owned (None: the search has none)."""

    all: list[float]
    novel: list[float | None]

    @property
    def mean_all(self) -> float:
        """Mean over all searches; 0 where there is none."""
        return sum(self.all) / len(self.all) if self.all else 0.0

    @property
    def mean_novel(self) -> float:
        """Mean over the searches with new items; 0 where there is none."""
        found = [value for value in self.novel if value is not None]
        return sum(found) / len(found) if found else 0.0


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


def quality(searches: Sequence[Search], scores: Sequence[Sequence[float]]) -> Quality:
    """nDCG@10 of the candidates sorted by these scores; equal scores stay in the given order."""
    result = Quality([], [])
    for search, score in zip(searches, scores, strict=True):
        order = [n for n, _ in sorted(enumerate(score), key=itemgetter(1), reverse=True)]
        relevant = search.relevant
        result.all.append(_ndcg(order[:DEPTH], relevant, search.bought))
        if any(not search.owned[n] for n in relevant):
            fresh = [n for n in order if not search.owned[n]][:DEPTH]
            result.novel.append(_ndcg(fresh, relevant, search.novel))
        else:
            result.novel.append(None)
    return result


def _ndcg(order: Sequence[int], relevant: frozenset[int], bought: int) -> float:
    return sum(DISCOUNTS[rank] for rank, n in enumerate(order) if n in relevant) / IDEAL[min(bought, DEPTH)]


def gain(searches: Sequence[Search], before: Sequence[float | None], after: Sequence[float | None]) -> Gain:
    """Mean difference after - before, with an interval from the variance of the shoppers' sums (a ratio estimate)."""
    sums: dict[int, tuple[float, int]] = {}
    for search, old, new in zip(searches, before, after, strict=True):
        if old is not None and new is not None:
            total, count = sums.get(search.shopper, (0.0, 0))
            sums[search.shopper] = total + new - old, count + 1
    return _clustered(list(sums.values()))


def _clustered(sums: Sequence[tuple[float, float]]) -> Gain:
    count = sum(n for _, n in sums)
    if not count:
        return Gain(0.0, float("-inf"))
    mean = sum(total for total, _ in sums) / count
    if len(sums) < FEWEST_SHOPPERS:
        return Gain(mean, float("-inf"))
    spread = sum((total - mean * n) ** 2 for total, n in sums) * len(sums) / (len(sums) - 1)
    return Gain(mean, mean - SURE * sqrt(spread) / count)


def auc(searches: Sequence[Search], weights: Sequence[Sequence[float]], *, novel: bool) -> Gain:
    """Share, less 0.5, of pairs (bought item, alternative drawn by popularity) where the bought one weighs more.

    Ties count half, so 0 is chance. With `novel` only items that the shopper does not own count, on both sides.
    """
    sums: dict[int, tuple[float, float]] = {}
    for search, weight in zip(searches, weights, strict=True):
        pop = [exp(p) for p in search.popular]
        use = [n for n in range(len(weight)) if not (novel and search.owned[n])]
        others = [n for n in use if n not in search.relevant]
        mass = sum(pop[n] for n in others)
        for target in (n for n in use if n in search.relevant and mass):
            mine = weight[target]
            won = sum(pop[n] * (1.0 if weight[n] < mine else 0.5) for n in others if weight[n] <= mine) / mass
            total, count = sums.get(search.shopper, (0.0, 0.0))
            sums[search.shopper] = total + won - 0.5, count + 1
    return _clustered(list(sums.values()))
