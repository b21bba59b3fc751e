"""The search itself: one number after the other, a change only where it gains for sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from affinity_search.config.model import Config
from affinity_search.tune.judge import Judged, Measured, Objective, judge
from affinity_search.tune.knobs import Knob, knobs
from affinity_search.validation.bench import Bench

__all__ = ["Descent", "Step", "Trial", "descend"]

ROUNDS = 2


@dataclass(frozen=True)
class Trial:
    """A value that was tried, and what it did against the value before."""

    value: float
    judged: Judged


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
        return max(self.trials, key=lambda trial: trial.judged.aim.mean)


@dataclass(frozen=True)
class Descent:
    """Where it ended: the configuration, every number tried (the last word on each), and the whole change."""

    config: Config
    steps: tuple[Step, ...]
    start: Measured
    end: Measured
    total: Judged


def descend(config: Config, bench: Bench, aim: Objective) -> Descent:
    """Turns every knob in turn, twice at most, and ends where nothing gains for sure any more.

    Of the values that gain for sure the one nearest to the present value is taken that the best does not surely beat.
    The same input gives the same answer.
    """
    first, now = config, measure(bench, config)
    start = now
    steps: dict[str, Step] = {}
    for _ in range(ROUNDS):
        moved = False
        for turn in knobs(first):
            knob = turn(config)
            if knob is None:
                continue
            others = {value: bench.fitted(other, knob.refits) for value, other in knob.others}
            found = {value: measure(bench, other) for value, other in others.items()}
            step = _step(bench, knob, (now, start, found), aim, steps.get(knob.address))
            steps[knob.address] = step
            if step.trials and step.after != knob.now:
                config, now, moved = others[step.after], found[step.after], True
        if not moved:
            break
    return Descent(config, tuple(steps.values()), start, now, judge(bench.searches, start, now, aim, start))


def measure(bench: Bench, config: Config) -> Measured:
    """How good the configuration is."""
    return Measured(bench.generic(config), bench.personalised(config))


def _step(
    bench: Bench,
    knob: Knob,
    state: tuple[Measured, Measured, Mapping[float, Measured]],
    aim: Objective,
    earlier: Step | None,
) -> Step:
    """The step with this knob; what an earlier round has changed keeps its first value and its reason."""
    now, start, found = state
    trials = [Trial(v, judge(bench.searches, now, after, aim, start)) for v, after in found.items()]
    good = [trial for trial in trials if trial.judged.good]
    if not good:
        return earlier if earlier and earlier.taken else Step(knob.address, knob.now, knob.now, tuple(trials))
    best = max(good, key=lambda trial: trial.judged.aim.mean)
    nearest = next(
        trial
        for trial in good
        if trial is best or judge(bench.searches, found[trial.value], found[best.value], aim, start).aim.lower <= 0
    )
    return Step(knob.address, earlier.before if earlier else knob.now, nearest.value, tuple(trials))
