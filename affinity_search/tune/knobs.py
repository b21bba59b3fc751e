"""What tuning may turn: each number with the values it tries, and the configuration that has another value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from affinity_search.config.model import Config

__all__ = ["Knob", "changed", "knobs"]

MOST_LIFT = 8
"""The bound grows with the strengths, as `affinity init` sets it, up to this."""

POPULARITY = (0.5, 1.0, 2.0)
RECENT = (0.0, 0.5, 1.0, 2.0)
ITEM = (0.0, 0.25, 0.5, 1.0, 1.5, 2.5)
RELATED = (0.0, 0.1, 0.2, 0.4)
ALPHA_FACTORS = (0.5, 2.0)
HALF_LIFE_FACTORS = (1 / 3, 4.0)
PRIOR = (2.0, 5.0, 20.0)
LEVELS = (7, 15)
WINDOWS = (50, 100, 200)

Values = dict[str, Any]


@dataclass(frozen=True)
class Knob:
    """One number: its address in affinity.yaml, its value now, and the others with the configuration that has them.

    Values are in order of their distance from the present one, so that the first of equals is the nearest.
    """

    address: str
    now: float
    others: tuple[tuple[float, Config], ...]


def knobs(config: Config) -> Iterator[Callable[[Config], Knob | None]]:
    """The knobs in the order they are turned; each gives None for a configuration in which it has no effect."""
    if config.events.time == "date":
        yield lambda now: _number(now, "popularity.recent.weight", RECENT)
    yield lambda now: _number(now, "popularity.all_time.weight", POPULARITY)
    yield lambda now: _number(now, "item_affinity.strength", ITEM)
    yield _related
    yield _half_life
    yield _alpha
    yield lambda now: _number(now, "profiles.prior_events", PRIOR) if now.active_attributes else None
    yield lambda now: _number(now, "item_affinity.levels", LEVELS) if now.item_affinity.strength else None
    yield lambda now: _number(now, "search.window", WINDOWS) if now.search.shape == "rescore" else None


def changed(config: Config, address: str, value: Any) -> Config:
    """The configuration with another value at this address; the bound is raised to the sum of the lifts, up to 8.

    Raises pydantic.ValidationError where the value does not go with the others.
    """
    data = config.model_dump()
    _put(data, address, value)
    fresh = Config.model_validate(data)
    bound = min(MOST_LIFT, ceil(fresh.total_lift))
    if fresh.total_lift <= config.total_lift or bound <= fresh.search.max_lift:
        return fresh
    return fresh.model_copy(update={"search": fresh.search.model_copy(update={"max_lift": float(bound)})})


def _number(config: Config, address: str, values: Sequence[float]) -> Knob | None:
    now = _get(config.model_dump(), address)
    others = [value for value in values if value != now and _fits(config, address, value)]
    return _knob(address, now, [(value, changed(config, address, value)) for value in others])


def _fits(config: Config, address: str, value: float) -> bool:
    """False for values that break a limit which tuning does not move: the window and the budget of lookups."""
    if address == "search.window":
        return value >= config.search.size
    item = config.item_affinity
    if address == "item_affinity.strength" and value and not item.strength:
        return config.lookups + item.levels.bit_length() <= config.search.max_lookups
    if address == "item_affinity.levels":
        return config.lookups - item.lookups + int(value).bit_length() <= config.search.max_lookups
    return True


def _related(config: Config) -> Knob | None:
    return _number(config, "item_affinity.related.weight", RELATED) if config.item_affinity.strength else None


def _alpha(config: Config) -> Knob | None:
    """The strengths of all attributes together, as factors."""
    names = list(config.active_attributes)
    if not names:
        return None
    return _knob("attributes.*.strength", 1.0, [(f, _scaled(config, names, "strength", f)) for f in ALPHA_FACTORS])


def _half_life(config: Config) -> Knob | None:
    """All half-lives together, as factors."""
    names = list(config.active_attributes)
    if not names and not config.item_affinity.strength:
        return None
    found = []
    for factor in HALF_LIFE_FACTORS:
        fresh = _scaled(config, names, "half_life_days", factor)
        bought = config.item_affinity.bought_before.half_life_days
        found.append((factor, changed(fresh, "item_affinity.bought_before.half_life_days", _round(bought * factor))))
    return _knob("half_life_days", 1.0, found)


def _scaled(config: Config, names: Sequence[str], key: str, factor: float) -> Config:
    for name in names:
        value = _round(getattr(config.attributes[name], key) * factor)
        config = changed(config, f"attributes.{name}.{key}", value)
    return config


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def _knob(address: str, now: float, others: Sequence[tuple[float, Config]]) -> Knob | None:
    nearest = sorted(others, key=lambda other: (abs(other[0] - now), other[0]))
    return Knob(address, now, tuple(nearest)) if nearest else None


def _get(data: Values, address: str) -> float:
    found: Any = data
    for key in address.split("."):
        found = found[key]
    return float(found)


def _put(data: Values, address: str, value: Any) -> None:
    *parents, last = address.split(".")
    for key in parents:
        data = data[key]
    data[last] = value
