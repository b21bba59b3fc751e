"""Profiles of the replayed shoppers, computed from their history alone with the formula that production uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from affinity_search.config.suggest.shop import Shop
from affinity_search.config.suggest.split import Cut, Search, history
from affinity_search.profiles.weights import decay, item_weight, log_lift

__all__ = ["Weights", "full_weight", "weigh"]

PRIOR_EVENTS = 5.0
FULL_SHARE = 0.99
FADED = 1e-9


@dataclass(frozen=True)
class Weights:
    """Per search and candidate the weight of each attribute and of the item itself; per signal all weights above 0."""

    attributes: dict[str, list[list[float]]]
    items: list[list[float]]
    seen: dict[str, list[float]]
    seen_items: list[float]


def weigh(shop: Shop, split: Cut, searches: Sequence[Search], names: Sequence[str], half_life: float) -> Weights:
    """The weight of each candidate's best value for the shopper, and that of the item itself; 0 for nothing known."""
    shares = _shares(shop, split, names, half_life)
    result = Weights({name: [] for name in names}, [], {name: [] for name in names}, [])
    mine: dict[int, tuple[dict[str, dict[str, float]], dict[int, float]]] = {}
    for search in searches:
        if search.shopper not in mine:
            mine[search.shopper] = _profile(shop, split, search.shopper, half_life, shares)
            for name in names:
                result.seen[name].extend(mine[search.shopper][0][name].values())
            result.seen_items.extend(mine[search.shopper][1].values())
        tastes, items = mine[search.shopper]
        result.items.append([items.get(item, 0.0) for item in search.candidates])
        for name in names:
            taste, values = tastes[name], shop.values[name]
            result.attributes[name].append([_best(taste, values[item]) for item in search.candidates])
    return result


def _best(taste: dict[str, float], values: tuple[str, ...]) -> float:
    if len(values) == 1:
        return taste.get(values[0], 0.0)
    return max((taste.get(value, 0.0) for value in values), default=0.0)


def _decayed(shop: Shop, split: Cut, shopper: int, half_life: float) -> dict[int, float]:
    """The shopper's decayed count of each item; what has faded to nothing is left out."""
    counts: dict[int, float] = {}
    last = split.last[shopper]
    for n in history(shop, split, shopper):
        mass = split.type_weights[shop.type[n]] * decay(last - shop.day[n], half_life)
        if mass > FADED:
            counts[shop.item[n]] = counts.get(shop.item[n], 0.0) + mass
    return counts


def _shares(shop: Shop, split: Cut, names: Sequence[str], half_life: float) -> dict[str, dict[str, float]]:
    """The share of each value in the decayed events of all shoppers."""
    counts: dict[int, float] = {}
    for shopper in range(shop.shoppers):
        for item, count in _decayed(shop, split, shopper, half_life).items():
            counts[item] = counts.get(item, 0.0) + count
    everything = sum(counts.values())
    return {
        name: {value: count / everything for value, count in _by_value(shop.values[name], counts).items()}
        for name in names
    }


def _by_value(values: Sequence[tuple[str, ...]], counts: dict[int, float]) -> dict[str, float]:
    total: dict[str, float] = {}
    for item, count in counts.items():
        for value in values[item] if item >= 0 else ():
            total[value] = total.get(value, 0.0) + count
    return total


def _profile(
    shop: Shop, split: Cut, shopper: int, half_life: float, shares: dict[str, dict[str, float]]
) -> tuple[dict[str, dict[str, float]], dict[int, float]]:
    counts = _decayed(shop, split, shopper, half_life)
    events = sum(counts.values())
    tastes = {
        name: {v: log_lift(c, share[v], events, PRIOR_EVENTS) for v, c in _by_value(shop.values[name], counts).items()}
        for name, share in shares.items()
    }
    return tastes, {item: item_weight(count, 1.0) for item, count in counts.items() if item >= 0}


def full_weight(weights: Sequence[float]) -> float:
    """The 99th percentile of the weights, rounded to 2 digits and at least 0.01; raises IndexError for none."""
    ordered = sorted(weights)
    return max(0.01, round(ordered[int(FULL_SHARE * (len(ordered) - 1))], 2))
