"""Chooses the numbers of a shop by replaying its own last purchases. Safe values stay where a gain is not clear.

Every choice is made on searches replayed for all purchases and, apart, for purchases of items new to the shopper. What
lowers either is not taken, and the last word has a check of everything together. Weights are quantised throughout, so
that what is measured is what the engine would do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite

from affinity_search.config.model import Attribute, Config
from affinity_search.validation.arrays import Floats
from affinity_search.validation.bench import Bench
from affinity_search.validation.changes import MOST_BOOST, changed, value_at
from affinity_search.validation.measure import Gain, Quality, Verdict, auc, compare

__all__ = [
    "ALPHA",
    "BOUGHT",
    "DEMOTION",
    "MOST_LOOKUPS",
    "RELATED",
    "TREND",
    "WIDER_WINDOW",
    "WINDOW",
    "Chosen",
    "Told",
    "choose",
    "least_levels",
    "wanted",
]

TREND = "popularity.recent.weight"
BOUGHT = "item_affinity.strength"
RELATED = "item_affinity.related.weight"
DEMOTION = "item_affinity.owned_demotion"
WINDOW = "search.window"
ALPHA = 0.05
ALPHAS = (0.02, 0.1, 0.2)
RECENT = (0.5, 1.0)
ITEM_STRENGTHS = (0.25, 0.5, 1.0, 1.5)
DEMOTIONS = (0.1, 0.25, 0.5, 1.0, 2.0)
RELATED_BOOSTS = (0.1, 0.2, 0.4)
"""Boost per unit of a related item's log lift: what an attribute has as its strength."""
WIDER_WINDOW = 200
LEAST_WIDER = 0.01
"""A wider window costs time in every search, so it has to gain at least so much."""
MOST_LOOKUPS = 16
MOST_TRIED = 64
HALF_LIFE_FACTORS = (1 / 3, 4.0)
LEAST_TOLD = 0.01
UNLIKELY = 0.5
"""Half-way to the end of a one-sided 95 % interval lies one of 79 %."""


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
    """The configuration chosen, and what each signal did when it was tried.

    `told` is by attribute; `tried` by attribute, and by address for the other numbers. `total` compares everything
    personal with the generic order that has the chosen popularity; `dropped` has what went because all of it did harm.
    """

    config: Config
    told: Mapping[str, Told]
    tried: Mapping[str, Verdict]
    total: Verdict
    dropped: frozenset[str]


def least_levels(multi_valued: bool) -> int:
    """The fewest levels that lose little: 7 in 3 lookups, or a thermometer of 3."""
    return 3 if multi_valued else 7


def choose(bench: Bench, config: Config) -> Chosen:
    """Everything chosen, beginning with a configuration whose attributes and signals are all switched off.

    Without a search nothing is tried and nothing switched on.
    """
    if not len(bench.searches):
        nothing = Gain(0.0, float("-inf"))
        return Chosen(config, {}, {}, Verdict(nothing, nothing, nothing), frozenset())
    return _Choice(bench, config).made()


