"""What `init` begins with: every usable attribute, nothing switched on; and what it leaves out, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import ValidationError

from affinity_search.config.model import Attribute, Config
from affinity_search.config.roles import PURCHASE
from affinity_search.offline.shop import AttributeFacts, Shop
from affinity_search.offline.text_fields import DEFAULT_TEXT_FIELDS
from affinity_search.offline.types import EventTypes
from affinity_search.signals import reserved_names

__all__ = ["HALF_LIFE", "attribute_names", "start_config", "why_unfit"]

FEWEST_COVERED = 0.05
MOST_ONE_VALUE = 0.98
MOST_LONELY = 0.8
HALF_LIFE = {"date": 90.0, "sequence": 10.0}
LEVELS, THERMOMETER = 7, 3
"""The fewest levels that lose little: 7 in 3 lookups, or a thermometer of 3; so that many attributes have room."""


def start_config(
    types: EventTypes,
    attributes: Mapping[str, tuple[str, AttributeFacts]],
    time: Literal["date", "sequence"],
    text_fields: Mapping[str, float] = DEFAULT_TEXT_FIELDS,
) -> Config:
    """A configuration with every usable attribute, by name with that of its field, and nothing personal switched on."""
    weights = types.weights or {"purchase": 1.0}
    if not any(weights.values()):
        weights = {**weights, "purchase": 1.0}
    half_life = HALF_LIFE[time]
    kinds = {name: {"weight": weight, "role": types.roles.get(name, PURCHASE)} for name, weight in weights.items()}
    data = {
        "items": {"text_fields": dict(text_fields)},
        "events": {"types": kinds, "time": time},
        "attributes": {
            name: {
                "field": source,
                "multi_valued": facts.multi_valued,
                "half_life_days": half_life,
                "strength": 0.0,
                "levels": THERMOMETER if facts.multi_valued else LEVELS,
            }
            for name, (source, facts) in attributes.items()
        },
        "item_affinity": {"bought_before": {"half_life_days": half_life}},
        "popularity": {"all_time": {"weight": 1.0}},
        "search": {"max_boost": 1},
    }
    return Config.model_validate(data)


def attribute_names(fields: Iterable[str]) -> dict[str, str]:
    """A name that the configuration takes for the attribute in each field `attrs.NAME`, each once."""
    names: dict[str, str] = {}
    for field in fields:
        plain = re.sub(r"[^a-z0-9]+", "_", field.removeprefix("attrs.").lower()).strip("_")[:34]
        if not plain or not plain[0].isalpha() or plain in reserved_names():
            plain = f"attr_{plain}".rstrip("_")
        name, number = plain, 1
        while name in names.values():
            number += 1
            name = f"{plain[:34]}_{number}"
        names[field] = name
    return names


def why_unfit(name: str, facts: AttributeFacts, shop: Shop) -> str:
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
