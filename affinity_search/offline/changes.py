"""A configuration with other numbers, by their addresses in affinity.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from affinity_search.config.model import Config

__all__ = ["MOST_BOOST", "changed", "value_at"]

MOST_BOOST = 8
"""The bound grows with what the strengths add up to, up to this."""


def changed(config: Config, values: Mapping[str, Any]) -> Config:
    """The configuration with these values by address, such as `item_affinity.strength`.

    The bound `search.max_boost` is raised to the sum of the boosts, up to 8, and never lowered. Raises
    pydantic.ValidationError where the values do not go with the others.
    """
    data = config.model_dump()
    for address, value in values.items():
        *parents, last = address.split(".")
        place: dict[str, Any] = data
        for key in parents:
            place = place[key]
        place[last] = value
    fresh = Config.model_validate(data)
    bound = min(MOST_BOOST, ceil(fresh.total_boost))
    if fresh.total_boost <= config.total_boost or bound <= fresh.search.max_boost:
        return fresh
    return fresh.model_copy(update={"search": fresh.search.model_copy(update={"max_boost": float(bound)})})


def value_at(config: Config, address: str) -> Any:
    """The value at this address."""
    found: Any = config
    for key in address.split("."):
        found = found[key] if isinstance(found, dict) else getattr(found, key)
    return found
