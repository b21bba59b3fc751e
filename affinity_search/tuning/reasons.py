"""The reason for every number that the search looked at, by its address in affinity.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

from affinity_search.config.model import Config
from affinity_search.offline.changes import value_at
from affinity_search.offline.gains import verdict
from affinity_search.offline.searches import Searches
from affinity_search.offline.shop import AttributeFacts, Shop
from affinity_search.offline.types import EventTypes
from affinity_search.tuning.acceptance import SURE, Auc
from affinity_search.tuning.ascent import Found
from affinity_search.tuning.wording import addresses, gains, of_events, percent, why

__all__ = ["Looked", "init_reasons", "reasons", "why_idle"]

EPOCH = date(1970, 1, 1)
NOT_REPLAYED = "no purchase could be replayed to judge it by"
MEANINGS = {
    "popularity.recent.weight": ("what sells of late goes first, for every shopper", "no sure gain without a loss"),
    "popularity.all_time.weight": ("what many buy goes first, for every shopper", ""),
    "popularity.newness.weight": (
        "what is new in the shop goes first, for every shopper",
        "no sure gain without a loss",
    ),
    "item_affinity.strength": (
        "what was bought before is bought again",
        "buying the same item again brings no sure gain",
    ),
    "item_affinity.owned_demotion": (
        "what was bought is not bought again soon, so the rest goes before it",
        "no sure gain without a loss",
    ),
    "item_affinity.related.weight": (
        "what others bought together with a shopper's items",
        "no sure gain without a loss",
    ),
    "profiles.max_items": ("many own more items than a shorter list holds; a longer one makes larger documents", ""),
    "search.window": ("a wider window costs time in every search", "a wider window costs time in every search"),
}
"""By address what the number stands for where it is above 0, and what its being 0 says."""


@dataclass(frozen=True)
class Looked:
    """What `init` looked at; `facts` are by attribute."""

    shop: Shop
    searches: Searches
    types: EventTypes
    facts: Mapping[str, AttributeFacts]


def reasons(before: Config, found: Found) -> dict[str, str]:
    """Why each number that was looked at is what it is now, and those that follow from others."""
    after = found.config
    said: dict[str, str] = {}
    moved: set[str] = set()
    for step in found.steps:
        for address in addresses(step, after):
            told = why(step)
            if step.moved:
                said[address] = f"{said[address]}; {told}" if address in moved else told
                moved.add(address)
            else:
                said.setdefault(address, told)
    for address, was, now in _fitted(before, after):
        said[address] = f"was {was:g}; {now:g} is the 99th percentile of the weights above 0"
    old, new = before.search.max_boost, after.search.max_boost
    if old != new:
        said["search.max_boost"] = f"was {old:g}; the bound grows with what the strengths add up to"
    return said


def init_reasons(looked: Looked, found: Found, config: Config) -> dict[str, str]:
    """The reasons for the numbers of `config`, which `init` made of what was found; the empty address tells it all."""
    given = {f"events.types.{name}": reason for name, reason in looked.types.reasons.items()}
    judged = {
        "": _looked_at(looked, found),
        "events.time": _why_time(looked.shop),
        "attributes": _why_attributes(config),
        **{f"attributes.{name}": _why_attribute(looked, found, name) for name in config.attributes},
        **{address: _why_number(address, found) for address in MEANINGS},
        "item_affinity.bought_before.half_life_days": _why_half_life(found),
        "search.max_boost": _why_bound(config),
    }
    return given | {address: of_events(config, reason) for address, reason in judged.items()}


def _fitted(before: Config, after: Config) -> Iterator[tuple[str, float, float]]:
    """The saturation weights that are other ones now: address, before, after."""
    for address in [
        *(f"attributes.{name}.saturation_weight" for name in before.attributes),
        "item_affinity.saturation_weight",
    ]:
        was, now = value_at(before, address), value_at(after, address)
        if was != now:
            yield address, was, now


def _looked_at(looked: Looked, found: Found) -> str:
    shop, searches = looked.shop, looked.searches
    before = f"{len(shop.titles):,} items, {len(shop.item):,} events of {shop.shoppers:,} shoppers."
    if not len(searches):
        return f"{before} No purchase could be replayed, so everything personal is off."
    total = verdict(searches, found.end.generic, found.end.personalised, found.end.generic)
    return (
        f"{before} The last fifth of the purchases was replayed as {len(searches):,} searches for what the items are "
        f"called, with profiles from before. All personal parts together change nDCG@10 of all purchases by "
        f"{percent(total.all)}, of items new to the shopper by {percent(total.novel)}. A number was taken where it "
        f"gains with 99 % confidence; intervals are of 95 %. Real queries may differ."
    )


def _why_time(shop: Shop) -> str:
    if not len(shop.day):
        return "no events to look at"
    first, last = int(min(shop.day)), int(max(shop.day))
    if shop.time == "sequence":
        return f"whole numbers from {first} to {last} that count up per shopper; days below mean such steps"
    return f"dates from {_date(first)} to {_date(last)}"


def _date(day: int) -> str:
    try:
        return (EPOCH + timedelta(days=day)).isoformat()
    except OverflowError:
        return f"day {day}"


def _why_attributes(config: Config) -> str:
    if not config.active_attributes:
        return "none taken"
    strengths = {attribute.strength for attribute in config.active_attributes.values()}
    usual = "the usual one; no other was surely better" if strengths == {0.05} else "surely better than the usual 0.05"
    return (
        f"In the order of their use. Strength {min(strengths):g}: {usual}. saturation_weight: 99th percentile of the "
        f"weights above 0 in the replay."
    )


def _why_attribute(looked: Looked, found: Found, name: str) -> str:
    facts = looked.facts[name]
    step = found.step(f"attributes.{name}.strength")
    if not found.config.attributes[name].strength:
        return f"for filters only: {why_idle(found, name)}"
    several = f", {facts.several_share:.0%} of them with several" if facts.multi_valued else ""
    gained = f"; {gains(step.taken.judged.verdict)}" if step and step.taken else ""
    return (
        f"{facts.item_share:.0%} of the items and {facts.event_share:.0%} of the events have it{several}; "
        f"{facts.values:,} values; {_auc(found.auc[name])}{gained}"
    )


def why_idle(found: Found, name: str) -> str:
    """Why this attribute is off."""
    auc, step = found.auc.get(name), found.step(f"attributes.{name}.strength")
    if auc is None:
        return NOT_REPLAYED
    if auc.all.error == inf:
        return "too few shoppers to be sure of anything"
    if not auc.enough:
        return f"does not surely tell a shopper's next purchase from another item: {_auc(auc)}"
    used_up = f"the {found.config.search.max_lookups} lookups are used up by better ones"
    if step is None:
        return used_up
    gained = gains(step.best.judged.verdict)
    if step.taken:
        return f"better without it: {gained}"
    return f"{used_up}; {gained}" if step.best.judged.bearable else f"adds nothing to those taken: {gained}"


def _auc(auc: Auc) -> str:
    sure = ", of too few shoppers" if auc.novel.error == inf else f", surely above {0.5 + auc.novel.at_least(SURE):.1%}"
    return (
        f"its AUC, how often a shopper's history tells the item bought next from a popular alternative, is "
        f"{0.5 + auc.all.mean:.0%} (new items {0.5 + auc.novel.mean:.1%}{sure}; chance is 50%)"
    )


def _why_number(address: str, found: Found) -> str:
    config, step = found.config, found.step(address)
    meaning = MEANINGS[address][0 if value_at(config, address) else 1]
    if address == "popularity.all_time.weight":
        return meaning
    if step is None:
        return f"off: {_why_not_tried(address, config)}" if found.auc or found.steps else NOT_REPLAYED
    if address == "item_affinity.strength" and config.item_affinity.strength and not step.changes:
        return f"for related items alone: {MEANINGS[address][1]}; {why(step)}"
    return f"{meaning}; {why(step)}"


def _why_not_tried(address: str, config: Config) -> str:
    if address in ("popularity.recent.weight", "popularity.newness.weight") and config.events.time == "sequence":
        return "there is no common calendar"
    if address == "item_affinity.owned_demotion" and config.item_affinity.strength:
        return "what was bought is boosted"
    return "it has no effect here"


def _why_half_life(found: Found) -> str:
    step = found.step("half_life_days")
    return why(step) if step else "the usual value"


def _why_bound(config: Config) -> str:
    scaled = "" if config.boost_scale == 1 else " (all strengths are scaled down to that)"
    return (
        f"the bound: an item can at most be boosted to {config.search.max_boost + 1:g} times its relevance{scaled}; "
        f"the parts above add up to a boost of {config.total_boost:.2f}"
    )
