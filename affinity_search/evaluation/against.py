"""Two configurations side by side: what another one changes for the same queries, and for which of them most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from affinity_search.config.model import Config
from affinity_search.engine.protocol import Engine
from affinity_search.evaluation.answers import Progress, answers
from affinity_search.evaluation.evaluation import Evaluation
from affinity_search.evaluation.sides import MAIN
from affinity_search.evaluation.targets import Rankings, Task, all_targets, either, novel_targets
from affinity_search.offline.comparison import Difference, compare
from affinity_search.offline.measures import MEASURES, measure
from affinity_search.offline.queries import Query
from affinity_search.offline.replay import Search

__all__ = ["Against", "ChangedQuery", "Contrast", "ask_other", "set_against"]

MOST_CHANGED = 20

Values = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Contrast:
    """One kind of target, personalised by both configurations: the values of each query by measure, the differences.

    A query counts where it counts for either. A difference is that of the other to the one evaluated.
    """

    queries: tuple[Query, ...]
    this: Values
    other: Values
    differences: Mapping[str, Difference]


@dataclass(frozen=True)
class ChangedQuery:
    """A query whose nDCG@10 (all targets) is another one with the other configuration."""

    query: Query
    this: float
    other: float


@dataclass(frozen=True)
class Against:
    """The configuration evaluated set against another one by that name.

    `changed` are the queries that change most, the most first, of `changed_count` that change at all.
    """

    name: str
    config: Config
    all: Contrast
    novel: Contrast
    changed: tuple[ChangedQuery, ...]
    changed_count: int


def ask_other(engine: Engine, config: Config, queries: Sequence[Query], progress: Progress) -> Rankings:
    """What the other configuration, deployed, answers to nobody and to the shoppers of the queries."""
    stages = {
        "other, generic searches": [Search(query.text) for query in queries],
        "other, personalised": [Search(query.text, query.user) for query in queries],
    }
    return answers(engine, config, stages, progress)


def set_against(base: Evaluation, name: str, config: Config, rankings: Rankings) -> Against:
    """What the `rankings` of the configuration `config` change against those of the evaluation."""
    every = _contrast(base, either(base.all.task, all_targets(base.queries, rankings)), rankings)
    novel = _contrast(base, either(base.novel.task, novel_targets(base.queries, rankings, base.owned)), rankings)
    changed = _changed(every)
    return Against(name, config, every, novel, tuple(changed[:MOST_CHANGED]), len(changed))


def _contrast(base: Evaluation, task: Task, rankings: Rankings) -> Contrast:
    users = {query.qid: query.user for query in task.queries}
    this, other = _values(task, base.rankings), _values(task, rankings)
    differences = {name: compare(this[name], other[name], users, seed=base.seed) for name in MEASURES}
    return Contrast(task.queries, this, other, differences)


def _values(task: Task, rankings: Rankings) -> Values:
    orders = {q.qid: task.order(q, rankings[Search(q.text, q.user)].ids) for q in task.queries}
    return measure(orders, task.targets)


def _changed(found: Contrast) -> list[ChangedQuery]:
    this, other = found.this[MAIN], found.other[MAIN]
    changed = [ChangedQuery(q, this[q.qid], other[q.qid]) for q in found.queries if this[q.qid] != other[q.qid]]
    return sorted(changed, key=lambda one: (-abs(one.other - one.this), one.query.qid))
