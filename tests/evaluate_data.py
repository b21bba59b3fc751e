"""Made-up searches and outcomes for the tests of the evaluation, without an engine."""

from __future__ import annotations

from affinity_search.config import Config, parse_config
from affinity_search.evaluation.controls import Controls
from affinity_search.evaluation.evaluation import Evaluation
from affinity_search.evaluation.facts import Facts
from affinity_search.evaluation.folder import FolderEvaluation
from affinity_search.evaluation.sides import Side
from affinity_search.evaluation.targets import Task
from affinity_search.offline.comparison import Difference, compare
from affinity_search.offline.measures import measure
from affinity_search.offline.queries import Query
from affinity_search.offline.replay import Ranking

__all__ = ["CONFIG", "evaluation", "folder_evaluation", "query", "ranking", "side"]

CONFIG: Config = parse_config(
    "{events: {types: {purchase: {weight: 1}}}, attributes: {brand: {field: attrs.brand}},"
    " engine: {url: 'http://127.0.0.1:1'}}"
)


def query(
    qid: str,
    user: str = "u",
    text: str = "shoes",
    relevant: str = "a",
    novel: str | None = None,
    qclass: str = "",
) -> Query:
    """A query whose targets are letters."""
    return Query(qid, user, text, qclass, frozenset(relevant), None if novel is None else frozenset(novel))


def ranking(ids: str, scores: tuple[float, ...] | None = None) -> Ranking:
    """Items that are letters, by default with scores that fall by one."""
    return Ranking(tuple(ids), scores or tuple(float(len(ids) - n) for n in range(len(ids))))


def side(queries: list[Query], orders: dict[str, tuple[str, str]], left_out: dict[str, int] | None = None) -> Side:
    """A side with the generic and the personalised order of each query, by qid."""
    targets = {one.qid: one.relevant for one in queries}
    generic = measure({qid: before for qid, (before, _) in orders.items()}, targets)
    personal = measure({qid: after for qid, (_, after) in orders.items()}, targets)
    users = {one.qid: one.user for one in queries}
    differences = {name: compare(generic[name], personal[name], users) for name in generic}
    parts = {"alone brand": Difference(12.5, (-1.0, 26.0)), "without brand": Difference(0.0, (0.0, 0.0))}
    return Side(Task(tuple(queries), targets, {}, left_out or {}), generic, personal, differences, parts)


def evaluation(every: Side, novel: Side, controls: Controls | None = None, facts: Facts | None = None) -> Evaluation:
    """An outcome with these sides, whose controls are as they should be."""
    nothing = Difference(0.0, (-1.0, 1.0))
    return Evaluation(
        every.task.queries,
        every,
        novel,
        controls or Controls(nothing, nothing, 0, 1e-7),
        facts or Facts(0.5, 1.25, {"u": 3, "v": 20}, 0, 0),
        CONFIG,
        seed=4,
        rankings={},
        owned={},
    )


def folder_evaluation(outcome: Evaluation, name: str = "shop") -> FolderEvaluation:
    """The outcome as that of a folder with five queries."""
    return FolderEvaluation(name, outcome, "from queries.jsonl", False, 5, True)
