"""Small shops put straight into the local state, and the profiles computed from them in plain Python.

The formula stands here a second time, in plain numbers and without anything of the product: so a changed formula fails.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from affinity_search.config import Config

Bucket = tuple[str, str, str, int, int]
Weights = dict[tuple[str, str, str], tuple[float, float, int]]

SHOP = {
    "events": {"types": {"purchase": {"weight": 1}, "cart": {"weight": 0.5}, "view": {"weight": 0}}},
    "attributes": {
        "brand": {"field": "attrs.brand", "half_life_days": 10, "saturation_weight": 3},
        "colour": {
            "field": "attrs.colour",
            "half_life_days": 30,
            "saturation_weight": 2,
            "multi_valued": True,
            "levels": 4,
        },
        "size": {"field": "attrs.size", "strength": 0},
    },
    "item_affinity": {
        "strength": 0.5,
        "saturation_weight": 1.5,
        "levels": 7,
        "bought_before": {"weight": 2, "half_life_days": 20},
    },
}
VALUES = [
    ("i1", "attrs.brand", "Alder"),
    ("i2", "attrs.brand", "Birch"),
    ("i3", "attrs.brand", "Birch"),
    ("i1", "attrs.colour", "red"),
    ("i2", "attrs.colour", "red"),
    ("i2", "attrs.colour", "blue"),
    ("i3", "attrs.colour", "blue"),
    ("i1", "attrs.size", "L"),
]
BUCKETS: list[Bucket] = [
    ("ann", "i1", "purchase", 100, 1),
    ("ann", "i2", "purchase", 90, 2),
    ("ann", "i2", "view", 100, 9),
    ("bob", "i2", "cart", 100, 2),
    ("bob", "i3", "purchase", 80, 1),
    ("bob", "gone", "purchase", 100, 3),
    ("cleo", "i3", "view", 99, 1),
]


def config(**changes: Any) -> Config:
    """The configuration SHOP with some sections replaced."""
    return Config.model_validate({**SHOP, **changes})


BUCKET = ("VARCHAR", "VARCHAR", "VARCHAR", "INTEGER", "INTEGER")
VALUE = ("VARCHAR", "VARCHAR", "VARCHAR")


def fill(connection: DuckDBPyConnection, buckets: Sequence[Bucket], values: Sequence[tuple[str, str, str]]) -> None:
    """Replaces the buckets and the item values held."""
    connection.execute("DELETE FROM buckets; DELETE FROM item_values")
    for table, types, rows in (("buckets", BUCKET, buckets), ("item_values", VALUE, values)):
        columns = [[row[place] for row in rows] for place in range(len(types))]
        lists = ", ".join(f"unnest(?::{kind}[])" for kind in types)
        connection.execute(f"INSERT INTO {table} SELECT {lists}", columns)


def entries(connection: DuckDBPyConnection) -> Weights:
    """The built profiles: (count, weight, level) by shopper, attribute and value."""
    rows = connection.execute("SELECT * FROM profile_entries").fetchall()
    return {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in rows}


def plain_level(weight: float, saturation_weight: float, levels: int) -> int:
    """The level of what a shopper had: 1 to `levels`, halves rounded up."""
    return max(1, min(levels, math.floor(weight / saturation_weight * levels + 0.5)))


def quantised(shop: Config, attribute: str, weight: float) -> int:
    """The level of this weight in an attribute of the shop, in `item` or in `owned_demotion`."""
    if attribute == "owned_demotion":
        return 1
    of = shop.item_affinity if attribute == "item" else shop.attributes[attribute]
    return plain_level(weight, of.saturation_weight, of.levels)


def expected(shop: Config, buckets: Iterable[Bucket], values: Sequence[tuple[str, str, str]], as_of: int) -> Weights:
    """What `entries` should hold, size guard apart, worked out one shopper and one value at a time."""
    counted = [row for row in buckets if shop.events.types[row[2]].weight and row[3] <= as_of]
    ages = _ages(shop, counted, as_of)
    parts = _contributions(counted)
    found: Weights = {}
    for name, attribute in shop.active_attributes.items():
        masses, events = _sums(shop, counted, ages, attribute.half_life_days)
        found |= _attribute(shop, name, masses, events, _taste(values, attribute.field), parts)
    item = shop.item_affinity
    if item.strength:
        half_lives = item.bought_before.half_life_days, item.viewed_half_life_days
        bought, viewed = (
            _sums(shop, *_of_roles(shop, counted, ages, bought=yes), days)[0]
            for yes, days in zip((True, False), half_lives, strict=True)
        )
        left = [_sums(shop, counted, ages, days)[1] for days in half_lives]
        weights = item.bought_before.weight, item.viewed_before.weight
        for user, name in {**bought, **viewed}:
            counts = bought.get((user, name), 0.0), viewed.get((user, name), 0.0)
            weight = weights[0] * math.log(1 + counts[0])
            weight += (weights[0] if weights[1] is None else weights[1]) * math.log(1 + counts[1])
            if weight and max(events[user, name] for events in left) >= 1 / 64:
                found[user, "item", name] = (sum(counts), weight, quantised(shop, "item", weight))
    if item.owned_demotion:
        some = _of_roles(shop, counted, ages, bought=True)
        for (user, name), count in _sums(shop, *some, item.bought_before.half_life_days)[0].items():
            found[user, "owned_demotion", name] = (count, 1.0, 1)
    return found


def _of_roles(
    shop: Config, counted: Sequence[Bucket], ages: Sequence[int], *, bought: bool
) -> tuple[list[Bucket], list[int]]:
    """The purchases, or all else, with their ages."""
    some = [n for n, row in enumerate(counted) if (shop.events.types[row[2]].role == "purchase") == bought]
    return [counted[n] for n in some], [ages[n] for n in some]


def _ages(shop: Config, counted: Sequence[Bucket], as_of: int) -> list[int]:
    newest = defaultdict(lambda: as_of)
    if shop.events.time == "sequence":
        newest.update({user: max(row[3] for row in counted if row[0] == user) for user in {row[0] for row in counted}})
    return [newest[row[0]] - row[3] for row in counted]


def _contributions(counted: Sequence[Bucket]) -> dict[str, float]:
    """What each event of a shopper counts in the population: less than 1 for a shopper with very many."""
    totals: Counter[str] = Counter()
    for user, _, _, _, count in counted:
        totals[user] += count
    quartile = sorted(totals.values())[math.ceil(0.75 * len(totals)) - 1] if totals else 0
    most = max(100, 10 * quartile)
    return {user: (most / total) ** 2 if total > most else 1.0 for user, total in totals.items()}


def _sums(
    shop: Config, counted: Sequence[Bucket], ages: Sequence[int], half_life_days: float
) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    """By shopper and item the decayed events: weighted by their types, and as they are."""
    masses: dict[tuple[str, str], float] = defaultdict(float)
    events: dict[tuple[str, str], float] = defaultdict(float)
    for (user, item, kind, _, count), age in zip(counted, ages, strict=True):
        left = count * 0.5 ** (age / half_life_days)
        masses[user, item] += shop.events.types[kind].weight * left
        events[user, item] += left
    return masses, events


def _taste(values: Sequence[tuple[str, str, str]], field: str) -> Mapping[str, set[str]]:
    """The values of each item, without those that nine of ten items have."""
    items = {item for item, _, _ in values}
    of_value = defaultdict(set)
    for item, of, value in values:
        if of == field:
            of_value[value].add(item)
    found = defaultdict(set)
    for value, having in of_value.items():
        if len(having) < 0.9 * len(items):
            for item in having:
                found[item].add(value)
    return found


def _attribute(
    shop: Config,
    name: str,
    masses: Mapping[tuple[str, str], float],
    events: Mapping[tuple[str, str], float],
    of_item: Mapping[str, set[str]],
    parts: Mapping[str, float],
) -> Weights:
    counts: dict[tuple[str, str], float] = defaultdict(float)
    fresh: dict[tuple[str, str], float] = defaultdict(float)
    history: dict[str, float] = defaultdict(float)
    population: dict[str, float] = defaultdict(float)
    for (user, item), mass in masses.items():
        history[user] += mass
        for value in of_item.get(item, ()):
            counts[user, value] += mass
            fresh[user, value] += events[user, item]
            population[value] += mass * parts[user]
    everything = sum(mass * parts[user] for user, mass in history.items())
    found: Weights = {}
    for (user, value), count in counts.items():
        if fresh[user, value] >= 1 / 64:
            share = population[value] / everything
            weight = math.log(1 + count / (share * (shop.profiles.prior_events + history[user])))
            found[user, name, value] = (count, weight, quantised(shop, name, weight))
    return found
