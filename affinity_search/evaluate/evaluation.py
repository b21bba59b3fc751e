"""The evaluation of a deployed shop: what personalisation changes for real shoppers' next purchases, and how surely."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.engine.protocol import Engine
from affinity_search.errors import DataError
from affinity_search.evaluate.controls import NOBODY, Controls, controls, draw_strangers
from affinity_search.evaluate.facts import Facts, gather_facts, owned_items
from affinity_search.evaluate.formula import read_shop
from affinity_search.evaluate.queries import Query
from affinity_search.evaluate.replay import Ranking, Search, replay
from affinity_search.evaluate.sides import Side, boosted_candidates, sides
from affinity_search.evaluate.targets import all_targets, novel_targets
from affinity_search.validation.split import CANDIDATES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Evaluation", "Progress", "evaluate"]

Progress = Callable[[str, int, int], None]
"""Gets the name of the stage, what is done of it, and how much it is in all."""


@dataclass(frozen=True)
class Evaluation:
    """The outcome for these queries, counting or not, with this configuration."""

    queries: tuple[Query, ...]
    all: Side
    novel: Side
    controls: Controls
    facts: Facts
    config: Config
    seed: int


def evaluate(
    engine: Engine,
    connection: DuckDBPyConnection,
    config: Config,
    queries: Sequence[Query],
    *,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> Evaluation:
    """The evaluation of the deployed template on these queries, with the profiles of the last build as published.

    The same engine content and seed give the same outcome. Raises DataError where there is no query, ConfigError
    without ir-measures.
    """
    if not queries:
        raise DataError("expected test queries, found none")
    shop = read_shop(connection, config)
    strangers = draw_strangers(queries, sorted(shop.levels), seed)
    asked = {
        "generic searches": [Search(query.text) for query in queries],
        "personalised searches": [Search(query.text, query.user) for query in queries],
        "a stranger's searches": [Search(query.text, strangers[query.user]) for query in queries],
        "nobody's searches": [Search(query.text, NOBODY) for query in queries],
    }
    found: dict[Search, Ranking] = {}
    for stage, searches in asked.items():
        found.update(_replayed(engine, config, stage, [one for one in searches if one not in found], progress))
    boosted = boosted_candidates(shop, queries, found)
    tasks = all_targets(queries, found), novel_targets(queries, found, owned_items(connection, config))
    every, novel = sides(
        tasks, shop, found, boosted, seed, lambda done, total: progress("affinities apart", done, total)
    )
    return Evaluation(
        tuple(queries),
        every,
        novel,
        controls((every, novel), shop, found, boosted, strangers, seed),
        gather_facts(connection, queries, found),
        config,
        seed,
    )


def _replayed(
    engine: Engine, config: Config, stage: str, searches: Sequence[Search], progress: Progress
) -> dict[Search, Ranking]:
    distinct, done = len(set(searches)), 0

    def count(some: int) -> None:
        nonlocal done
        done += some
        progress(stage, done, distinct)

    # As many for any window below, so that what counts is the same.
    return replay(engine, config, searches, max(config.search.window, CANDIDATES), count)
