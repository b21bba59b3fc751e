"""What `affinity init` says of the numbers that it chose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import isfinite
from typing import NamedTuple

from affinity_search.config.model import Config
from affinity_search.config.roles import PURCHASE
from affinity_search.suggest.choose import (
    BOUGHT,
    DEMOTION,
    MOST_LOOKUPS,
    RELATED,
    TREND,
    WIDER_WINDOW,
    WINDOW,
    Chosen,
    wanted,
)
from affinity_search.validation.searches import Searches
from affinity_search.validation.shop import AttributeFacts, Shop

__all__ = ["reasons"]

EPOCH = date(1970, 1, 1)


def reasons(
    shop: Shop,
    searches: Searches,
    chosen: Chosen,
    facts: Mapping[str, AttributeFacts],
    usual_half_life: float,
) -> dict[str, str]:
    """The reasons by dotted address; under the empty address what was looked at. `facts` are by attribute."""
    config = chosen.config
    return {
        "": _looked_at(shop, searches, chosen),
        "events.time": _why_time(shop),
        "attributes": _why_attributes(config),
        **{f"attributes.{name}": _why(chosen, searches, name, facts[name]) for name in config.attributes},
        **_why_numbers(chosen, usual_half_life),
        "search.max_boost": _why_bound(config),
    }


def _looked_at(shop: Shop, searches: Searches, chosen: Chosen) -> str:
    before = f"{len(shop.titles):,} items, {len(shop.item):,} events of {shop.shoppers:,} shoppers."
    word = chosen.config.events.target_word
    if not len(searches):
        return f"{before} No {word} could be replayed, so everything personal is off."
    return (
        f"{before} The last fifth of the {word}s was replayed as {len(searches):,} searches for what the items are "
        f"called, with tastes from before. All personal parts together change nDCG@10 by "
        f"{_percent(chosen.total.all.mean)} for all {word}s and by {_percent(chosen.total.novel.mean)} for items new "
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


def _why_attributes(config: Config) -> str:
    active = list(config.active_attributes.values())
    if not active:
        return "none taken"
    strength = (
        "the usual one; none of 0.02, 0.1 and 0.2 was surely better"
        if active[0].strength == 0.05
        else "surely better than the usual 0.05"
    )
    return (
        f"In the order of their use. Strength {active[0].strength:g}: {strength}. saturation_weight: 99th percentile of the "
        f"weights above 0 in the replay."
    )


def _why(chosen: Chosen, searches: Searches, name: str, facts: AttributeFacts) -> str:
    if not chosen.config.attributes[name].strength:
        return f"for filters only: {_why_not(chosen, searches, name)}"
    several = f", {facts.several_share:.0%} of them with several" if facts.multi_valued else ""
    return (
        f"{facts.item_share:.0%} of the items and {facts.event_share:.0%} of the events have it{several}; "
        f"{facts.values:,} values; {_told(chosen, name)}; {_gained(chosen, name)}"
    )


def _told(chosen: Chosen, name: str) -> str:
    told = chosen.told[name]
    sure = f", surely above {0.5 + told.novel.lower:.1%}" if isfinite(told.novel.lower) else ", of too few shoppers"
    return (
        f"a shopper's history tells the item {_words(chosen.config).bought} next from a popular alternative in "
        f"{0.5 + told.all.mean:.0%} of the cases (new items {0.5 + told.novel.mean:.1%}{sure}; chance is 50%)"
    )


class _Words(NamedTuple):
    """What may be said of the events that were replayed."""

    target: str
    bought: str
    buy: str
    buying: str


def _words(config: Config) -> _Words:
    if config.events.target_word == PURCHASE:
        return _Words(PURCHASE, "bought", "buy", "buying")
    return _Words("event", "taken", "take", "taking")


def _gained(chosen: Chosen, address: str) -> str:
    tried, word = chosen.tried[address], chosen.config.events.target_word
    return (
        f"nDCG@10 {_percent(tried.all.mean)} for all {word}s, {_percent(tried.novel.mean)} for new items, "
        f"both {_percent(tried.both.mean)} (at least {_percent(tried.both.lower)})"
    )


def _percent(share: float) -> str:
    return "unknown" if share == float("-inf") else f"{100 * share:+.1f}%".replace("-0.0%", "+0.0%")


def _why_not(chosen: Chosen, searches: Searches, name: str) -> str:
    if not len(searches):
        return f"no {chosen.config.events.target_word} could be replayed to judge it by"
    if chosen.told[name].all.lower == float("-inf"):
        return "too few shoppers to be sure of anything"
    if not chosen.told[name].enough:
        word = chosen.config.events.target_word
        return f"does not surely tell a shopper's next {word} from another item: {_told(chosen, name)}"
    tried = chosen.tried[name]
    if not wanted(tried):
        return f"adds nothing to those taken: {_gained(chosen, name)}"
    if name in chosen.dropped:
        return f"all parts together did harm; {_gained(chosen, name)}"
    return f"the {MOST_LOOKUPS} lookups are used up by better ones; {_gained(chosen, name)}"


def _why_numbers(chosen: Chosen, usual_half_life: float) -> dict[str, str]:
    config = chosen.config
    numbers = (BOUGHT, RELATED, DEMOTION, TREND, WINDOW)
    words = _words(config)
    said = dict.fromkeys(numbers, f"no {words.target} could be replayed to judge it by")
    said.update((address, _gained(chosen, address)) for address in numbers if address in chosen.tried)
    harmful = {address: f"off: all parts together did harm; {said[address]}" for address in chosen.dropped & {*numbers}}
    item = config.item_affinity
    half_life = item.bought_before.half_life_days
    bought = item.strength and item.bought_before.weight
    if config.events.time == "sequence":
        trend = "off: there is no common calendar"
    else:
        trend = said[TREND] if config.popularity.recent.weight else f"off: no sure gain; {said[TREND]}"
    return {
        BOUGHT: f"what was {words.bought} before is {words.bought} again; {said[BOUGHT]}"
        if bought
        else f"{'for related items alone' if item.strength else 'off'}: {words.buying} the same item again brings no "
        f"sure gain; {said[BOUGHT]}",
        RELATED: f"what others {words.bought} together with a shopper's items; {said[RELATED]}"
        if item.related_on
        else f"off: no sure gain without a loss; {said[RELATED]}",
        DEMOTION: _why_owned_demotion(config, said[DEMOTION]),
        "item_affinity.bought_before.half_life_days": "the usual value; no other was surely better"
        if half_life == usual_half_life
        else f"surely better than the usual {usual_half_life:g}",
        "popularity.all_time.weight": f"what many {words.buy} goes first, for every shopper",
        TREND: trend,
        WINDOW: f"with {WIDER_WINDOW} hits instead of 100: {said[WINDOW]}; a wider window costs time in every search",
        **harmful,
    }


def _why_owned_demotion(config: Config, gained: str) -> str:
    item = config.item_affinity
    if item.owned_demotion:
        return f"what was bought is not bought again soon, so the rest goes before it; {gained}"
    boosted = item.strength and item.bought_before.weight
    if not config.events.purchases:
        return "off: no event type has the role `purchase`"
    return "off: what was bought is boosted" if boosted else f"off: no sure gain without a loss; {gained}"


def _why_bound(config: Config) -> str:
    scaled = "" if config.boost_scale == 1 else " (all strengths are scaled down to that)"
    return (
        f"the bound: an item can at most be boosted to {config.search.max_boost + 1:g} times its relevance{scaled}; "
        f"the parts above add up to a boost of {config.total_boost:.2f}"
    )
