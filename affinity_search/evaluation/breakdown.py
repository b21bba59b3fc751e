"""The outcome by groups of queries: by how active the shoppers are, by query class, and the worst single ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from affinity_search.evaluation.evaluation import Evaluation
from affinity_search.evaluation.sides import MAIN, Side
from affinity_search.offline.comparison import Difference, compare
from affinity_search.offline.queries import Query

__all__ = ["Group", "Regression", "classes", "deciles", "regressions"]

DECILES = 10
CLASSES = 20
REGRESSIONS = 10


@dataclass(frozen=True)
class Group:
    """Some of the queries: how many count for all and for novel targets, and the differences in nDCG@10."""

    name: str
    queries: int
    queries_novel: int
    all: Difference
    novel: Difference


@dataclass(frozen=True)
class Regression:
    """A query whose nDCG@10 (all targets) fell."""

    query: Query
    generic: float
    personalised: float


def deciles(found: Evaluation) -> list[Group]:
    """Ten groups of equally many shoppers by their training events, the least active first; fewer for fewer shoppers.

    Named by the smallest and largest number of events in them.
    """
    events = found.facts.events
    users = sorted({query.user for query in found.queries}, key=lambda user: (events.get(user, 0), user))
    cuts = [len(users) * n // DECILES for n in range(DECILES + 1)]
    shares = [users[start:end] for start, end in pairwise(cuts)]
    return [_decile(found, some, [events.get(user, 0) for user in some]) for some in shares if some]


def classes(found: Evaluation) -> list[Group]:
    """The twenty query classes with most queries that count for all targets, the largest first."""
    counts = Counter(query.group for query in found.all.task.queries)
    largest = sorted(counts, key=lambda name: (-counts[name], name))[:CLASSES]
    return [_group(found, name, [q.qid for q in found.queries if q.group == name]) for name in largest]


def regressions(found: Evaluation) -> list[Regression]:
    """The ten queries that lost most, the worst first; fewer where fewer lost."""
    generic, personalised = found.all.generic[MAIN], found.all.personalised[MAIN]
    lost = [q for q in found.all.task.queries if personalised[q.qid] < generic[q.qid]]
    lost.sort(key=lambda query: (personalised[query.qid] - generic[query.qid], query.qid))
    return [Regression(query, generic[query.qid], personalised[query.qid]) for query in lost[:REGRESSIONS]]


def _decile(found: Evaluation, users: Collection[str], events: Sequence[int]) -> Group:
    name = f"{events[0]:,}" if events[0] == events[-1] else f"{events[0]:,} to {events[-1]:,}"
    among = frozenset(users)
    return _group(found, name, [query.qid for query in found.queries if query.user in among])


def _group(found: Evaluation, name: str, qids: Collection[str]) -> Group:
    users = {query.qid: query.user for query in found.queries}
    all_, novel = (_difference(side, qids, users, found.seed) for side in (found.all, found.novel))
    return Group(name, all_[0], novel[0], all_[1], novel[1])


def _difference(side: Side, qids: Collection[str], users: Mapping[str, str], seed: int) -> tuple[int, Difference]:
    base = {qid: side.generic[MAIN][qid] for qid in qids if qid in side.generic[MAIN]}
    return len(base), compare(base, side.personalised[MAIN], users, seed=seed)
