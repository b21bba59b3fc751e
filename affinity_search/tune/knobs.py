"""What tuning may turn: each number with the values it tries, and the configuration that has another value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from affinity_search.config.model import ITEM, Config
from affinity_search.validation.changes import changed, value_at

__all__ = ["Knob", "knobs"]

POPULARITY = (0.5, 1.0, 2.0)
RECENT = (0.0, 0.5, 1.0, 2.0)
STRENGTHS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.5)
RELATED = (0.0, 0.1, 0.2, 0.4)
DEMOTION = (0.0, 0.1, 0.25, 0.5, 1.0)
ALPHA_FACTORS = (0.5, 2.0)
HALF_LIFE_FACTORS = (1 / 3, 4.0)
PRIOR = (2.0, 5.0, 20.0)
LEVELS = (7, 15)
THERMOMETER = (3, 7)
WINDOWS = (50, 100, 200)


@dataclass(frozen=True)
class Knob:
    """One number: its address in affinity.yaml, its value now, and the others with the configuration that has them.

    Values are in order of their distance from the present one, so that the first of equals is the nearest. `refits` are
    the parts that have other weights with another value, so that their saturation weights have to be fitted.
    """

    address: str
    now: float
    others: tuple[tuple[float, Config], ...]
    refits: tuple[str, ...] = ()


def knobs(config: Config) -> Iterator[Callable[[Config], Knob | None]]:
    """The knobs in the order they are turned; each gives None for a configuration in which it has no effect."""
    if config.events.time == "date":
        yield lambda now: _number(now, "popularity.recent.weight", RECENT)
    yield lambda now: _number(now, "popularity.all_time.weight", POPULARITY)
    yield _bought_before
    yield _related
    yield _owned_demotion
    yield _half_life
    yield _alpha
    yield _prior
    yield lambda now: _number(now, "item_affinity.levels", LEVELS) if now.item_affinity.strength else None
    for name in config.active_attributes:
        yield _levels(name)
    yield lambda now: _number(now, "search.window", WINDOWS) if now.search.shape == "rescore" else None


def _number(config: Config, address: str, values: Sequence[float], refits: tuple[str, ...] = ()) -> Knob | None:
    now = float(value_at(config, address))
    others = [(value, other) for value in values if value != now and (other := _allowed(config, address, value))]
    return _knob(address, now, others, refits)


def _allowed(config: Config, address: str, value: float) -> Config | None:
    """None where the value breaks a limit that tuning does not move: the budget of lookups, the window."""
    try:
        return changed(config, {address: value})
    except ValidationError:
        return None


def _bought_before(config: Config) -> Knob | None:
    # A list that was off has a saturation weight that fits nothing yet.
    return _number(config, "item_affinity.strength", STRENGTHS, () if config.item_affinity.strength else (ITEM,))


def _related(config: Config) -> Knob | None:
    if not config.item_affinity.strength:
        return None
    return _number(config, "item_affinity.related.weight", RELATED, (ITEM,))


def _owned_demotion(config: Config) -> Knob | None:
    item = config.item_affinity
    lifted = item.strength and (item.bought_before.weight or item.viewed_before.weight)
    return None if lifted else _number(config, "item_affinity.owned_demotion", DEMOTION)


def _prior(config: Config) -> Knob | None:
    names = tuple(config.active_attributes)
    return _number(config, "profiles.prior_events", PRIOR, names) if names else None


def _levels(name: str) -> Callable[[Config], Knob | None]:
    def turn(config: Config) -> Knob | None:
        attribute = config.attributes[name]
        values = THERMOMETER if attribute.multi_valued else LEVELS
        return _number(config, f"attributes.{name}.levels", values) if attribute.strength else None

    return turn


def _alpha(config: Config) -> Knob | None:
    """The strengths of all attributes together, as factors."""
    names = list(config.active_attributes)
    if not names:
        return None
    others = [(f, _scaled(config, [f"attributes.{name}.strength" for name in names], f)) for f in ALPHA_FACTORS]
    return _knob("attributes.*.strength", 1.0, others)


def _half_life(config: Config) -> Knob | None:
    """All half-lives together, as factors."""
    addresses = [f"attributes.{name}.half_life_days" for name in config.active_attributes]
    if config.item_affinity.strength:
        addresses.append("item_affinity.bought_before.half_life_days")
        if config.item_affinity.viewed_before.half_life_days:
            addresses.append("item_affinity.viewed_before.half_life_days")
    if not addresses:
        return None
    others = [(factor, _scaled(config, addresses, factor)) for factor in HALF_LIFE_FACTORS]
    return _knob("half_life_days", 1.0, others, (*config.active_attributes, ITEM))


def _scaled(config: Config, addresses: Sequence[str], factor: float) -> Config:
    return changed(config, {address: float(f"{value_at(config, address) * factor:.3g}") for address in addresses})


def _knob(
    address: str, now: float, others: Sequence[tuple[float, Config]], refits: tuple[str, ...] = ()
) -> Knob | None:
    nearest = sorted(others, key=lambda other: (abs(other[0] - now), other[0]))
    return Knob(address, now, tuple(nearest), refits) if nearest else None
