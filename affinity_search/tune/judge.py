"""How one configuration compares with another on the validation searches, and when a change is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from affinity_search.validation.measure import NO_LOSS, SURE, Gain, Quality, Verdict, compare
from affinity_search.validation.searches import Searches

__all__ = ["Judged", "Measured", "Objective", "below_generic", "interval", "judge"]

Objective = Literal["all", "novel", "mix"]

# A one-sided interval of 95 % ends 1.645 standard errors below the mean. Some thirty changes are tried, so a change
# must be surer than that: 99 %. What people read is the two-sided interval of 95 %.
SURER, TWO_SIDED = 2.326, 1.96


@dataclass(frozen=True)
class Measured:
    """nDCG@10 of each search, generic and personalised, with one configuration."""

    generic: Quality
    personalised: Quality


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
    def good(self) -> bool:
        """True where the aim gains for sure (99 %), neither kind surely loses, and nothing falls against generic."""
        lower = self.aim.mean - (self.aim.mean - self.aim.lower) * SURER / SURE
        return lower > 0 and self.harmless and not self.verdict.surely_bad


def judge(searches: Searches, before: Measured, after: Measured, aim: Objective, start: Measured) -> Judged:
    """What `after` changes against `before`, relative to the generic order of `start`."""
    verdict = compare(searches, before.personalised, after.personalised, start.generic)
    harmless = all(_harmless(before, after, generic) for generic in (after.generic, start.generic))
    return Judged(verdict, aim, harmless)


def below_generic(found: Measured) -> bool:
    """True where all or novel purchases stand below the generic order."""
    return not _harmless(Measured(found.generic, found.generic), found, found.generic)


def interval(found: Gain) -> tuple[float, float] | None:
    """The two-sided 95 % interval of a gain; None where there were too few shoppers for one."""
    room = (found.mean - found.lower) * TWO_SIDED / SURE
    return None if room == float("inf") else (found.mean - room, found.mean + room)


def _harmless(before: Measured, after: Measured, generic: Quality) -> bool:
    old, new = before.personalised, after.personalised
    least_all, least_novel = min(old.mean_all, generic.mean_all), min(old.mean_novel, generic.mean_novel)
    return new.mean_all - least_all >= NO_LOSS and new.mean_novel - least_novel >= NO_LOSS
