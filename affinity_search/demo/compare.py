"""The same query for two shoppers: which two, and which query, where nobody says."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from affinity_search.demo.deployed import Demo
from affinity_search.engine.indices import refresh
from affinity_search.engine.searches import search
from affinity_search.errors import DataError
from affinity_search.search import Client, Explanation, explain

__all__ = ["Comparison", "compare", "usual_query"]

SHOPPERS = 20
DEPTH = 10


@dataclass(frozen=True)
class Comparison:
    """One query for two shoppers."""

    query: str
    shoppers: tuple[Explanation, ...]

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain JSON values."""
        return {"query": self.query, "shoppers": [shopper.as_json() for shopper in self.shoppers]}


def compare(demo: Demo, query: str | None = None) -> Comparison:
    """The query for the two of the 20 richest profiles whose first ten hits differ most, each explained.

    Without a query it is the most frequent one of the folder's queries, or the most frequent first word of the titles.
    Raises DataError where nothing matches, or where there are no two profiles.
    """
    client = Client.of(demo.engine, demo.config)
    query = query or usual_query(demo)
    shoppers = _richest(demo)
    if len(shoppers) < 2:
        raise DataError(f"expected at least 2 shoppers with a profile, found {len(shoppers)}")
    orders = {user: [hit.id for hit in client.search(query, user_id=user, size=DEPTH).hits] for user in shoppers}
    if not any(orders.values()):
        raise DataError(f"query {query!r}: expected hits, found none", hint="Try another one with --query.")
    pair = max(combinations(shoppers, 2), key=lambda two: _difference(orders[two[0]], orders[two[1]]))
    return Comparison(query, tuple(explain(client, demo.config, query, user, size=DEPTH) for user in pair))


def usual_query(demo: Demo) -> str:
    """The query most asked in the data folder, or else the most frequent first word of the items' titles."""
    if demo.files.queries:
        texts = (str(record.get("query", "")) for record in _records(demo.files.queries))
    else:
        titles = (str(record.get("title", "")).split() for record in _records(demo.files.items))
        texts = (words[0].lower() for words in titles if words)
    counts = Counter(text for text in texts if text)
    if not counts:
        raise DataError("expected a query, found none in the data", hint="Give one with --query.")
    return min(counts, key=lambda text: (-counts[text], text))


def _richest(demo: Demo) -> list[str]:
    refresh(demo.engine, demo.config.profile_index)
    wanted = {"size": SHOPPERS, "_source": False, "sort": [{"events": "desc"}, {"user_id": "asc"}]}
    found = search(demo.engine, demo.config.profile_index, wanted)
    return [hit["_id"] for hit in found["hits"]["hits"]]


def _difference(one: list[str], other: list[str]) -> float:
    """How far the items of two orders stand apart, higher places counting more; 0 for equal orders."""
    places = [{item: 1 / rank for rank, item in enumerate(order, 1)} for order in (one, other)]
    return sum(abs(places[0].get(item, 0) - places[1].get(item, 0)) for item in {*one, *other})


def _records(source: Path) -> list[dict[str, Any]]:
    opener = gzip.open if source.suffix == ".gz" else open
    with opener(source, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]
