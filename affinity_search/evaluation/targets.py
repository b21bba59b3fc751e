"""Which queries count, and what each side has to find: all targets, or only those new to the shopper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from affinity_search.offline.cut import FEWEST_CANDIDATES
from affinity_search.offline.queries import Query
from affinity_search.offline.replay import Ranking, Search

__all__ = ["Rankings", "Task", "all_targets", "either", "novel_targets"]


Rankings = Mapping[Search, Ranking]
Owned = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Task:
    """The queries that count for one kind of target, with what is wanted, and what a side may not show.

    `left_out` counts the queries that do not count, by reason.
    """

    queries: tuple[Query, ...]
    targets: Mapping[str, frozenset[str]]
    hidden: Owned
    left_out: Mapping[str, int]

    def order(self, query: Query, ids: Sequence[str]) -> Sequence[str]:
        """The ids as this task sees them, in their order."""
        hidden = self.hidden.get(query.user)
        return [item for item in ids if item not in hidden] if hidden else ids


def all_targets(queries: Sequence[Query], generic: Rankings) -> Task:
    """Everything bought after the query is a target."""
    return _task(queries, {query.qid: query.relevant for query in queries}, {}, generic)


def novel_targets(queries: Sequence[Query], generic: Rankings, owned: Owned) -> Task:
    """Only what the shopper never bought before is a target; what they own is taken from both sides."""
    nothing: frozenset[str] = frozenset()
    targets = {
        query.qid: (query.relevant if query.novel is None else query.novel) - owned.get(query.user, nothing)
        for query in queries
    }
    return _task(queries, targets, owned, generic)


def either(first: Task, second: Task) -> Task:
    """The queries that count for one task or the other, those of the first before the rest; both look for the same."""
    known = {query.qid for query in first.queries}
    more = tuple(query for query in second.queries if query.qid not in known)
    return Task((*first.queries, *more), {**second.targets, **first.targets}, first.hidden, {})


def _task(queries: Sequence[Query], targets: Mapping[str, frozenset[str]], hidden: Owned, generic: Rankings) -> Task:
    task = Task((), {}, hidden, {})
    reasons = {query.qid: _why_not(task, query, targets[query.qid], generic) for query in queries}
    counting = tuple(query for query in queries if not reasons[query.qid])
    left_out = Counter(sorted(filter(None, reasons.values())))
    return Task(counting, {query.qid: targets[query.qid] for query in counting}, hidden, dict(left_out))


def _why_not(task: Task, query: Query, targets: frozenset[str], generic: Rankings) -> str:
    if not targets:
        return "no target"
    candidates = task.order(query, generic[Search(query.text)].ids)
    if len(candidates) < FEWEST_CANDIDATES:
        return f"fewer than {FEWEST_CANDIDATES} candidates"
    return "" if not targets.isdisjoint(candidates) else "no target among the candidates"
