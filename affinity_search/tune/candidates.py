"""The validation searches with their candidates, fetched once, and the parts of relevance kept apart."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log1p

from affinity_search.config.model import Popularity
from affinity_search.config.suggest import split
from affinity_search.evaluate.queries import Query
from affinity_search.evaluate.replay import Ranking, Search
from affinity_search.evaluate.targets import FEWEST_CANDIDATES, Rankings

__all__ = ["POOL", "Candidates", "Signals", "candidates", "popularity_score", "replayable", "stored_feature"]

POOL = 300
"""Candidates fetched per text: more than any window tried, so that other popularity weights find theirs among them."""

MOST_RANKED = 200

Signals = Mapping[str, tuple[float, float]]
"""Popularity and recent popularity by item; items without events are absent."""


@dataclass(frozen=True)
class Candidates:
    """Queries that can be won or lost, and per text the candidates with their text score (relevance less popularity).

    `rankings` has, for the popularity weights asked for, the generic order of each text.
    """

    queries: tuple[Query, ...]
    owned: Mapping[str, frozenset[str]]
    text_scores: Mapping[str, Mapping[str, float]]
    signals: Signals

    def rankings(self, popularity: Popularity) -> dict[str, Ranking]:
        """The generic order of each text, the best 200; equal scores stay in the order of the engine's answer."""
        worth = {item: popularity_score(popularity, *found) for item, found in self.signals.items()}
        return {text: _ranking(scores, worth) for text, scores in self.text_scores.items()}

    def searches(self, generic: Mapping[str, Ranking]) -> list[split.Search]:
        """The queries as the measure takes them, candidates in this order."""
        return [self._search(query, generic[query.text].ids) for query in self.queries]

    def _search(self, query: Query, ids: Sequence[str]) -> split.Search:
        owned = self.owned.get(query.user, frozenset())
        return split.Search(
            shopper=self._shoppers[query.user],
            query=query.text,
            candidates=range(len(ids)),
            bm25=(),
            popular=(),
            recent=(),
            owned=[item in owned for item in ids],
            relevant=frozenset(place for place, item in enumerate(ids) if item in query.relevant),
            bought=len(query.relevant),
            novel=len(query.relevant - owned),
        )

    @cached_property
    def _shoppers(self) -> dict[str, int]:
        return {user: number for number, user in enumerate(sorted({query.user for query in self.queries}))}


def candidates(
    queries: Sequence[Query],
    found: Rankings,
    owned: Mapping[str, frozenset[str]],
    signals: Signals,
    popularity: Popularity,
) -> Candidates:
    """The candidates in the answers `found`, whose scores hold the popularity with these weights."""
    texts = dict.fromkeys(query.text for query in queries)
    text_scores = {}
    for text in texts:
        answer = found[Search(text)]
        worth = (popularity_score(popularity, *signals.get(item, (0.0, 0.0))) for item in answer.ids)
        text_scores[text] = {i: s - w for i, s, w in zip(answer.ids, answer.scores, worth, strict=True)}
    return Candidates(tuple(queries), owned, text_scores, signals)


def replayable(queries: Sequence[Query], found: Rankings) -> list[Query]:
    """The queries with at least ten candidates and one that was bought among the first 200."""
    return [query for query in queries if _counts(query, found[Search(query.text)].ids[:MOST_RANKED])]


def _counts(query: Query, ids: Sequence[str]) -> bool:
    return len(ids) >= FEWEST_CANDIDATES and not query.relevant.isdisjoint(ids)


def popularity_score(popularity: Popularity, all_time: float, recent: float) -> float:
    """What popularity adds to the relevance of an item: sum of weight * ln(1 + events), 0 for no events."""
    return popularity.all_time.weight * log1p(stored_feature(all_time)) + popularity.recent.weight * log1p(
        stored_feature(recent)
    )


def stored_feature(value: float) -> float:
    """The number as a rank_feature field keeps it: a 32-bit float without its last 15 bits (Lucene's FeatureField)."""
    (bits,) = struct.unpack(">I", struct.pack(">f", value))
    (kept,) = struct.unpack(">f", struct.pack(">I", bits & ~0x7FFF))
    return float(kept)


def _ranking(scores: Mapping[str, float], worth: Mapping[str, float]) -> Ranking:
    total = {item: score + worth.get(item, 0.0) for item, score in scores.items()}
    ids = sorted(total, key=total.__getitem__, reverse=True)[:MOST_RANKED]
    return Ranking(tuple(ids), tuple(total[item] for item in ids))
