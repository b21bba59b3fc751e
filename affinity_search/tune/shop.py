"""Tuning of a shop: its last purchases cut off, the rest in the engine, the numbers found and confirmed there."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from affinity_search import deploy
from affinity_search.config import Config
from affinity_search.engine import Engine
from affinity_search.errors import DataError
from affinity_search.evaluate.controls import LARGEST_ERROR
from affinity_search.evaluate.extras import extra_module
from affinity_search.evaluate.facts import owned_items
from affinity_search.evaluate.formula import lifts, scores
from affinity_search.evaluate.own_log import cut_log
from affinity_search.evaluate.queries import Query
from affinity_search.evaluate.replay import Search, replay
from affinity_search.profiles.build import build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.trial import Files, Say, staged
from affinity_search.tune.bench import Bench
from affinity_search.tune.candidates import POOL, Candidates, candidates, replayable
from affinity_search.tune.descent import Descent, descend
from affinity_search.tune.judge import Objective

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Tuning", "tune"]

MOST_SEARCHES = 3000
CONFIRMED = 300
SEED = 7


@dataclass(frozen=True)
class Tuning:
    """The outcome: `before` and the configuration found (in `found.config`), with the names that the user gave.

    `searches` of `shoppers` shoppers were replayed, of `held` derived from the purchases since `since`. `confirmed` is
    how many hits the engine gave with the configuration found, `error` the largest relative difference of their scores.
    """

    before: Config
    found: Descent
    aim: Objective
    since: str
    held: int
    searches: int
    shoppers: int
    confirmed: int
    error: float


def tune(engine: Engine, files: Files, config: Config, aim: Objective, *, say: Say = lambda _: None) -> Tuning:
    """The numbers that surely gain for this shop, beginning with those of `config`; queries are never read.

    The last fifth of the purchases (of each shopper's steps) becomes the searches, everything before is staged in the
    engine under names that begin with `tune-` and are gone at the end. The same input gives the same answer. Raises
    DataError where nothing can be replayed, and where the engine does not give the scores that were computed.
    """
    extra_module("duckdb", "profiles")
    with tempfile.TemporaryDirectory(prefix="affinity-tune-") as folder:
        log = cut_log(files.items, files.events, Path(folder), None, config.events.time)
        training = Files(files.items, log.training, None)
        queries = _drawn(log.queries, MOST_SEARCHES)
        say(f"validation: {len(queries):,} of {len(log.queries):,} searches, from the purchases since {log.since}")
        with staged(engine, config, training, f"tune-{secrets.token_hex(4)}", say) as (state, own):
            kept = _candidates(engine, state, own, queries)
            found, confirmed, error = _tuned(engine, state, own, kept, aim, say)
    back = {name: getattr(config, name) for name in ("engine", "state", "items")}
    search = found.config.search.model_copy(update={"template": config.search.template})
    found = replace(found, config=found.config.model_copy(update={**back, "search": search}))
    shoppers = len({query.user for query in kept.queries})
    return Tuning(config, found, aim, log.since, len(log.queries), len(kept.queries), shoppers, confirmed, error)


def _drawn(queries: Sequence[Query], most: int) -> list[Query]:
    """At most so many queries, drawn from all alike: the more shoppers they are of, the narrower the intervals."""
    if len(queries) <= most:
        return list(queries)
    return Random(SEED).sample(queries, most)


def _candidates(engine: Engine, state: DuckDBPyConnection, config: Config, queries: list[Query]) -> Candidates:
    found = replay(engine, config, [Search(query.text) for query in queries], POOL)
    usable = replayable(queries, found)
    if not usable:
        raise DataError(
            f"tune: expected purchases that a search finds among ten candidates, found none in {len(queries):,}",
            hint="Are the items of the events those of the catalogue, and do their titles hold words?",
        )
    rows = state.execute("SELECT item, popularity, recent FROM item_signals").fetchall()
    signals = {item: (popularity, recent) for item, popularity, recent in rows}
    return candidates(usable, found, owned_items(state, config), signals, config.popularity)


def _tuned(
    engine: Engine, state: DuckDBPyConnection, config: Config, kept: Candidates, aim: Objective, say: Say
) -> tuple[Descent, int, float]:
    bench = Bench(state, kept, config)
    _, searches = bench.generic(config)
    # The measure needs the searches only for their shoppers, which no order of the candidates changes.
    found = descend(config, searches, bench.measure, aim)
    say("confirming in the engine")
    confirmed, error = _confirm(engine, state, found.config, bench)
    if error > LARGEST_ERROR:
        raise DataError(
            f"tune: expected the engine's scores within {LARGEST_ERROR:g} of those computed, got {error:.2g}",
            hint="Nothing was written. Is the engine's version one that this product supports?",
        )
    return found, confirmed, error


def _confirm(engine: Engine, state: DuckDBPyConnection, config: Config, bench: Bench) -> tuple[int, float]:
    """How many hits the engine gave for the searches of some shoppers, and the largest relative error of a score."""
    now = datetime.now(UTC)
    build_profiles(state, config, now_ms=int(now.timestamp() * 1000))
    deploy.apply(deploy.plan(config, engine), engine, now)
    publish_profiles(engine, state, config)
    asked = _drawn(bench.candidates.queries, CONFIRMED)
    answers = replay(engine, config, [Search(query.text, query.user) for query in asked], config.search.window)
    generic, _ = bench.generic(config)
    # What the engine gave was within its window, whatever stands at the edge of ours.
    shop, hits, worst = replace(bench.shop(config), window=10**9), 0, 0.0
    for query in asked:
        found = generic[query.text]
        computed = scores(shop, found, lifts(shop, found.ids, query.user), shop.parts)
        expected = dict(zip(found.ids, computed, strict=True))
        answer = answers[Search(query.text, query.user)]
        hits += len(answer.ids)
        worst = max([worst, *_errors(dict(zip(answer.ids, answer.scores, strict=True)), expected)])
    return hits, worst


def _errors(given: Mapping[str, float], expected: Mapping[str, float]) -> list[float]:
    return [abs(expected[item] / score - 1) for item, score in given.items() if score and item in expected]
