"""The outcome as tables of text, the same for terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from affinity_search.evaluation.against import Against, Contrast
from affinity_search.evaluation.breakdown import Group, classes, deciles, regressions
from affinity_search.evaluation.evaluation import Evaluation
from affinity_search.evaluation.folder import FolderEvaluation
from affinity_search.evaluation.report.values import warnings
from affinity_search.evaluation.sides import Side
from affinity_search.offline.comparison import Difference
from affinity_search.offline.measures import MEASURES, mean

__all__ = ["Table", "introduction", "percent", "tables"]

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Table:
    """A table: the first column is text, the others are numbers as text; every row is as long as the header."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def introduction(found: FolderEvaluation) -> list[str]:
    """What was evaluated and how, sentence by sentence, and every warning."""
    outcome = found.outcome
    sampled = f"a sample of {len(outcome.queries):,} of " if len(outcome.queries) < found.held else ""
    chosen = "what `affinity init` chooses from the training events" if found.suggested else "the one given"
    return [
        f"{found.name}: {sampled}{found.held:,} queries, {found.origin}.",
        f"{_counting(outcome.all)} count for all targets, {_counting(outcome.novel)} for novel targets, where what the "
        "shopper owns is taken from both sides.",
        f"The configuration is {chosen}; seed {outcome.seed}.",
        "Differences are to the shop's own generic order; intervals cover 95 % (bootstrap over shoppers).",
        *(f"Attention: {warning}." for warning in warnings(found)),
    ]


def tables(found: FolderEvaluation) -> list[Table]:
    """All tables in the order of a report; those without rows are left out."""
    outcome = found.outcome
    made = [
        _measures("All targets", outcome.all),
        _measures("Novel targets", outcome.novel),
        _controls(outcome),
        _parts(outcome),
        _groups("By training events of the shopper", "events", deciles(outcome)),
        _groups("By query class", "class", classes(outcome)),
        _regressions(outcome),
        _left_out(outcome),
        *(_against(found.against) if found.against else ()),
    ]
    return [table for table in made if table.rows]


def percent(found: Difference) -> str:
    """The difference as in "+4.2 %"."""
    return UNKNOWN if found.percent is None else f"{found.percent:+.1f} %"


def _interval(found: Difference) -> str:
    return f"{found.interval[0]:+.1f} .. {found.interval[1]:+.1f} %" if found.interval else UNKNOWN


def _counting(side: Side) -> str:
    queries = side.task.queries
    return f"{len(queries):,} queries of {len({query.user for query in queries}):,} shoppers"


def _measures(title: str, side: Side) -> Table:
    rows = [
        (
            name,
            _number(mean(side.generic[name])),
            _number(mean(side.personalised[name])),
            percent(side.differences[name]),
            _interval(side.differences[name]),
        )
        for name in MEASURES
    ]
    return Table(title, ("measure", "generic", "personalised", "difference", "95 % interval"), tuple(rows))


def _against(found: Against) -> list[Table]:
    """What the other configuration changes, for both kinds of target, and for which queries most."""
    return [
        _contrast(f"Against {found.name}: all targets", found.all),
        _contrast(f"Against {found.name}: novel targets", found.novel),
        _changed(found),
    ]


def _contrast(title: str, found: Contrast) -> Table:
    rows = [
        (
            name,
            _number(mean(found.this[name])),
            _number(mean(found.other[name])),
            percent(found.differences[name]),
            _interval(found.differences[name]),
        )
        for name in MEASURES
    ]
    note = f"{len(found.queries):,} queries that count for either, both sides personalised."
    return Table(title, ("measure", "this", "other", "difference", "95 % interval"), tuple(rows), note)


def _changed(found: Against) -> Table:
    rows = [
        (one.query.qid, one.query.user, one.query.text, f"{one.this:.3f}", f"{one.other:.3f}") for one in found.changed
    ]
    title = f"Against {found.name}: queries that change most (nDCG@10)"
    note = f"{found.changed_count:,} of {len(found.all.queries):,} queries change."
    return Table(title, ("qid", "shopper", "query", "this", "other"), tuple(rows), note)


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.4f}"


def _controls(outcome: Evaluation) -> Table:
    controls = outcome.controls
    rows = (
        ("a shuffled profile, all targets", percent(controls.shuffled), _interval(controls.shuffled)),
        ("a shuffled profile, novel targets", percent(controls.shuffled_novel), _interval(controls.shuffled_novel)),
        ("orders changed by an empty profile", f"{controls.empty_changed:,}", ""),
        ("engine against formula, largest error", f"{controls.formula_error:.1e}", ""),
        ("queries whose first ten change", f"{outcome.facts.changed_share:.1%}", ""),
        ("mean shift of the first ten, in places", f"{outcome.facts.mean_shift:.2f}", ""),
    )
    note = "A shuffled profile must not gain, an empty profile must change nothing; nDCG@10."
    return Table("Controls and facts", ("", "value", "95 % interval"), rows, note)


def _parts(outcome: Evaluation) -> Table:
    every, novel = outcome.all.parts, outcome.novel.parts
    rows = tuple(
        (name, percent(every[name]), _interval(every[name]), percent(novel[name]), _interval(novel[name]))
        for name in every
    )
    note = (
        "By the formula, from the generic candidates; `item` is the list of single items (bought before), "
        "`owned_demotion` the boost of what was not bought."
    )
    header = ("nDCG@10", "all", "95 % interval", "novel", "95 % interval")
    return Table("Each affinity alone and left out", header, rows, note)


def _groups(title: str, name: str, groups: Sequence[Group]) -> Table:
    rows = [
        (g.name, f"{g.queries:,}", percent(g.all), _interval(g.all), percent(g.novel), _interval(g.novel))
        for g in groups
    ]
    return Table(title, (name, "queries", "all", "95 % interval", "novel", "95 % interval"), tuple(rows))


def _regressions(outcome: Evaluation) -> Table:
    rows = [
        (one.query.qid, one.query.user, one.query.text, f"{one.generic:.3f}", f"{one.personalised:.3f}")
        for one in regressions(outcome)
    ]
    return Table("Regressions (nDCG@10)", ("qid", "shopper", "query", "generic", "personalised"), tuple(rows))


def _left_out(outcome: Evaluation) -> Table:
    facts = outcome.facts
    counted: list[tuple[str, Mapping[str, int]]] = [
        ("all", outcome.all.task.left_out),
        ("novel", outcome.novel.task.left_out),
    ]
    rows = [(f"{name}: {reason}", f"{count:,}") for name, some in counted for reason, count in some.items()]
    if facts.unknown_shoppers:
        rows.append(("counted, but of shoppers without training events", f"{facts.unknown_shoppers:,}"))
    if facts.unknown_items:
        rows.append(("targets that are not in the catalogue (items)", f"{facts.unknown_items:,}"))
    return Table("Left out, and unknown", ("", "queries"), tuple(rows))
