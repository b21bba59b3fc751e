"""The replayed searches with their candidates and text scores: from a text index of our own, or from an engine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from heapq import nlargest
from math import log1p
from random import Random

import numpy as np

from affinity_search.config.model import Config
from affinity_search.engine.protocol import Engine
from affinity_search.errors import DataError
from affinity_search.offline.arrays import Floats
from affinity_search.offline.cut import SEED, Cut, searches_wanted
from affinity_search.offline.history import signals, since_first
from affinity_search.offline.own_log import CutLog
from affinity_search.offline.replay import Ranking, Search, replay
from affinity_search.offline.searches import POOL, Candidate, Searches, arrange
from affinity_search.offline.shop import Shop
from affinity_search.offline.text import TextIndex
from affinity_search.weights.newness import newness

__all__ = ["engine_searches", "indexed_searches", "stored_feature"]

MOST_DRAWN = 10000
"""Searches drawn at most; about half of them find something."""


def indexed_searches(shop: Shop, split: Cut) -> Searches:
    """At most 5,000 searches, drawn with a fixed seed, by a small text index of our own in place of an engine."""
    index = TextIndex(shop.texts)
    popularity = signals(shop, split)

    @cache
    def found(query: str) -> list[Candidate]:
        scored = index.search(query)
        total, recent = popularity
        return nlargest(POOL, scored.items(), key=lambda s: (s[1] + log1p(total[s[0]]) + log1p(recent[s[0]]), -s[0]))

    return arrange(shop, split, searches_wanted(shop, split, index), found, popularity)


def engine_searches(engine: Engine, config: Config, log: CutLog) -> Searches:
    """The searches of the log that find something in the engine, where its training part stands with this `config`.

    Raises DataError where none does.
    """
    drawn = _drawn(log)
    texts = sorted({text for _, _, text in drawn})
    found = replay(engine, config, [Search(text) for text in texts], POOL)
    total, recent = signals(log.shop, log.split, config.popularity.recent_days)
    stored = stored_feature(total), stored_feature(recent)
    weights = config.popularity.all_time.weight, config.popularity.recent.weight
    worth = weights[0] * np.log1p(stored[0]) + weights[1] * np.log1p(stored[1])
    new = config.popularity.newness
    worth += new.weight * newness(since_first(log.shop, log.split), new.half_life_days)
    places = {item: place for place, item in enumerate(log.shop.ids)}
    candidates = {text: _text_scores(found[Search(text)], places, worth) for text in texts}
    searches = arrange(log.shop, log.split, drawn, candidates.__getitem__, stored)
    if not len(searches):
        raise DataError(
            f"tune: expected {log.split.word}s that a search finds among ten candidates, found none in {len(drawn):,}",
            hint="Are the items of the events those of the catalogue, and do their titles hold words?",
        )
    return searches


def _drawn(log: CutLog) -> dict[tuple[int, int, str], set[int]]:
    keys = sorted(log.wanted)
    if len(keys) > MOST_DRAWN:
        keys = Random(SEED).sample(keys, MOST_DRAWN)
    return {key: log.wanted[key] for key in keys}


def _text_scores(answer: Ranking, places: Mapping[str, int], worth: Floats) -> list[Candidate]:
    """The candidates in the order of the answer, their scores less what popularity adds to them."""
    found = [(places[item], score) for item, score in zip(answer.ids, answer.scores, strict=True)]
    return [(place, score - float(worth[place])) for place, score in found]


def stored_feature(values: Floats) -> Floats:
    """The numbers as a rank_feature field keeps them: 32-bit floats less their last 15 bits (Lucene's FeatureField)."""
    bits = values.astype(np.float32).view(np.uint32)
    return np.asarray((bits & np.uint32(0xFFFF8000)).view(np.float32), dtype=np.float64)
