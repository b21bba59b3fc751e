"""A look at a few items for `status`: are their keys those of their values? `verify` looks at all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from affinity_search.config.model import Config
from affinity_search.deploy.item_fields import key_fields
from affinity_search.deploy.verify import read_fields, stale_item
from affinity_search.engine.protocol import Engine
from affinity_search.engine.searches import search
from affinity_search.errors import EngineFailed, RefusedRequest

__all__ = ["stale_note"]

SIZE = 100
# Of each index the items written last, among which are those that were just updated, and some at random.
NEWEST: dict[str, Any] = {"sort": [{"_seq_no": "desc"}]}
RANDOM: dict[str, Any] = {"query": {"function_score": {"query": {"match_all": {}}, "random_score": {}}}}


def stale_note(config: Config, engine: Engine) -> Iterator[str]:
    """A line where items of the sample have keys of other values than they hold; items without keys do not count."""
    paths = key_fields(config)
    try:
        sample = {
            (hit["_index"], hit["_id"]): hit for body in (NEWEST, RANDOM) for hit in _hits(config, engine, paths, body)
        }
    except (EngineFailed, RefusedRequest) as error:
        yield f"{config.items.index}: expected to look at the keys of some items, got {error.message}"
        return
    found = [item for hit in sample.values() if (item := stale_item(paths, hit)) and not item.has_none]
    if found:
        yield (
            f"{config.items.index}: expected keys of the values that items have, {len(found)} of {len(sample)} looked "
            f"at have keys of others, such as {found[0].id} (partial updates pass the pipeline by): "
            "`affinity items verify` counts them, with --repair it writes them again"
        )


def _hits(config: Config, engine: Engine, paths: Mapping[str, str], body: dict[str, Any]) -> list[dict[str, Any]]:
    asked = {"size": SIZE, "_source": read_fields(paths), "track_total_hits": False, **body}
    return [hit for hit in search(engine, config.items.index, asked)["hits"]["hits"] if "_source" in hit]
