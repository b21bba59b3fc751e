"""The item index as the engine creates it: `index_mappings/products.json` and what the configuration adds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from affinity_search.config.model import Config
from affinity_search.items.mapped import KEEP
from affinity_search.resources import resource_folder

__all__ = ["index_body"]

NUMBER = {"type": "double", "ignore_malformed": True}


def index_body(config: Config) -> dict[str, Any]:
    """Settings and mappings of the item index: every text field with one analyzer, every attribute field a keyword.

    An attribute has a sub-field `number`, so that numbers sort and filter as numbers. `combined_fields` wants one
    analyzer for all its fields. That no field is two things at once `config.limits` has seen to.
    """
    body: dict[str, Any] = json.loads((resource_folder("index_mappings") / "products.json").read_text("utf-8"))
    body["settings"]["analysis"]["analyzer"]["item_text"]["type"] = config.items.analyzer
    properties = body["mappings"]["properties"]
    text, value = properties["title"], _attribute_value(body)
    for path in config.items.nested:
        _put(properties, path, {"type": "nested"})
    for name in config.items.text_fields:
        _put(properties, name, text)
    if config.items.source and config.items.source.keep:
        properties[KEEP] = {"type": "object", "enabled": False}
    for name in config.popularity.every_field:
        _put(properties, name, properties["popularity"])
    for attribute in config.attributes.values():
        if not attribute.field.startswith("attrs."):
            _put(properties, attribute.field, value)
    for field, mapping in _asked_for(config, value):
        if not field.startswith("attrs."):
            _put(properties, field, mapping)
    return body


def _asked_for(config: Config, value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields that requests may filter by and bound, whose numbers may be texts as in a CSV file."""
    for field in config.search.ranges.values():
        if not field.endswith(".number"):
            yield field, NUMBER
    for field in config.search.filters.values():
        yield field, value


def _attribute_value(body: dict[str, Any]) -> dict[str, Any]:
    """The mapping of the fields below `attrs`."""
    named = {name: rule for rules in body["mappings"]["dynamic_templates"] for name, rule in rules.items()}
    mapping: dict[str, Any] = named["attribute_values"]["mapping"]
    return mapping


def _put(properties: dict[str, Any], path: str, mapping: dict[str, Any]) -> None:
    """Puts the mapping at the dotted path where there is none yet."""
    *parents, name = path.split(".")
    for parent in parents:
        properties = properties.setdefault(parent, {}).setdefault("properties", {})
    properties.setdefault(name, {**mapping})
