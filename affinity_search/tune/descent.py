"""The search itself: one number after the other, a change only where it gains for sure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from affinity_search.config.model import Config
from affinity_search.config.suggest.split import Search
from affinity_search.tune.judge import Measured, Objective, Verdict, compare
from affinity_search.tune.knobs import knobs

__all__ = ["Descent", "Step", "Trial", "descend"]

ROUNDS = 2

Measure = Callable[[Config], tuple[Config, Measured]]
"""Computes a configuration; it comes back with the full weights that go with it."""


@dataclass(frozen=True)
class Trial:
    """A value that was tried, and what it did against the value before."""

    value: float
    verdict: Verdict


@dataclass(frozen=True)
class Step:
    """One number: what it was, what was tried, and what it is now."""

    address: str
    before: float
    after: float
    trials: tuple[Trial, ...]

    @property
    def taken(self) -> Trial | None:
        """The trial of the value taken; None where the number stays."""
        return next((trial for trial in self.trials if trial.value == self.after), None)

    @property
    def best(self) -> Trial:
        """The trial with the highest gain."""
        return max(self.trials, key=lambda trial: trial.verdict.aim.mean)


@dataclass(frozen=True)
class Descent:
    """Where it ended: the configuration, every number tried (the last word on each), and the whole change."""

    config: Config
    steps: tuple[Step, ...]
    start: Measured
    end: Measured
    total: Verdict


def descend(config: Config, searches: Sequence[Search], measure: Measure, aim: Objective) -> Descent:
    """Turns every knob in turn, twice at most, and ends where nothing gains for sure any more.

    Of the values that gain for sure the one nearest to the present value is taken that the best does not surely beat.
    `measure` computes a configuration; the same input gives the same answer.
    """
    config, start = measure(config)
    now = start
    steps: dict[str, Step] = {}
    first = config
    for _ in range(ROUNDS):
        moved = False
        for turn in knobs(first):
            knob = turn(config)
            if knob is None:
                continue
            tried = {value: measure(other) for value, other in knob.others}
            found = {value: measured for value, (_, measured) in tried.items()}
            trials = {v: Trial(v, compare(searches, now, after, aim, start)) for v, after in found.items()}
            value = _nearest_good(trials, found, searches, aim, start)
            earlier = steps.get(knob.address)
            if value is None:
                if earlier is None or earlier.taken is None:
                    steps[knob.address] = Step(knob.address, knob.now, knob.now, tuple(trials.values()))
                continue
            before = knob.now if earlier is None else earlier.before
            steps[knob.address] = Step(knob.address, before, value, tuple(trials.values()))
            config, now, moved = tried[value][0], found[value], True
        if not moved:
            break
    return Descent(config, tuple(steps.values()), start, now, compare(searches, start, now, aim, start))


def _nearest_good(
    trials: dict[float, Trial],
    found: dict[float, Measured],
    searches: Sequence[Search],
    aim: Objective,
    start: Measured,
) -> float | None:
    good = [value for value, trial in trials.items() if trial.verdict.good]
    if not good:
        return None
    best = max(good, key=lambda value: trials[value].verdict.aim.mean)
    for value in good:
        if value == best or compare(searches, found[value], found[best], aim, start).aim.lower <= 0:
            return value
    return best
