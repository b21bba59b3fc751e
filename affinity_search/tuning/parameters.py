"""The parameters of a shop: every number that is looked for, with its candidate values, its signal and when it counts.

This one list serves `init`, which begins with nothing switched on, and `tune`, which begins with a configuration. What
is known of a single signal stands in its entries and nowhere else in the search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from pydantic import ValidationError

from affinity_search.config.model import Config
from affinity_search.offline.changes import changed, value_at
from affinity_search.surfaces.own import largest_size

__all__ = ["USUAL_STRENGTH", "Candidate", "Parameter", "Signal", "parameters", "windows_left_out"]

Signal = Literal["popularity", "bought_before", "related", "owned_demotion", "attribute", "profile", "search"]
"""What a parameter belongs to; `profile` is what all signals of a profile share, `search` how far they reach."""

RECENT = (0.0, 1.0)
"""0.5 was within chance of 1 on the slices of three shops, and worse on the later test queries of two of them."""
ALL_TIME = (1.0,)
"""Only the usual weight: others that gain on a slice of some weeks were found to lose in the season after it."""
NEWNESS = (0.0, 1.0, 2.0, 4.0)
"""6 gained less than 4 on the later test queries of two shops, and half-lives of 90 days as much as 60, 28 less."""
STRENGTHS = (0.0, 0.25, 0.5, 1.0, 1.5)
"""2.5 gained for sure on the slice of a grocery, and nothing on its later test queries."""
DEMOTIONS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
RELATED = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Boost per unit of a related item's weight, whatever the strength of the id list."""
PLACES = (512, 1024)
"""Items kept per shopper: where many own more than 256 of them, the rest of what they bought is not boosted."""
LEAST_FOR_PLACES = 0.005
"""Longer lists make documents of up to four times the size, and lookups of as many more ids."""
USUAL_STRENGTH = 0.05
STRENGTH_FACTORS = (0.5, 2.0, 4.0)
HALF_LIFE_FACTORS = (1 / 3, 4.0)
PRIORS = (2.0, 5.0, 20.0)
LEVELS, THERMOMETER = (7, 15), (3, 7)
WINDOWS = (50, 100, 200)
LEAST_FOR_WINDOW = 0.01
"""A wider window costs time in every search, so it has to gain at least so much."""

Changes = Mapping[str, Any]
"""Other numbers by their addresses in affinity.yaml."""


@dataclass(frozen=True)
class Candidate:
    """Another value of a parameter: how far it is from the present one, and the configuration that has it."""

    value: float
    distance: float
    config: Config


@dataclass(frozen=True)
class Parameter:
    """One number, or one factor on several, at this address of affinity.yaml.

    `now` is its present value, `others` the values to try with what each changes; there are none where the parameter
    has no effect. A gain must reach `least_gain`. `attribute` is the attribute that the parameter switches
    on or off: its AUC, too, has a say. The value of a `factor` is what several numbers are multiplied by.
    """

    address: str
    signal: Signal
    now: Callable[[Config], float]
    others: Callable[[Config], Mapping[float, Changes]]
    least_gain: float = 0.0
    attribute: str = ""
    factor: bool = False

    def candidates(self, config: Config) -> list[Candidate]:
        """The other values, the nearest first; without those that break a limit that is not looked for (lookups)."""
        now = self.now(config)
        found = [
            Candidate(value, abs(value - now), other)
            for value, changes in self.others(config).items()
            if value != now and (other := _allowed(config, changes))
        ]
        return sorted(found, key=lambda candidate: (candidate.distance, candidate.value))


def parameters(config: Config) -> tuple[tuple[Parameter, ...], ...]:
    """All parameters in the order they are looked for; of a group one changes at a time, the best first."""
    names = tuple(config.attributes)
    return (
        (_number("popularity.recent.weight", "popularity", RECENT, _counts_by_date),),
        (_number("popularity.all_time.weight", "popularity", ALL_TIME, _counts_popularity),),
        (_number("popularity.newness.weight", "popularity", NEWNESS, _counts_by_date),),
        (_number("item_affinity.strength", "bought_before", STRENGTHS),),
        (_number("item_affinity.owned_demotion", "owned_demotion", DEMOTIONS, _owned_items_are_not_boosted),),
        (_related(),),
        tuple(_switch(name) for name in names),
        (_factor("attributes.*.strength", "attribute", STRENGTH_FACTORS, _strengths),),
        (_factor("half_life_days", "profile", HALF_LIFE_FACTORS, _half_lives),),
        (_number("profiles.prior_events", "profile", PRIORS, _has_attributes),),
        (_number("item_affinity.levels", "bought_before", LEVELS, _list_is_on),),
        (_number("profiles.max_items", "profile", PLACES, _list_is_on, least_gain=LEAST_FOR_PLACES),),
        *((_levels(name, config),) for name in names),
        (_window(),),
    )


