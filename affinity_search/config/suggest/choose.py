"""Chooses the numbers of a shop by replaying its own last purchases. Safe values stay where a gain is not clear.

Every choice is made on searches replayed for all purchases and, apart, for purchases of items new to the shopper. What
lowers either is not taken, and the last word has a check of everything together, quantised as in the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import isfinite

from affinity_search.config.suggest.bench import Bench, Choice, Part, quantised
from affinity_search.config.suggest.measure import Gain, Quality, auc
from affinity_search.config.suggest.weigh import full_weight

__all__ = ["ITEM", "MOST_LOOKUPS", "TREND", "Chosen", "Told", "Tried", "choose"]

# No attribute that can be a field has a name with brackets.
ITEM = "(item)"
TREND = "(recent)"
ALPHA = 0.05
ALPHAS = (0.02, 0.1)
RECENT = (0.5, 1.0)
ITEM_STRENGTHS = (0.25, 0.5, 1.0, 1.5)
ITEM_LEVELS = 15
MOST_LOOKUPS = 16
HALF_LIFE_FACTORS = (1 / 3, 4.0)
LEAST_TOLD = 0.01
UNLIKELY = 0.5
"""Half-way to the end of a one-sided 95 % interval lies one of 79 %."""
NO_LOSS = -1e-9
"""Rounding in the last digits is no loss."""

Weigh = Callable[[float], Bench]
"""The bench with another half-life."""


@dataclass(frozen=True)
class Tried:
    """What a change did: relative gains for all purchases, for new items, and the mean of both."""

    all: Gain
    novel: Gain
    both: Gain

    @property
    def harmless(self) -> bool:
        """True where neither kind of purchase lost."""
        return self.all.mean >= NO_LOSS and self.novel.mean >= NO_LOSS

    @property
    def wanted(self) -> bool:
        """True where a gain is not unlikely, and neither kind of purchase surely loses."""
        room = self.both.mean - self.both.lower
        return self.both.mean > -UNLIKELY * room and not self.all.loss and not self.novel.loss

    @property
    def good(self) -> bool:
        """True where there is a sure gain and no loss."""
        return self.both.clear and self.harmless


@dataclass(frozen=True)
class Told:
    """How much more often than by chance a shopper's weights tell the item bought from a popular alternative."""

    all: Gain
    novel: Gain

    @property
    def enough(self) -> bool:
        """True where, for sure, 51 of 100 new items are told right; all items, where nobody bought a new one."""
        return (self.novel if isfinite(self.novel.lower) else self.all).lower > LEAST_TOLD


@dataclass(frozen=True)
class Chosen:
    """The choice as the engine would apply it, its levels and full weights, and what each signal did when it was tried.

    `tried` has the recent popularity under TREND and the bought-before term under ITEM; `total` compares all parts
    with the generic order that has the chosen popularity.
    """

    bench: Bench
    choice: Choice
    half_life: float
    levels: Mapping[str, int]
    full: Mapping[str, float]
    told: Mapping[str, Told]
    tried: Mapping[str, Tried]
    total: Tried


def _least_levels(multi_valued: bool) -> int:
    """The fewest levels that lose little: 7 in 3 lookups, or a thermometer of 3."""
    return 3 if multi_valued else 7


def choose(weigh: Weigh, half_life: float, multi_valued: Mapping[str, bool]) -> Chosen:
    """Everything chosen, for these attributes, on the bench that `weigh` makes for a half-life."""
    bench = weigh(half_life)
    recent, recent_tried = _choose_recent(bench)
    start = Choice(recent)
    half_life, bench = _choose_half_life(weigh, bench, half_life, start)
    tried = {TREND: recent_tried}
    item, tried[ITEM] = _choose_item(bench, start)
    if item:
        start = start.having(ITEM, item, bench.weights.items)
    budget = MOST_LOOKUPS - (ITEM_LEVELS.bit_length() if item else 0)
    told = {name: _told(bench, name) for name in multi_valued}
    taken, found = _take(bench, start, {n: multi_valued[n] for n in multi_valued if told[n].enough}, budget)
    choice = _choose_alpha(bench, taken)
    levels = _spread(choice, multi_valued, budget)
    full = _full(bench, choice)
    chosen = Chosen(bench, choice, half_life, levels, full, told, {**tried, **found}, recent_tried)
    return _settle(chosen)


def _compare(bench: Bench, before: Quality, after: Quality) -> Tried:
    return Tried(bench.gain_all(before, after), bench.gain_novel(before, after), bench.gain_both(before, after))


def _choose_recent(bench: Bench) -> tuple[float, Tried]:
    """Weight of recent popularity; 0, with what the least weight did, where none gains for sure without a loss."""
    tried = {weight: _compare(bench, bench.generic, bench.quality(Choice(weight))) for weight in RECENT}
    good = [weight for weight, found in tried.items() if found.good]
    best = max(good, key=lambda weight: tried[weight].both.mean, default=0.0)
    return best, tried[best or RECENT[0]]


