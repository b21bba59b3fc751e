"""The rows of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from affinity_search.config import Config
from benchmarks.latency.rivals import AppBest, AppNaive
from benchmarks.latency.settings import ATTRIBUTES, bench_config
from benchmarks.latency.shapes import InEngine, Shape
from benchmarks.latency.shoppers import Crowd, lift_steps

__all__ = ["configs", "lineup", "only_engine"]

WINDOWS = (100, 200)


def configs() -> list[Config]:
    """The configurations that the rows need, the one of most rows first."""
    return [
        bench_config(),
        bench_config(window=200),
        bench_config(12),
        bench_config(24),
        bench_config(shape="function_score"),
    ]


def lineup(generic: Mapping[str, Any], crowds: list[Crowd]) -> list[Shape]:
    """All rows, the generic one first; `generic` is the anonymous search as an app would send it inline."""
    main = bench_config()
    return [
        InEngine("generic", main.search.template, anonymous=True),
        InEngine("rescore 100, unknown shopper", main.search.template, main.lookups),
        *(row for crowd in crowds for row in _ours(crowd)),
        *(row for crowd in crowds if crowd.lookups == main.lookups for row in _apps(main, generic, crowd)),
    ]


def only_engine(shapes: list[Shape]) -> list[Shape]:
    """The rows to be seen without clients: all but the app's with documents, which it asks for once it has ranked."""
    return [shape for shape in shapes if shape.family != "app" or not shape.documents]


def _ours(crowd: Crowd) -> Iterator[Shape]:
    windows = WINDOWS if crowd.lookups == 16 else WINDOWS[:1]
    for window in windows:
        yield InEngine(
            f"rescore {window}", bench_config(crowd.lookups, window=window).search.template, crowd.lookups, crowd
        )
    if crowd.lookups == 16:
        yield InEngine("function_score", bench_config(shape="function_score").search.template, crowd.lookups, crowd)


def _apps(main: Config, generic: Mapping[str, Any], crowd: Crowd) -> Iterator[Shape]:
    steps = lift_steps(main)
    yield AppNaive("app-side naive, top 200", main.search.template, 200, crowd, steps, main.profile_index)
    for window in WINDOWS:
        yield AppBest.of(f"app-side best, top {window}", generic, window, crowd, ATTRIBUTES[main.lookups])
    lean = AppBest.of("app-side best, top 100, documents", generic, 100, crowd, ATTRIBUTES[main.lookups])
    yield replace(lean, documents=True)
