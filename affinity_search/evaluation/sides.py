"""The two sides of an evaluation, measured query by query, and what each affinity contributes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from affinity_search.evaluation.targets import Rankings, Task
from affinity_search.offline.comparison import Difference, compare
from affinity_search.offline.formula import Boosts, Shop, boosts, scores
from affinity_search.offline.measures import DEPTH, MEASURES, measure
from affinity_search.offline.queries import Query
from affinity_search.offline.replay import Ranking, Search

__all__ = ["MAIN", "Side", "against_generic", "boosted_candidates", "sides"]

MAIN = "ndcg@10"

Values = Mapping[str, Mapping[str, float]]
Step = Callable[[int, int], None]
"""Gets the steps done and in all."""


@dataclass(frozen=True)
class Side:
    """One kind of target: each query's value of each measure without and with personalisation, and the differences.

    `parts` holds the nDCG@10 difference of each affinity alone and of everything without it, by "alone NAME" and
    "without NAME"; these are computed by the formula, from the generic candidates.
    """

    task: Task
    generic: Values
    personalised: Values
    differences: Mapping[str, Difference]
    parts: Mapping[str, Difference]

    @property
    def difference(self) -> Difference:
        """The difference in nDCG@10."""
        return self.differences[MAIN]


def boosted_candidates(shop: Shop, queries: Sequence[Query], found: Rankings) -> dict[Search, Boosts]:
    """For every search of a shopper what their affinities add to each generic candidate."""
    searches = dict.fromkeys(Search(query.text, query.user) for query in queries)
    return {search: boosts(shop, found[Search(search.text)].ids, search.user) for search in searches}


def sides(
    tasks: Sequence[Task],
    shop: Shop,
    found: Rankings,
    boosted: Mapping[Search, Boosts],
    seed: int,
    step: Step = lambda *_: None,
) -> list[Side]:
    """A side for each task."""
    bare = [_side(task, found, seed) for task in tasks]
    choices = {
        f"{word} {part}": kept
        for part in shop.parts
        for word, kept in (("alone", {part}), ("without", set(shop.parts) - {part}))
    }
    parts: list[dict[str, Difference]] = [{} for _ in tasks]
    for done, (label, kept) in enumerate(choices.items(), 1):
        orders = {search: _order(shop, found[Search(search.text)], some, kept) for search, some in boosted.items()}
        for side, differences in zip(bare, parts, strict=True):
            differences[label] = against_generic(side, orders, seed)
        step(done, len(choices))
    return [
        Side(side.task, side.generic, side.personalised, side.differences, some)
        for side, some in zip(bare, parts, strict=True)
    ]


def against_generic(side: Side, orders: Mapping[Search, Sequence[str]], seed: int) -> Difference:
    """The nDCG@10 difference between the side's generic order and these orders, by the search of each query."""
    task = side.task
    first = {q.qid: task.order(q, orders[Search(q.text, q.user)])[:DEPTH] for q in task.queries}
    return _difference(task, side.generic, measure(first, task.targets, [MAIN]), MAIN, seed)


def _side(task: Task, found: Rankings, seed: int) -> Side:
    generic = measure({q.qid: task.order(q, found[Search(q.text)].ids) for q in task.queries}, task.targets)
    personal = measure({q.qid: task.order(q, found[Search(q.text, q.user)].ids) for q in task.queries}, task.targets)
    differences = {name: _difference(task, generic, personal, name, seed) for name in MEASURES}
    return Side(task, generic, personal, differences, {})


def _difference(task: Task, base: Values, other: Values, name: str, seed: int) -> Difference:
    return compare(base[name], other[name], {query.qid: query.user for query in task.queries}, seed=seed)


def _order(shop: Shop, found: Ranking, boosted: Boosts, parts: Collection[str]) -> list[str]:
    worth = scores(shop, found, boosted, parts)
    return [found.ids[place] for place in sorted(range(len(worth)), key=worth.__getitem__, reverse=True)]
