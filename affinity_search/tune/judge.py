"""How one configuration compares with another on the validation searches, and when a change is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from affinity_search.config.suggest.measure import Gain, Quality, gain
from affinity_search.config.suggest.split import Search

__all__ = ["Measured", "Objective", "Verdict", "compare", "interval"]

Objective = Literal["all", "novel", "mix"]

NO_LOSS = -1e-9
"""Rounding in the last digits is no loss."""

# A one-sided interval of 95 % ends 1.645 standard errors below the mean. Some thirty changes are tried, so a change
# must be surer than that: 99 %. What people read is the two-sided interval of 95 %.
SURE, SURER, TWO_SIDED = 1.645, 2.326, 1.96


@dataclass(frozen=True)
class Measured:
    """nDCG@10 of each search, generic and personalised, with one configuration."""

    generic: Quality
    personalised: Quality


@dataclass(frozen=True)
class Verdict:
    """What a change does: relative gains for all purchases and for new items, the aim among them, and what is lost.

    `harmless` is False where, with the change, all or novel purchases stand below the generic order: with its own
    popularity, or as it was before.
    """

    all: Gain
    novel: Gain
    aim: Gain
    harmless: bool

    @property
    def good(self) -> bool:
        """True where the aim gains for sure (99 %), neither kind surely loses, and nothing falls against generic."""
        lower = self.aim.mean - (self.aim.mean - self.aim.lower) * SURER / SURE
        return lower > 0 and self.harmless and not self.all.loss and not self.novel.loss


def compare(searches: Sequence[Search], before: Measured, after: Measured, aim: Objective, start: Measured) -> Verdict:
    """What `after` changes against `before`, relative to the generic order of `start`.

    `mix` is the mean of the two relative gains. Where a kind of purchase has no search, or the generic order finds
    nothing of it, its gain is 0 and the mix is that of the other.
    """
    base = start.generic
    old, new = before.personalised, after.personalised
    everything = _relative(searches, old.all, new.all, base.mean_all)
    novel = _relative(searches, old.novel, new.novel, base.mean_novel)
    mixed = _mixed(searches, old, new, base)
    chosen = {"all": everything, "novel": novel, "mix": mixed}[aim]
    return Verdict(everything, novel, chosen, _harmless(after, after.generic) and _harmless(after, base))


def interval(found: Gain) -> tuple[float, float] | None:
    """The two-sided 95 % interval of a gain; None where there were too few shoppers for one."""
    room = (found.mean - found.lower) * TWO_SIDED / SURE
    return None if room == float("inf") else (found.mean - room, found.mean + room)


def _harmless(after: Measured, generic: Quality) -> bool:
    new = after.personalised
    return new.mean_all - generic.mean_all >= NO_LOSS and new.mean_novel - generic.mean_novel >= NO_LOSS


def _mixed(searches: Sequence[Search], old: Quality, new: Quality, base: Quality) -> Gain:
    if not base.mean_novel:
        return _relative(searches, old.all, new.all, base.mean_all)
    if not base.mean_all:
        return _relative(searches, old.novel, new.novel, base.mean_novel)
    share = sum(value is not None for value in base.novel) / len(searches)
    scales = 2 * base.mean_all, 2 * base.mean_novel * share
    return gain(searches, _blend(old, *scales), _blend(new, *scales))


def _blend(found: Quality, scale_all: float, scale_novel: float) -> list[float]:
    return [a / scale_all + (n or 0.0) / scale_novel for a, n in zip(found.all, found.novel, strict=True)]


def _relative(
    searches: Sequence[Search], before: Sequence[float | None], after: Sequence[float | None], base: float
) -> Gain:
    found = gain(searches, before, after)
    return Gain(found.mean / base, found.lower / base) if base else Gain(0.0, float("-inf"))
