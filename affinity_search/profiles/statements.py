"""The SQL of `profiles build`: the formula of `weights`, for all shoppers of one partition at once.

The statements talk through temporary tables. What a signal writes is a SELECT of its own over them (`Signal.rows`);
these are joined by the names of their columns, and values only ever come in as parameters or rows.

    build_types, build_attributes, build_half_lives, build_clock    the configuration, as rows
    build_roles     what an event may say, and how much that is: a purchase has the sign 0, weaker roles higher numbers
    build_users     the shoppers to compute, where it is not all of them
    build_values    which item has which value of which attribute
    build_by_value  items whose bought-before signal has a weight of its own
    build_buckets   the buckets to read: all, or those of some shoppers
    heavy_shoppers  shoppers with so many events that they count for less in the population (see `heavy`)
    build_population, build_events    the population's shares, and how many decayed events they rest on
    build_common    values that nearly everything has: they are no taste
    counted         one row per bucket that counts: shopper, item, sign, mass (type's weight * count), age in days
    masses          per shopper, item and half-life: the decayed mass, what of it was bought, the strongest sign, of
                    all events and of those that are no purchases, the age of the newest event and newest purchase
    related_scores  per shopper and related item: its weight before `related.weight` (see `related`)
    weighed         per shopper and entry, from a signal: user_id, attribute (the list), value, count (decayed), sign
                    (NULL: the weakest of all), known (the shopper has events of it), weight, and worth, by which the
                    entries are chosen where there are too many

Formulas such as `decay` and `level` are the functions of `weights`, made macros. Masses are added up as whole numbers
of 2^-60, because integer sums do not depend on the order in which threads deliver rows: the same buckets give the same
bits, and so the same ties and the same truncation.
"""

from __future__ import annotations

SETTINGS_TABLES = """
CREATE OR REPLACE TEMP TABLE build_types (type VARCHAR, weight DOUBLE, sign INTEGER);
CREATE OR REPLACE TEMP TABLE build_roles (role VARCHAR, sign INTEGER);
CREATE OR REPLACE TEMP TABLE build_clock (as_of INTEGER);
CREATE OR REPLACE TEMP TABLE build_users (user_id VARCHAR);
CREATE OR REPLACE TEMP TABLE build_attributes (
    attribute VARCHAR, field VARCHAR, half_life_days DOUBLE, saturation_weight DOUBLE, levels INTEGER, keep INTEGER
);
CREATE OR REPLACE TEMP TABLE build_half_lives (half_life_days DOUBLE);
CREATE OR REPLACE TEMP TABLE build_events (attribute VARCHAR, events DOUBLE);
CREATE OR REPLACE TEMP TABLE build_by_value (item VARCHAR, weight DOUBLE);
CREATE OR REPLACE TEMP TABLE build_common (attribute VARCHAR, value VARCHAR);
"""

FILL_TYPES = "INSERT INTO build_types VALUES ($type, $weight, $sign)"
FILL_ROLES = "INSERT INTO build_roles VALUES ($role, $sign)"
FILL_CLOCK = "INSERT INTO build_clock VALUES ($as_of)"
FILL_USERS = "INSERT INTO build_users SELECT DISTINCT unnest($users::VARCHAR[])"
FILL_COMMON = "INSERT INTO build_common VALUES ($attribute, $value)"
FILL_ATTRIBUTES = """
INSERT INTO build_attributes VALUES ($attribute, $field, $half_life_days, $saturation_weight, $levels, $keep)
"""
FILL_HALF_LIVES = "INSERT INTO build_half_lives VALUES ($half_life_days)"
FILL_EVENTS = "INSERT INTO build_events VALUES ($attribute, $events)"

VALUES = """
CREATE OR REPLACE TEMP TABLE build_values AS
    SELECT DISTINCT a.attribute, v.item, v.value FROM item_values v JOIN build_attributes a ON v.field = a.field;
"""
# For a few shoppers most of the catalogue does not matter.
VALUES_OF_SOME = """
CREATE OR REPLACE TEMP TABLE build_values AS
    SELECT DISTINCT a.attribute, v.item, v.value FROM item_values v JOIN build_attributes a ON v.field = a.field
    WHERE v.item IN (SELECT item FROM build_buckets);
"""
ALL_BUCKETS = "CREATE OR REPLACE TEMP VIEW build_buckets AS SELECT * FROM buckets"
SOME_BUCKETS = """
CREATE OR REPLACE TEMP VIEW build_buckets AS
    SELECT * FROM buckets WHERE user_id IN (SELECT user_id FROM build_users)
"""

COUNTED_BY_DATE = """
CREATE OR REPLACE TEMP VIEW counted AS
SELECT b.user_id, b.item, b.count AS events, t.sign, t.weight * b.count AS mass, c.as_of - b.day AS age
FROM build_buckets b JOIN build_types t ON b.type = t.type JOIN build_clock c ON b.day <= c.as_of
"""

