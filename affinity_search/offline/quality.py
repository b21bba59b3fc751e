"""How good an order of the replayed searches is: nDCG@10 over arrays of candidates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from affinity_search.offline.arrays import Bools, Floats, Ints
from affinity_search.offline.searches import Searches

__all__ = ["Quality", "quality"]

DEPTH = 10
DISCOUNTS = 1 / np.log2(np.arange(DEPTH) + 2)
IDEAL = np.concatenate([[0.0], np.cumsum(DISCOUNTS)])
TIE = 1e-9
"""What a place further down costs: equal scores stay in the order given."""


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
