"""Says how good a configuration is on the replayed searches: the formula of the deployed template, in arrays.

    relevance = text + all_time.weight * ln(1 + events) + recent.weight * ln(1 + recent events)
                + newness.weight * newness of the item
    score     = relevance * (1 + sum of boosts) for the first `window` candidates by relevance

The boost of a part is that of its level (`lookups.clauses.level_boosts`), as the engine adds it up.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from affinity_search.config.model import ITEM, Config, Popularity
from affinity_search.lookups.clauses import level_boosts
from affinity_search.lookups.coding import all_bits
from affinity_search.offline.arrays import Bools, Floats, Ints
from affinity_search.offline.changes import changed
from affinity_search.offline.profile_weights import ProfileWeights
from affinity_search.offline.quality import Quality, quality
from affinity_search.offline.searches import Searches
from affinity_search.signals import Part, parts
from affinity_search.signals.signal import ITEM_ID
from affinity_search.weights.formula import level
from affinity_search.weights.newness import newness

__all__ = ["Scorer", "levels", "saturation_weight"]

FULL_SHARE = 0.99


@dataclass
class Scorer:
    """The searches and the weights of their shoppers; orders by relevance are kept."""

    searches: Searches
    profiles: ProfileWeights
    _generic: dict[tuple[float, ...], tuple[Floats, Ints, Quality]] = field(default_factory=dict)

    def generic(self, config: Config) -> Quality:
        """How good the order of everybody is."""
        return self._relevance(config.popularity)[2]

    def personalised(self, config: Config) -> Quality:
        """How good the order of each shopper is; saturation weights are taken as they stand."""
        return quality(self.searches, self.scores(config))

    def scores(self, config: Config, *, whole: bool = False) -> Floats:
        """The scores [S, K] as the engine computes them; with `whole` as if everything lay within the window."""
        relevance, rank, _ = self._relevance(config.popularity)
        boost = np.zeros_like(relevance)
        lists = parts(config)
        for name, by_level in level_boosts(config).items():
            boost += np.array(by_level)[self._levels(config, lists[name])]
        if config.search.shape == "rescore" and not whole:
            boost[rank >= config.search.window] = 0.0
        return np.asarray(relevance * (1 + boost), dtype=np.float64)

    def weights(self, config: Config) -> dict[str, Floats]:
        """The weights [S, K] of every attribute that is switched on, and under `item` those of the id list."""
        found = {name: np.max(some, axis=0) for name, some in self.profiles.attributes(config).items()}
        if config.item_affinity.strength:
            found[ITEM] = self.profiles.listed(config, ITEM).weights
        return found

    def forget(self, fields: Collection[str]) -> None:
        """Forgets the weights of the attributes in these fields of the items; asked for again they are built again."""
        self.profiles.forget(fields)

    def fitted(self, config: Config, names: Collection[str]) -> Config:
        """The configuration with saturation weights of the parts in `names` that fit their weights.

        Then 99 of 100 weights above 0 are not above the saturation weight.
        """
        if not names:
            return config
        addresses = {name: f"attributes.{name}" for name in config.attributes} | {ITEM: "item_affinity"}
        fresh = {
            f"{addresses[name]}.saturation_weight": saturation_weight(found)
            for name, found in self.weights(config).items()
            if name in names and found.any()
        }
        return changed(config, fresh)

    def _levels(self, config: Config, part: Part) -> Ints:
        most, saturation = part.levels, part.saturation_weight
        if part.field != ITEM_ID:
            some = self.profiles.attributes(config)[part.name]
            # Of a multi-valued attribute it is one array, with the highest weight of each item's values.
            return all_bits([levels(one, saturation, most) for one in some])
        if part.negated:
            return levels(self.profiles.unlisted(config, part.name), saturation, most)
        found = self.profiles.listed(config, part.name)
        return levels(found.weights, saturation, most, found.known)

    def _relevance(self, popularity: Popularity) -> tuple[Floats, Ints, Quality]:
        """Relevance, the rank of each candidate by it, and how good that order is."""
        new = popularity.newness
        key = (*popularity.weights, new.half_life_days)
        if key not in self._generic:
            searches = self.searches
            relevance = searches.text + key[0] * searches.popular + key[1] * searches.recent
            if new.weight:
                relevance = relevance + new.weight * newness(searches.age, new.half_life_days)
            order = np.argsort(np.where(searches.found, -relevance, np.inf), axis=1, kind="stable")
            rank = np.empty_like(order)
            np.put_along_axis(rank, order, np.arange(order.shape[1])[None, :], axis=1)
            self._generic[key] = relevance, rank, quality(searches, relevance)
        return self._generic[key]


def levels(weights: Floats, saturation_weight: float, most: int, known: Bools | None = None) -> Ints:
    """The level of each weight, as `weights.formula.level` has it; 0 for a weight of 0.

    What is not `known` may be rounded to 0: items never had do not fill the list.
    """
    least = weights > 0 if known is None else (weights > 0) & known
    return np.asarray(level(weights, saturation_weight, most, least), dtype=np.int64)


def saturation_weight(weights: Floats) -> float:
    """The 99th percentile of the weights above 0, rounded to 2 digits and at least 0.01."""
    ordered = np.sort(weights[weights > 0])
    return max(0.01, round(float(ordered[int(FULL_SHARE * (len(ordered) - 1))]), 2))
