"""Cuts the events in time: the earlier part is history, the purchases of the last part become searches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from random import Random

import numpy as np

from affinity_search.config.model import Events
from affinity_search.config.roles import PURCHASE
from affinity_search.offline.shop import Shop
from affinity_search.offline.text import TextIndex, spellings, tokens
from affinity_search.offline.types import EventTypes

__all__ = ["CANDIDATES", "FEWEST_CANDIDATES", "SEED", "Cut", "Wanted", "cut", "query_source", "searches_wanted"]

LAST_SHARE = 0.2
FEWEST_CANDIDATES = 10
CANDIDATES = 200
"""A purchase counts as found where it is among so many candidates, of ten at least."""
USUAL_CLASS = 200
CLASS_WORDS = ("categor", "type", "class", "kind", "genre", "subject", "topic", "department", "group", "style")
SAMPLED_ITEMS = 2000
SEED = 7

RETENTION_DAYS: int = Events.model_fields["retention_days"].default

Wanted = dict[tuple[int, int, str], set[int]]
"""Items bought after the cut, by shopper, day and the query that stands for them."""


@dataclass(frozen=True)
class Cut:
    """Where history ends: `last[u]` is the last day of shopper u's history (before all events: no history).

    `targets` holds 1 for each event of a listed item that is to be foretold, else 0: purchases where there are any
    (`word` says what they are); `type_weights` is what one event of each type counts. What is older than
    `retention_days`, seen from the newest event of the history, does not count, as in the local state.
    """

    last: Sequence[int]
    targets: bytes
    type_weights: Sequence[float]
    retention_days: int = RETENTION_DAYS
    word: str = PURCHASE


def cut(shop: Shop, types: EventTypes, retention_days: int = RETENTION_DAYS) -> Cut:
    """The cut that leaves the last fifth of the purchases (`sequence`: of each shopper's steps) for the replay."""
    item, kind, day = (np.asarray(column) for column in (shop.item, shop.type, shop.day))
    bought = np.isin(kind, list(types.targets)) & (item >= 0)
    if shop.time == "sequence":
        last = [_last_step(shop, shopper) for shopper in range(shop.shoppers)]
    else:
        days = np.sort(day[bought])
        last = [int(days[int(len(days) * (1 - LAST_SHARE))]) - 1 if len(days) else 0] * shop.shoppers
    return Cut(last, bought.tobytes(), [types.weights[name] for name in shop.types], retention_days, types.word)


def _last_step(shop: Shop, shopper: int) -> int:
    steps = sorted({shop.day[n] for n in shop.events_of(shopper)})
    kept = len(steps) - max(1, int(len(steps) * LAST_SHARE))
    return steps[kept - 1] if kept else steps[0] - 1


def searches_wanted(shop: Shop, split: Cut, index: TextIndex) -> Wanted:
    """What shoppers who were known before bought after the cut."""
    source = query_source(shop, split)
    wanted: Wanted = {}
    queries: dict[int, list[str]] = {}
    for shopper in range(shop.shoppers):
        events = shop.events_of(shopper)
        if shop.day[events[0]] > split.last[shopper]:
            continue
        for n in events:
            if shop.day[n] <= split.last[shopper] or not split.targets[n]:
                continue
            item = shop.item[n]
            if item not in queries:
                queries[item] = _queries(shop, index, source, item)
            for query in queries[item]:
                wanted.setdefault((shopper, shop.day[n], query), set()).add(item)
    return wanted


def _queries(shop: Shop, index: TextIndex, source: str | None, item: int) -> list[str]:
    """What somebody who wants this item may type: its class where its text names it, else a word of its title.

    Words are spelt as the item spells them, so that an engine that knows no plurals finds it.
    """
    spelt = spellings(shop.text_of(item))
    classes = [tokens(value) for value in shop.values[source][item]] if source else []
    if named := {" ".join(spelt[w] for w in words) for words in classes if words and spelt.keys() >= {*words}}:
        return sorted(named)
    common = [w for w in {*tokens(shop.titles[item])} if index.frequency(w) >= FEWEST_CANDIDATES]
    return [spelt[min(common, key=lambda w: (abs(log(index.frequency(w) / USUAL_CLASS)), w))]] if common else []


def _words(shop: Shop, item: int) -> set[str]:
    return {*tokens(shop.text_of(item))}


def query_source(shop: Shop, split: Cut) -> str | None:
    """The attribute whose values people type as queries: words of the items' text, for classes of a usual size.

    One that is called a class (category, type, genre ...) goes before others; None where no attribute will do.
    """
    bought = np.unique(np.asarray(shop.item)[np.frombuffer(split.targets, dtype=np.bool_)]).tolist()
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
