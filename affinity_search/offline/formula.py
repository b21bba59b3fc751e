"""The score outside the engine: the very levels and boosts that the deployed template adds up.

`score = relevance * (1 + sum of boosts)` for the first `window` candidates, as `lookups.clauses` has it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.lookups.clauses import level_boosts
from affinity_search.lookups.coding import all_bits, codings
from affinity_search.offline.replay import Ranking

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["LARGEST_ERROR", "Boosts", "Shop", "boosts", "read_shop", "scores"]

LARGEST_ERROR = 1e-4
"""Relative difference up to which a score of the engine is that of the formula."""

ENTRIES = """
SELECT user_id, attribute, value, level FROM profile_entries WHERE user_id IN (SELECT unnest(?::VARCHAR[]))
"""
ROWS = 10_000

Levels = Mapping[str, Mapping[str, int]]

Boosts = Mapping[str, Sequence[float]]
"""What each attribute adds to the factor of each candidate, in their order; attributes that add nothing are absent."""


@dataclass(frozen=True)
class Shop:
    """What the formula needs: boosts by level, the items' values, and each shopper's levels, all by attribute.

    `levels[user][attribute][value]` is the level, `values[attribute][item]` the item's values; lists of ids have none.
    `multi_valued` are the attributes where the highest level of an item's values counts, in the others the bits of all
    of them do; of `negated` lists an item counts that they do not hold.
    """

    boosts: Mapping[str, Sequence[float]]
    values: Mapping[str, Mapping[str, Sequence[str]]]
    levels: Mapping[str, Levels]
    multi_valued: frozenset[str]
    negated: frozenset[str]
    window: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The attributes that have boosts; `item` is the id list, `owned_demotion` what the shopper has not bought."""
        return tuple(self.boosts)


def read_shop(connection: DuckDBPyConnection, config: Config, users: Collection[str]) -> Shop:
    """The shop in the local state, with the profiles of these shoppers as the last build has them."""
    values: dict[str, dict[str, list[str]]] = {}
    for name, attribute in config.active_attributes.items():
        rows = connection.execute(
            "SELECT item, list(value) FROM item_values WHERE field = ? GROUP BY item", [attribute.field]
        )
        values[name] = dict(rows.fetchall())
    levels: dict[str, dict[str, dict[str, int]]] = {}
    for user, name, value, level in _entries(connection, users):
        # The same values come back for thousands of shoppers: kept once each.
        levels.setdefault(user, {}).setdefault(intern(name), {})[intern(value)] = level
    window = config.search.window if config.search.shape == "rescore" else 10**9
    coded = codings(config)
    multi_valued = frozenset(name for name, coding in coded.items() if coding.multi_valued)
    negated = frozenset(name for name, coding in coded.items() if coding.negated)
    return Shop(level_boosts(config), values, levels, multi_valued, negated, window)


def _entries(connection: DuckDBPyConnection, users: Collection[str]) -> Iterator[tuple[str, str, str, int]]:
    found = connection.execute(ENTRIES, [list(users)])
    while some := found.fetchmany(ROWS):
        yield from some


def boosts(shop: Shop, items: Sequence[str], user: str | None) -> Boosts:
    """What the shopper's affinities add to the factor of each of these candidates; empty for somebody without any."""
    known = shop.levels.get(user or "", {})
    return {part: _of_part(shop, part, known[part], items) for part in shop.parts if part in known}


def scores(shop: Shop, found: Ranking, boosted: Boosts, parts: Collection[str]) -> list[float]:
    """The scores of generic candidates with what `boosts` gave for them, counting only these parts."""
    used = [boosted[part] for part in parts if part in boosted]
    if not used:
        return list(found.scores)
    near = [score * (1 + sum(some)) for score, *some in zip(found.scores[: shop.window], *used, strict=False)]
    return [*near, *found.scores[shop.window :]]


def _of_part(shop: Shop, part: str, levels: Mapping[str, int], items: Sequence[str]) -> list[float]:
    boost, level = shop.boosts[part], levels.get
    if part in shop.negated:
        return [boost[0 if level(item, 0) else 1] for item in items]
    if part not in shop.values:
        return [boost[level(item, 0)] for item in items]
    values, merge = shop.values[part], _highest if part in shop.multi_valued else _all_bits
    return [boost[merge(values.get(item, ()), level)] for item in items]


def _highest(values: Sequence[str], level: Callable[[str, int], int]) -> int:
    return max([level(value, 0) for value in values], default=0)


def _all_bits(values: Sequence[str], level: Callable[[str, int], int]) -> int:
    return all_bits([level(value, 0) for value in values] or [0])
