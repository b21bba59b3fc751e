"""Cuts the events in time: the earlier part is history, the purchases of the last part are replayed as searches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from math import log, log1p
from random import Random

from affinity_search.config.suggest.shop import Shop
from affinity_search.config.suggest.text import TextIndex, tokens
from affinity_search.config.suggest.types import EventTypes

__all__ = ["Cut", "Search", "cut", "history", "popularity", "query_source", "replay", "searches_wanted"]

LAST_SHARE = 0.2
RECENT_DAYS = 28
SEARCHES = 3000
SEED = 7
WINDOW = 100
FEWEST_CANDIDATES = 10
USUAL_CLASS = 200
CLASS_WORDS = ("categor", "type", "class", "kind", "genre", "subject", "topic", "department", "group", "style")
SAMPLED_ITEMS = 2000


@dataclass(frozen=True)
class Cut:
    """Where history ends: `last[u]` is the last day of shopper u's history (before all events: no history).

    `purchases` are positions of events, `type_weights` what one event of each type counts.
    """

    last: Sequence[int]
    purchases: frozenset[int]
    type_weights: Sequence[float]


@dataclass(frozen=True)
class Search:
    """One search that a shopper may have made before the purchases `relevant`; candidates best first, by relevance.

    `bm25`, `popular` and `recent` are the parts of relevance; `relevant` holds positions in `candidates`, `bought` the
    number of all items bought, those that the search did not find included, `novel` how many of them were new.
    """

    shopper: int
    query: str
    candidates: Sequence[int]
    bm25: Sequence[float]
    popular: Sequence[float]
    recent: Sequence[float]
    owned: Sequence[bool]
    relevant: frozenset[int]
    bought: int
    novel: int


def cut(shop: Shop, types: EventTypes) -> Cut:
    """The cut that leaves the last fifth of the purchases (`sequence`: of each shopper's steps) for the replay."""
    bought = [n for n in range(len(shop.item)) if shop.type[n] in types.purchases and shop.item[n] >= 0]
    if shop.time == "sequence":
        last = [_last_step(shop, shopper) for shopper in range(shop.shoppers)]
    else:
        days = sorted(shop.day[n] for n in bought)
        day = days[int(len(days) * (1 - LAST_SHARE))] - 1 if days else 0
        last = [day] * shop.shoppers
    return Cut(last, frozenset(bought), [types.weights[name] for name in shop.types])


def _last_step(shop: Shop, shopper: int) -> int:
    steps = sorted({shop.day[n] for n in shop.events_of(shopper)})
    kept = len(steps) - max(1, int(len(steps) * LAST_SHARE))
    return steps[kept - 1] if kept else steps[0] - 1


def history(shop: Shop, split: Cut, shopper: int) -> list[int]:
    """Positions of the shopper's events up to the cut."""
    return [n for n in shop.events_of(shopper) if shop.day[n] <= split.last[shopper]]


def popularity(shop: Shop, split: Cut) -> tuple[list[float], list[float]]:
    """Weighted events per item before the cut: all of them, and those of the last 28 days (0 in a sequence)."""
    total, recent = [0.0] * len(shop.titles), [0.0] * len(shop.titles)
    for shopper in range(shop.shoppers):
        for n in history(shop, split, shopper):
            if shop.item[n] >= 0:
                weight = split.type_weights[shop.type[n]]
                total[shop.item[n]] += weight
                if shop.time == "date" and shop.day[n] > split.last[shopper] - RECENT_DAYS:
                    recent[shop.item[n]] += weight
    return total, recent


def replay(shop: Shop, split: Cut) -> list[Search]:
    """At most 3,000 searches, drawn with a fixed seed, of shoppers with a history, that find the bought item."""
    index = TextIndex(shop.titles, shop.texts)
    wanted = searches_wanted(shop, split, index, query_source(shop, split))
    keys = sorted(wanted)
    Random(SEED).shuffle(keys)
    total, recent = popularity(shop, split)

    @cache
    def found(query: str) -> list[tuple[int, float]]:
        scored = index.search(query)
        return nlargest(WINDOW, scored.items(), key=lambda s: (s[1] + log1p(total[s[0]]) + log1p(recent[s[0]]), -s[0]))

    searches: list[Search] = []
    for shopper, _day, query in keys:
        if len(searches) == SEARCHES:
            break
        best = found(query)
        bought = wanted[shopper, _day, query]
        if len(best) < FEWEST_CANDIDATES or not any(item in bought for item, _ in best):
            continue
        owned = {shop.item[n] for n in history(shop, split, shopper) if n in split.purchases}
        searches.append(
            Search(
                shopper=shopper,
                query=query,
                candidates=[item for item, _ in best],
                bm25=[score for _, score in best],
                popular=[log1p(total[item]) for item, _ in best],
                recent=[log1p(recent[item]) for item, _ in best],
                owned=[item in owned for item, _ in best],
                relevant=frozenset(n for n, (item, _) in enumerate(best) if item in bought),
                bought=len(bought),
                novel=len(bought - owned),
            )
        )
    return searches


def searches_wanted(
    shop: Shop, split: Cut, index: TextIndex, source: str | None
) -> dict[tuple[int, int, str], set[int]]:
    """Items bought after the cut, by shopper, day and the query that stands for them."""
    wanted: dict[tuple[int, int, str], set[int]] = {}
    queries: dict[int, list[str]] = {}
    for shopper in range(shop.shoppers):
        events = shop.events_of(shopper)
        if shop.day[events[0]] > split.last[shopper]:
            continue
        for n in events:
            if shop.day[n] <= split.last[shopper] or n not in split.purchases:
                continue
            item = shop.item[n]
            if item not in queries:
                queries[item] = _queries(shop, index, source, item)
            for query in queries[item]:
                wanted.setdefault((shopper, shop.day[n], query), set()).add(item)
    return wanted


def _queries(shop: Shop, index: TextIndex, source: str | None, item: int) -> list[str]:
    """What somebody who wants this item may type: its class where its text names it, else a word of its title."""
    words = _words(shop, item)
    classes = [tokens(value) for value in shop.values[source][item]] if source else []
    if named := {" ".join(words_) for words_ in classes if words_ and words.issuperset(words_)}:
        return sorted(named)
    common = [w for w in set(tokens(shop.titles[item])) if index.frequency(w) >= FEWEST_CANDIDATES]
    return [min(common, key=lambda w: (abs(log(index.frequency(w) / USUAL_CLASS)), w))] if common else []


def _words(shop: Shop, item: int) -> set[str]:
    return {*tokens(shop.titles[item]), *tokens(shop.texts[item])}


def query_source(shop: Shop, split: Cut) -> str | None:
    """The attribute whose values people type as queries: words of the items' text, for classes of a usual size.

    One that is called a class (category, type, genre ...) goes before others; None where no attribute will do.
    """
    bought = sorted({shop.item[n] for n in split.purchases})
    sample = Random(SEED).sample(bought, min(SAMPLED_ITEMS, len(bought)))
    words = {item: _words(shop, item) for item in sample}
    likely: list[tuple[bool, float, str]] = []
    for name, values in shop.values.items():
        sizes = Counter(value for found in values for value in found)
        typed = sorted(
            sizes[value]
            for item in sample
            for value in values[item]
            if (found := tokens(value)) and words[item].issuperset(found)
        )
        size = typed[len(typed) // 2] if len(typed) >= max(1, len(sample) / 2) else 0
        if FEWEST_CANDIDATES <= size <= max(USUAL_CLASS, len(values) // 10):
            is_class = any(word in name.lower() for word in CLASS_WORDS)
            likely.append((not is_class, abs(log(size / USUAL_CLASS)), name))
    return min(likely)[2] if likely else None