def _choose_half_life(weigh: Weigh, usual: Bench, half_life: float, start: Choice) -> tuple[float, Bench]:
    """The half-life, another than the usual one only where it is surely better with every signal on."""
    before = usual.quality(_everything(usual, start))
    best, gain = (half_life, usual), 0.0
    for factor in HALF_LIFE_FACTORS:
        bench = weigh(round(half_life * factor))
        tried = _compare(usual, before, bench.quality(_everything(bench, start)))
        if tried.good and tried.both.mean > gain:
            best, gain = (round(half_life * factor), bench), tried.both.mean
    return best


def _everything(bench: Bench, start: Choice) -> Choice:
    choice = start.having(ITEM, ITEM_STRENGTHS[1], bench.weights.items)
    for name, weights in bench.weights.attributes.items():
        choice = choice.having(name, ALPHA, weights)
    return choice


def _choose_item(bench: Bench, start: Choice) -> tuple[float, Tried]:
    """Strength of the bought-before term: the least one that the best does not surely beat; 0 without a sure gain."""
    before = bench.quality(start)
    found = {s: bench.quality(start.having(ITEM, s, bench.weights.items)) for s in ITEM_STRENGTHS}
    tried = {s: _compare(bench, before, after) for s, after in found.items()}
    good = [s for s in ITEM_STRENGTHS if tried[s].all.clear and tried[s].harmless]
    if not good:
        return 0.0, tried[ITEM_STRENGTHS[0]]
    best = max(good, key=lambda s: tried[s].all.mean)
    least = next(s for s in good if s == best or not bench.gain_all(found[s], found[best]).clear)
    return least, tried[least]


def _told(bench: Bench, name: str) -> Told:
    weights = bench.weights.attributes[name]
    return Told(auc(bench.searches, weights, novel=False), auc(bench.searches, weights, novel=True))


def _take(
    bench: Bench, choice: Choice, multi_valued: Mapping[str, bool], budget: int
) -> tuple[Choice, dict[str, Tried]]:
    """The choice with one attribute after the other, the best first, while there is room and a gain.

    What an attribute adds to nDCG swings more from slice to slice than how well it tells items apart. So the latter
    decides, surely, which are worth trying (`Told.enough`), and nDCG only their order and whether they do harm.
    """
    tried: dict[str, Tried] = {}
    left = list(multi_valued)
    while left:
        before = bench.quality(choice)
        for name in left:
            after = bench.quality(choice.having(name, ALPHA, bench.weights.attributes[name]))
            tried[name] = _compare(bench, before, after)
        good = [name for name in left if tried[name].wanted]
        room = [name for name in good if _cost(multi_valued[name], _least_levels(multi_valued[name])) <= budget]
        if not room:
            return choice, tried
        best = max(room, key=lambda name: tried[name].both.mean)
        choice = choice.having(best, ALPHA, bench.weights.attributes[best])
        budget -= _cost(multi_valued[best], _least_levels(multi_valued[best]))
        left.remove(best)
    return choice, tried


def _cost(multi_valued: bool, levels: int) -> int:
    return levels if multi_valued else levels.bit_length()


def _choose_alpha(bench: Bench, choice: Choice) -> Choice:
    """The choice with another strength for all attributes where that is surely better than the usual one."""
    before = bench.quality(choice)
    best, gain = choice, 0.0
    for alpha in ALPHAS:
        parts = {n: part if n == ITEM else replace(part, strength=alpha) for n, part in choice.parts.items()}
        other = replace(choice, parts=parts)
        tried = _compare(bench, before, bench.quality(other))
        if tried.good and tried.both.mean > gain:
            best, gain = other, tried.both.mean
    return best


def _spread(choice: Choice, multi_valued: Mapping[str, bool], budget: int) -> dict[str, int]:
    """Levels of the parts: the fewest for each attribute, then one lookup more for each in turn while there is room."""
    names = [name for name in choice.parts if name != ITEM]
    levels = {name: _least_levels(multi_valued[name]) for name in names}
    most = {name: 7 if multi_valued[name] else 15 for name in names}
    room = budget - sum(_cost(multi_valued[name], levels[name]) for name in names)
    while room and (growing := [name for name in names if levels[name] < most[name]]):
        for name in growing[:room]:
            levels[name] = levels[name] + 1 if multi_valued[name] else most[name]
            room -= 1
    return {**levels, **({ITEM: ITEM_LEVELS} if ITEM in choice.parts else {})}


def _full(bench: Bench, choice: Choice) -> dict[str, float]:
    seen = {**bench.weights.seen, ITEM: bench.weights.seen_items}
    return {name: full_weight(seen[name]) for name in choice.parts}


def _settle(chosen: Chosen) -> Chosen:
    """The choice with quantised weights; while it loses anything against the generic order its last part goes."""
    parts = {
        name: Part(part.strength, quantised(part.weights, chosen.full[name], chosen.levels[name]))
        for name, part in chosen.choice.parts.items()
    }
    before = chosen.bench.quality(Choice(chosen.choice.recent))
    while True:
        choice = Choice(chosen.choice.recent, parts)
        total = _compare(chosen.bench, before, chosen.bench.quality(choice))
        if total.harmless or not parts:
            return replace(chosen, choice=choice, total=total)
        parts.popitem()