COUNTED_BY_SEQUENCE = """
CREATE OR REPLACE TEMP TABLE build_newest AS
    SELECT b.user_id, max(b.day) AS day FROM build_buckets b JOIN build_types t ON b.type = t.type GROUP BY b.user_id;
CREATE OR REPLACE TEMP VIEW counted AS
SELECT b.user_id, b.item, b.count AS events, t.sign, t.weight * b.count AS mass, n.day - b.day AS age
FROM build_buckets b JOIN build_types t ON b.type = t.type JOIN build_newest n ON n.user_id = b.user_id;
"""

CATALOGUE = """
CREATE OR REPLACE TEMP TABLE build_catalogue AS SELECT id AS item FROM items UNION SELECT item FROM item_values
"""

# The population comes first, in one pass over all shoppers; what is kept in memory is a row per item.
POPULATION = """
CREATE OR REPLACE TEMP TABLE item_masses AS
    SELECT c.item, h.half_life_days,
           sum((c.mass * coalesce(s.contribution, 1) * decay(c.age, h.half_life_days)
                * 1152921504606846976)::HUGEINT) AS mass
    FROM counted c CROSS JOIN build_half_lives h LEFT JOIN heavy_shoppers s ON s.user_id = c.user_id GROUP BY ALL;
CREATE OR REPLACE TEMP TABLE build_totals AS
    SELECT half_life_days, sum(mass)::DOUBLE AS mass,
           coalesce(sum(mass) FILTER (item IN (SELECT item FROM build_catalogue)), 0)::DOUBLE AS known
    FROM item_masses GROUP BY half_life_days;
CREATE OR REPLACE TABLE population_next (attribute VARCHAR NOT NULL, value VARCHAR NOT NULL, share DOUBLE NOT NULL);
INSERT INTO population_next
    SELECT v.attribute, v.value, sum(i.mass)::DOUBLE / any_value(t.mass)
    FROM item_masses i JOIN build_attributes a ON a.half_life_days = i.half_life_days
    JOIN build_values v ON v.item = i.item AND v.attribute = a.attribute
    JOIN build_totals t ON t.half_life_days = i.half_life_days
    WHERE t.mass > 0 GROUP BY v.attribute, v.value HAVING sum(i.mass) > 0;
CREATE OR REPLACE TEMP VIEW build_population AS SELECT * FROM population_next;
"""
STORED_POPULATION = "CREATE OR REPLACE TEMP VIEW build_population AS SELECT * FROM population"

# Shares of the catalogue's items, and of the events with them; too few shoppers say nothing of the latter.
COMMON = """
INSERT INTO build_common
    SELECT v.attribute, v.value
    FROM (SELECT attribute, value, count(*) AS items FROM build_values GROUP BY attribute, value) v
    JOIN build_attributes a USING (attribute) JOIN build_totals t USING (half_life_days)
    LEFT JOIN population_next p ON p.attribute = v.attribute AND p.value = v.value
    WHERE common(v.items / (SELECT count(*) FROM build_catalogue))
       OR $shoppers >= $fewest AND t.known > 0 AND common(coalesce(p.share, 0) * t.mass / t.known)
"""
VALUED = "SELECT DISTINCT attribute FROM population_next ORDER BY attribute"
NAMED_COMMON = "SELECT attribute, value FROM build_common ORDER BY ALL"
WITHOUT_COMMON = """
DELETE FROM build_values USING build_common c
WHERE build_values.attribute = c.attribute AND build_values.value = c.value
"""
# Attributes of which nearly every item has a value of its own.
IDS = """
SELECT attribute FROM build_values GROUP BY attribute
HAVING count(DISTINCT item) >= $fewest AND common(count(DISTINCT value) / count(DISTINCT item)) ORDER BY attribute
"""

# The decayed events of the whole population, by attribute: what the share of a value not seen before is a part of.
TOTALS = """
SELECT a.attribute, t.mass / 1152921504606846976 FROM build_attributes a JOIN build_totals t USING (half_life_days)
WHERE a.field <> $item_id AND t.mass > 0 ORDER BY a.attribute
"""

NEXT_TABLES = """
CREATE OR REPLACE TABLE profile_entries_next (
    user_id VARCHAR NOT NULL, attribute VARCHAR NOT NULL, value VARCHAR NOT NULL,
    count DOUBLE NOT NULL, weight DOUBLE NOT NULL, level SMALLINT NOT NULL, role VARCHAR NOT NULL
);
CREATE OR REPLACE TABLE profile_events_next (user_id VARCHAR NOT NULL, events DOUBLE NOT NULL);
"""

