"""What must come out in every run, whatever the shop: tests of the evaluation itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from affinity_search.evaluate.comparison import Difference
from affinity_search.evaluate.formula import Boosts, Shop, scores
from affinity_search.evaluate.queries import Query
from affinity_search.evaluate.replay import Search
from affinity_search.evaluate.sides import Side, against_generic
from affinity_search.evaluate.targets import Rankings

__all__ = ["LARGEST_ERROR", "NOBODY", "Controls", "controls", "draw_strangers"]

NOBODY = "\u0000nobody"
"""A user id that no event can have."""

LARGEST_ERROR = 1e-4


@dataclass(frozen=True)
class Controls:
    """A stranger's profile gains nothing, an empty one changes nothing, and the engine computes the formula.

    `empty_changed` counts texts whose answer to a shopper without a profile differs from the generic one (must be 0);
    `formula_error` is the largest relative difference between the engine's score and the formula's, over all hits.
    """

    stranger: Difference
    stranger_novel: Difference
    empty_changed: int
    formula_error: float


def draw_strangers(queries: Sequence[Query], known: Sequence[str], seed: int) -> dict[str, str]:
    """For each shopper somebody else with a profile, drawn anew for every shopper; NOBODY where there is no other."""
    chance = Random(seed)
    others = {}
    for user in sorted({query.user for query in queries}):
        drawn = chance.sample(known, min(2, len(known)))
        others[user] = next((other for other in drawn if other != user), NOBODY)
    return others


def controls(
    sides: Sequence[Side],
    shop: Shop,
    found: Rankings,
    boosted: Mapping[Search, Boosts],
    strangers: Mapping[str, str],
    seed: int,
) -> Controls:
    """The controls for the sides of all and of novel targets."""
    orders = {search: found[Search(search.text, strangers[search.user or ""])].ids for search in boosted}
    stranger, stranger_novel = (against_generic(side, orders, seed) for side in sides)
    texts = dict.fromkeys(search.text for search in boosted)
    changed = sum(found[Search(text, NOBODY)] != found[Search(text)] for text in texts)
    return Controls(stranger, stranger_novel, changed, _formula_error(shop, found, boosted))


def _formula_error(shop: Shop, found: Rankings, boosted: Mapping[Search, Boosts]) -> float:
    worst = 0.0
    for search, some in boosted.items():
        generic, personal = found[Search(search.text)], found[search]
        expected = dict(zip(generic.ids, scores(shop, generic, some, shop.parts), strict=True))
        for item, score in zip(personal.ids, personal.scores, strict=True):
            if score and (wanted := expected.get(item)) is not None:
                worst = max(worst, abs(wanted / score - 1))
    return worst
