"""`python -m benchmarks.keyword_keys`: what `items.keys: keyword` costs against numeric keys, on the same items.

Two deployments over one index of 100,000 items, the same tastes in both, each request with a shopper of its own, the
two asked in turn beside the generic search. Writes `benchmarks/results/keyword_keys.json`; fails where the two give
other hits or scores.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from affinity_search import deploy
from affinity_search.config import Config, parse_config
from affinity_search.engine import Engine, embedded
from affinity_search.engine.bulk import Action, write_bulk
from affinity_search.engine.indices import create_index, refresh
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.engine.searches import search_template
from affinity_search.items.document import item_document
from affinity_search.items.item import Item, parse_item
from affinity_search.items.mapping import index_body
from affinity_search.lookups.coding import codings
from affinity_search.profiles.documents import Entry, lookup_documents

RESULTS = Path("benchmarks/results/keyword_keys.json")
MEMORY_MB = 1500
WARM_UP = 200
CONFIG = """
engine: {{prefix: {keys}}}
items: {{index: goods, keys: {keys}}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  brand: {{field: attrs.brand}}
  category: {{field: attrs.category}}
  colour: {{field: attrs.colour, multi_valued: true, levels: 3}}
item_affinity: {{strength: 0.3}}
search: {{template: {keys}-search, window: 200}}
"""
BRANDS, CATEGORIES, COLOURS, KINDS = 3_000, 300, 40, 50
SIZES = {"mid": {"brand": 60, "category": 40, "colour": 10, "item": 40}}
SIZES["heavy"] = {name: min(4 * count, 40 if name == "colour" else 10_000) for name, count in SIZES["mid"].items()}


def main() -> None:
    """Fills an engine, measures, writes the result down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.keyword_keys", description=__doc__)
    parser.add_argument("--items", type=int, default=100_000, help="items of the index (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=300, help="requests of each kind (default %(default)s)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="JSON file (default %(default)s)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-keyword-") as folder:
        home = Path(folder) / "engine"
        try:
            engine = OpenSearchEngine(embedded.start(home, memory_mb=MEMORY_MB).url)
            found = measure(engine, asked.items, asked.rounds)
        finally:
            embedded.stop(home)
    asked.output.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


def measure(engine: Engine, items: int, rounds: int) -> dict[str, Any]:
    """Milliseconds and ratios by the size of the profile."""
    configs = {keys: parse_config(CONFIG.format(keys=keys)) for keys in ("numeric", "keyword")}
    create_index(engine, "goods", index_body(configs["numeric"]))
    actions = (
        Action("index", "goods", one.id, item_document(one, configs["numeric"], 3.0, 1.0)) for one in _items(items)
    )
    write_bulk(engine, actions, require_alias=False)
    refresh(engine, "goods")
    for config in configs.values():
        deploy.apply(deploy.plan(config, engine), engine, datetime.now(UTC))
    rows = {size: _row(engine, configs, size, items, rounds) for size in SIZES}
    return {"items": items, "rounds": rounds, "window": 200, "profiles": SIZES, "milliseconds": rows}


def _items(count: int) -> Iterator[Item]:
    dice = random.Random(1)
    for number in range(count):
        yield parse_item(
            {
                "id": f"item-{number:07}",
                "title": f"kind{number % KINDS} number {number}",
                "attrs": {
                    "brand": f"Brand number {dice.randrange(BRANDS)}",
                    "category": f"Category {dice.randrange(CATEGORIES)}",
                    "colour": [f"colour {value}" for value in dice.sample(range(COLOURS), 2)],
                },
            }
        )


def _row(engine: Engine, configs: Mapping[str, Config], size: str, items: int, rounds: int) -> dict[str, Any]:
    for keys, config in configs.items():
        users = (f"{size}{number}" for number in range(rounds))
        actions = (
            Action("index", config.lookup_index, name, body)
            for user in users
            for name, body in lookup_documents(user, _tastes(user, size, items), codings(config), "goods").items()
        )
        print(f"{size} {keys}: {write_bulk(engine, actions).written:,} documents", file=sys.stderr, flush=True)
        refresh(engine, config.lookup_index)
    taken: dict[str, list[float]] = {"generic": [], "numeric": [], "keyword": []}
    for number in range(WARM_UP):
        for kind in taken:
            _timed(engine, kind, "nobody", number, [])
    for number in range(rounds):
        answers = {kind: _timed(engine, kind, f"{size}{number}", number, taken[kind]) for kind in taken}
        if answers["numeric"] != answers["keyword"]:
            sys.exit(f"{size}{number}: expected the same hits by number and by keyword")
    p50 = {kind: statistics.median(times) for kind, times in taken.items()}
    ratios = [k / n for k, n in zip(taken["keyword"], taken["numeric"], strict=True)]
    return {
        **{f"{kind}_p50": round(value, 2) for kind, value in p50.items()},
        "keyword_over_numeric": round(statistics.median(ratios), 2),
        "numeric_over_generic": round(p50["numeric"] / p50["generic"], 2),
        "keyword_over_generic": round(p50["keyword"] / p50["generic"], 2),
    }


def _tastes(user: str, size: str, items: int) -> dict[str, list[Entry]]:
    dice = random.Random(user)
    names = {
        "brand": [f"Brand number {value}" for value in dice.sample(range(BRANDS), SIZES[size]["brand"])],
        "category": [f"Category {value}" for value in dice.sample(range(CATEGORIES), SIZES[size]["category"])],
        "colour": [f"colour {value}" for value in dice.sample(range(COLOURS), SIZES[size]["colour"])],
        "item": [f"item-{value:07}" for value in dice.sample(range(items), SIZES[size]["item"])],
    }
    most = {"colour": 3}
    return {
        name: [(value, 1.0, 1.0, dice.randint(1, most.get(name, 15)), "purchase") for value in values]
        for name, values in names.items()
    }


def _timed(engine: Engine, kind: str, user: str, number: int, taken: list[float]) -> list[tuple[str, float]]:
    keys = "numeric" if kind == "generic" else kind
    personal = {} if kind == "generic" else {"user_id": user}
    began = time.perf_counter()
    answer = search_template(engine, "goods", {"id": f"{keys}-search"}, {"q": f"kind{number % KINDS}", **personal})
    taken.append((time.perf_counter() - began) * 1000)
    return [(hit["_id"], hit["_score"]) for hit in answer["hits"]["hits"]]


if __name__ == "__main__":
    main()
