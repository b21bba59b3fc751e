"""The difference between two sides, and how sure it is: a bootstrap over shoppers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from random import Random

__all__ = ["Difference", "compare"]

DRAWS = 1000
FEWEST_SHOPPERS = 2
TAIL = 0.025
MOST_KEPT = 5000

Draw = Callable[[list[float]], tuple[float, ...]]


@dataclass(frozen=True)
class Difference:
    """`percent` is 100 * (other / base - 1) of the means, None where the base is 0.

    `interval` is its 95 % interval, None where fewer than two shoppers, or a base of 0, say nothing about chance.
    """

    percent: float | None
    interval: tuple[float, float] | None

    @property
    def sure_gain(self) -> bool:
        """True where the whole interval is above 0."""
        return self.interval is not None and self.interval[0] > 0

    @property
    def sure_loss(self) -> bool:
        """True where the whole interval is below 0."""
        return self.interval is not None and self.interval[1] < 0


def compare(
    base: Mapping[str, float], other: Mapping[str, float], shopper: Mapping[str, str], *, seed: int = 0
) -> Difference:
    """The difference of the means over the queries of `base`, by query id.

    The interval is the percentile bootstrap of Efron (1979) with 1,000 draws of shoppers with all of their queries: the
    queries of one shopper are not independent. The same seed gives the same interval.
    """
    sums: dict[str, tuple[float, float]] = {}
    for qid in sorted(base):
        before, after = sums.get(shopper[qid], (0.0, 0.0))
        sums[shopper[qid]] = before + base[qid], after + other[qid]
    befores, afters = ([sums[user][side] for user in sorted(sums)] for side in (0, 1))
    percent = _percent(sum(befores), sum(afters))
    if percent is None or len(sums) < FEWEST_SHOPPERS:
        return Difference(percent, None)
    drawn = (_percent(sum(draw(befores)), sum(draw(afters))) for draw in _draws(len(sums), seed))
    known = sorted(value for value in drawn if value is not None)
    cut = int(TAIL * len(known))
    return Difference(percent, (known[cut], known[-1 - cut]))


def _percent(before: float, after: float) -> float | None:
    return 100 * (after / before - 1) if before else None


def _draws(count: int, seed: int) -> Iterable[Draw]:
    """Functions that take a thousand samples, with replacement, of `count` values; the same for the same seed."""
    return _kept(count, seed) if count <= MOST_KEPT else _drawn(count, seed)


@lru_cache(maxsize=8)
def _kept(count: int, seed: int) -> tuple[Draw, ...]:
    # An evaluation makes dozens of comparisons of the same shoppers, and drawing is most of the work.
    return tuple(_drawn(count, seed))


def _drawn(count: int, seed: int) -> Iterator[Draw]:
    chance = Random(seed)
    places = list(range(count))
    return (itemgetter(*chance.choices(places, k=count)) for _ in range(DRAWS))
