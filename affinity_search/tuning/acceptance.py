"""The acceptance rule: how one configuration compares with another on the replayed searches, and when it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Literal

from affinity_search.offline.arrays import Floats
from affinity_search.offline.gains import Gain, Verdict, auc, verdict
from affinity_search.offline.quality import Quality
from affinity_search.offline.searches import Searches
from affinity_search.tuning.parameters import Parameter

__all__ = [
    "LIKELY",
    "SURE",
    "Auc",
    "Judged",
    "Measured",
    "Objective",
    "accepted",
    "judge",
    "measure_auc",
    "stands_below_generic",
]

Objective = Literal["all", "novel", "mix"]

SURE = 2.326
"""Some thirty changes are tried, so a gain counts from 99 % on: so many standard errors, one-sided."""
LIKELY = 1.645
"""A loss counts from 95 % on, and so does the lead of a better value."""
UNLIKELY = 0.82
"""What an attribute costs at most, in standard errors: a gain must not be unlikely (below 21 %)."""
LEAST_AUC = 0.01
NO_LOSS = -1e-9
"""Rounding in the last digits is no loss."""


@dataclass(frozen=True)
class Measured:
    """nDCG@10 of each search, generic and personalised, with one configuration."""

    generic: Quality
    personalised: Quality


@dataclass(frozen=True)
class Auc:
    """How much more often than by chance a shopper's weights tell the item bought from a popular alternative."""

    all: Gain
    novel: Gain

    @property
    def enough(self) -> bool:
        """True where, for sure, 51 of 100 new items are ranked right; all items, where nobody bought a new one."""
        return (self.all if self.novel.error == inf else self.novel).at_least(SURE) > LEAST_AUC


@dataclass(frozen=True)
class Judged:
    """What a change does, and what of that is the aim.

    `harmless` is False where the change takes all or novel purchases below the generic order (with its own popularity,
    or as it was at the start), or further below it.
    """

    verdict: Verdict
    objective: Objective
    harmless: bool

    @property
    def aim(self) -> Gain:
        """The gain that is sought: of all purchases, of new items, or the mean of both."""
        return {"all": self.verdict.all, "novel": self.verdict.novel, "mix": self.verdict.both}[self.objective]

    @property
    def safe(self) -> bool:
        """True where neither kind of purchase surely loses, and nothing falls against generic."""
        losing = any(found.at_least(-LIKELY) < 0 for found in (self.verdict.all, self.verdict.novel))
        return self.harmless and not losing

    @property
    def good(self) -> bool:
        """True where the aim gains for sure and the change is safe."""
        return self.safe and self.aim.at_least(SURE) > 0

    @property
    def bearable(self) -> bool:
        """True where the change is safe and a gain is not unlikely: enough for what its AUC speaks for."""
        return self.safe and self.aim.at_least(-UNLIKELY) > 0

    @property
    def leads(self) -> bool:
        """True where the aim is likely to gain (95 %)."""
        return self.aim.at_least(LIKELY) > 0


def judge(searches: Searches, before: Measured, after: Measured, aim: Objective, start: Measured) -> Judged:
    """What `after` changes against `before`, relative to the generic order of `start`."""
    found = verdict(searches, before.personalised, after.personalised, start.generic)
    harmless = all(_harmless(before, after, generic) for generic in (after.generic, start.generic))
    return Judged(found, aim, harmless)


def accepted(judged: Judged, parameter: Parameter, value: float, auc: Mapping[str, Auc]) -> bool:
    """True where a candidate may be taken: it gains for sure, as much as the parameter asks for, and is safe.

    An attribute is switched on where its AUC is surely enough and a gain is not unlikely: what a single attribute adds
    to nDCG swings more from slice to slice than how well it tells items apart.
    """
    if parameter.attribute and value:
        return auc[parameter.attribute].enough and judged.bearable
    return judged.good and judged.aim.mean >= parameter.least_gain


def measure_auc(searches: Searches, weights: Floats) -> Auc:
    """The AUC of weights [S, K] for all purchases and for those of new items."""
    return Auc(auc(searches, weights, novel=False), auc(searches, weights, novel=True))


def stands_below_generic(found: Measured) -> bool:
    """True where all or novel purchases stand below the generic order."""
    return not _harmless(Measured(found.generic, found.generic), found, found.generic)


def _harmless(before: Measured, after: Measured, generic: Quality) -> bool:
    old, new = before.personalised, after.personalised
    least_all, least_novel = min(old.mean_all, generic.mean_all), min(old.mean_novel, generic.mean_novel)
    return new.mean_all - least_all >= NO_LOSS and new.mean_novel - least_novel >= NO_LOSS
