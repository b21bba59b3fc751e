"""An index as others make it, and others at work: a writer that rewrites whole documents, and a searcher."""

from __future__ import annotations

import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

BRANDS = ("Acme", "Birch", "Cedar", "Dune & Söhne")
KINDS = ("sneaker", "sandal", "boot")
SIZES = ("36", "38", "40", "42")
TEXT = {"type": "text", "analyzer": "shop"}
MAPPINGS = {
    "dynamic": "strict",
    "properties": {
        "name": {**TEXT, "fields": {"keyword": {"type": "keyword"}}},
        "description": TEXT,
        "brand": {"type": "text", "fields": {"keyword": {"type": "keyword"}}},
        "category": {"type": "keyword"},
        "popularity": {"type": "float"},
        "sale_price": {"type": "double"},
        "sku": {"type": "keyword"},
        "variants": {"type": "nested", "properties": {"size": {"type": "keyword"}, "stock": {"type": "integer"}}},
    },
}
ANALYSIS = {
    "filter": {"same": {"type": "synonym", "synonyms": ["sneaker, trainer", "boot, wellington"]}},
    "analyzer": {"shop": {"tokenizer": "standard", "filter": ["lowercase", "same"]}},
}
QUERY = {
    "dis_max": {
        "queries": [
            {"match": {"name": {"query": "trainer trail", "boost": 2}}},
            {"match": {"description": "light wellington"}},
            {"nested": {"path": "variants", "query": {"term": {"variants.size": "38"}}}},
        ],
        "tie_breaker": 0.3,
    }
}


def body(shards: int, **settings: object) -> dict[str, Any]:
    """The index as its owners create it."""
    return {
        "settings": {"number_of_shards": shards, "number_of_replicas": 0, "analysis": ANALYSIS, **settings},
        "mappings": MAPPINGS,
    }


def document(number: int) -> dict[str, Any]:
    """The item p<number>: always the same for the same number."""
    dice = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    return {
        "name": f"Trail {kind} {number % 29}",
        "description": f"a light {kind} for {dice.choice(('road', 'rain', 'rock'))}",
        "brand": BRANDS[number % len(BRANDS)],
        "category": kind,
        "popularity": number % 7 + 0.5,
        "sale_price": 20.0 + number % 80,
        "sku": f"k-{number}",
        "variants": [{"size": size, "stock": number % 3} for size in dice.sample(SIZES, 2)],
    }


def request(url: str, method: str, at: str, content: object = None) -> Any:
    """The engine's answer, as any client of the shop's owners would get it; raises on an error."""
    text = content if isinstance(content, str) else json.dumps(content)
    data = None if content is None else text.encode()
    asked = urllib.request.Request(f"{url}{at}", data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(asked, timeout=300) as answer:
        return json.loads(answer.read() or b"{}")


def load(url: str, index: str, numbers: range, params: str = "") -> None:
    """Writes these items with one bulk request for each thousand, and lets searches see them."""
    for first in range(numbers.start, numbers.stop, 1_000):
        some = range(first, min(first + 1_000, numbers.stop))
        answer = request(url, "POST", f"/{index}/_bulk{params}", "".join(map(_bulk_lines, some)))
        assert not answer["errors"], answer["items"][0]
    request(url, "POST", f"/{index}/_refresh")


def _bulk_lines(number: int) -> str:
    return json.dumps({"index": {"_id": f"p{number}"}}) + "\n" + json.dumps(document(number)) + "\n"


def scores(url: str, name: str, numbers: range) -> dict[str, float]:
    """The score that each of these items, up to 10,000, has in the owners' own query; none for no hit."""
    some = {"ids": {"values": [f"p{number}" for number in numbers]}}
    query = {"query": {"bool": {"must": [QUERY], "filter": [some]}}, "size": 10_000, "_source": False}
    return {hit["_id"]: hit["_score"] for hit in request(url, "POST", f"/{name}/_search", query)["hits"]["hits"]}


def drop_replaced_copies(url: str, index: str, seconds: float = 120) -> None:
    """Copies count in relevance until the engine drops them, whoever replaced them; it keeps them for half a minute."""
    end = time.monotonic() + seconds
    while _deleted(url, index):
        assert time.monotonic() < end, "the engine still holds replaced copies"
        time.sleep(2)


def _deleted(url: str, index: str) -> int:
    for at in ("_flush", "_forcemerge?max_num_segments=1", "_refresh"):
        request(url, "POST", f"/{index}/{at}")
    return int(request(url, "GET", f"/{index}/_stats/docs")["_all"]["primaries"]["docs"]["deleted"])


def sources(url: str, name: str) -> dict[str, Mapping[str, Any]]:
    """All documents that searches see, up to 10,000."""
    request(url, "POST", f"/{name}/_refresh")
    answer = request(url, "POST", f"/{name}/_search", {"query": {"match_all": {}}, "size": 10_000})
    return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}


@dataclass
class Others:
    """What became of the owners' own requests."""

    written: int = 0
    searched: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def others_at_work(url: str, name: str, items: int) -> Iterator[Others]:
    """Others who rewrite whole items with the same content, one after the other, and search, all the while."""
    found, done = Others(), threading.Event()
    threads = [threading.Thread(target=work, args=(url, name, items, found, done)) for work in (_write, _search)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _write(url: str, name: str, items: int, found: Others, done: threading.Event) -> None:
    dice = random.Random(5)
    while not done.wait(0.05):
        some = dice.sample(range(items), 10)
        try:
            answer = request(url, "POST", f"/{name}/_bulk", "".join(map(_bulk_lines, some)))
        except (urllib.error.URLError, OSError) as error:
            found.failures.append(f"write: {error}")
            continue
        found.written += len(some)
        found.failures += [str(item) for item in answer["items"] if item["index"]["status"] >= 300]


def _search(url: str, name: str, _items: int, found: Others, done: threading.Event) -> None:
    while not done.wait(0.05):
        try:
            answer = request(url, "POST", f"/{name}/_search", {"query": QUERY, "size": 20})
        except (urllib.error.URLError, OSError) as error:
            found.failures.append(f"search: {error}")
            continue
        found.searched += 1
        if answer["timed_out"] or answer["_shards"]["failed"] or len(answer["hits"]["hits"]) != 20:
            found.failures.append(f"search: {answer}")
