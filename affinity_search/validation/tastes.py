"""What the replayed shoppers' profiles weigh each candidate, from the very build that production runs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from affinity_search.config.model import Attribute, Config
from affinity_search.profiles.build import build_profiles
from affinity_search.profiles.encode import ITEM
from affinity_search.validation.searches import Floats, Ints, Searches
from affinity_search.validation.shop import Shop

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Tastes"]

FINEST = 255
REPLAYED = "CREATE OR REPLACE TEMP TABLE replayed AS SELECT * FROM new_users"
ENTRIES = """
SELECT r.shopper, e.value, e.weight FROM profile_entries e JOIN replayed r ON r.user_id = e.user_id
WHERE e.attribute = $attribute
"""


class Tastes:
    """Weights [S, K] of the candidates of `searches`, by the profiles in this state of the shop's history.

    What was built once is kept, so that only another half-life, shrinkage or limit costs a build.
    """

    def __init__(self, connection: DuckDBPyConnection, shop: Shop, searches: Searches) -> None:
        self._connection, self._shop, self._searches = connection, shop, searches
        self._kept: dict[Hashable, Floats] = {}
        shoppers = np.unique(searches.shopper)
        users = np.array(shop.users, dtype=np.object_)[shoppers]
        connection.fetchall()
        connection.register("new_users", {"shopper": shoppers, "user_id": users})
        connection.execute(REPLAYED).fetchall()
        connection.unregister("new_users")

    def attributes(self, config: Config) -> dict[str, Floats]:
        """The weight of each candidate's best value, by attribute that is switched on; 0 for nothing known."""
        keys = {name: _key(config, attribute) for name, attribute in config.active_attributes.items()}
        missing = {name: config.attributes[name] for name, key in keys.items() if key not in self._kept}
        if missing:
            self._build(config, attributes=missing, item_affinity={"strength": 0.0})
        for name, attribute in missing.items():
            self._kept[keys[name]] = self._matrix(name, *_codes(self._shop.values[attribute.field]))
        return {name: self._kept[key] for name, key in keys.items()}

    def bought_before(self, config: Config) -> Floats:
        """ln(1 + decayed count) of each candidate."""
        half_life = config.item_affinity.bought_before.half_life_days
        return self._items(config, {"weight": 1.0, "half_life_days": half_life}, 0.0)

    def again(self, config: Config) -> Floats:
        """The weight of the bought-before signal of each candidate."""
        bought = config.item_affinity.bought_before
        weights = np.full(len(self._shop.ids), bought.weight)
        if by_value := bought.by_value:
            for item, values in enumerate(self._shop.values[config.attributes[by_value.attribute].field]):
                own = [by_value.weights[value] for value in values if value in by_value.weights]
                weights[item] = min(own, default=bought.weight)
        return np.asarray(weights[self._searches.items], dtype=np.float64)

    def related(self, config: Config) -> Floats:
        """How closely each candidate goes with what the shopper has (see `profiles.related`)."""
        return self._items(config, {"weight": 0.0}, 1.0)

    def _items(self, config: Config, bought: Mapping[str, float], related: float) -> Floats:
        key = ("items", *bought.items(), related, config.profiles.max_items)
        if key not in self._kept:
            # The finest levels keep every item that any coarser ones would.
            item = {"strength": 1.0, "levels": FINEST, "bought_before": bought, "related": {"weight": related}}
            self._build(config, attributes={}, item_affinity=item)
            self._kept[key] = self._matrix(ITEM, *_codes([(item,) for item in self._shop.ids]))
        return self._kept[key]

    def _build(self, config: Config, *, attributes: Mapping[str, Attribute], item_affinity: Mapping[str, Any]) -> None:
        data = {
            "events": config.events,
            "profiles": config.profiles,
            "attributes": attributes,
            "item_affinity": item_affinity,
            "search": {"max_lookups": 64},
        }
        build_profiles(self._connection, Config.model_validate(data), now_ms=0)

    def _matrix(self, attribute: str, codes: Mapping[str, int], of_item: Ints) -> Floats:
        """The weight of each candidate's best value; `of_item` [items, most values] has the codes of its values."""
        rows = self._connection.execute(ENTRIES, {"attribute": attribute}).fetchnumpy()
        known = np.array([codes.get(value, -1) for value in rows["value"]], dtype=np.int64)
        order = np.argsort(rows["shopper"], kind="stable")
        shoppers, known, weights = rows["shopper"][order], known[order], rows["weight"][order]
        taste, found = np.zeros(len(codes) + 1), np.zeros(self._searches.items.shape)
        for row, shopper in enumerate(self._searches.shopper):
            mine = slice(*np.searchsorted(shoppers, [shopper, shopper + 1]))
            taste[known[mine]] = weights[mine]
            taste[-1] = 0.0
            found[row] = taste[of_item[self._searches.items[row]]].max(axis=1, initial=0.0)
            taste[known[mine]] = 0.0
        found[~self._searches.found] = 0.0
        return found


def _codes(values: Sequence[Sequence[str]]) -> tuple[dict[str, int], Ints]:
    """A number for each value, and per item the numbers of its values, filled up with -1."""
    codes: dict[str, int] = {}
    for some in values:
        for value in some:
            codes.setdefault(value, len(codes))
    of_item = np.full((len(values), max(map(len, values), default=0)), -1, dtype=np.int64)
    for item, some in enumerate(values):
        of_item[item, : len(some)] = [codes[value] for value in some]
    return codes, of_item


def _key(config: Config, attribute: Attribute) -> Hashable:
    return attribute.field, attribute.half_life_days, config.profiles.prior_events, config.profiles.max_values
