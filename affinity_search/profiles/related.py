"""Related items, "bought together": neighbours of items from the shoppers' histories, and a shopper's score of them.

    n_i        shoppers with item i;  co_ij  shoppers with both          in the histories looked at, see below
    sim(i, j)  co / sqrt(n_i * n_j) * co / (co + 5)                      for co >= 2; the best `neighbours` of each i
    s_u(j)     sum over the items i of shopper u of ln(1 + c_i) * sim(i, j)
    r_u(j)     s_u(j) / scale

c_i is the decayed count of the bought-before signal. The scale is the 99th percentile of all s above 0 (of a sample of
the shoppers), so that r is about 1 where it is high and `item_affinity.related.weight` compares with ln(1 + c).

A history is the newest 200 items of a shopper, and shoppers are taken in the order of a hash of their id until their
pairs of items number 100 million: one machine has to hold it. Similarities rest on whole numbers, and scores are added
up as whole numbers of 2^-40, so that the same buckets give the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from affinity_search.config.model import Config

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["find_neighbours", "find_scale", "prepare_scores"]

NEWEST_ITEMS = 200
MOST_PAIRS = 100_000_000
PAIRS_PER_PARTITION = 20_000_000
SAMPLED_SHOPPERS = 2_000

# The size guard: items that the shopper never had come on top of `max_items`, at most half as many. Within it they
# would push out items that a heavy shopper did buy.
NEW_SHARE = 0.5

OWNED = """
CREATE OR REPLACE TEMP TABLE related_owned AS
WITH owned AS (
    SELECT user_id, item FROM counted WHERE mass > 0 GROUP BY user_id, item
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY min(age), item) <= $newest
), shoppers AS (
    SELECT user_id, sum(pairs) OVER (ORDER BY hash(user_id), user_id) AS pairs
    FROM (SELECT user_id, count(*) * count(*) AS pairs FROM owned GROUP BY user_id)
), taken AS (
    SELECT owned.* FROM owned JOIN shoppers USING (user_id) WHERE pairs <= $pairs
)
SELECT user_id, item, count(*) OVER (PARTITION BY item) AS shoppers FROM taken
"""
# Numbers for shoppers and items: pairs of numbers are joined and counted twice as fast as pairs of texts.
HISTORIES = """
CREATE OR REPLACE TEMP TABLE related_names AS
SELECT row_number() OVER (ORDER BY item)::INTEGER AS id, item, any_value(shoppers)::DOUBLE AS shoppers
FROM related_owned WHERE shoppers > 1 GROUP BY item;
CREATE OR REPLACE TEMP TABLE related_histories AS
SELECT dense_rank() OVER (ORDER BY user_id)::INTEGER AS shopper, id FROM related_owned JOIN related_names USING (item);
DROP TABLE related_owned;
"""
PAIRS = "SELECT coalesce(sum(items * items), 0) FROM (SELECT count(*) AS items FROM related_histories GROUP BY shopper)"

EMPTY = """
CREATE OR REPLACE TABLE related_items_next (
    item VARCHAR NOT NULL, neighbour VARCHAR NOT NULL, similarity DOUBLE NOT NULL
)
"""
NEIGHBOURS = """
INSERT INTO related_items_next
WITH together AS (
    SELECT a.id AS first, b.id AS second, count(*) AS pairs
    FROM related_histories a JOIN related_histories b ON a.shopper = b.shopper AND a.id <> b.id
    WHERE a.id % $partitions = $partition GROUP BY a.id, b.id HAVING count(*) > 1
), similar_items AS (
    SELECT x.item, y.item AS neighbour, pairs / sqrt(x.shoppers * y.shoppers) * pairs / (pairs + 5) AS similarity
    FROM together JOIN related_names x ON x.id = first JOIN related_names y ON y.id = second
)
SELECT item, neighbour, similarity FROM similar_items
QUALIFY row_number() OVER (PARTITION BY item ORDER BY similarity DESC, neighbour) <= $neighbours
"""

SUMS = """
CREATE OR REPLACE TEMP TABLE related_sums AS
SELECT m.user_id, r.neighbour AS item,
       sum((ln(1 + m.mass::DOUBLE / 1152921504606846976) * r.similarity * 1099511627776)::HUGEINT)::DOUBLE
       / 1099511627776 AS score
FROM masses m JOIN build_attributes a ON a.half_life_days = m.half_life_days AND a.attribute = 'item'
JOIN {table} r ON r.item = m.item
GROUP BY m.user_id, r.neighbour
"""
SCALE = "SELECT quantile_disc(score, 0.99) FROM related_sums WHERE score > 0"
SHOPPERS = "SELECT count(DISTINCT user_id) FROM build_buckets"

SCORES = """
CREATE OR REPLACE TEMP TABLE related_scores AS
WITH known AS (
    SELECT s.*, m.user_id IS NOT NULL AS owned
    FROM related_sums s CROSS JOIN (SELECT half_life_days FROM build_attributes WHERE attribute = 'item') a
    LEFT JOIN masses m ON m.user_id = s.user_id AND m.item = s.item AND m.half_life_days = a.half_life_days
)
SELECT user_id, item, score / $scale AS score FROM known
QUALIFY owned OR row_number() OVER (PARTITION BY user_id, owned ORDER BY score DESC, item) <= $fresh
"""
NO_SCORES = "CREATE OR REPLACE TEMP TABLE related_scores (user_id VARCHAR, item VARCHAR, score DOUBLE)"


def find_neighbours(connection: DuckDBPyConnection, config: Config) -> None:
    """Fills the table `related_items_next` from the view `counted`; with nothing where the signal is off."""
    connection.execute(EMPTY)
    if not config.item_affinity.related_on:
        return
    connection.execute(OWNED, {"newest": NEWEST_ITEMS, "pairs": MOST_PAIRS})
    connection.execute(HISTORIES)
    partitions = _number(connection, PAIRS) // PAIRS_PER_PARTITION + 1
    for partition in range(partitions):
        limits = {"partitions": partitions, "partition": partition}
        connection.execute(NEIGHBOURS, {**limits, "neighbours": config.item_affinity.related.neighbours})
    connection.execute("DROP TABLE related_histories; DROP TABLE related_names")


def find_scale(connection: DuckDBPyConnection, config: Config, masses: str) -> float:
    """The scale of the scores; 1 where no two items have the same shoppers, or the signal is off.

    `masses` is the statement that computes the masses of one partition of the shoppers.
    """
    if not config.item_affinity.related_on:
        return 1.0
    partitions = _number(connection, SHOPPERS) // SAMPLED_SHOPPERS + 1
    connection.execute(masses, {"partitions": partitions, "partition": 0})
    connection.execute(SUMS.format(table="related_items_next"))
    found = connection.execute(SCALE).fetchone()
    return float(found[0]) if found and found[0] else 1.0


def prepare_scores(connection: DuckDBPyConnection, config: Config, scale: float, table: str) -> None:
    """Fills the temporary table `related_scores` for the shoppers in `masses`, by the neighbours in `table`."""
    if not config.item_affinity.related_on:
        connection.execute(NO_SCORES)
        return
    connection.execute(SUMS.format(table=table))
    fresh = int(config.profiles.max_items * NEW_SHARE)
    connection.execute(SCORES, {"scale": scale, "fresh": fresh})


def _number(connection: DuckDBPyConnection, statement: str) -> int:
    return int(connection.execute(statement).fetchall()[0][0])
