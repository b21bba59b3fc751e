"""The engine's answers to the searches of an evaluation, stage by stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from affinity_search.config.model import Config
from affinity_search.engine.protocol import Engine
from affinity_search.offline.cut import CANDIDATES
from affinity_search.offline.replay import Ranking, Search, replay

__all__ = ["Progress", "answers"]

Progress = Callable[[str, int, int], None]
"""Gets the name of the stage, what is done of it, and how much it is in all."""


def answers(
    engine: Engine, config: Config, stages: Mapping[str, Sequence[Search]], progress: Progress
) -> dict[Search, Ranking]:
    """What the deployed template answers; a search that stands in two stages is asked once."""
    found: dict[Search, Ranking] = {}
    for stage, searches in stages.items():
        found.update(_asked(engine, config, stage, [one for one in searches if one not in found], progress))
    return found


def _asked(
    engine: Engine, config: Config, stage: str, searches: Sequence[Search], progress: Progress
) -> dict[Search, Ranking]:
    distinct, done = len(set(searches)), 0

    def count(some: int) -> None:
        nonlocal done
        done += some
        progress(stage, done, distinct)

    # As many for any window below, so that what counts is the same.
    return replay(engine, config, searches, max(config.search.window, CANDIDATES), count)
