"""The replay as something to ask: how good is this choice, and is it surely better than that one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from affinity_search.config.suggest.measure import Gain, Quality, gain, quality
from affinity_search.config.suggest.split import Search
from affinity_search.config.suggest.weigh import Weights
from affinity_search.profiles.weights import level

__all__ = ["Bench", "Choice", "Part", "quantised"]


@dataclass(frozen=True)
class Part:
    """One signal of the lift: its strength, and its weight per search and candidate."""

    strength: float
    weights: Sequence[Sequence[float]]


@dataclass(frozen=True)
class Choice:
    """What a configuration would do: the weight of recent popularity, and the parts of the lift by name."""

    recent: float = 0.0
    parts: Mapping[str, Part] = field(default_factory=dict)

    def having(self, name: str, strength: float, weights: Sequence[Sequence[float]]) -> Choice:
        """This choice with one more part, or another strength of it."""
        return Choice(self.recent, {**self.parts, name: Part(strength, weights)})


@dataclass(frozen=True)
class Bench:
    """Searches to replay, and the shoppers' weights in them."""

    searches: Sequence[Search]
    weights: Weights

    def quality(self, choice: Choice) -> Quality:
        """nDCG@10 of relevance * (1 + sum of strength * weight)."""
        return quality(self.searches, [self._scores(n, choice) for n in range(len(self.searches))])

    def _scores(self, n: int, choice: Choice) -> list[float]:
        search = self.searches[n]
        factor = [1.0] * len(search.candidates)
        for part in choice.parts.values():
            strength = part.strength
            factor = [f + strength * w for f, w in zip(factor, part.weights[n], strict=True)]
        recent = choice.recent
        return [
            (b + p + recent * r) * f
            for b, p, r, f in zip(search.bm25, search.popular, search.recent, factor, strict=True)
        ]

    @cached_property
    def generic(self) -> Quality:
        """The order by text and all-time popularity alone."""
        return self.quality(Choice())

    def gain_all(self, before: Quality, after: Quality) -> Gain:
        """Relative gain for all purchases; 0 where the generic order finds nothing."""
        return self._relative(before.all, after.all, self.generic.mean_all)

    def gain_novel(self, before: Quality, after: Quality) -> Gain:
        """Relative gain for purchases of items that the shopper had not bought before."""
        return self._relative(before.novel, after.novel, self.generic.mean_novel)

    def gain_both(self, before: Quality, after: Quality) -> Gain:
        """The mean of the two relative gains; that for all purchases where none is of a new item."""
        share = sum(1 for value in self.generic.novel if value is not None) / max(1, len(self.searches))
        scale_all, scale_novel = 2 * self.generic.mean_all, 2 * self.generic.mean_novel * share
        if not scale_novel:
            return self.gain_all(before, after)
        if not scale_all:
            return self.gain_novel(before, after)
        old, new = _blend(before, scale_all, scale_novel), _blend(after, scale_all, scale_novel)
        return gain(self.searches, old, new)

    def _relative(self, before: Sequence[float | None], after: Sequence[float | None], base: float) -> Gain:
        found = gain(self.searches, before, after)
        return Gain(found.mean / base, found.lower / base) if base else Gain(0.0, float("-inf"))


def _blend(found: Quality, scale_all: float, scale_novel: float) -> list[float]:
    return [a / scale_all + (n or 0.0) / scale_novel for a, n in zip(found.all, found.novel, strict=True)]


def quantised(weights: Sequence[Sequence[float]], full_weight: float, levels: int) -> list[list[float]]:
    """The weights as the engine will see them: a multiple of full_weight / levels."""
    step = full_weight / levels
    return [[step * level(w, full_weight, levels) if w else 0.0 for w in row] for row in weights]
