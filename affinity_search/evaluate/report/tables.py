"""The outcome as tables of text, the same for terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from affinity_search.evaluate.breakdown import Group, classes, deciles, losers
from affinity_search.evaluate.comparison import Difference
from affinity_search.evaluate.evaluation import Evaluation
from affinity_search.evaluate.folder import FolderEvaluation
from affinity_search.evaluate.measures import MEASURES, mean
from affinity_search.evaluate.report.values import concerns
from affinity_search.evaluate.sides import Side

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
    """What was evaluated and how, sentence by sentence, and every concern."""
    outcome = found.outcome
    sampled = f"a sample of {len(outcome.queries):,} of " if len(outcome.queries) < found.held else ""
    chosen = "what `affinity init` chooses from the training events" if found.suggested else "the one given"
    return [
        f"{found.name}: {sampled}{found.held:,} queries, {found.origin}.",
        f"{_counting(outcome.all)} count for all targets, {_counting(outcome.novel)} for novel targets, where what the "
        "shopper owns is taken from both sides.",
        f"The configuration is {chosen}; seed {outcome.seed}.",
        "Differences are to the shop's own generic order; intervals cover 95 % (bootstrap over shoppers).",
        *(f"Attention: {concern}." for concern in concerns(found)),
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
        _losers(outcome),
        _left_out(outcome),
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


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.4f}"


def _controls(outcome: Evaluation) -> Table:
    controls = outcome.controls
    rows = (
        ("a stranger's profile, all targets", percent(controls.stranger), _interval(controls.stranger)),
        ("a stranger's profile, novel targets", percent(controls.stranger_novel), _interval(controls.stranger_novel)),
        ("orders changed by an empty profile", f"{controls.empty_changed:,}", ""),
        ("engine against formula, largest error", f"{controls.formula_error:.1e}", ""),
        ("queries whose first ten change", f"{outcome.facts.changed_share:.1%}", ""),
        ("mean shift of the first ten, in places", f"{outcome.facts.mean_shift:.2f}", ""),
    )
    note = "A stranger must not gain, an empty profile must change nothing; nDCG@10."
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


def _losers(outcome: Evaluation) -> Table:
    rows = [
        (one.query.qid, one.query.user, one.query.text, f"{one.generic:.3f}", f"{one.personalised:.3f}")
        for one in losers(outcome)
    ]
    return Table("Worst losers (nDCG@10)", ("qid", "shopper", "query", "generic", "personalised"), tuple(rows))


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
