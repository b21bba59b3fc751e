"""Puts everything that is measured into the engine: catalogue, profiles, templates; and takes it out again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from affinity_search.config import Config
from affinity_search.deploy import apply, artefacts, plan_artefacts
from affinity_search.engine import Engine, path
from affinity_search.engine.bulk import Action, write_bulk
from affinity_search.engine.indices import create_index, delete_index
from affinity_search.errors import EngineFailed, MissingResource
from affinity_search.items.document import item_document
from affinity_search.items.mapping import index_body
from affinity_search.surfaces.search import Template, build_templates
from benchmarks.latency.catalogue import Catalogue, query_candidates
from benchmarks.latency.rivals import QUERY
from benchmarks.latency.settings import PREFIX, PRODUCTS, bench_config
from benchmarks.latency.shoppers import APP_PROFILES, Crowd, profile_actions

__all__ = ["SEGMENTS", "clear", "deploy", "generic_body", "load_items", "load_profiles", "pick_queries"]

SEGMENTS = 5
QUERIES = 300
CANDIDATES = 900

Say = Callable[[str], None]


def clear(engine: Engine) -> None:
    """Deletes everything in the engine whose name begins with PREFIX."""
    for index in engine.call("GET", f"/{PREFIX}*", params={"filter_path": "*.aliases"}):
        delete_index(engine, index)
    with suppress(MissingResource):
        engine.call("DELETE", path("_ingest", "pipeline", f"{PREFIX}*"))
    stored = engine.call("GET", "/_cluster/state/metadata", params={"filter_path": "metadata.stored_scripts.*.lang"})
    for script in stored.get("metadata", {}).get("stored_scripts", {}):
        if script.startswith(PREFIX):
            engine.call("DELETE", path("_scripts", script))


def load_items(engine: Engine, shop: Catalogue) -> int:
    """Number of segments of the item index after loading, five or about five: one shard, and no query cache."""
    config = bench_config(24)
    body = index_body(config)
    body["settings"] |= {"number_of_shards": 1, "refresh_interval": "-1", "index.queries.cache.enabled": False}
    create_index(engine, PRODUCTS, body)
    actions = (
        Action("index", PRODUCTS, listed.item.id, item_document(listed.item, config, listed.popularity, listed.recent))
        for listed in shop.items()
    )
    for _ in range(SEGMENTS):
        _write(engine, islice(actions, -(-shop.size // SEGMENTS)))
        engine.call("POST", path(PRODUCTS, "_refresh"))
    found = engine.call("GET", path(PRODUCTS, "_stats", "segments"))
    return int(found["_all"]["primaries"]["segments"]["count"])


def deploy(engine: Engine, configs: Iterable[Config]) -> dict[str, Template]:
    """The stored templates by name, and in the engine all that the configurations want of it."""
    found: dict[str, Template] = {}
    for config in configs:
        # Not checked with hostile parameters: those are the tests' business, and take longer than a row.
        apply(plan_artefacts(engine, config.ledger_index, artefacts(config)), engine, datetime.now(UTC))
        found |= {template.name: template for template in build_templates(config)}
    return found


def load_profiles(engine: Engine, shop: Catalogue, crowds: Iterable[Crowd], say: Say) -> None:
    """Writes the profiles of all shoppers, ours and the rival's."""
    settings = {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "30s"}
    create_index(engine, APP_PROFILES, {"settings": settings, "mappings": {"dynamic": False}})
    for crowd in crowds:
        say(f"{crowd.count} {crowd.profile} profiles for {crowd.lookups} lookups")
        _write(engine, profile_actions(shop, crowd))
    for index in (APP_PROFILES, bench_config().lookup_index, bench_config().profile_index):
        engine.call("POST", path(index, "_refresh"))


def _write(engine: Engine, actions: Iterator[Action]) -> None:
    report = write_bulk(engine, actions, require_alias=False)
    if report.refused:
        raise EngineFailed(f"{engine.url}: {len(report.refused)} documents refused: {report.refused[0]}")


def generic_body(engine: Engine, template: Template) -> dict[str, Any]:
    """The anonymous search as the engine renders it, QUERY standing for the query: what an app would send inline."""
    asked = {"source": template.source, "params": {"q": QUERY}}
    body: dict[str, Any] = engine.call("POST", "/_render/template", asked)["template_output"]
    return body


def pick_queries(engine: Engine, shop: Catalogue, template: Template) -> dict[str, int]:
    """Up to 300 queries with their numbers of hits, each between one in 1,500 and one in ten of all items."""
    low, high = max(1, shop.size // 1500), shop.size // 10
    found = dict(_counted(engine, query_candidates(shop, CANDIDATES), template))
    return dict([(query, hits) for query, hits in found.items() if low <= hits <= high][:QUERIES])


def _counted(engine: Engine, queries: list[str], template: Template) -> Iterator[tuple[str, int]]:
    for start in range(0, len(queries), 100):
        part = queries[start : start + 100]
        lines = []
        for query in part:
            params = {"q": query, "size": 0, "track_total_hits": True}
            lines += ["{}", json.dumps({"id": template.name, "params": params})]
        found = engine.call("POST", path(PRODUCTS, "_msearch", "template"), "\n".join(lines) + "\n")
        yield from zip(part, (one["hits"]["total"]["value"] for one in found["responses"]), strict=True)
