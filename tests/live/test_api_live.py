"""The whole path through the public names on a real engine, and searches in an event loop."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import affinity_search as a
from affinity_search.config import Config
from affinity_search.errors import MissingResource
from affinity_search.surfaces import build_templates
from docs.generate_python import PAGE
from tests.doc_blocks import blocks
from tests.live.evaluate_shops import Shop as GeneratedShop
from tests.live.evaluate_shops import write_shop
from tests.live.shop import ALDER_FAN, BIRCH_FAN, CONFIG, STRANGER, Shop, remove, write_files

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def in_json(value: Any) -> Any:
    """What the value says of itself, once it has been through JSON."""
    said = value.as_json()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    return said


@pytest.fixture
def folder(engine_url: str, prefix: str, tmp_path: Path) -> Iterator[Path]:
    """A folder with the files and the affinity.yaml of the test shop, of which nothing is deployed."""
    write_files(tmp_path)
    (tmp_path / "affinity.yaml").write_text(CONFIG.format(url=engine_url, prefix=f"{prefix}api"), encoding="utf-8")
    config = a.load_config(tmp_path / "affinity.yaml")
    yield tmp_path
    remove(a.connect(config), config)


def test_the_whole_path(folder: Path) -> None:
    config = a.load_config(str(folder / "affinity.yaml"))
    engine = a.connect(config)
    with a.State(config) as state:
        ingested = a.ingest(state, config, [folder / "events.csv"], now=NOW)
        loaded = a.load_items(engine, state, config, folder / "items.jsonl", now=NOW)
        built = a.build_profiles(state, config, now=NOW)
        planned = a.plan(engine, config)
        applied = a.apply(engine, planned, now=NOW)
        published = a.publish_profiles(engine, state, config)
        again = a.publish_profiles(engine, state, config, mode="verify")
        reloaded = a.load_items(engine, state, config, folder / "items.jsonl", now=NOW)

    assert in_json(ingested)["total"]["applied"] == 32
    assert in_json(loaded)["loaded"] == 12
    assert loaded.index == f"{config.items.index}-20260301-120000-000000"
    assert reloaded.index == f"{config.items.index}-20260301-120000-000001"
    assert (built.build, built.shoppers) == (int(NOW.timestamp() * 1000), 8)
    assert in_json(built)["entries"] == built.entries > 0
    assert {change["op"] for change in in_json(planned)["changes"]} == {"create"}
    assert (in_json(applied)["number"], applied.status, applied.started) == (1, "done", NOW)
    assert in_json(published)["changed"] == 8
    assert (in_json(again)["unchanged"], again.written) == (8, 0)
    assert in_json(a.plan(engine, config))["changes"] == [
        {**change.as_json(), "op": "leave"} for change in a.plan(engine, config).changes
    ]

    client = a.Client.of(engine, config)
    answer = client.search("running shoes", user_id=BIRCH_FAN, size=2, track_total_hits=True)
    assert (answer.total, answer.total_exact, answer.personalised) == (9, True, True)
    assert in_json(answer)["hits"][0]["id"] == "s05"
    explained = a.explain(client, config, "running shoes", BIRCH_FAN)
    assert in_json(explained)["personalised"][0]["reasons"][0]["attribute"] == "item"
    assert in_json(explained.personalised[0])["sentence"]

    stands = a.status(engine, config)
    assert in_json(stands)["advice"] == []
    assert [entry["number"] for entry in in_json(stands)["ledger"]] == [1]
    undone = a.rollback(engine, config, now=NOW, to=0)
    assert (in_json(undone)["kind"], undone.number) == ("rollback", 2)
    with pytest.raises(MissingResource):
        client.search("running shoes")
    assert in_json(a.status(engine, config))["advice"] != []


def test_the_examples_of_the_page_print_what_it_shows(folder: Path) -> None:
    code = [block for block in blocks(PAGE) if block.language == "python" and "import affinity_search" in block.text]
    shown = next(block for block in blocks(PAGE) if block.language == "text")
    path, loop = (ran(block.text, folder) for block in code)
    assert path == shown.text
    assert loop == "['s05', 's10', 's12']\n"


def ran(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def with_parts(config: Config) -> str:
    """The template of the configuration, which marks words and counts brands besides."""
    (template,) = build_templates(config)
    parts = {
        "highlight": {"fields": {"title": {}}},
        "aggs": {"brands": {"terms": {"field": "attrs.brand"}}},
    }
    source = template.source.strip()
    assert source.startswith("{")
    return f"{json.dumps(parts)[:-1]},{source[1:]}"


def test_aggregations_and_highlights_of_the_engine_reach_the_caller(shop: Shop, prefix: str) -> None:
    name = f"{prefix}parts"
    source = with_parts(shop.config)
    shop.engine.call("PUT", f"/_scripts/{name}", {"script": {"lang": "mustache", "source": source}})
    plain = shop.client.search("running shoes", user_id=BIRCH_FAN)

    answer = a.Client(shop.engine, shop.config.items.index, name).search("running shoes", user_id=BIRCH_FAN)

    assert [hit.id for hit in answer.hits] == [hit.id for hit in plain.hits]
    assert answer.hits[0].highlight["title"] == ["Trail <em>running</em> <em>shoes</em>"]
    counts = {bucket["key"]: bucket["doc_count"] for bucket in answer.aggregations["brands"]["buckets"]}
    assert counts == {"Alder": 3, "Birch": 3, "Cedar": 3}
    assert (plain.aggregations, plain.hits[0].highlight) == ({}, {})
    assert in_json(answer)["aggregations"] == answer.aggregations


def test_many_searches_at_once_give_the_answers_of_one_after_another(shop: Shop) -> None:
    queries = ("running shoes", "jacket", "trail", "walking", "", "nothing has this")
    asked = [(q, user) for q in queries for user in (BIRCH_FAN, ALDER_FAN, STRANGER)] * 10
    expected = {(q, user): told(shop.client.search(q, user_id=user)) for q, user in asked}

    async def together() -> list[Any]:
        client = a.AsyncClient.of(shop.engine, shop.config)
        return await asyncio.gather(*(client.search(q, user_id=user) for q, user in asked))

    assert [told(answer) for answer in asyncio.run(together())] == [expected[one] for one in asked]


def told(answer: Any) -> dict[str, Any]:
    """The answer without the time that it took."""
    return {name: value for name, value in answer.as_json().items() if name != "took_ms"}


class Slow:
    """The engine behind a wait, counting how many requests are under way."""

    def __init__(self, shop: Shop, seconds: float) -> None:
        self._shop, self._seconds = shop, seconds
        self.sent = self.under_way = self.most = 0

    @property
    def url(self) -> str:
        return self._shop.engine.url

    def info(self) -> Any:
        return self._shop.engine.info()

    def call(self, *request: Any, **options: Any) -> Any:
        self.sent += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        time.sleep(self._seconds)
        try:
            return self._shop.engine.call(*request, **options)
        finally:
            self.under_way -= 1


def test_no_more_searches_run_at_once_than_there_are_connections(shop: Shop) -> None:
    slow = Slow(shop, 0.05)

    async def together() -> None:
        client = a.AsyncClient.of(slow, shop.config)
        await asyncio.gather(*(client.search("shoes") for _ in range(24)))

    asyncio.run(together())
    assert (slow.sent, slow.most) == (24, 8)


def test_a_cancelled_search_ends_at_once_and_one_in_the_queue_sends_nothing(shop: Shop) -> None:
    slow = Slow(shop, 0.4)

    async def impatient() -> float:
        client = a.AsyncClient.of(slow, shop.config)
        tasks = [asyncio.create_task(client.search("shoes")) for _ in range(12)]
        while slow.sent < 8:
            await asyncio.sleep(0.005)
        before = time.monotonic()
        for task in tasks:
            task.cancel()
        assert await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        seconds = time.monotonic() - before
        assert (await client.search("jacket")).hits[0].id in {"s10", "s11"}
        return seconds

    assert asyncio.run(impatient()) < 0.3
    assert slow.sent == 9


def test_a_search_sees_the_context_of_its_task(shop: Shop) -> None:
    request: ContextVar[str] = ContextVar("request", default="none")
    seen: list[str] = []

    class Watched(Slow):
        def call(self, *request_: Any, **options: Any) -> Any:
            seen.append(request.get())
            return super().call(*request_, **options)

    async def one() -> None:
        request.set("r-17")
        await a.AsyncClient.of(Watched(shop, 0), shop.config).search("shoes")

    asyncio.run(one())
    assert seen == ["r-17"]


def test_evaluate_and_tune_say_themselves_as_json(engine_url: str, tmp_path: Path) -> None:
    data = write_shop(tmp_path / "shop", GeneratedShop(love=4.0, again=0.6, shoppers=60, purchases=20))
    (tmp_path / "affinity.yaml").write_text(
        f"engine: {{url: '{engine_url}'}}\n"
        "events: {types: {purchase: {weight: 1}}}\n"
        "attributes: {brand: {field: attrs.brand, strength: 0.1, saturation_weight: 3}}\n"
        "search: {window: 40}\n"
    )
    config = a.load_config(tmp_path / "affinity.yaml")
    engine = a.connect(config)

    measured = in_json(a.evaluate(engine, data, config, sample=40))
    found = in_json(a.tune(engine, *(sorted(data.glob(f"{name}.*"))[0] for name in ("items", "events")), config))

    assert measured["queries"]["sampled"] == 40
    assert measured["config_suggested"] is False
    assert found["confirmed"]["scores"] > 0
