"""The latency benchmark on a real engine, small: whether it runs and ranks rightly, not how fast."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from affinity_search.engine import Engine
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import EngineFailed
from benchmarks.latency import measure as bench
from benchmarks.latency import wrk
from benchmarks.latency.connection import Connection, Request
from benchmarks.latency.freshness import STEPS
from benchmarks.latency.lineup import lineup
from benchmarks.latency.settings import PREFIX
from benchmarks.latency.shapes import InEngine
from benchmarks.latency.shoppers import crowds
from benchmarks.latency.stage import clear

WISH = bench.Wish(items=2000, seconds_per_row=0.1, shoppers=20, clients=2)


@pytest.fixture
def engine(engine_url: str) -> Iterator[Engine]:
    found = OpenSearchEngine(engine_url)
    yield found
    clear(found)


def test_a_whole_run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "PAIRS", 20)
    monkeypatch.setattr(bench, "find_wrk", lambda: None)
    said: list[str] = []
    found = bench.measure(engine.url, WISH, said.append)
    assert [(row["shape"], row["profile"], row["lookups"]) for row in found["rows"]] == [
        (shape.name, shape.profile, shape.lookups) for shape in lineup({}, crowds(20))
    ]
    assert all(row["p95_ms"] >= row["p50_ms"] > 0 and row["searches_per_s"] > 0 for row in found["rows"])
    assert found["settings"]["same_best_ten_as_app_side"] == 1.0
    assert (found["settings"]["segments"], found["settings"]["queries"]) == (5, 300)
    assert (found["engine_alone"], found["settings"]["engine_alone"]) == ([], "wrk not found")
    assert tuple(found["event_to_search_ms"]) == STEPS
    assert found["machine"]["engine"].startswith("opensearch 3.")
    assert said[0] == "loading 2,000 items"
    assert left_behind(engine) == []


def left_behind(engine: Engine) -> list[str]:
    stored = engine.call("GET", "/_cluster/state/metadata", params={"filter_path": "metadata.stored_scripts.*.lang"})
    scripts = stored.get("metadata", {}).get("stored_scripts", {})
    return [name for name in (*engine.call("GET", f"/{PREFIX}*"), *scripts) if name.startswith(PREFIX)]


@pytest.mark.skipif(wrk.find_wrk() is None, reason="wrk is a program of its own, and rows without it are absent")
def test_wrk_plays_the_requests(engine: Engine) -> None:
    script = {"script": {"lang": "mustache", "source": '{"query": {"match": {"title": "{{q}}"}}}'}}
    engine.call("PUT", f"/_scripts/{PREFIX}-wrk", script)
    shape = InEngine("generic", f"{PREFIX}-wrk", anonymous=True)
    with pytest.raises(EngineFailed, match="Non-2xx"):
        wrk.engine_alone(engine.url, [shape], ["a"], 1.0)
    engine.call("PUT", f"/{PREFIX}-products")
    (row,) = wrk.engine_alone(engine.url, [shape], ['a "b"', "c"], 1.0)
    assert row == {"shape": "generic", "profile": "none", "lookups": 0, "searches_per_s": row["searches_per_s"]}
    assert row["searches_per_s"] > 0


def test_an_error_is_no_search(engine: Engine) -> None:
    connection = Connection(engine.url)
    with pytest.raises(EngineFailed, match="404"):
        connection.ask(Request("GET", f"/{PREFIX}-absent/_source/1"))
    assert connection.ask(Request("GET", "/_cluster/health"))["timed_out"] is False  # and the connection still works
    connection.close()
