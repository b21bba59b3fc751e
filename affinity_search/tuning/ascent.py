"""The search: coordinate ascent, one parameter after the other, a change only where the acceptance rule takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import prod

from affinity_search.config.model import Config
from affinity_search.offline.scorer import Scorer
from affinity_search.signals import reweighed
from affinity_search.tuning.acceptance import Auc, Judged, Measured, Objective, accepted, judge, measure_auc
from affinity_search.tuning.parameters import USUAL_STRENGTH, Parameter, parameters

__all__ = ["Found", "JudgedCandidate", "Step", "ascend", "measure"]

ROUNDS = 2
ATTRIBUTES_AT_ONCE = 8


@dataclass(frozen=True)
class JudgedCandidate:
    """A value that was tried, and what it did against the value before."""

    value: float
    judged: Judged


@dataclass(frozen=True)
class Step:
    """One parameter: what it was, what was tried last, and the values that were taken, one a round at most.

    Of a `factor` the value is what the numbers are multiplied by, 1 before.
    """

    address: str
    before: float
    candidates: tuple[JudgedCandidate, ...]
    changes: tuple[float, ...] = ()
    factor: bool = False

    @property
    def after(self) -> float:
        """The value now: of a factor the product of all changes."""
        return prod(self.changes) if self.factor else self.changes[-1] if self.changes else self.before

    @property
    def moved(self) -> bool:
        """True where the value is another one now."""
        return self.after != self.before

    @property
    def taken(self) -> JudgedCandidate | None:
        """The candidate of the value taken last; None where none was."""
        return next((one for one in self.candidates if self.changes and one.value == self.changes[-1]), None)

    @property
    def best(self) -> JudgedCandidate:
        """The candidate with the highest gain; there is at least one."""
        return max(self.candidates, key=lambda one: one.judged.aim.mean)


@dataclass(frozen=True)
class Found:
    """Where it ended: the configuration, the last word on every parameter with an effect, and the whole change.

    The steps stand in the order in which their parameters were first tried, those of attributes that were switched on
    in the order of their use. `auc` is by attribute; one that is off and of which it is not enough has no step.
    """

    config: Config
    steps: tuple[Step, ...]
    auc: Mapping[str, Auc]
    start: Measured
    end: Measured
    total: Judged

    def step(self, address: str) -> Step | None:
        """The step of the parameter at this address; None where it never had an effect."""
        return next((step for step in self.steps if step.address == address), None)


@dataclass(frozen=True)
class _Move:
    """A candidate that may be taken, all that its parameter has, and how good its configuration is."""

    parameter: Parameter
    candidate: JudgedCandidate
    candidates: tuple[JudgedCandidate, ...]
    config: Config
    quality: Measured


@dataclass(frozen=True)
class _Ascent:
    """What stays the same all the way, and the steps so far by address."""

    scorer: Scorer
    aim: Objective
    start: Measured
    auc: Mapping[str, Auc]
    steps: dict[str, Step] = field(default_factory=dict)


def ascend(config: Config, scorer: Scorer, aim: Objective) -> Found:
    """Looks at every parameter in turn, twice at most, and ends where nothing is taken any more.

    Of the values that are taken it is the one nearest to the present value that the best is not likely to beat. The
    same input gives the same answer. Without a search nothing is tried.
    """
    start = measure(scorer, config)
    if not len(scorer.searches):
        return Found(config, (), {}, start, start, judge(scorer.searches, start, start, aim, start))
    ascent = _Ascent(scorer, aim, start, _aucs(config, scorer))
    state = (config, start)
    for _ in range(ROUNDS):
        before = state[0]
        for group in parameters(config):
            state = _climb(ascent, group, *state)
        if state[0] == before:
            break
    config, end = state
    total = judge(scorer.searches, start, end, aim, start)
    return Found(config, tuple(ascent.steps.values()), ascent.auc, start, end, total)


def measure(scorer: Scorer, config: Config) -> Measured:
    """How good the configuration is."""
    return Measured(scorer.generic(config), scorer.personalised(config))


def _aucs(config: Config, scorer: Scorer) -> dict[str, Auc]:
    """The AUC of every attribute, by the half-lives that it has; whatever lookups all of them would take.

    A few attributes at a time, and the weights of those that will not be tried are forgotten: a shop may have hundreds.
    """
    found: dict[str, Auc] = {}
    names = iter(config.attributes)
    while some := list(islice(names, ATTRIBUTES_AT_ONCE)):
        switched_on = {n: config.attributes[n].model_copy(update={"strength": USUAL_STRENGTH}) for n in some}
        weights = scorer.weights(config.model_copy(update={"attributes": switched_on}))
        found |= {name: measure_auc(scorer.searches, weights[name]) for name in some}
        scorer.forget([config.attributes[name].field for name in some if not found[name].enough])
    return found


def _climb(ascent: _Ascent, group: Sequence[Parameter], config: Config, now: Measured) -> tuple[Config, Measured]:
    """Where the group ends: its parameters change one at a time, the one that gains most first."""
    left = list(group)
    while left:
        moves = [move for parameter in left if (move := _try(ascent, parameter, config, now))]
        if not moves:
            break
        best = max(moves, key=lambda move: move.candidate.judged.aim.mean)
        address = best.parameter.address
        # Put last, so that attributes stand in the order of their use.
        step = ascent.steps.pop(address)
        ascent.steps[address] = replace(step, candidates=best.candidates, changes=(*step.changes, best.candidate.value))
        config, now = best.config, best.quality
        left.remove(best.parameter)
    return config, now


def _try(ascent: _Ascent, parameter: Parameter, config: Config, now: Measured) -> _Move | None:
    """The candidate to take, if there is one; of a parameter that never changed what was tried is kept as its step."""
    scorer, aim, start = ascent.scorer, ascent.aim, ascent.start
    found: list[tuple[JudgedCandidate, Config, Measured]] = []
    for candidate in parameter.candidates(config):
        if parameter.attribute and candidate.value and not ascent.auc[parameter.attribute].enough:
            continue
        fitted = scorer.fitted(candidate.config, reweighed(config, candidate.config))
        quality = measure(scorer, fitted)
        judged = judge(scorer.searches, now, quality, aim, start)
        found.append((JudgedCandidate(candidate.value, judged), fitted, quality))
    candidates = tuple(one for one, _, _ in found)
    earlier = ascent.steps.get(parameter.address) or Step(parameter.address, parameter.now(config), ())
    if candidates and not earlier.changes:
        ascent.steps[parameter.address] = replace(earlier, candidates=candidates, factor=parameter.factor)
    able = [
        _Move(parameter, one, candidates, fitted, quality)
        for one, fitted, quality in found
        if accepted(one.judged, parameter, one.value, ascent.auc)
    ]
    return _nearest(ascent, able) if able else None


def _nearest(ascent: _Ascent, able: Sequence[_Move]) -> _Move:
    """The first, which is the nearest, that the best is not likely to beat."""
    best = max(able, key=lambda move: move.candidate.judged.aim.mean)
    searches, aim, start = ascent.scorer.searches, ascent.aim, ascent.start
    return next(
        move for move in able if move is best or not judge(searches, move.quality, best.quality, aim, start).leads
    )
