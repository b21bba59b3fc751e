"""Facts beside the measures: how much moves, how active the shoppers are, what the training data does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.evaluation.targets import Rankings
from affinity_search.offline.measures import DEPTH
from affinity_search.offline.queries import Query
from affinity_search.offline.replay import Search

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Facts", "gather_facts", "owned_items"]

EVENTS = """
SELECT user_id, sum(count)::BIGINT FROM buckets WHERE user_id IN (SELECT unnest(?::VARCHAR[])) GROUP BY user_id
"""
LISTED = "SELECT DISTINCT id FROM items WHERE id IN (SELECT unnest(?::VARCHAR[]))"
BOUGHT = """
SELECT user_id, list(DISTINCT item) FROM buckets
WHERE user_id IN (SELECT unnest(?::VARCHAR[])) AND list_contains(?, type) GROUP BY user_id
"""


@dataclass(frozen=True)
class Facts:
    """Facts about all queries, counting or not.

    `changed_share` of them have other first ten hits than the generic order, or in another order; the first ten hits
    stand `mean_shift` places from their generic place on average (one from beyond the candidates: from just below
    them). `events` is how many training events each of their shoppers has. `unknown_shoppers` is how many of the
    queries are of shoppers without any, `unknown_items` how many items that were bought are not in the catalogue.
    """

    changed_share: float
    mean_shift: float
    events: Mapping[str, int]
    unknown_shoppers: int
    unknown_items: int


def gather_facts(connection: DuckDBPyConnection, queries: Sequence[Query], found: Rankings) -> Facts:
    """The facts about these queries, of which there is at least one."""
    changed, shifts = 0, []
    for query in queries:
        generic, personal = found[Search(query.text)].ids, found[Search(query.text, query.user)].ids[:DEPTH]
        if personal == generic[:DEPTH]:
            shifts += [0] * len(personal)
            continue
        changed += 1
        places = {item: place for place, item in enumerate(generic)}
        shifts += [abs(places.get(item, len(places)) - place) for place, item in enumerate(personal)]
    events = dict(connection.execute(EVENTS, [_users(queries)]).fetchall())
    wanted = frozenset[str]().union(*(query.relevant for query in queries))
    known = connection.execute(LISTED, [list(wanted)]).fetchall()
    unknown = sum(query.user not in events for query in queries)
    mean_shift = sum(shifts) / len(shifts) if shifts else 0.0
    return Facts(changed / len(queries), mean_shift, events, unknown, len(wanted) - len(known))


def owned_items(connection: DuckDBPyConnection, config: Config, queries: Sequence[Query]) -> dict[str, frozenset[str]]:
    """What the shoppers of the queries bought; where no type is a purchase, the items of what has to be foretold."""
    rows = connection.execute(BOUGHT, [_users(queries), sorted(config.events.targets)]).fetchall()
    return {user: frozenset(items) for user, items in rows}


def _users(queries: Sequence[Query]) -> list[str]:
    return sorted({query.user for query in queries})
