"""Replayed searches as arrays: a row per search, a column per candidate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from random import Random

import numpy as np

from affinity_search.offline.arrays import Bools, Floats, Ints
from affinity_search.offline.cut import CANDIDATES, FEWEST_CANDIDATES, SEED, Cut, Wanted
from affinity_search.offline.history import purchased, since_first
from affinity_search.offline.shop import Shop

__all__ = ["POOL", "Candidate", "Searches", "arrange"]

POOL = 300
"""Candidates per search at most: more than any window tried, so that other weights find theirs among them."""
MOST_SEARCHES = 5000

Candidate = tuple[int, float]
"""Position of an item, and its score for the text of the query alone."""


@dataclass(frozen=True)
class Searches:
    """Searches that shoppers may have made before their purchases, S of them with K candidates at most.

    shopper [S]           number of the shopper
    queries [S]           text
    bought, novel [S]     how many items were bought, those not found included; how many of them were new
    items [S, K]          positions of the candidates in the order they were found, -1 where there is none
    text, popular, recent [S, K]    the parts of relevance: text score, ln(1 + events), ln(1 + events of late)
    age [S, K]            days since the first event of the item, infinite without one
    owned, relevant [S, K]          bought before; bought then
    """

    shopper: Ints
    queries: Sequence[str]
    bought: Ints
    novel: Ints
    items: Ints
    text: Floats
    popular: Floats
    recent: Floats
    age: Floats
    owned: Bools
    relevant: Bools

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def found(self) -> Bools:
        """Where there is a candidate."""
        return self.items >= 0

    def rows(self, rows: Sequence[int]) -> Searches:
        """Only these searches, in this order."""
        arrays = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "queries"}
        return replace(self, queries=[self.queries[row] for row in rows], **arrays)

    @property
    def shoppers(self) -> int:
        """How many different shoppers the searches are of."""
        return len(np.unique(self.shopper))


def arrange(
    shop: Shop,
    split: Cut,
    wanted: Wanted,
    found: Callable[[str], Sequence[Candidate]],
    popularity: tuple[Floats, Floats],
) -> Searches:
    """The searches among `wanted` that find something, best candidates first; at most 5,000, drawn with a fixed seed.

    Searches with fewer than ten candidates, or without a purchase among the first 200, are passed over.
    """
    keys = sorted(wanted)
    Random(SEED).shuffle(keys)
    usable = list(islice((key for key in keys if _counts(found(key[2]), wanted[key])), MOST_SEARCHES))
    owned = purchased(shop, split)
    rows = [found(query)[:POOL] for _, _, query in usable]
    items = _filled([[item for item, _ in row] for row in rows], -1).astype(np.int64)
    known = items >= 0
    bought = [wanted[key] for key in usable]
    mine = [owned.get(shopper, frozenset()) for shopper, _, _ in usable]
    total, recent = popularity
    age = since_first(shop, split)
    return Searches(
        shopper=np.array([shopper for shopper, _, _ in usable], dtype=np.int64),
        queries=[query for _, _, query in usable],
        bought=np.array([len(some) for some in bought], dtype=np.int64),
        novel=np.array([len(some - had) for some, had in zip(bought, mine, strict=True)], dtype=np.int64),
        items=items,
        text=_filled([[score for _, score in row] for row in rows], 0.0),
        popular=np.where(known, np.log1p(total[items]), 0.0),
        recent=np.where(known, np.log1p(recent[items]), 0.0),
        age=np.where(known, age[items], np.inf),
        owned=_members(items, mine),
        relevant=_members(items, bought),
    )


def _counts(candidates: Sequence[Candidate], bought: set[int]) -> bool:
    return len(candidates) >= FEWEST_CANDIDATES and any(item in bought for item, _ in candidates[:CANDIDATES])


def _filled(rows: Sequence[Sequence[float]], absent: float) -> Floats:
    found = np.full((len(rows), max(map(len, rows), default=0)), absent, dtype=np.float64)
    for number, row in enumerate(rows):
        found[number, : len(row)] = row
    return found


def _members(items: Ints, sets: Sequence[frozenset[int] | set[int]]) -> Bools:
    found = np.zeros(items.shape, dtype=np.bool_)
    for number, some in enumerate(sets):
        found[number] = np.isin(items[number], list(some))
    return found
