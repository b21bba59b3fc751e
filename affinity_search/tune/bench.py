"""Computes configurations outside the engine, from profiles built in the local state: the formula of `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.config.suggest.measure import quality
from affinity_search.config.suggest.split import Search
from affinity_search.config.suggest.weigh import full_weight
from affinity_search.evaluate.formula import Shop, lifts, read_shop, scores
from affinity_search.evaluate.replay import Ranking
from affinity_search.profiles.build import build_profiles
from affinity_search.profiles.encode import ITEM
from affinity_search.profiles.record import config_hash
from affinity_search.profiles.weights import level
from affinity_search.templates.lookups import level_lifts
from affinity_search.tune.candidates import Candidates
from affinity_search.tune.judge import Measured
from affinity_search.tune.knobs import changed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Bench"]

Weights = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Weight by shopper, attribute and value."""


@dataclass
class Bench:
    """The local state and the candidates; what was built or sorted once is kept."""

    connection: DuckDBPyConnection
    candidates: Candidates
    first: Config
    _built: dict[str, tuple[Shop, Weights, dict[str, float]]] = field(default_factory=dict)
    _sorted: dict[tuple[float, float], tuple[dict[str, Ranking], list[Search]]] = field(default_factory=dict)

    def measure(self, config: Config) -> tuple[Config, Measured]:
        """The configuration, with the full weights that its half-lives and signals ask for, and how good it is.

        Full weights stay while profiles hold the same weights as with the first configuration.
        """
        config = self.fitted(config)
        generic, searches = self.generic(config)
        shop = self.shop(config)
        plain, personal = [], []
        for query in self.candidates.queries:
            found = generic[query.text]
            plain.append(found.scores)
            personal.append(scores(shop, found, lifts(shop, found.ids, query.user), shop.parts))
        return config, Measured(quality(searches, plain), quality(searches, personal))

    def generic(self, config: Config) -> tuple[dict[str, Ranking], list[Search]]:
        """The generic order of each text with this popularity, and the searches over it."""
        key = config.popularity.all_time.weight, config.popularity.recent.weight
        if key not in self._sorted:
            found = self.candidates.rankings(config.popularity)
            self._sorted[key] = found, self.candidates.searches(found)
        return self._sorted[key]

    def shop(self, config: Config) -> Shop:
        """What the formula needs, with the levels of this configuration."""
        shop, weights, _ = self._profiles(config)
        scale = {name: (a.full_weight, a.levels) for name, a in config.active_attributes.items()}
        if config.item_affinity.strength:
            scale[ITEM] = config.item_affinity.full_weight, config.item_affinity.levels
        found = {
            user: {
                name: {value: level(weight, *scale[name]) for value, weight in values.items()}
                for name, values in some.items()
                if name in scale
            }
            for user, some in weights.items()
        }
        window = config.search.window if config.search.shape == "rescore" else 10**9
        return replace(shop, lifts=level_lifts(config), levels=found, window=window)

    def fitted(self, config: Config) -> Config:
        """The configuration with the 99th percentile of the weights as full weights, where the weights are others."""
        if _weighed(config) == _weighed(self.first):
            return config
        full = self._profiles(config)[2]
        for name, value in full.items():
            address = "item_affinity.full_weight" if name == ITEM else f"attributes.{name}.full_weight"
            config = changed(config, address, value)
        return config

    def _profiles(self, config: Config) -> tuple[Shop, Weights, dict[str, float]]:
        key = _weighed(config)
        if key not in self._built:
            build_profiles(self.connection, config, now_ms=0)
            full = {
                name: full_weight(sorted(weight for (weight,) in self.connection.execute(WEIGHTS, [name]).fetchall()))
                for (name,) in self.connection.execute(NAMES).fetchall()
            }
            shop = replace(read_shop(self.connection, config), levels={})
            self._built[key] = shop, self._weights(), full
        return self._built[key]

    def _weights(self) -> Weights:
        users = sorted({query.user for query in self.candidates.queries})
        found: dict[str, dict[str, dict[str, float]]] = {}
        for user, name, value, weight in self.connection.execute(ENTRIES, [users]).fetchall():
            found.setdefault(user, {}).setdefault(name, {})[value] = weight
        return found


def _weighed(config: Config) -> str:
    """A key of everything that the weights depend on: not the strengths, the levels and the full weights."""
    one = {"full_weight": 1.0, "levels": 1}
    attributes = {name: a.model_copy(update=one) for name, a in config.attributes.items()}
    item = config.item_affinity.model_copy(update=one)
    return config_hash(config.model_copy(update={"attributes": attributes, "item_affinity": item}))


NAMES = "SELECT DISTINCT attribute FROM profile_entries ORDER BY attribute"
WEIGHTS = "SELECT weight FROM profile_entries WHERE attribute = ?"
ENTRIES = "SELECT user_id, attribute, value, weight FROM profile_entries WHERE user_id IN (SELECT unnest(?))"
