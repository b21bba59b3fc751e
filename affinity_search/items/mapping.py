"""The item index as the engine creates it: `index_mappings/products.json` and what the configuration adds."""

from __future__ import annotations

import json
from typing import Any

from affinity_search.config.model import Config
from affinity_search.errors import ConfigError
from affinity_search.resources import resource_folder

__all__ = ["index_body"]


def index_body(config: Config) -> dict[str, Any]:
    """Settings and mappings of the item index: every text field with one analyzer, every attribute field a keyword.

    An attribute has a sub-field `number`, so that numbers sort and filter as numbers. `combined_fields` wants one
    analyzer for all its fields. Raises ConfigError where a text field is an attribute's field too, or one that holds
    numbers.
    """
    body: dict[str, Any] = json.loads((resource_folder("index_mappings") / "products.json").read_text("utf-8"))
    body["settings"]["analysis"]["analyzer"]["item_text"]["type"] = config.items.analyzer
    properties = body["mappings"]["properties"]
    text, value = properties["title"], _attribute_value(body)
    for name in config.items.text_fields:
        if _put(properties, name, text) != text:
            raise ConfigError(f"items.text_fields.{name}: expected a field that holds text, this one holds numbers")
    for name, attribute in config.attributes.items():
        if attribute.field in config.items.text_fields:
            raise ConfigError(
                f"attributes.{name}.field: expected another field than a text field, got {attribute.field}",
                hint="Give the values to a field of their own, such as attrs.brand, and the text to another.",
            )
        if not attribute.field.startswith("attrs."):
            _put(properties, attribute.field, value)
    return body


def _attribute_value(body: dict[str, Any]) -> dict[str, Any]:
    """The mapping of the fields below `attrs`."""
    named = {name: rule for rules in body["mappings"]["dynamic_templates"] for name, rule in rules.items()}
    mapping: dict[str, Any] = named["attribute_values"]["mapping"]
    return mapping


def _put(properties: dict[str, Any], path: str, mapping: dict[str, Any]) -> object:
    """Puts the mapping at the dotted path where there is none yet; the one that stands there afterwards."""
    *parents, name = path.split(".")
    for parent in parents:
        properties = properties.setdefault(parent, {}).setdefault("properties", {})
    return properties.setdefault(name, mapping)
