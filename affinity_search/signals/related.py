"""Related items, "bought together": what the items in a shopper's history say of other items.

    X        shoppers x items: 1 where the item is in the shopper's history
    P        (X^T X + 300 I)^-1
    W_ij     -P_ij / P_jj, and W_jj = 0
    s_u(j)   max(0, sum of W_ij over the items i of shopper u)
    m_j      mean of s_u(j) over the shoppers that were learnt from
    r_u(j)   max(0, ln((s_u(j) + 0.02) / (m_j + 0.02)))

W is EASE (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse Data"): the linear model that best foretells each
item of a history from the others. r is the log lift over the population, as the weights of attributes are.

A history is the newest 500 items of a shopper. The items are the 6,000 with the most shoppers, two at least; all others
score 0. Shoppers are learnt from in the order of a hash of their id until their pairs of items number 100 million.
Everything is computed from W as it is stored, in 16 bits, so a shopper built alone scores the same as with all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import Field

from affinity_search.columns import given
from affinity_search.config.roles import PURCHASE, Role
from affinity_search.config.section import NotNegative, Section
from affinity_search.signals.signal import Settings, Term

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    _Columns = Mapping[str, NDArray[Any]]

__all__ = ["TERM", "Related", "learn_related", "prepare_scores", "said"]

NEWEST_ITEMS = 500
MOST_ITEMS = 6_000
MOST_PAIRS = 100_000_000
SHOPPERS_AT_ONCE = 500

OWNED = """
CREATE OR REPLACE TEMP TABLE related_owned AS
WITH owned AS (
    SELECT user_id, item FROM counted WHERE mass > 0 GROUP BY user_id, item
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY min(age), item) <= $newest
), shoppers AS (
    SELECT user_id, sum(pairs) OVER (ORDER BY hash(user_id), user_id) AS pairs
    FROM (SELECT user_id, count(*) * count(*) AS pairs FROM owned GROUP BY user_id)
)
SELECT owned.* FROM owned JOIN shoppers USING (user_id) WHERE pairs <= $pairs
"""
PLACES = """
CREATE OR REPLACE TEMP TABLE related_places AS
SELECT item, (row_number() OVER (ORDER BY item) - 1)::INTEGER AS place FROM (
    SELECT item FROM related_owned GROUP BY item HAVING count(*) > 1 ORDER BY count(*) DESC, item LIMIT $items
)
"""
LEARNT_FROM = """
CREATE OR REPLACE TEMP TABLE related_histories AS
SELECT (dense_rank() OVER (ORDER BY user_id) - 1)::INTEGER AS shopper, place,
       true AS owned, true AS bought, true AS newest
