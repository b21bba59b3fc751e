"""An item as the engine holds it: what was given, the numeric affinity keys, and the popularity features."""

from __future__ import annotations

from typing import Any

from affinity_search.config.model import Config
from affinity_search.items.item import Item, values_at
from affinity_search.items.keys import affinity_key

__all__ = ["ITEM_KEY", "catalogue_values", "item_document"]

ITEM_KEY = "item"


def item_document(
    item: Item, config: Config, popularity: float = 0.0, recent: float = 0.0, newness: float = 0.0
) -> dict[str, Any]:
    """The engine's document of the item, whose `_id` is the item's id.

    `affinity.<attribute>` holds the keys of the attribute's values (left out where it has none), `affinity.item` the
    key of the id. The fields of popularity hold weighted events and newness, left out at 0, which the
    engine refuses.
    """
    document: dict[str, Any] = {**item.fields, "affinity": _keys(item, config)}
    if item.attrs:
        document["attrs"] = {name: list(values) for name, values in item.attrs.items()}
    if item.price is not None:
        document["price"] = item.price
    held = zip(config.popularity.every_field, (popularity, recent, newness), strict=True)
    return document | {name: value for name, value in held if value > 0}


def _keys(item: Item, config: Config) -> dict[str, list[int]]:
    keys = {
        name: [affinity_key(value) for value in values]
        for name, attribute in config.attributes.items()
        if (values := values_at(item, attribute.values_path))
    }
    return {**keys, ITEM_KEY: [affinity_key(item.id)]}


def catalogue_values(item: Item, config: Config) -> list[tuple[str, str]]:
    """(field, value) for every value of every `attrs` field, and of the configured attributes that lie elsewhere."""
    paths = {f"attrs.{name}": f"attrs.{name}" for name in item.attrs}
    paths |= {attribute.field: attribute.values_path for attribute in config.attributes.values()}
    return [(field, value) for field, at in paths.items() for value in values_at(item, at)]
