"""From an event to the next search that shows it, step by step, by the product's own functions; no refresh."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from affinity_search import deploy
from affinity_search.config import Config
from affinity_search.engine import Engine
from affinity_search.errors import EngineFailed
from affinity_search.profiles.build import build_profile, build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.search import Client
from affinity_search.state import open_state
from affinity_search.state.buckets import ingest
from affinity_search.state.catalogue import stage_items
from benchmarks.latency.catalogue import Catalogue, item_id
from benchmarks.latency.settings import fresh_config

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["STEPS", "event_to_search"]

STEPS = ("ingest", "build", "publish", "next_search", "total")
TIMES = 20
SHOPPERS, EVENTS_EACH = 500, 40
NOW = datetime(2026, 3, 1, tzinfo=UTC)
VALUES = "INSERT INTO item_values SELECT item, field, value FROM staged_values"


@dataclass(frozen=True)
class _Bench:
    engine: Engine
    config: Config
    state: DuckDBPyConnection
    folder: Path

    def ingest(self, name: str, day: str, events: Sequence[tuple[str, str]]) -> None:
        """Writes that day's events (shopper, item) to a file of that name and reads it."""
        rows = [f"{user},{day},purchase,{item}\n" for user, item in events]
        (self.folder / name).write_text("user,ts,type,item\n" + "".join(rows), encoding="utf-8")
        ingest(self.state, [self.folder / name], self.config, now=NOW, quarantine_folder=self.folder)


def event_to_search(engine: Engine, shop: Catalogue, queries: Sequence[str]) -> dict[str, float]:
    """Median ms of each step of STEPS when one shopper of 500 buys one item.

    Raises EngineFailed where the search right after the publication does not show the purchase.
    """
    with TemporaryDirectory() as folder, open_state(Path(folder) / "state.duckdb") as state:
        bench = _Bench(engine, fresh_config(), state, Path(folder))
        _begin(bench, shop)
        found = [_buy(bench, f"shopper-{n}", queries[n % len(queries)]) for n in range(TIMES)]
    return {step: round(median(times), 1) for step, times in zip(STEPS, zip(*found, strict=True), strict=True)}


def _begin(bench: _Bench, shop: Catalogue) -> None:
    rng = random.Random("history")
    users = [f"shopper-{n}" for n in range(SHOPPERS)]
    bought = [(user, item_id(rng.randrange(shop.size))) for user in users for _ in range(EVENTS_EACH)]
    bench.ingest("history.csv", "2026-02-27", bought)
    for _ in stage_items(bench.state, (listed.item for listed in shop.items()), bench.config):
        pass
    bench.state.execute(VALUES)
    build_profiles(bench.state, bench.config, now_ms=1)
    wanted = deploy.artefacts(bench.config)
    deploy.apply(deploy.plan_artefacts(bench.engine, bench.config.ledger_index, wanted), bench.engine, NOW)
    publish_profiles(bench.engine, bench.state, bench.config)


def _buy(bench: _Bench, user: str, query: str) -> tuple[float, ...]:
    """Ms of each step when the shopper buys the last hit of the query."""
    client = Client.of(bench.engine, bench.config)
    last = client.search(query, user_id=user).hits[-1]
    marks = [time.perf_counter()]
    bench.ingest(f"{user}.csv", "2026-02-28", [(user, last.id)])
    marks.append(time.perf_counter())
    build_profile(bench.state, bench.config, [user], now_ms=1)
    marks.append(time.perf_counter())
    publish_profiles(bench.engine, bench.state, bench.config, users=[user])
    marks.append(time.perf_counter())
    hits = client.search(query, user_id=user).hits
    marks.append(time.perf_counter())
    if not any(hit.id == last.id and (hit.factor or 1) > (last.factor or 1) for hit in hits):
        raise EngineFailed(f"{bench.engine.url}: expected {last.id} to rise for {user}, found it as it was")
    steps = [(after - before) * 1000 for before, after in pairwise(marks)]
    return (*steps, sum(steps))