class _Choice:
    """One choice after the other: the configuration so far, and what was tried."""

    def __init__(self, bench: Bench, config: Config) -> None:
        self.bench = bench
        self.base = bench.generic(config)
        # More lookups than the budget are tried here than may stay in the end.
        self.config = changed(config, {"search.max_lookups": MOST_TRIED})
        self.names = list(config.attributes)
        self.tried: dict[str, Verdict] = {}
        self.weights: Mapping[str, Floats] = {}

    def made(self) -> Chosen:
        self._trend()
        self._bought_before()
        self._owned_demotion()
        self._related()
        self.weights = self.bench.weights(_with_everything(self.config))
        told = {name: self._told(name) for name in self.names}
        self._attributes([name for name in self.names if told[name].enough])
        self._strength()
        self._half_life()
        self._window()
        self._levels()
        total, dropped = self._settled()
        return Chosen(self._bounded(), told, self.tried, total, dropped)

    def _trend(self) -> None:
        """Weight of recent popularity: the best one where one gains for sure without a loss."""
        if self.config.events.time == "sequence":
            return
        others = {weight: changed(self.config, {TREND: weight}) for weight in RECENT}
        found = {weight: self._verdict(self.base, self.bench.generic(other)) for weight, other in others.items()}
        best = max(found, key=lambda weight: (found[weight].good, found[weight].both.mean))
        self.tried[TREND] = found[best]
        if found[best].good:
            self.config = others[best]

    def _bought_before(self) -> None:
        """Strength of the bought-before term: the least one that the best does not surely beat."""
        others = {s: self.bench.fitted(changed(self.config, {BOUGHT: s})) for s in ITEM_STRENGTHS}
        self._take_least(BOUGHT, others, lambda verdict: verdict.all.clear and verdict.harmless, lambda v: v.all)

    def _owned_demotion(self) -> None:
        """How far what was bought steps back, where it is not boosted."""
        item = self.config.item_affinity
        if self.config.events.purchases and not (item.strength and item.bought_before.weight):
            others = {boost: changed(self.config, {DEMOTION: boost}) for boost in DEMOTIONS}
            self._take_least(DEMOTION, others, lambda verdict: verdict.all.clear and verdict.harmless, lambda v: v.all)

    def _related(self) -> None:
        """Weight of related items, beside the bought-before term or alone in the id list."""
        strength = self.config.item_affinity.strength
        alone = {} if strength else {BOUGHT: 1.0, "item_affinity.bought_before.weight": 0.0}
        weights = [round(boost / (strength or 1.0), 3) for boost in RELATED_BOOSTS]
        others = {w: self.bench.fitted(changed(self.config, {**alone, RELATED: w})) for w in weights}
        self._take_least(RELATED, others, lambda verdict: verdict.good, lambda v: v.both)

    def _take_least(
        self,
        address: str,
        others: Mapping[float, Config],
        good: Callable[[Verdict], bool],
        aim: Callable[[Verdict], Gain],
    ) -> None:
        """Takes, of the values that are good, the first that the best does not surely beat."""
        before = self.bench.personalised(self.config)
        found = {value: self.bench.personalised(config) for value, config in others.items()}
        tried = {value: self._verdict(before, after) for value, after in found.items()}
        able = [value for value in others if good(tried[value])]
        if not able:
            self.tried[address] = max(tried.values(), key=lambda verdict: aim(verdict).mean)
            return
        best = max(able, key=lambda value: aim(tried[value]).mean)
        least = next(v for v in able if v == best or not aim(self._verdict(found[v], found[best])).clear)
        self.tried[address] = tried[least]
        self.config = others[least]

    def _told(self, name: str) -> Told:
        weights = self.weights[name]
        return Told(auc(self.bench.searches, weights, novel=False), auc(self.bench.searches, weights, novel=True))

    def _attributes(self, names: Sequence[str]) -> None:
        """One attribute after the other, the best first, while there is room and a gain.

        What an attribute adds to nDCG swings more from slice to slice than how well it tells items apart. So the latter
        decides, surely, which are worth trying (`Told.enough`), and nDCG only their order and whether they do harm.
        """
        left = list(names)
        while left:
            before = self.bench.personalised(self.config)
            others = {name: self._having(name) for name in left}
            for name, other in others.items():
                self.tried[name] = self._verdict(before, self.bench.personalised(other))
            room = [n for n in left if wanted(self.tried[n]) and others[n].lookups <= MOST_LOOKUPS]
            if not room:
                return
            best = max(room, key=lambda name: self.tried[name].both.mean)
            self.config = others[best]
            left.remove(best)

    def _having(self, name: str) -> Config:
        """The configuration with this attribute, too, its saturation weight fitted; the last of those switched on."""
        config = self.config
        last = {n: a for n, a in config.attributes.items() if n != name} | {name: config.attributes[name]}
        fresh = changed(config.model_copy(update={"attributes": last}), {f"attributes.{name}.strength": ALPHA})
        return self.bench.fitted(fresh, [name])

    def _strength(self) -> None:
        """Another strength for all attributes where that is surely better than the usual one."""
        names = list(self.config.active_attributes)
        if not names:
            return
        others = {a: changed(self.config, {f"attributes.{name}.strength": a for name in names}) for a in ALPHAS}
        self._take_best(others)

    def _take_best(self, others: Mapping[float, Config]) -> None:
        """Takes the best of the configurations that are surely better than the present one without a loss."""
        before = self.bench.personalised(self.config)
        tried = {value: self._verdict(before, self.bench.personalised(other)) for value, other in others.items()}
        good = [value for value, verdict in tried.items() if verdict.good]
        if good:
            self.config = others[max(good, key=lambda value: tried[value].both.mean)]

    def _half_life(self) -> None:
        """Another half-life for all of it than the usual one only where that is surely better."""
        if not self.config.lookups:
            return
        others = {f: self.bench.fitted(_with_half_life(self.config, self.names, f)) for f in HALF_LIFE_FACTORS}
        self._take_best(others)

    def _window(self) -> None:
        other = changed(self.config, {WINDOW: WIDER_WINDOW})
        verdict = self._verdict(self.bench.personalised(self.config), self.bench.personalised(other))
        self.tried[WINDOW] = verdict
        if verdict.good and verdict.both.mean >= LEAST_WIDER:
            self.config = other

    def _levels(self) -> None:
        """One lookup more for each attribute in turn while there is room."""
        while growing := [name for name, a in self.config.active_attributes.items() if _finer(a) > a.levels]:
            for name in growing:
                finer = changed(self.config, {f"attributes.{name}.levels": _finer(self.config.attributes[name])})
                if finer.lookups > MOST_LOOKUPS:
                    return
                self.config = finer

    def _settled(self) -> tuple[Verdict, frozenset[str]]:
        """Everything against the generic order; while it loses anything its last part goes. Which ones went."""
        before = self.bench.generic(self.config)
        dropped: set[str] = set()
        while True:
            total = self._verdict(before, self.bench.personalised(self.config))
            if total.harmless or not self.config.lookups:
                return total, frozenset(dropped)
            parts = [DEMOTION, BOUGHT, *(f"attributes.{name}.strength" for name in self.config.active_attributes)]
            last = [address for address in parts if value_at(self.config, address)][-1]
            self.config = changed(self.config, {last: 0.0})
            dropped.add(last.removeprefix("attributes.").removesuffix(".strength") if last.startswith("attr") else last)

    def _bounded(self) -> Config:
        """The configuration within the budget, its bound what the boosts add up to, its attributes in order of use."""
        bound = float(min(MOST_BOOST, max(1, ceil(self.config.total_boost))))
        config = changed(self.config, {"search.max_lookups": MOST_LOOKUPS, "search.max_boost": bound})
        active = config.active_attributes
        idle = {name: config.attributes[name] for name in self.names if name not in active}
        return config.model_copy(update={"attributes": {**active, **idle}})

    def _verdict(self, before: Quality, after: Quality) -> Verdict:
        return compare(self.bench.searches, before, after, self.base)


def wanted(verdict: Verdict) -> bool:
    """True where a gain is not unlikely, and neither kind of purchase surely loses."""
    room = verdict.both.mean - verdict.both.lower
    return verdict.both.mean > -UNLIKELY * room and not verdict.surely_bad


def _with_everything(config: Config) -> Config:
    """The configuration with every attribute switched on, whatever lookups that takes: to ask for weights only."""
    attributes = {name: a.model_copy(update={"strength": ALPHA}) for name, a in config.attributes.items()}
    return config.model_copy(update={"attributes": attributes})


def _with_half_life(config: Config, names: Iterable[str], factor: float) -> Config:
    addresses = [f"attributes.{name}.half_life_days" for name in names]
    addresses.append("item_affinity.bought_before.half_life_days")
    return changed(config, {address: float(round(value_at(config, address) * factor)) for address in addresses})


def _finer(attribute: Attribute) -> int:
    """The next number of levels, up to 15 (a thermometer: 7)."""
    if attribute.multi_valued:
        return min(7, attribute.levels + 1)
    return min(15, 2 * attribute.levels + 1)
