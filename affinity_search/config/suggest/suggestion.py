"""From items and events to a configuration, with the reason for every number in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import Any, Literal

from pydantic import ValidationError

from affinity_search.config.model import RESERVED_ATTRIBUTES, Attribute, Config
from affinity_search.config.suggest.bench import Bench
from affinity_search.config.suggest.choose import ITEM, MOST_LOOKUPS, TREND, Chosen, Tried, choose
from affinity_search.config.suggest.shop import AttributeFacts, Shop, attribute_facts, gather
from affinity_search.config.suggest.split import cut, replay
from affinity_search.config.suggest.types import EventTypes, judge_types
from affinity_search.config.suggest.weigh import weigh
from affinity_search.events import Event
from affinity_search.items.item import Item

__all__ = ["Suggestion", "suggest"]

FEWEST_COVERED = 0.05
MOST_ONE_VALUE = 0.98
MOST_VALUES_PER_ITEM = 0.8
MOST_LIFT = 8
FILTER_LEVELS = 3
HALF_LIFE = {"date": 90.0, "sequence": 10.0}
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Suggestion:
    """A configuration, and reasons by dotted address; `attributes.NAME` is also there for attributes left out.

    The reason under the empty address says what was looked at.
    """

    config: Config
    reasons: Mapping[str, str]


def suggest(
    items: Iterable[Item], events: Iterable[Event], *, time: Literal["date", "sequence"] = "date"
) -> Suggestion:
    """A configuration for this shop: what its own last purchases show to help, and nothing else.

    The same input gives the same answer. Without events, or with too few to be sure of anything, everything personal is
    switched off and the reasons say so. How it decides: `choose`.
    """
    shop = gather(items, events, time)
    types = judge_types(shop)
    facts = {name: attribute_facts(shop, name) for name in shop.values}
    unfit = {name: why for name, found in facts.items() if (why := _unfit(name, found, shop))}
    split = cut(shop, types)
    searches = replay(shop, split)
    usable = {name: found.multi_valued for name, found in facts.items() if name not in unfit}
    chosen = choose(
        lambda half_life: Bench(searches, weigh(shop, split, searches, list(usable), half_life)),
        HALF_LIFE[time],
        usable,
    )
    names = _names(shop.values)
    left_out = {**unfit, **{name: _why_not(chosen, name) for name in usable if name not in chosen.choice.parts}}
    reasons = {
        "": _looked_at(shop, chosen),
        "events.time": _why_time(shop),
        **{f"events.types.{name}": why for name, why in types.reasons.items()},
        "attributes": _why_attributes(chosen),
        **{
            f"attributes.{names[name]}": f"{'left out' if name in unfit else 'for filters only'}: {why}"
            for name, why in left_out.items()
        },
        **{f"attributes.{names[n]}": _why(chosen, n, facts[n]) for n in chosen.choice.parts if n != ITEM},
        **_why_numbers(chosen, time),
    }
    filters = [name for name in usable if name not in chosen.choice.parts]
    config = Config.model_validate(_data(chosen, types, facts, names, time, filters))
    return Suggestion(config, {**reasons, "search.max_lift": _why_bound(config)})


def _unfit(name: str, facts: AttributeFacts, shop: Shop) -> str:
    """Why an attribute is not even tried; empty where it is."""
    try:
        Attribute(field=_field(name))
    except ValidationError:
        return "its name cannot be that of a field"
    if facts.item_share < FEWEST_COVERED:
        return f"only {facts.item_share:.1%} of the items have it"
    if shop.shoppers and facts.event_share < FEWEST_COVERED:
        return f"only {facts.event_share:.1%} of the events are of items that have it"
    if facts.top_share >= MOST_ONE_VALUE:
        return f"one value in {facts.top_share:.0%} of the items that have it"
    if facts.values_per_item > MOST_VALUES_PER_ITEM:
        return "nearly every item has a value of its own"
    return ""


def _field(name: str) -> str:
    return f"attrs.{name}"


def _names(attributes: Iterable[str]) -> dict[str, str]:
    """A name that the configuration takes for each attribute, each once."""
    names: dict[str, str] = {}
    for attribute in attributes:
        plain = re.sub(r"[^a-z0-9]+", "_", attribute.lower()).strip("_")[:34]
        if not plain or not plain[0].isalpha() or plain in RESERVED_ATTRIBUTES:
            plain = f"attr_{plain}".rstrip("_")
        name, number = plain, 1
        while name in names.values():
            number += 1
            name = f"{plain[:34]}_{number}"
        names[attribute] = name
    return names


def _data(
    chosen: Chosen,
    types: EventTypes,
    facts: Mapping[str, AttributeFacts],
    names: Mapping[str, str],
    time: Literal["date", "sequence"],
    filters: Iterable[str],
) -> dict[str, Any]:
    parts = chosen.choice.parts
    attributes: dict[str, Any] = {
        names[name]: {
            "field": _field(name),
            "multi_valued": facts[name].multi_valued,
            "half_life_days": chosen.half_life,
            "strength": part.strength,
            "full_weight": chosen.full[name],
            "levels": chosen.levels[name],
        }
        for name, part in parts.items()
        if name != ITEM
    }
    # What does not help to rank still helps to filter.
    for name in filters:
        attributes[names[name]] = {"field": f"attrs.{name}", "multi_valued": facts[name].multi_valued, "strength": 0.0}
        if facts[name].multi_valued:
            attributes[names[name]]["levels"] = FILTER_LEVELS
    item: dict[str, Any] = {"bought_before": {"half_life_days": chosen.half_life}}
    if ITEM in parts:
        item.update(strength=parts[ITEM].strength, full_weight=chosen.full[ITEM], levels=chosen.levels[ITEM])
    lift = sum(part.strength * chosen.full[name] for name, part in parts.items())
    weights = types.weights or {"purchase": 1.0}
    if not any(weights.values()):
        weights = {**weights, "purchase": 1.0}
    return {
        "events": {"types": {name: {"weight": weight} for name, weight in weights.items()}, "time": time},
        "attributes": attributes,
        "item_affinity": item,
        "popularity": {"all_time": {"weight": 1.0}, "recent": {"weight": chosen.choice.recent}},
        "search": {"max_lift": min(MOST_LIFT, max(1, ceil(lift))), "max_lookups": MOST_LOOKUPS},
    }


def _looked_at(shop: Shop, chosen: Chosen) -> str:
    searches = chosen.bench.searches
    before = f"{len(shop.titles):,} items, {len(shop.item):,} events of {shop.shoppers:,} shoppers."
    if not searches:
        return f"{before} No purchase could be replayed, so everything personal is off."
    return (
        f"{before} The last fifth of the purchases was replayed as {len(searches):,} searches for what the items are "
        f"called, with tastes from before. All personal parts together change nDCG@10 by "
        f"{_percent(chosen.total.all.mean)} for all purchases and by {_percent(chosen.total.novel.mean)} for items new "
        f"to the shopper. Real queries may differ."
    )


def _why_time(shop: Shop) -> str:
    if not shop.day:
        return "no events to look at"
    first, last = min(shop.day), max(shop.day)
    if shop.time == "sequence":
        return f"whole numbers from {first} to {last} that count up per shopper; days below mean such steps"
    return f"dates from {_date(first)} to {_date(last)}"


def _date(day: int) -> str:
    try:
        return (EPOCH + timedelta(days=day)).isoformat()
    except OverflowError:
        return f"day {day}"


def _why_attributes(chosen: Chosen) -> str:
    parts = [part for name, part in chosen.choice.parts.items() if name != ITEM]
    if not parts:
        return "none taken"
    strength = (
        "the usual one; neither 0.02 nor 0.1 was surely better"
        if parts[0].strength == 0.05
        else "surely better than the usual 0.05"
    )
    return (
        f"In the order of their use. Strength {parts[0].strength:g}: {strength}. full_weight: 99th percentile of the "
        f"weights above 0 in the replay."
    )


def _why(chosen: Chosen, name: str, facts: AttributeFacts) -> str:
    several = f", {facts.several_share:.0%} of them with several" if facts.multi_valued else ""
    return (
        f"{facts.item_share:.0%} of the items and {facts.event_share:.0%} of the events have it{several}; "
        f"{facts.values:,} values; {_told(chosen, name)}; {_gained(chosen.tried[name])}"
    )


def _told(chosen: Chosen, name: str) -> str:
    told = chosen.told[name]
    return (
        f"a shopper's history tells the item bought next from a popular alternative in {0.5 + told.all.mean:.0%} of "
        f"the cases (new items {0.5 + told.novel.mean:.1%}, surely above {0.5 + told.novel.lower:.1%}; chance is 50%)"
    )


def _gained(tried: Tried) -> str:
    return (
        f"nDCG@10 {_percent(tried.all.mean)} for all purchases, {_percent(tried.novel.mean)} for new items, "
        f"both {_percent(tried.both.mean)} (at least {_percent(tried.both.lower)})"
    )


def _percent(share: float) -> str:
    return "unknown" if share == float("-inf") else f"{100 * share:+.1f}%".replace("-0.0%", "+0.0%")


def _why_not(chosen: Chosen, name: str) -> str:
    if not chosen.bench.searches:
        return "no purchase could be replayed to judge it by"
    if chosen.told[name].all.lower == float("-inf"):
        return "too few shoppers to be sure of anything"
    if not chosen.told[name].enough:
        return f"does not surely tell a shopper's next purchase from another item: {_told(chosen, name)}"
    tried = chosen.tried[name]
    if not tried.wanted:
        return f"adds nothing to those taken: {_gained(tried)}"
    if name in chosen.full:
        return f"all parts together did harm; {_gained(tried)}"
    return f"the {MOST_LOOKUPS} lookups are used up by better ones; {_gained(tried)}"


def _why_numbers(chosen: Chosen, time: Literal["date", "sequence"]) -> dict[str, str]:
    parts, tried = chosen.choice.parts, chosen.tried
    usual = chosen.half_life == HALF_LIFE[time]
    item = f"nDCG@10 {_percent(tried[ITEM].all.mean)} for all purchases (at least {_percent(tried[ITEM].all.lower)})"
    recent = _gained(tried[TREND])
    if not chosen.bench.searches:
        item = recent = "no purchase could be replayed to judge it by"
    recent_off = "off: there is no common calendar" if time == "sequence" else f"off: no sure gain; {recent}"
    return {
        "item_affinity.strength": f"what was bought before is bought again; {item}"
        if ITEM in parts
        else f"off: buying the same item again brings no sure gain; {item}",
        "item_affinity.bought_before.half_life_days": "the usual value; no other was surely better"
        if usual
        else f"surely better than the usual {HALF_LIFE[time]:g}",
        "popularity.all_time.weight": "what many buy goes first, for every shopper",
        "popularity.recent.weight": recent if chosen.choice.recent else recent_off,
    }


def _why_bound(config: Config) -> str:
    scaled = "" if config.lift_scale == 1 else " (all strengths are scaled down to that)"
    return (
        f"the bound: an item can at most be lifted to {config.search.max_lift + 1:g} times its relevance{scaled}; "
        f"the parts above add up to a lift of {config.total_lift:.2f}"
    )
