"""The evaluation of a deployed shop: what personalisation changes for real shoppers' next purchases, and how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.engine.protocol import Engine
from affinity_search.errors import DataError
from affinity_search.evaluation.answers import Progress, answers
from affinity_search.evaluation.controls import NOBODY, Controls, controls, draw_shuffled
from affinity_search.evaluation.facts import Facts, gather_facts, owned_items
from affinity_search.evaluation.sides import Side, boosted_candidates, sides
from affinity_search.evaluation.targets import Rankings, all_targets, novel_targets
from affinity_search.offline.formula import read_shop
from affinity_search.offline.queries import Query
from affinity_search.offline.replay import Search

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """The outcome for these queries, counting or not, with this configuration.

    `rankings` are the engine's answers, `owned` is what the shoppers had bought before.
    """

    queries: tuple[Query, ...]
    all: Side
    novel: Side
    controls: Controls
    facts: Facts
    config: Config
    seed: int
    rankings: Rankings
    owned: Mapping[str, frozenset[str]]


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
    shuffled = draw_shuffled(connection, queries, seed)
    shop = read_shop(connection, config, {query.user for query in queries})
    stages = {
        "generic searches": [Search(query.text) for query in queries],
        "personalised searches": [Search(query.text, query.user) for query in queries],
        "shuffled-profile searches": [Search(query.text, shuffled[query.user]) for query in queries],
        "nobody's searches": [Search(query.text, NOBODY) for query in queries],
    }
    found = answers(engine, config, stages, progress)
    boosted = boosted_candidates(shop, queries, found)
    owned = owned_items(connection, config, queries)
    tasks = all_targets(queries, found), novel_targets(queries, found, owned)
    every, novel = sides(
        tasks, shop, found, boosted, seed, lambda done, total: progress("affinities apart", done, total)
    )
    return Evaluation(
        tuple(queries),
        every,
        novel,
        controls((every, novel), shop, found, boosted, shuffled, seed),
        gather_facts(connection, queries, found),
        config,
        seed,
        found,
        owned,
    )
