"""What must come out in every run, whatever the shop: tests of the evaluation itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from affinity_search.evaluation.sides import Side, against_generic
from affinity_search.evaluation.targets import Rankings
from affinity_search.offline.comparison import Difference
from affinity_search.offline.formula import Boosts, Shop, scores
from affinity_search.offline.queries import Query
from affinity_search.offline.replay import Search

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["NOBODY", "Controls", "controls", "draw_shuffled"]

COUNT = "SELECT count(DISTINCT user_id) FROM profile_entries"
NAMES = """
SELECT place, user_id FROM (
    SELECT user_id, row_number() OVER (ORDER BY user_id) - 1 AS place
    FROM (SELECT DISTINCT user_id FROM profile_entries)
) WHERE place IN (SELECT unnest(?::BIGINT[]))
"""
NOBODY = "\u0000nobody"
"""A user id that no event can have."""


@dataclass(frozen=True)
class Controls:
    """A shuffled profile gains nothing, an empty one changes nothing, and the engine computes the formula.

    `empty_changed` counts texts whose answer to a shopper without a profile differs from the generic one (must be 0);
    `formula_error` is the largest relative difference between the engine's score and the formula's, over all hits.
    """

    shuffled: Difference
    shuffled_novel: Difference
    empty_changed: int
    formula_error: float


def draw_shuffled(connection: DuckDBPyConnection, queries: Sequence[Query], seed: int) -> dict[str, str]:
    """For each shopper somebody else with a profile, drawn anew for every shopper; NOBODY where there is no other.

    Places in the sorted list of all shoppers with a profile are drawn, and only their names are read.
    """
    chance, count = Random(seed), _number(connection, COUNT)
    drawn = {user: chance.sample(range(count), min(2, count)) for user in sorted({query.user for query in queries})}
    wanted = sorted({place for places in drawn.values() for place in places})
    names = dict(connection.execute(NAMES, [wanted]).fetchall())
    return {
        user: next((names[place] for place in places if names[place] != user), NOBODY) for user, places in drawn.items()
    }


def _number(connection: DuckDBPyConnection, statement: str) -> int:
    return int(connection.execute(statement).fetchall()[0][0])


def controls(
    sides: Sequence[Side],
    shop: Shop,
    found: Rankings,
    boosted: Mapping[Search, Boosts],
    shuffled: Mapping[str, str],
    seed: int,
) -> Controls:
    """The controls for the sides of all and of novel targets."""
    orders = {search: found[Search(search.text, shuffled[search.user or ""])].ids for search in boosted}
    every, novel = (against_generic(side, orders, seed) for side in sides)
    texts = dict.fromkeys(search.text for search in boosted)
    changed = sum(found[Search(text, NOBODY)] != found[Search(text)] for text in texts)
    return Controls(every, novel, changed, _formula_error(shop, found, boosted))


def _formula_error(shop: Shop, found: Rankings, boosted: Mapping[Search, Boosts]) -> float:
    worst = 0.0
    for search, some in boosted.items():
        generic, personal = found[Search(search.text)], found[search]
        expected = dict(zip(generic.ids, scores(shop, generic, some, shop.parts), strict=True))
        for item, score in zip(personal.ids, personal.scores, strict=True):
            if score and (wanted := expected.get(item)) is not None:
                worst = max(worst, abs(wanted / score - 1))
    return worst
