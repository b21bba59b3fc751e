"""The outcome as plain JSON values, and what in it calls for attention."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from affinity_search.evaluation.against import Against, Contrast
from affinity_search.evaluation.breakdown import Group, Regression, classes, deciles, regressions
from affinity_search.evaluation.evaluation import Evaluation
from affinity_search.evaluation.folder import FolderEvaluation
from affinity_search.evaluation.sides import MAIN, Side
from affinity_search.offline.comparison import Difference
from affinity_search.offline.formula import LARGEST_ERROR
from affinity_search.offline.measures import MEASURES, mean
from affinity_search.offline.queries import Query

__all__ = ["as_json", "warnings"]


def as_json(found: FolderEvaluation) -> dict[str, Any]:
    """The outcome as JSON values; a number that cannot be said is None, never NaN. `config` names no engine."""
    outcome = found.outcome
    return {
        "name": found.name,
        "all": _side(outcome.all),
        "novel": _side(outcome.novel),
        "shuffled_profile": _difference(outcome.controls.shuffled),
        "shuffled_profile_novel": _difference(outcome.controls.shuffled_novel),
        "empty_profile_changed": outcome.controls.empty_changed,
        "formula_error": outcome.controls.formula_error,
        "queries": _queries(found),
        "derived_queries": found.derived,
        "origin": found.origin,
        "parts": {name: _both(outcome.all.parts[name], outcome.novel.parts[name]) for name in outcome.all.parts},
        "deciles": [{"events": group.name, **_group(group)} for group in deciles(outcome)],
        "classes": [{"class": group.name, **_group(group)} for group in classes(outcome)],
        "changed_share": outcome.facts.changed_share,
        "mean_rank_shift": outcome.facts.mean_shift,
        "regressions": [_regression(regression) for regression in regressions(outcome)],
        "warnings": warnings(found),
        "against": _against(found.against) if found.against else None,
        "seed": outcome.seed,
        "config_suggested": found.suggested,
        "config": outcome.config.model_dump(mode="json", exclude={"engine", "state"}),
    }


def warnings(found: FolderEvaluation) -> list[str]:
    """What should not be, in sentences: failed controls, sure losses, nothing to go by; empty where all is well."""
    return list(_warnings(found.outcome))


def _warnings(outcome: Evaluation) -> Iterator[str]:
    controls, sides = outcome.controls, {"all": outcome.all, "novel": outcome.novel}
    if not outcome.all.task.queries:
        yield f"none of the {len(outcome.queries):,} queries counts"
    for name, side in sides.items():
        if side.difference.sure_loss:
            yield f"personalisation surely loses for {name} targets"
    for name, shuffled in {"all": controls.shuffled, "novel": controls.shuffled_novel}.items():
        if shuffled.sure_gain:
            yield f"a shuffled profile gains for {name} targets: what is gained there need not be personal"
    if controls.empty_changed:
        yield f"{controls.empty_changed:,} orders change for a shopper without a profile"
    if controls.formula_error >= LARGEST_ERROR:
        yield f"the engine's scores differ from the formula's by up to {controls.formula_error:.2%}"


def _side(side: Side) -> dict[str, Any]:
    return {
        "generic": {name: mean(side.generic[name]) for name in MEASURES},
        "personalised": {name: mean(side.personalised[name]) for name in MEASURES},
        **_difference(side.difference),
        "differences": {name: _difference(side.differences[name]) for name in MEASURES},
        "queries": len(side.task.queries),
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {"lift_percent": found.percent, "ci_percent": list(found.interval) if found.interval else None}


def _both(every: Difference, novel: Difference) -> dict[str, Any]:
    return {"all": _difference(every), "novel": _difference(novel)}


def _queries(found: FolderEvaluation) -> dict[str, Any]:
    outcome = found.outcome
    every, novel = outcome.all.task, outcome.novel.task
    return {
        "held": found.held,
        "sampled": len(outcome.queries),
        "used": len(every.queries),
        "left_out": sum(every.left_out.values()),
        "left_out_reasons": dict(every.left_out),
        "novel_used": len(novel.queries),
        "novel_left_out": sum(novel.left_out.values()),
        "novel_left_out_reasons": dict(novel.left_out),
        "shoppers": len({query.user for query in every.queries}),
        "of_unknown_shoppers": outcome.facts.unknown_shoppers,
        "unknown_items": outcome.facts.unknown_items,
    }


def _against(found: Against) -> dict[str, Any]:
    return {
        "name": found.name,
        "all": _contrast(found.all),
        "novel": _contrast(found.novel),
        "changed_queries": found.changed_count,
        "changed_most": [{**_query(one.query), "this": one.this, "other": one.other} for one in found.changed],
        "config": found.config.model_dump(mode="json", exclude={"engine", "state"}),
    }


def _contrast(found: Contrast) -> dict[str, Any]:
    return {
        "this": {name: mean(found.this[name]) for name in MEASURES},
        "other": {name: mean(found.other[name]) for name in MEASURES},
        **_difference(found.differences[MAIN]),
        "differences": {name: _difference(found.differences[name]) for name in MEASURES},
        "queries": len(found.queries),
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "queries": group.queries,
        "queries_novel": group.queries_novel,
        **_both(group.all, group.novel),
    }


def _query(query: Query) -> dict[str, str]:
    return {"qid": query.qid, "user": query.user, "query": query.text}


def _regression(regression: Regression) -> dict[str, Any]:
    return {
        **_query(regression.query),
        "generic": regression.generic,
        "personalised": regression.personalised,
    }
