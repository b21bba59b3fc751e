"""The measures, computed by ir-measures; a query's value is 0 where no target is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from affinity_search.extras import extra_module

__all__ = ["DEPTH", "MEASURES", "mean", "measure"]

DEPTH = 10
MEASURES = ("ndcg@10", "mrr", "recall@10", "hit@10")

Orders = Mapping[str, Sequence[str]]
Targets = Mapping[str, frozenset[str]]
Values = dict[str, dict[str, float]]


def measure(orders: Orders, targets: Targets, names: Sequence[str] = MEASURES) -> Values:
    """For each measure the value of each query, by query id: 0 (worst) to 1.

    `orders` holds the item ids of each query from the top, each once, `targets` the items wanted; every query with
    targets gets a value, 0 where its order holds none of them or is missing. Queries without targets are left out.
    Raises ConfigError without the package ir-measures.
    """
    measures = extra_module("ir_measures")
    known = {"ndcg@10": measures.nDCG @ DEPTH, "mrr": measures.RR, "recall@10": measures.R @ DEPTH}
    known["hit@10"] = measures.Success @ DEPTH
    wanted = {known[name]: name for name in names}
    qids = [qid for qid, items in targets.items() if items]
    values: Values = {name: dict.fromkeys(qids, 0.0) for name in names}
    # Queries and items go by numbers: an id with a NUL in it would end the process inside ir-measures.
    judged, run = {}, {}
    for number, qid in enumerate(qids):
        relevant, shown = _places(orders.get(qid, ()), targets[qid])
        judged[str(number)] = dict.fromkeys(relevant, 1)
        if shown:
            run[str(number)] = _ranks(shown)
    for found in measures.iter_calc(list(wanted), judged, run) if run else ():
        values[wanted[found.measure]][qids[int(found.query_id)]] = found.value
    return values


def mean(values: Mapping[str, float]) -> float | None:
    """The mean over the queries; None where there is none."""
    return sum(values.values()) / len(values) if values else None


def _places(order: Sequence[str], targets: frozenset[str]) -> tuple[list[str], int]:
    """The place of each target, by name, and how many places any measure looks at: ten, or down to the first target."""
    found = [rank for rank, item in enumerate(order) if item in targets]
    missing = [f"missing {n}" for n in range(len(targets) - len(found))]
    return [*map(str, found), *missing], min(len(order), max(DEPTH, found[0] + 1 if found else 0))


@lru_cache(maxsize=256)
def _ranks(count: int) -> dict[str, float]:
    """A score for each of so many places: the engine has already broken the ties, so each gets one of its own."""
    return {str(rank): float(-rank) for rank in range(count)}