FROM related_owned JOIN related_places USING (item) ORDER BY shopper, place
"""
ALL_SHOPPERS = "SELECT count(DISTINCT user_id) FROM related_owned"

EMPTY = """
CREATE OR REPLACE TABLE related_items_next (
    item VARCHAR NOT NULL, place INTEGER NOT NULL, mean FLOAT NOT NULL, weights BLOB NOT NULL
)
"""
STORE = """
INSERT INTO related_items_next
SELECT item, place, mean, weights FROM related_places JOIN related_found USING (place) ORDER BY place
"""
ITEMS = "SELECT count(*) FROM {table}"
LEARNT = "SELECT mean, weights FROM {table} ORDER BY place"

# What the shoppers in `masses` have of the items known here, the newest of which are their histories. What they bought
# is `bought` however long ago, as for `owned_demotion`.
HISTORIES = """
CREATE OR REPLACE TEMP TABLE related_known AS
WITH owned AS (
    SELECT m.user_id, m.item, m.mass > 0 AS owned, m.bought_age IS NOT NULL AS bought,
           row_number() OVER (PARTITION BY m.user_id ORDER BY m.age, m.item) <= $newest AS newest
    FROM masses m JOIN build_attributes a ON a.half_life_days = m.half_life_days AND a.attribute = 'item'
)
SELECT (dense_rank() OVER (ORDER BY user_id) - 1)::INTEGER AS shopper, user_id, place, owned, bought, newest
FROM owned JOIN {table} USING (item)
"""
SPLIT = """
CREATE OR REPLACE TEMP TABLE related_shoppers AS SELECT DISTINCT shopper, user_id FROM related_known;
CREATE OR REPLACE TEMP TABLE related_histories AS
SELECT shopper, place, owned, bought, newest FROM related_known ORDER BY shopper, place;
DROP TABLE related_known;
"""
SHOPPERS = "SELECT coalesce(max(shopper) + 1, 0) FROM related_histories"
SOME = "SELECT * FROM related_histories WHERE shopper >= $first AND shopper < $end ORDER BY shopper, place"

SCORES = "CREATE OR REPLACE TEMP TABLE related_scores (user_id VARCHAR, item VARCHAR, score DOUBLE)"
ADD_SCORES = """
INSERT INTO related_scores
SELECT user_id, item, score FROM related_found JOIN related_shoppers USING (shopper) JOIN {table} USING (place)
"""


class _Part(NamedTuple):
    """What some shoppers have of the known items. Rows count the shoppers of this part from 0, `first` is row 0."""

    first: int
    shoppers: int
    rows: NDArray[np.int32]
    places: NDArray[np.int32]
    owned: NDArray[np.bool_]
    bought: NDArray[np.bool_]
    newest: NDArray[np.bool_]

    def having(self, which: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The rows and the places of these of the items."""
        return self.rows[which], self.places[which]

    @property
    def histories(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The places of the newest items, and where each shopper's begin and the last one's end."""
        return self.places[self.newest], self.rows[self.newest].searchsorted(range(self.shoppers + 1))


class Related(Section):
    """Related items ("bought together"): a shopper's items boost what others who bought them bought as well.

    Items that the shopper never had come on top of `profiles.max_items`, at most as many again.
    """

    weight: NotNegative = Field(
        0.0, description="Share of this signal in the item affinity; 0 switches it off, 0.1 to 0.3 is usual."
    )


TERM = Term(
    "related",
    lambda settings: settings.item_affinity.related if settings.item_affinity.related_on else None,
    "$related_weight * coalesce(r.score, 0)",
    lambda settings: {"related_weight": settings.item_affinity.related.weight},
)


def said(role: Role | None) -> str:
    """What is said of an item that the shopper never had; `role` is the least that histories may rest on."""
    if role == PURCHASE:
        return "people who bought what you bought also bought this"
    return "this often goes with what is in your history"


def learn_related(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Fills the table `related_items_next` from the view `counted`; with nothing where the signal is off.

    A row is an item: its place (its column in W), the mean of its scores, and its row of W as 16-bit numbers by place.
    Where no two shoppers have an item in common there are none.
    """
    connection.execute(EMPTY)
    if not settings.item_affinity.related_on:
        return
    connection.execute(OWNED, {"newest": NEWEST_ITEMS, "pairs": MOST_PAIRS})
    connection.execute(PLACES, {"items": MOST_ITEMS})
    connection.execute(LEARNT_FROM)
    if items := _number(connection, ITEMS.format(table="related_places")):
        _learn(connection, items, _number(connection, ALL_SHOPPERS))
    connection.execute("DROP TABLE related_owned; DROP TABLE related_places; DROP TABLE related_histories")


def prepare_scores(connection: DuckDBPyConnection, settings: Settings, table: str) -> None:
    """Fills the temporary table `related_scores` for the shoppers in `masses`, by what `table` says of the items.

    It holds r, where above 0, of the items that a shopper has, and of others the best `profiles.max_items` by r * s,
    ties by id. Where what was bought is not boosted (`bought_before.weight` 0) it holds nothing of what was bought.
    """
    connection.execute(SCORES)
    if not settings.item_affinity.related_on or not _number(connection, ITEMS.format(table=table)):
        return
    weights, means = _learnt(connection, table)
    connection.execute(HISTORIES.format(table=table), {"newest": NEWEST_ITEMS})
    connection.execute(SPLIT)
    with_bought = settings.item_affinity.bought_before.weight > 0
    for part in _parts(connection):
        found = _scored(part, weights, means, settings.profiles.max_items, with_bought)
        _insert(connection, ADD_SCORES.format(table=table), found)
    connection.execute("DROP TABLE related_histories; DROP TABLE related_shoppers")


def _learn(connection: DuckDBPyConnection, items: int, shoppers: int) -> None:
    import numpy as np

    from affinity_search.weights import ease

    pairs = np.zeros((items, items), np.int32)
    for part in _parts(connection):
        ease.add_pairs(pairs, *part.histories)
    stored = ease.item_weights(pairs)
    weights, sums = stored.astype(np.float32), np.zeros(items)
    for part in _parts(connection):
        sums += ease.scores(weights, *part.histories).sum(axis=0)
    rows = np.empty(items, object)
    rows[:] = [row.tobytes() for row in stored.astype("<f2")]
    means = (sums / shoppers).astype(np.float32)
    _insert(connection, STORE, {"place": np.arange(items), "mean": means, "weights": rows})


def _learnt(connection: DuckDBPyConnection, table: str) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """W and the means, as stored; both have more bits than what is stored, so nothing is lost."""
    import numpy as np

    columns = connection.execute(LEARNT.format(table=table)).fetchnumpy()
    means = columns["mean"].astype(np.float64)
    stored = np.frombuffer(b"".join(columns["weights"]), "<f2")
    return stored.astype(np.float32).reshape(len(means), -1), means


def _parts(connection: DuckDBPyConnection) -> Iterator[_Part]:
    """The table `related_histories`, some shoppers at a time."""
    for first in range(0, _number(connection, SHOPPERS), SHOPPERS_AT_ONCE):
        limits = {"first": first, "end": first + SHOPPERS_AT_ONCE}
        columns = connection.execute(SOME, limits).fetchnumpy()
        rows = columns["shopper"] - first
        have = (columns[name] for name in ("place", "owned", "bought", "newest"))
        yield _Part(first, int(rows[-1]) + 1, rows, *have)


def _scored(
    part: _Part, weights: NDArray[np.float32], means: NDArray[np.float64], most: int, with_bought: bool
) -> _Columns:
    import numpy as np

    from affinity_search.weights import ease

    found = ease.scores(weights, *part.histories)
    lifts = ease.log_lifts(found, means)
    if not with_bought:
        lifts[part.having(part.bought)] = 0
    owned = np.zeros(found.shape, np.bool_)
    owned[part.having(part.owned)] = True
    fresh = ease.best(np.where(owned, 0, lifts * found), most)
    rows, places = np.nonzero(fresh | (owned & (lifts > 0)))
    return {"shopper": rows + part.first, "place": places, "score": lifts[rows, places]}


def _insert(connection: DuckDBPyConnection, statement: str, columns: _Columns) -> None:
    """Runs the statement, which reads the columns as the table `related_found`."""
    with given(connection, "related_found", columns):
        connection.execute(statement)


def _number(connection: DuckDBPyConnection, statement: str) -> int:
    return int(connection.execute(statement).fetchall()[0][0])
