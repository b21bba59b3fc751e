"""One whole run: fill the engine, measure every row, empty it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affinity_search.config.model import EngineSettings
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.engine.protocol import Engine
from benchmarks.latency.catalogue import Catalogue, catalogue
from benchmarks.latency.connection import Connection
from benchmarks.latency.freshness import event_to_search
from benchmarks.latency.lineup import WINDOWS, configs, lineup, only_engine
from benchmarks.latency.load import CLIENTS, Clients, latencies, percentile, search, throughputs
from benchmarks.latency.report import machine_facts, result_rows
from benchmarks.latency.settings import bench_config
from benchmarks.latency.shapes import Shape
from benchmarks.latency.shoppers import ENTRIES, crowds
from benchmarks.latency.stage import clear, deploy, generic_body, load_items, load_profiles, pick_queries
from benchmarks.latency.wrk import engine_alone, find_wrk

__all__ = ["Wish", "measure"]

WARM_UP_S = 2.0
PAIRS = 100
NO_WRK = "wrk not found"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wish:
    """What is asked for: items of the shop, seconds per row and kind of measurement, shoppers, client processes."""

    items: int = 300_000
    seconds_per_row: float = 6.0
    shoppers: int = 4000
    clients: int = CLIENTS


def measure(url: str, wish: Wish, say: Say) -> dict[str, Any]:
    """The result as it is written to the JSON file, without the command; see `benchmarks/results/latency.json`.

    Everything it puts into the engine has a name that begins with `affinity-bench`, and is deleted at the end.
    Raises EngineError where the engine fails.
    """
    engine = OpenSearchEngine(url, EngineSettings(timeout_seconds=600))
    clear(engine)
    try:
        return _measure(engine, wish, say)
    finally:
        clear(engine)


def _measure(engine: Engine, wish: Wish, say: Say) -> dict[str, Any]:
    shop = catalogue(wish.items)
    say(f"loading {wish.items:,} items")
    segments = load_items(engine, shop)
    queries, shapes = _prepare(engine, shop, wish, say)
    rows = _rows(engine.url, shapes, list(queries), wish, say)
    say("the engine alone")
    alone = engine_alone(engine.url, only_engine(shapes), list(queries), wish.seconds_per_row) if find_wrk() else []
    say("from an event to the next search")
    return {
        "machine": machine_facts(engine),
        "settings": _settings(wish, segments, queries, _agreement(engine.url, shapes, list(queries)), alone),
        "rows": rows,
        "engine_alone": alone,
        "event_to_search_ms": event_to_search(engine, shop, list(queries)),
    }


def _prepare(engine: Engine, shop: Catalogue, wish: Wish, say: Say) -> tuple[dict[str, int], list[Shape]]:
    templates, groups = deploy(engine, configs()), crowds(wish.shoppers)
    load_profiles(engine, shop, groups, say)
    main = templates[bench_config().search.template]
    return pick_queries(engine, shop, main), lineup(generic_body(engine, main), groups)


def _rows(url: str, shapes: Sequence[Shape], queries: Sequence[str], wish: Wish, say: Say) -> list[dict[str, Any]]:
    with Clients(url, queries, wish.clients) as clients:
        say(f"warming up {len(shapes)} rows")
        for shape in shapes:
            clients.run(shape, min(WARM_UP_S, wish.seconds_per_row))
        say("latency, one client")
        times = latencies(url, shapes, queries, wish.seconds_per_row * len(shapes))
        say(f"throughput, {wish.clients} clients")
        rates = throughputs(clients, shapes, wish.seconds_per_row)
    return result_rows(shapes, times, rates)


def _agreement(url: str, shapes: Sequence[Shape], queries: Sequence[str]) -> float:
    """Share of searches in which the lean app and the engine agree on the best ten in their order, over all windows."""
    connection = Connection(url)
    named = {(shape.name, shape.profile, shape.lookups): shape for shape in shapes}
    same = []
    for profile in ENTRIES:
        for window in WINDOWS:
            ours = named[f"rescore {window}", profile, bench_config().lookups]
            theirs = named[f"app-side best, top {window}", profile, 0]
            for number in range(PAIRS):
                query = queries[number % len(queries)]
                same.append(search(connection, ours, query, number) == search(connection, theirs, query, number))
    connection.close()
    return round(sum(same) / len(same), 4)


def _settings(
    wish: Wish, segments: int, queries: Mapping[str, int], agreement: float, alone: Sequence[object]
) -> dict[str, Any]:
    hits = sorted(queries.values())
    return {
        "items": wish.items,
        "shards": 1,
        "segments": segments,
        "query_cache": False,
        "shoppers_per_profile": wish.shoppers,
        "entries": ENTRIES,
        "queries": len(hits),
        "hits_p10": percentile(hits, 0.1),
        "hits_median": percentile(hits, 0.5),
        "hits_p90": percentile(hits, 0.9),
        "clients": wish.clients,
        "seconds_per_row": wish.seconds_per_row,
        "same_best_ten_as_app_side": agreement,
        "engine_alone": "wrk" if alone else NO_WRK,
    }