MASSES = """
CREATE OR REPLACE TEMP TABLE masses AS
SELECT c.user_id, c.item, h.half_life_days, sum(c.events) AS events, min(c.age) AS age, min(c.sign) AS sign,
       min(c.sign) FILTER (c.sign > 0) AS other_sign, min(c.age) FILTER (c.sign = 0) AS bought_age,
       sum((c.mass * decay(c.age, h.half_life_days) * 1152921504606846976)::HUGEINT) AS mass,
       coalesce(sum((c.mass * decay(c.age, h.half_life_days) * 1152921504606846976)::HUGEINT)
                FILTER (c.sign = 0), 0) AS bought,
       sum((c.events * decay(c.age, h.half_life_days) * 1152921504606846976)::HUGEINT) AS fresh
FROM counted c CROSS JOIN build_half_lives h
WHERE hash(c.user_id) % $partitions = $partition GROUP BY ALL
"""

# `weighed` are the rows of all signals together. Of entries that are not `known`, where the shopper has no event of the
# value, those whose level rounds to 0 are left out: only what a shopper had gets level 1 for any weight above 0. They
# are limited apart, too, so that they push out none that the shopper had.
SCORED = """
CREATE OR REPLACE TEMP TABLE scored AS
WITH weighed AS ({rows}), levelled AS (
    SELECT w.*, a.saturation_weight, a.keep,
           level(w.weight, a.saturation_weight, a.levels, w.known::INTEGER)::SMALLINT AS level
    FROM weighed w JOIN build_attributes a ON a.attribute = w.attribute WHERE w.weight > 0
)
SELECT user_id, attribute, value, count, weight, weight > saturation_weight AS clipped, level,
       row_number() OVER (PARTITION BY user_id, attribute, known ORDER BY worth DESC, value) <= keep AS kept,
       o.role
FROM levelled l JOIN build_roles o ON o.sign = coalesce(l.sign, (SELECT max(sign) FROM build_types)) WHERE level > 0
"""
NOTHING_SCORED = """
CREATE OR REPLACE TEMP TABLE scored (
    user_id VARCHAR, attribute VARCHAR, value VARCHAR, count DOUBLE, weight DOUBLE, clipped BOOLEAN, level SMALLINT,
    kept BOOLEAN, role VARCHAR
)
"""

KEEP = """
INSERT INTO profile_entries_next
    SELECT user_id, attribute, value, count, weight, level, role FROM scored WHERE kept
"""

HISTORY = """
INSERT INTO profile_events_next
    SELECT user_id, sum(events)::DOUBLE FROM masses
    WHERE half_life_days = (SELECT min(half_life_days) FROM build_half_lives) GROUP BY user_id
"""

STATISTICS = """
SELECT attribute, count(*) FILTER (kept) AS entries, count(DISTINCT user_id) AS shoppers,
       count(*) FILTER (NOT kept) AS entries_cut, count(DISTINCT user_id) FILTER (NOT kept) AS shoppers_cut,
       count(*) FILTER (kept AND clipped) AS clipped
FROM scored GROUP BY attribute
"""

P99 = "SELECT approx_quantile(weight, 0.99) FROM profile_entries WHERE attribute = $attribute"
SHOPPERS = "SELECT count(DISTINCT user_id) FROM profile_entries"
SHOPPERS_NEXT = "SELECT count(DISTINCT user_id) FROM profile_entries_next"
BUCKETS = "SELECT count(*) FROM build_buckets"

SWAP = """
DROP TABLE profile_entries; ALTER TABLE profile_entries_next RENAME TO profile_entries;
DROP TABLE profile_events; ALTER TABLE profile_events_next RENAME TO profile_events;
DROP TABLE population; ALTER TABLE population_next RENAME TO population;
"""
SWAP_RELATED = "DROP TABLE related_items; ALTER TABLE related_items_next RENAME TO related_items"

SWAP_SOME = """
DELETE FROM profile_entries WHERE user_id IN (SELECT user_id FROM build_users);
INSERT INTO profile_entries SELECT * FROM profile_entries_next;
DELETE FROM profile_events WHERE user_id IN (SELECT user_id FROM build_users);
INSERT INTO profile_events SELECT * FROM profile_events_next;
DROP TABLE profile_entries_next; DROP TABLE profile_events_next;
"""

# A build leaves nothing behind on its connection but what it made.
TIDY = """
DROP VIEW IF EXISTS counted; DROP VIEW IF EXISTS build_buckets; DROP VIEW IF EXISTS build_population;
DROP TABLE IF EXISTS masses; DROP TABLE IF EXISTS scored; DROP TABLE IF EXISTS item_masses;
DROP TABLE IF EXISTS related_scores; DROP TABLE IF EXISTS heavy_shoppers; DROP TABLE IF EXISTS build_catalogue;
DROP TABLE IF EXISTS build_values; DROP TABLE IF EXISTS build_newest; DROP TABLE IF EXISTS build_users;
DROP TABLE IF EXISTS build_types; DROP TABLE IF EXISTS build_roles; DROP TABLE IF EXISTS build_clock;
DROP TABLE IF EXISTS build_attributes; DROP TABLE IF EXISTS build_half_lives; DROP TABLE IF EXISTS build_events;
DROP TABLE IF EXISTS build_by_value; DROP TABLE IF EXISTS build_common; DROP TABLE IF EXISTS build_totals;
"""
