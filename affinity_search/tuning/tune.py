"""Tuning of a shop: its last purchases cut off, the rest in the engine, the numbers found and confirmed there."""

from __future__ import annotations

import secrets
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from affinity_search import deploy
from affinity_search.config import Config
from affinity_search.engine import Engine
from affinity_search.errors import DataError
from affinity_search.offline.arrays import Floats
from affinity_search.offline.candidates import engine_searches
from affinity_search.offline.formula import LARGEST_ERROR
from affinity_search.offline.history import history_state
from affinity_search.offline.own_log import CutLog, cut_log
from affinity_search.offline.profile_weights import ProfileWeights
from affinity_search.offline.quality import quality
from affinity_search.offline.replay import Ranking, Search, replay
from affinity_search.offline.scorer import Scorer
from affinity_search.offline.searches import Searches
from affinity_search.profiles.build import build_profiles
from affinity_search.publish.popularity import refresh_signals
from affinity_search.publish.profiles import publish_profiles
from affinity_search.sandbox import Files, Say, open_sandbox
from affinity_search.tuning.acceptance import Objective
from affinity_search.tuning.ascent import Found
from affinity_search.tuning.parameters import windows_left_out
from affinity_search.tuning.search import search

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Tuning", "tune"]

CONFIRMED = 300
LARGEST_DIFFERENCE = 0.002
"""Scores that differ in the last bits may change places: one search of 300 moves the mean by so much."""
SEED = 7


@dataclass(frozen=True)
class Confirmed:
    """What the engine gave with the configuration found, beside what was computed, for the same searches.

    `hits` scores of `searches` were compared, `error` is the largest relative difference; `computed` and `given` are
    nDCG@10.
    """

    searches: int
    hits: int
    error: float
    computed: float
    given: float


@dataclass(frozen=True)
class Tuning:
    """The outcome: `before` and the configuration found (in `found.config`), with the names that the user gave.

    `searches` of `shoppers` shoppers were replayed, of `held` derived from the purchases since `since`.
    """

    before: Config
    found: Found
    aim: Objective
    since: str
    held: int
    searches: int
    shoppers: int
    confirmed: Confirmed

    def as_json(self) -> dict[str, Any]:
        """The tuning as plain JSON values; intervals are None where there were too few shoppers."""
        from affinity_search.tuning.report import as_json

        return as_json(self)


def tune(engine: Engine, files: Files, config: Config, aim: Objective, *, say: Say = lambda _: None) -> Tuning:
    """The numbers that surely gain for this shop, beginning with those of `config`; queries are never read.

    The last fifth of the purchases (of each shopper's steps) becomes the searches, everything before is staged in the
    engine under names that begin with `tune-` and are gone at the end. The same input gives the same answer. Raises
    DataError where nothing can be replayed, and where the engine does not give the scores that were computed.
    """
    with tempfile.TemporaryDirectory(prefix="affinity-tune-") as folder:
        log = cut_log(files.items, files.events, Path(folder), config=config)
        training = Files(files.items, log.training, None, cut=True)
        with open_sandbox(engine, config, training, f"tune-{secrets.token_hex(4)}", say) as (state, own):
            searches = engine_searches(engine, own, log)
            tested = f"the {log.split.word}s since {log.since}"
            say(f"replay: {len(searches):,} of {len(log.wanted):,} searches, from {tested}")
            for reason in windows_left_out(config).values():
                say(reason)
            with history_state(log.shop, log.split) as history:
                scorer = Scorer(searches, ProfileWeights(history, log.shop, searches))
                found = search(own, scorer, log.shop, log.split, aim)
                say("confirming in the engine")
                confirmed = _confirm(engine, state, found.config, log, scorer)
    back = {name: getattr(config, name) for name in ("engine", "state", "items")}
    back["search"] = found.config.search.model_copy(update={"template": config.search.template})
    found = replace(found, config=found.config.model_copy(update=back))
    return Tuning(config, found, aim, log.since, len(log.wanted), len(searches), searches.shoppers, confirmed)


def _confirm(engine: Engine, state: DuckDBPyConnection, config: Config, log: CutLog, scorer: Scorer) -> Confirmed:
    """The engine's own answers to some of the searches, with profiles and templates of this configuration.

    Raises DataError where they do not have the scores computed.
    """
    now = datetime.now(UTC)
    build_profiles(state, config, now_ms=int(now.timestamp() * 1000))
    deploy.apply(deploy.plan(config, engine), engine, now)
    refresh_signals(engine, state, config)
    publish_profiles(engine, state, config)
    rows = _drawn(scorer.searches)
    some = scorer.searches.rows(rows)
    asked = [Search(text, log.shop.users[n]) for text, n in zip(some.queries, some.shopper, strict=True)]
    answers = replay(engine, config, asked, config.search.window)
    # What the engine gave was within its window, whatever stands at the edge of ours.
    whole = scorer.scores(config, whole=True)[rows]
    given = _given(some, [answers[search] for search in asked], log)
    hits = ~np.isnan(given)
    error = float(np.abs(whole[hits] / given[hits] - 1).max(initial=0.0))
    computed, answered = scorer.scores(config)[rows], np.where(hits, given, -1.0)
    means = quality(some, computed).mean_all, quality(some, answered).mean_all
    found = Confirmed(len(rows), int(hits.sum()), error, *means)
    if not (hits.any() and error <= LARGEST_ERROR and abs(found.given - found.computed) <= LARGEST_DIFFERENCE):
        raise DataError(
            f"tune: expected the engine's scores within {LARGEST_ERROR:g} of those computed and the same nDCG@10, got "
            f"{error:.2g} on {found.hits:,} hits, {found.given:.4f} and not {found.computed:.4f}",
            hint="Nothing was written. Are the events of one time zone and none of the future? Otherwise tell us.",
        )
    return found


def _drawn(searches: Searches) -> list[int]:
    """Some of the searches, drawn from all alike: the more shoppers they are of, the more profiles are checked."""
    return sorted(Random(SEED).sample(range(len(searches)), min(CONFIRMED, len(searches))))


def _given(searches: Searches, answers: list[Ranking], log: CutLog) -> Floats:
    """The engine's score of each candidate; NaN for those that are not among its hits."""
    places = {item: place for place, item in enumerate(log.shop.ids)}
    found = np.full(searches.items.shape, np.nan)
    for row, answer in enumerate(answers):
        scores = {places[item]: score for item, score in zip(answer.ids, answer.scores, strict=True)}
        found[row] = [scores.get(int(item), np.nan) for item in searches.items[row]]
    return found
