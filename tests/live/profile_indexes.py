"""The two profile indexes on a real engine, without the rest of a deployment, and everything they hold."""

from __future__ import annotations

import json
from typing import Any

from affinity_search.config import Config
from affinity_search.engine import Engine, path
from affinity_search.engine.ownership import marked
from affinity_search.resources import resource_folder

__all__ = ["documents", "lookups_of", "make_indexes"]


def make_indexes(engine: Engine, config: Config, generation: int = 1) -> None:
    """Makes empty indexes from the mappings that ship, and points the aliases to them."""
    for alias, file in ((config.lookup_index, "lookup"), (config.profile_index, "profiles")):
        body = json.loads((resource_folder("index_mappings") / f"{file}.json").read_text(encoding="utf-8"))
        engine.call("PUT", path(f"{alias}-{generation}"), marked(body, config.engine.prefix))
        actions: list[dict[str, Any]] = [{"add": {"index": f"{alias}-{generation}", "alias": alias}}]
        if generation > 1:
            actions.insert(0, {"remove": {"index": f"{alias}-{generation - 1}", "alias": alias}})
        engine.call("POST", "/_aliases", {"actions": actions})


def documents(engine: Engine, alias: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """Version and source of every document, by id (up to 10,000)."""
    engine.call("POST", path(alias, "_refresh"))
    hits = engine.call("POST", path(alias, "_search"), {"size": 10_000, "version": True})["hits"]["hits"]
    assert len(hits) < 10_000
    return {hit["_id"]: (hit["_version"], hit["_source"]) for hit in hits}


def lookups_of(engine: Engine, config: Config, user_id: str) -> dict[str, list[int]]:
    """The lookup lists of a shopper by attribute and slot (`brand.b2`)."""
    found = documents(engine, config.lookup_index)
    of_shopper = {name: source["v"] for name, (_, source) in found.items() if name.split(".", 2)[2] == user_id}
    return {name.removesuffix(f".{user_id}"): keys for name, keys in of_shopper.items()}
