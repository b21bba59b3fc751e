"""The ingest pipeline that gives affinity keys to items which others index."""

from __future__ import annotations

import json
from typing import Any

from affinity_search.config.model import Config
from affinity_search.resources import resource_folder

__all__ = ["item_keys_pipeline"]


def item_keys_pipeline(config: Config) -> dict[str, Any]:
    """The body of the pipeline: `index_mappings/item_keys_pipeline.json` with the field of every attribute filled in.

    It writes to an item what `item_document` writes to `affinity`: the same numbers, in the same places.
    """
    text = (resource_folder("index_mappings") / "item_keys_pipeline.json").read_text("utf-8")
    body: dict[str, Any] = json.loads(text)
    fields = {name: attribute.values_path for name, attribute in config.attributes.items()}
    body["processors"][0]["script"]["params"]["fields"] = fields
    return body
