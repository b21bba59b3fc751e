"""What the replayed shoppers' profiles weigh each candidate, from the very build that production runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from affinity_search.config.model import ITEM, OWNED_DEMOTION, Attribute, Config
from affinity_search.offline.arrays import Bools, Floats, Ints
from affinity_search.offline.searches import Searches
from affinity_search.offline.shop import Shop
from affinity_search.profiles.build import build_profiles
from affinity_search.signals import Part, parts
from affinity_search.state import given

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Items", "ProfileWeights"]

FINEST = 255
MOST_AT_ONCE = 32
REPLAYED = "CREATE OR REPLACE TEMP TABLE replayed AS SELECT * FROM new_users"
ENTRIES = """
SELECT r.shopper, e.value, e.weight, e.count FROM profile_entries e JOIN replayed r ON r.user_id = e.user_id
WHERE e.attribute = $attribute
"""


@dataclass(frozen=True)
class Items:
    """Weights [S, K] in a list of ids, which candidates the shopper had an event of, and which shoppers have a list."""

    weights: Floats
    known: Bools
    shoppers: Ints


class ProfileWeights:
    """Weights [S, K] of the candidates of `searches`, by the profiles in this state of the shop's history.

    What was built once is kept, so that only other half-lives, shrinkage, signals or limits cost a build.
    """

    def __init__(self, connection: DuckDBPyConnection, shop: Shop, searches: Searches) -> None:
        self._connection, self._shop, self._searches = connection, shop, searches
        self._kept: dict[tuple[str, str, str], Any] = {}
        self._learnt = False
        shoppers = np.unique(searches.shopper)
        users = np.array(shop.users, dtype=np.object_)[shoppers]
        with given(connection, "new_users", {"shopper": shoppers, "user_id": users}):
            connection.execute(REPLAYED)

    def attributes(self, config: Config) -> dict[str, list[Floats]]:
        """By attribute that is switched on, the weight of each candidate's best value; 0 for nothing known.

        Of a single-valued attribute there is one array for each of the values that an item may have all the same: the
        engine finds the bits of all of them.
        """
        keys = {name: _key(part) for name, part in parts(config).items() if name in config.attributes}
        missing = iter([(name, config.attributes[name]) for name, key in keys.items() if key not in self._kept])
        while some := dict(islice(missing, MOST_AT_ONCE)):
            self._build(config, attributes={n: a.model_copy(update={"levels": 1}) for n, a in some.items()})
            for name, attribute in some.items():
                self._kept[keys[name]] = self._of_values(name, attribute)
        return {name: self._kept[key] for name, key in keys.items()}

    def forget(self, fields: Collection[str]) -> None:
        """Drops the kept weights of attributes in these fields."""
        for key in [key for key in self._kept if key[0] in fields]:
            del self._kept[key]

    def listed(self, config: Config, name: str) -> Items:
        """What this list of ids holds."""
        key = _key(parts(config)[name])
        if key not in self._kept:
            self._build_list(config, name)
            rows = self._entries(name)
            known = self._of_items(rows, "count") > 0
            self._kept[key] = Items(self._of_items(rows, "weight"), known, np.unique(rows["shopper"]))
        kept: Items = self._kept[key]
        return kept

    def unlisted(self, config: Config, name: str) -> Floats:
        """1 for what this list does not hold, of a shopper who has one, else 0."""
        found = self.listed(config, name)
        having = np.isin(self._searches.shopper, found.shoppers)[:, None]
        return np.asarray(self._searches.found & having & (found.weights == 0), dtype=np.float64)

    def _build_list(self, config: Config, name: str) -> None:
        """Builds profiles with this list, and as few others as can be."""
        if name == ITEM:
            self._build_items(config)
        elif name == OWNED_DEMOTION:
            self._build(config, item_affinity={"strength": 0.0, "owned_demotion": 1.0})
        else:
            self._build(config, signals=config.signals)

    def _build_items(self, config: Config) -> None:
        item = config.item_affinity
        by_value = item.bought_before.by_value
        source = {by_value.attribute: config.attributes[by_value.attribute]} if by_value else {}
        # The finest levels keep every item that any coarser ones would.
        finest = {
            "strength": 1.0,
            "levels": FINEST,
            "saturation_weight": item.saturation_weight,
            "owned_demotion": 0.0,
        }
        self._build(
            config,
            attributes={n: a.model_copy(update={"strength": 0.0}) for n, a in source.items()},
            item_affinity={**item.model_dump(), **finest},
        )

    def _build(
        self,
        config: Config,
        *,
        attributes: Mapping[str, Attribute] | None = None,
        item_affinity: Mapping[str, Any] | None = None,
        signals: Mapping[str, Any] | None = None,
    ) -> None:
        data = {
            "events": config.events,
            "profiles": config.profiles,
            "attributes": attributes or {},
            "item_affinity": item_affinity or {},
            "signals": signals or {},
            "search": {"max_lookups": 64},
        }
        wanted = Config.model_validate(data)
        related = wanted.item_affinity.related_on
        build_profiles(self._connection, wanted, now_ms=0, keep_related=self._learnt or not related)
        self._learnt = self._learnt or related

    def _entries(self, attribute: str) -> dict[str, Any]:
        """The profile entries of the replayed shoppers, sorted by shopper."""
        rows = self._connection.execute(ENTRIES, {"attribute": attribute}).fetchnumpy()
        order = np.argsort(rows["shopper"], kind="stable")
        return {name: np.asarray(column)[order] for name, column in rows.items()}

    def _of_items(self, rows: Mapping[str, Any], column: str) -> Floats:
        places = {item: place for place, item in enumerate(self._shop.ids)}
        found = np.zeros(self._searches.items.shape)
        for row, weights in self._by_search(rows, places, column):
            found[row] = weights[self._searches.items[row]]
        return np.where(self._searches.found, found, 0.0)

    def _of_values(self, name: str, attribute: Attribute) -> list[Floats]:
        codes, flat, starts = _codes(self._shop.values[attribute.field])
        rows, lengths = self._entries(name), np.diff(starts)
        several = 1 if attribute.multi_valued else int(lengths.max(initial=1))
        found = [np.zeros(self._searches.items.shape) for _ in range(max(1, several))]
        for row, weights in self._by_search(rows, codes, "weight"):
            items = self._searches.items[row]
            length = np.where(items >= 0, lengths[items], 0)
            if attribute.multi_valued:
                found[0][row] = _best(weights[flat[_ranges(starts[items], length)]], length)
            else:
                for place, one in enumerate(found):
                    has = length > place
                    one[row, has] = weights[flat[starts[items[has]] + place]]
        return found

    def _by_search(
        self, rows: Mapping[str, Any], codes: Mapping[str, int], column: str
    ) -> Iterator[tuple[int, Floats]]:
        """For each search its row, and the shopper's numbers by code; the array is the same one every time."""
        known = np.array([codes.get(value, len(codes)) for value in rows["value"]], dtype=np.int64)
        weights = np.zeros(len(codes) + 1)
        for row, shopper in enumerate(self._searches.shopper):
            mine = slice(*np.searchsorted(rows["shopper"], [shopper, shopper + 1]))
            weights[known[mine]] = rows[column][mine]
            weights[-1] = 0.0
            yield row, weights
            weights[known[mine]] = 0.0


def _codes(values: Sequence[Sequence[str]]) -> tuple[dict[str, int], Ints, Ints]:
    """A number for each value; the numbers of the items' values one after the other, and where each item's begin."""
    codes: dict[str, int] = {}
    flat = [codes.setdefault(value, len(codes)) for some in values for value in some]
    starts = np.concatenate([[0], np.cumsum(_lengths(values))])
    return codes, np.array(flat, dtype=np.int64), starts.astype(np.int64)


def _lengths(values: Iterable[Sequence[str]]) -> list[int]:
    return [len(some) for some in values]


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """start, start + 1, ... of each range, one range after the other."""
    before = np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(lengths) else lengths
    return np.asarray(np.repeat(starts - before, lengths) + np.arange(lengths.sum()), dtype=np.int64)


def _best(weights: Floats, lengths: Ints) -> Floats:
    """The highest of each range of weights; 0 for an empty one."""
    found = np.zeros(len(lengths))
    some = lengths > 0
    if some.any():
        found[some] = np.maximum.reduceat(weights, (np.cumsum(lengths) - lengths)[some])
    return found


def _key(part: Part) -> tuple[str, str, str]:
    """All that the weights of a list depend on, its field first."""
    return part.field, part.name, part.depends
