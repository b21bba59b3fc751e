"""From items and events to a configuration, with the reason for every number in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from affinity_search.config.model import RESERVED_ATTRIBUTES, Attribute, Config
from affinity_search.config.roles import PURCHASE
from affinity_search.events import Event
from affinity_search.items.item import Item
from affinity_search.suggest.choose import choose, least_levels
from affinity_search.suggest.reasons import reasons
from affinity_search.validation.bench import Bench
from affinity_search.validation.history import history_state
from affinity_search.validation.searches import replay
from affinity_search.validation.shop import AttributeFacts, Shop, attribute_facts, gather
from affinity_search.validation.split import cut
from affinity_search.validation.tastes import Tastes
from affinity_search.validation.types import EventTypes, judge_types

__all__ = ["Suggestion", "suggest"]

FEWEST_COVERED = 0.05
MOST_ONE_VALUE = 0.98
MOST_LONELY = 0.8
FILTER_LEVELS = 3
HALF_LIFE = {"date": 90.0, "sequence": 10.0}


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
    names = _names(shop.values)
    start = _start(types, {names[name]: (name, facts[name]) for name in facts if name not in unfit}, time)
    split = cut(shop, types)
    searches = replay(shop, split)
    with history_state(shop, split) as history:
        chosen = choose(Bench(searches, Tastes(history, shop, searches)), start)
    config = _for_filters(chosen.config)
    by_name = {names[name]: found for name, found in facts.items()}
    said = {
        **{f"events.types.{name}": why for name, why in types.reasons.items()},
        **{f"attributes.{names[name]}": f"left out: {why}" for name, why in unfit.items()},
        **reasons(shop, searches, chosen, by_name, HALF_LIFE[time]),
    }
    return Suggestion(config, said)


def _start(
    types: EventTypes, attributes: Mapping[str, tuple[str, AttributeFacts]], time: Literal["date", "sequence"]
) -> Config:
    """A configuration with every usable attribute, by name with that of its field, and nothing personal switched on."""
    weights = types.weights or {"purchase": 1.0}
    if not any(weights.values()):
        weights = {**weights, "purchase": 1.0}
    half_life = HALF_LIFE[time]
    kinds = {name: {"weight": weight, "role": types.roles.get(name, PURCHASE)} for name, weight in weights.items()}
    data = {
        "events": {"types": kinds, "time": time},
        "attributes": {
            name: {
                "field": source,
                "multi_valued": facts.multi_valued,
                "half_life_days": half_life,
                "strength": 0.0,
                "levels": least_levels(facts.multi_valued),
            }
            for name, (source, facts) in attributes.items()
        },
        "item_affinity": {"bought_before": {"half_life_days": half_life}},
        "popularity": {"all_time": {"weight": 1.0}},
        "search": {"max_boost": 1},
    }
    return Config.model_validate(data)


def _for_filters(config: Config) -> Config:
    """The configuration with the attributes that do not help to rank as plain filters."""
    idle = {
        name: Attribute(
            field=attribute.field,
            multi_valued=attribute.multi_valued,
            strength=0.0,
            **({"levels": FILTER_LEVELS} if attribute.multi_valued else {}),
        )
        for name, attribute in config.attributes.items()
        if not attribute.strength
    }
    return config.model_copy(update={"attributes": {**config.attributes, **idle}})


def _unfit(name: str, facts: AttributeFacts, shop: Shop) -> str:
    """Why an attribute is not even tried; empty where it is."""
    try:
        Attribute(field=name)
    except ValidationError:
        return "its name cannot be that of a field"
    if facts.item_share < FEWEST_COVERED:
        return f"only {facts.item_share:.1%} of the items have it"
    if shop.shoppers and facts.event_share < FEWEST_COVERED:
        return f"only {facts.event_share:.1%} of the events are of items that have it"
    if facts.top_share >= MOST_ONE_VALUE:
        return f"one value in {facts.top_share:.0%} of the items that have it"
    if facts.lonely_share > MOST_LONELY:
        return "nearly every item has only values that no other item has"
    return ""


def _names(fields: Iterable[str]) -> dict[str, str]:
    """A name that the configuration takes for the attribute in each field `attrs.NAME`, each once."""
    names: dict[str, str] = {}
    for field in fields:
        plain = re.sub(r"[^a-z0-9]+", "_", field.removeprefix("attrs.").lower()).strip("_")[:34]
        if not plain or not plain[0].isalpha() or plain in RESERVED_ATTRIBUTES:
            plain = f"attr_{plain}".rstrip("_")
        name, number = plain, 1
        while name in names.values():
            number += 1
            name = f"{plain[:34]}_{number}"
        names[field] = name
    return names