def _number(
    address: str,
    signal: Signal,
    values: Sequence[float],
    applies: Callable[[Config], bool] = lambda _: True,
    least_gain: float = 0.0,
) -> Parameter:
    def others(config: Config) -> Mapping[float, Changes]:
        return {value: {address: value} for value in values} if applies(config) else {}

    return Parameter(address, signal, lambda config: float(value_at(config, address)), others, least_gain)


def _factor(
    address: str,
    signal: Signal,
    factors: Sequence[float],
    addresses: Callable[[Config], Sequence[str]],
) -> Parameter:
    """Several numbers together: the value is what they are multiplied by, 1 at present."""

    def others(config: Config) -> Mapping[float, Changes]:
        return {f: scaled for f in factors if (scaled := _scaled(config, addresses(config), f))}

    return Parameter(address, signal, lambda _: 1.0, others, factor=True)


def _scaled(config: Config, addresses: Sequence[str], factor: float) -> Changes:
    return {address: float(f"{value_at(config, address) * factor:.3g}") for address in addresses}


def _switch(name: str) -> Parameter:
    """The attribute on, as strong as the others are, or off."""
    address = f"attributes.{name}.strength"

    def others(config: Config) -> Mapping[float, Changes]:
        on = [attribute.strength for attribute in config.active_attributes.values()]
        strength = 0.0 if config.attributes[name].strength else median(on) if on else USUAL_STRENGTH
        return {strength: {address: strength}}

    return Parameter(address, "attribute", lambda config: config.attributes[name].strength, others, attribute=name)


def _related() -> Parameter:
    """The weight of related items, beside what was bought before or alone in the id list."""
    address = "item_affinity.related.weight"

    def others(config: Config) -> Mapping[float, Changes]:
        strength = config.item_affinity.strength
        alone = {} if strength else {"item_affinity.strength": 1.0, "item_affinity.bought_before.weight": 0.0}
        weights = [round(boost / (strength or 1.0), 3) for boost in RELATED]
        return {weight: {address: weight, **alone} for weight in weights if weight or strength}

    def now(config: Config) -> float:
        return config.item_affinity.related.weight if config.item_affinity.strength else 0.0

    return Parameter(address, "related", now, others)


def _window() -> Parameter:
    """The windows that hold every hit that the team's own body asks for: with a smaller one it is not deployed."""
    address = "search.window"

    def others(config: Config) -> Mapping[float, Changes]:
        left_out = windows_left_out(config)
        return {window: {address: window} for window in WINDOWS if window not in left_out} if _rescores(config) else {}

    return Parameter(address, "search", lambda config: float(config.search.window), others, LEAST_FOR_WINDOW)


def windows_left_out(config: Config) -> dict[int, str]:
    """Windows that are not tried, each with the reason: those below the `size` of `search.body`."""
    size = largest_size(config) if _rescores(config) else 0
    return {
        window: f"search.window: {window} is not tried: search.body asks for up to {size} hits"
        for window in WINDOWS
        if window < size
    }


def _levels(name: str, config: Config) -> Parameter:
    values = THERMOMETER if config.attributes[name].multi_valued else LEVELS
    return _number(f"attributes.{name}.levels", "attribute", values, lambda now: bool(now.attributes[name].strength))


def _allowed(config: Config, changes: Changes) -> Config | None:
    try:
        return changed(config, changes)
    except ValidationError:
        return None


def _counts_popularity(config: Config) -> bool:
    """False for a team's own body, which is the whole relevance: popularity is in it as the team wants it, or not."""
    return config.search.body is None


def _counts_by_date(config: Config) -> bool:
    return _counts_popularity(config) and config.events.time == "date"


def _rescores(config: Config) -> bool:
    return config.search.shape == "rescore"


def _has_attributes(config: Config) -> bool:
    return bool(config.active_attributes)


def _list_is_on(config: Config) -> bool:
    return bool(config.item_affinity.strength)


def _owned_items_are_not_boosted(config: Config) -> bool:
    item = config.item_affinity
    boosted = item.strength and (item.bought_before.weight or item.viewed_before.weight)
    return bool(config.events.purchases) and not boosted


def _strengths(config: Config) -> list[str]:
    return [f"attributes.{name}.strength" for name in config.active_attributes]


def _half_lives(config: Config) -> list[str]:
    return list(_active_half_lives(config))


def _active_half_lives(config: Config) -> Iterator[str]:
    yield from (f"attributes.{name}.half_life_days" for name in config.active_attributes)
    if config.item_affinity.strength:
        yield "item_affinity.bought_before.half_life_days"
        if config.item_affinity.viewed_before.half_life_days:
            yield "item_affinity.viewed_before.half_life_days"
