"""The report as one HTML page with plots, which needs nothing from anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from affinity_search.evaluation.breakdown import deciles
from affinity_search.evaluation.folder import FolderEvaluation
from affinity_search.evaluation.report.tables import introduction, percent, tables
from affinity_search.evaluation.sides import MAIN
from affinity_search.offline.comparison import Difference

__all__ = ["Bar", "Chart", "as_html", "chart"]

WIDTH, LEFT, RIGHT, ROW = 720, 230, 70, 24
LONGEST_LABEL = 32


@dataclass(frozen=True)
class Bar:
    """A bar in pixels: it begins at `x` and is `width` wide; `interval` are the ends of its whisker."""

    label: str
    value: str
    y: int
    x: float
    width: float
    end: float
    falls: bool
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Chart:
    """Bars of one scale; `zero` is where 0 is."""

    title: str
    height: int
    zero: float
    bars: tuple[Bar, ...]


def as_html(found: FolderEvaluation) -> str:
    """The whole page; everything that comes from the data is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template("page.html.j2").render(
        name=found.name, introduction=introduction(found), charts=_charts(found), tables=tables(found), width=WIDTH
    )
    return page


def chart(title: str, rows: Sequence[tuple[str, Difference]]) -> Chart:
    """The differences as bars with their intervals, all on one scale that holds 0; an unknown one has no width."""
    ends = [0.0]
    for _, found in rows:
        ends += [found.percent or 0.0, *(found.interval or ())]
    low, high = min(ends), max(ends)
    unit = (WIDTH - LEFT - RIGHT) / ((high - low) or 1.0)
    zero = LEFT - low * unit
    bars = tuple(_bar(label, found, n * ROW, zero, unit) for n, (label, found) in enumerate(rows))
    return Chart(title, len(rows) * ROW, round(zero, 1), bars)


def _bar(label: str, found: Difference, y: int, zero: float, unit: float) -> Bar:
    tip = zero + (found.percent or 0.0) * unit
    low, high = (zero + end * unit for end in found.interval or (0.0, 0.0))
    return Bar(
        label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…",
        percent(found),
        y,
        x=round(min(zero, tip), 1),
        width=round(abs(tip - zero), 1),
        end=round(max(zero, tip, high), 1),
        falls=tip < zero,
        interval=(round(low, 1), round(high, 1)) if found.interval else None,
    )


def _charts(found: FolderEvaluation) -> list[Chart]:
    outcome = found.outcome
    main = [
        ("all targets", outcome.all.difference),
        ("novel targets", outcome.novel.difference),
        ("a shuffled profile, all", outcome.controls.shuffled),
        ("a shuffled profile, novel", outcome.controls.shuffled_novel),
    ]
    groups = deciles(outcome)
    charts = [
        chart("Difference in nDCG@10 to the generic order", main),
        chart("Each affinity alone and left out, all targets", list(outcome.all.parts.items())),
        chart("Each affinity alone and left out, novel targets", list(outcome.novel.parts.items())),
        chart("By training events of the shopper, all targets", [(group.name, group.all) for group in groups]),
        chart("By training events of the shopper, novel targets", [(group.name, group.novel) for group in groups]),
    ]
    if found.against:
        main = [
            ("all targets", found.against.all.differences[MAIN]),
            ("novel targets", found.against.novel.differences[MAIN]),
        ]
        charts.append(chart(f"Difference in nDCG@10 of {found.against.name} to this configuration", main))
    return [one for one in charts if one.bars]
