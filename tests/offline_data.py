"""Searches and weights made by hand, for the tests of what is decided by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, cast

import numpy as np

from affinity_search.config.model import Config
from affinity_search.offline.arrays import Floats
from affinity_search.offline.profile_weights import Items, ProfileWeights
from affinity_search.offline.scorer import Scorer
from affinity_search.offline.searches import Searches


def searches(
    relevant: Sequence[Set[int]],
    *,
    owned: Set[int] = frozenset(),
    shoppers: Sequence[int] | None = None,
    text: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
    **columns: Any,
) -> Searches:
    """A search per set of relevant places; the same candidates in all of them."""
    shape = (len(relevant), len(text))
    places = np.arange(shape[1])
    rows = np.zeros(shape)
    return Searches(
        shopper=np.array(range(len(relevant)) if shoppers is None else shoppers, dtype=np.int64),
        queries=["q"] * len(relevant),
        bought=np.array([len(some) for some in relevant], dtype=np.int64),
        novel=np.array([len(some - owned) for some in relevant], dtype=np.int64),
        items=np.tile(places, (len(relevant), 1)),
        text=rows + np.array(text),
        popular=rows + columns.get("popular", 0.0),
        recent=rows + columns.get("recent", 0.0),
        age=rows + columns.get("age", 0.0),
        owned=(rows + np.isin(places, list(owned))) > 0,
        relevant=np.array([np.isin(places, list(some)) for some in relevant], dtype=np.bool_).reshape(shape),
    )


class GivenWeights:
    """Weights by attribute, `bought` and `related`, whatever the configuration says; `second` are those of `brand`.

    An item has a second brand where these are given.
    """

    def __init__(self, found: Searches, weights: Mapping[str, Sequence[float]]) -> None:
        self._weights = {name: np.zeros(found.items.shape) + np.array(values) for name, values in weights.items()}
        self._none = np.zeros(found.items.shape)
        self._not_bought = (found.owned.any(axis=1)[:, None] & ~found.owned).astype(np.float64)

    def attributes(self, config: Config) -> dict[str, list[Floats]]:
        several = {"brand": ["brand", "second"]} if "second" in self._weights else {}
        return {
            name: [self._weights.get(one, self._none) for one in several.get(name, [name])]
            for name in config.active_attributes
        }

    def listed(self, config: Config, name: str) -> Items:
        bought, item = self._weights.get("bought", self._none), config.item_affinity
        related = self._weights.get("related", self._none)
        return Items(item.bought_before.weight * bought + item.related.weight * related, bought > 0, np.arange(0))

    def unlisted(self, config: Config, name: str) -> Floats:
        return self._not_bought


def scorer(found: Searches, **weights: Sequence[float]) -> Scorer:
    """A scorer on which the candidates of every search have these weights."""
    return Scorer(found, cast(ProfileWeights, GivenWeights(found, weights)))
