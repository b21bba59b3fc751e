"""Rewriting at a pace that leaves the engine room for searches and for those who write the index."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.engine.indices import refresh
from affinity_search.engine.protocol import Engine
from affinity_search.engine.rewriting import count_matching, drop_replaced, rewrite_slices

__all__ = ["Pace", "rewrite_all"]

SLICE = 1_000


@dataclass(frozen=True)
class Pace:
    """At most so many documents a second; `progress` hears the index, documents done and in all after every slice."""

    per_second: float
    progress: Callable[[str, int, int], None]
    sleep: Callable[[float], None] = time.sleep


def rewrite_all(
    engine: Engine, index: str, query: Mapping[str, Any], pace: Pace, script: Mapping[str, Any] | None = None
) -> tuple[int, int]:
    """Documents rewritten, and those that the query finds still: such as have values of which nothing can be made.

    Writes that were under way when it began may come after it, so it looks again as long as that finds fewer.
    """
    refresh(engine, index)
    total = left = count_matching(engine, index, query)
    done = 0
    while left:
        for documents in rewrite_slices(engine, index, query, SLICE, script):
            done += documents
            pace.progress(index, done, max(total, done))
            pace.sleep(documents / pace.per_second)
        refresh(engine, index)
        before, left = left, count_matching(engine, index, query)
        if left >= before:
            break
    if done:
        drop_replaced(engine, index)
    return done, left
