"""What facets cost: `python -m benchmarks.facets URL`, in the median of ratios beside the same search without them.

The same shop as in `benchmarks.latency`, one client, the kinds of request in turn with each query. Three ways to keep
a facet's own filter from narrowing it are measured with the same hits and the same counts: our template (filters behind
the query), a second search without that filter, and a `global` aggregation beside a query with all filters.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from statistics import median
from typing import Any

from affinity_search.config import parse_config
from affinity_search.engine import Engine
from affinity_search.engine.bulk import Action, write_bulk
from affinity_search.engine.indices import create_index, delete_index, refresh
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.engine.searches import render_template, search
from affinity_search.errors import EngineFailed, MissingResource
from affinity_search.items.document import item_document
from affinity_search.items.mapping import index_body
from affinity_search.surfaces import build_templates
from benchmarks.latency.catalogue import Catalogue, catalogue, query_candidates

__all__ = ["measure"]

INDEX = "affinity-bench-facets"
ROUNDS, QUERIES = 3, 150
CONFIG = parse_config(f"""
items: {{index: {INDEX}}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes: {{brand: {{field: attrs.brand}}, category: {{field: attrs.category}}}}
search: {{facets: [brand, category]}}
""")
(TEMPLATE,) = build_templates(CONFIG)
FACETS = {"brand": 10, "category": 10}
Body = dict[str, Any]
Ask = Callable[[], object]


def measure(engine: Engine, items: int) -> dict[str, dict[str, float]]:
    """By kind of request the p50 in milliseconds, and its ratio to the one without facets: of the same filters."""
    shop = catalogue(items)
    with suppress(MissingResource):
        delete_index(engine, INDEX)
    try:
        _load(engine, shop)
        return _measured(engine, shop)
    finally:
        delete_index(engine, INDEX)


def _load(engine: Engine, shop: Catalogue) -> None:
    body = index_body(CONFIG)
    body["settings"] |= {"number_of_shards": 1, "index.queries.cache.enabled": False}
    create_index(engine, INDEX, body)
    listed = ((one.item, one.popularity) for one in shop.items())
    actions = (Action("index", INDEX, item.id, item_document(item, CONFIG, popular)) for item, popular in listed)
    report = write_bulk(engine, actions, require_alias=False)
    if report.refused:
        raise EngineFailed(f"{engine.url}: {len(report.refused)} documents refused: {report.refused[0]}")
    refresh(engine, INDEX)


def _measured(engine: Engine, shop: Catalogue) -> dict[str, dict[str, float]]:
    taken: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for query in ["", *islice(query_candidates(shop, QUERIES), QUERIES)]:
            kinds = _kinds(engine, query, shop.values["brand"][0])
            for name, ask in kinds.items():
                start = time.perf_counter()
                ask()
                taken.setdefault(name, []).append(1000 * (time.perf_counter() - start))
    plain = {name: "with a filter" if "filter" in name else "no facet" for name in taken}
    return {
        name: {
            "p50_ms": median(found),
            "ratio": median(a / b for a, b in zip(found, taken[plain[name]], strict=True)),
        }
        for name, found in taken.items()
    }


def _kinds(engine: Engine, query: str, brand: str) -> dict[str, Ask]:
    filters = {"filters": {"brand": [brand]}}
    plain, counted = _body(engine, query), _body(engine, query, facets=FACETS)
    filtered = _body(engine, query, **filters)
    ours = _body(engine, query, facets=FACETS, **filters)
    one, other = _two_searches(filtered, plain)
    beside = _beside(filtered, plain)
    return {
        "no facet": lambda: search(engine, INDEX, plain),
        "two facets": lambda: search(engine, INDEX, counted),
        "with a filter": lambda: search(engine, INDEX, filtered),
        "with a filter, two facets": lambda: search(engine, INDEX, ours),
        "with a filter, two searches": lambda: (search(engine, INDEX, one), search(engine, INDEX, other)),
        "with a filter, global aggregation": lambda: search(engine, INDEX, beside),
    }


def _body(engine: Engine, query: str, **parameters: Any) -> Body:
    return render_template(engine, {"source": TEMPLATE.source}, {"q": query, **parameters})


def _terms(name: str) -> Body:
    return {"terms": {"field": f"attrs.{name}", "size": FACETS[name]}}


def _two_searches(filtered: Body, plain: Body) -> tuple[Body, Body]:
    other = {**plain, "size": 0, "aggs": {"brand": _terms("brand")}}
    return {**filtered, "aggs": {"category": _terms("category")}}, other


def _beside(filtered: Body, plain: Body) -> Body:
    unfiltered = {"filter": plain["query"], "aggs": {"values": _terms("brand")}}
    return {**filtered, "aggs": {"category": _terms("category"), "all": {"global": {}, "aggs": {"brand": unfiltered}}}}


def main() -> None:
    """Prints the table."""
    url, items = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    print("| request | p50 ms | ratio |\n| --- | --- | --- |")
    for name, found in measure(OpenSearchEngine(url), items).items():
        print(f"| {name} | {found['p50_ms']:.2f} | {found['ratio']:.2f} |")


if __name__ == "__main__":
    main()
