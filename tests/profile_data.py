"""Small shops put straight into the local state, and the profiles computed from them in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from affinity_search.config import Config
from affinity_search.signals.weights import decay, item_weight, level, log_lift

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


def fill(connection: DuckDBPyConnection, buckets: Sequence[Bucket], values: Sequence[tuple[str, str, str]]) -> None:
    """Replaces the buckets and the item values held."""
    connection.execute("DELETE FROM buckets; DELETE FROM item_values")
    if buckets:
        connection.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", [list(row) for row in buckets])
    if values:
        connection.executemany("INSERT INTO item_values VALUES (?, ?, ?)", [list(row) for row in values])


def entries(connection: DuckDBPyConnection) -> Weights:
    """The built profiles: (count, weight, level) by shopper, attribute and value."""
    rows = connection.execute("SELECT * FROM profile_entries").fetchall()
    return {(row[0], row[1], row[2]): (row[3], row[4], row[5]) for row in rows}


def expected(shop: Config, buckets: Iterable[Bucket], values: Iterable[tuple[str, str, str]], as_of: int) -> Weights:
    """What `entries` should hold, size guard apart, from the functions of `affinity_search.signals.weights`."""
    counted = [row for row in buckets if shop.events.types[row[2]].weight and row[3] <= as_of]
    ages = _ages(shop, counted, as_of)
    found: Weights = {}
    for name, attribute in shop.active_attributes.items():
        of_item = defaultdict(set)
        for item, field, value in values:
            if field == attribute.field:
                of_item[item].add(value)
        found |= _attribute(shop, name, _masses(shop, counted, ages, attribute.half_life_days), of_item)
    item = shop.item_affinity
    if item.strength:
        bought = _masses(shop, *_of_roles(shop, counted, ages, bought=True), item.bought_before.half_life_days)
        viewed = _masses(shop, *_of_roles(shop, counted, ages, bought=False), item.viewed_half_life_days)
        weights = item.bought_before.weight, item.viewed_before.weight
        for user, name in {**bought, **viewed}:
            counts = bought.get((user, name), 0.0), viewed.get((user, name), 0.0)
            weight = item_weight(counts[0], weights[0])
            weight += item_weight(counts[1], weights[0] if weights[1] is None else weights[1])
            if weight:
                found[user, "item", name] = (sum(counts), weight, level(weight, item.saturation_weight, item.levels))
    if item.owned_demotion:
        masses = _masses(shop, *_of_roles(shop, counted, ages, bought=True), item.bought_before.half_life_days)
        for (user, name), count in masses.items():
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


def _masses(
    shop: Config, counted: Sequence[Bucket], ages: Sequence[int], half_life_days: float
) -> dict[tuple[str, str], float]:
    masses: dict[tuple[str, str], float] = defaultdict(float)
    for (user, item, kind, _, count), age in zip(counted, ages, strict=True):
        masses[user, item] += shop.events.types[kind].weight * count * decay(age, half_life_days)
    return masses


def _attribute(
    shop: Config, name: str, masses: Mapping[tuple[str, str], float], of_item: Mapping[str, set[str]]
) -> Weights:
    attribute = shop.attributes[name]
    counts: dict[tuple[str, str], float] = defaultdict(float)
    events: dict[str, float] = defaultdict(float)
    population: dict[str, float] = defaultdict(float)
    for (user, item), mass in masses.items():
        events[user] += mass
        for value in of_item.get(item, ()):
            counts[user, value] += mass
            population[value] += mass
    found: Weights = {}
    for (user, value), count in counts.items():
        share = population[value] / sum(events.values())
        weight = log_lift(count, share, events[user], shop.profiles.prior_events)
        found[user, name, value] = (count, weight, level(weight, attribute.saturation_weight, attribute.levels))
    return found
