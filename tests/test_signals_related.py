"""Related items: the build against a slow EASE, exact bits, the size guards, shops of which there is nothing to say."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from unittest import mock

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from affinity_search.config import Config
from affinity_search.profiles import build
from affinity_search.profiles.build import build_profile, build_profiles
from affinity_search.search.answer import Reason
from affinity_search.search.sentences import sentence
from affinity_search.signals import related
from affinity_search.state import open_state
from affinity_search.state.builds import config_hash
from affinity_search.weights import ease
from affinity_search.weights.formula import decay, item_weight, related_weight
from tests.profile_data import Bucket, Weights, config, entries, fill

Connection = duckdb.DuckDBPyConnection
Key = tuple[str, str]

# Three shoppers have tea and a pot, two have tea only, and one has what nobody else has.
TOGETHER: list[Bucket] = [
    *[(user, item, "purchase", 100, 1) for user in ("ann", "bob", "cleo") for item in ("tea", "pot")],
    ("dora", "tea", "purchase", 80, 1),
    ("emil", "tea", "purchase", 100, 3),
    ("finn", "jar", "purchase", 100, 1),
]
PICKED: list[Bucket] = [("gwen", item, "cart", 100, 1) for item in ("tea", "pot")]
SHOPPERS = ["u1", "u2", "u3", "u4", "u5", "u6"]
BUCKETS = st.lists(
    st.tuples(
        st.sampled_from(SHOPPERS),
        st.sampled_from(["a", "b", "c", "d", "e", "f"]),
        st.sampled_from(["purchase", "cart", "view"]),
        st.integers(60, 100),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda row: row[:4],
)
property_test = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def shop(weight: float = 1.0, **changes: object) -> Config:
    item = {
        "strength": 1,
        "saturation_weight": 3,
        "related": {"weight": weight},
        "bought_before": {"half_life_days": 20},
    }
    return config(attributes={}, item_affinity={**item, **changes})


def limited(chosen: Config, max_items: int) -> Config:
    return chosen.model_copy(update={"profiles": chosen.profiles.model_copy(update={"max_items": max_items})})


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with open_state(tmp_path / "state.duckdb") as found:
        fill(found, TOGETHER, [])
        yield found


@pytest.fixture(scope="module")
def shared() -> Iterator[Connection]:
    with open_state(Path(":memory:")) as found:
        yield found


def items_of(found: Weights, shopper: str) -> dict[str, tuple[float, float, int]]:
    return {value: row for (user, attribute, value), row in found.items() if (user, attribute) == (shopper, "item")}


def learnt(connection: Connection) -> dict[str, tuple[float, list[float]]]:
    rows = connection.execute("SELECT item, mean, weights FROM related_items ORDER BY place").fetchall()
    return {item: (mean, np.frombuffer(weights, np.float16).tolist()) for item, mean, weights in rows}


def learn(connection: Connection, items: Mapping[str, tuple[float, list[float]]]) -> None:
    """Makes these the means and the weights of the last full build."""
    connection.execute("DELETE FROM related_items")
    for place, (item, (mean, weights)) in enumerate(items.items()):
        row = [item, place, mean, np.array(weights, np.float16).tobytes()]
        connection.execute("INSERT INTO related_items VALUES (?, ?, ?, ?)", row)


def regressions(owners: Mapping[str, set[str]], users: Sequence[str], penalty: float) -> dict[Key, float]:
    """EASE as its definition has it, without its closed form: per item j a ridge regression on all other items."""
    items = sorted(item for item, shoppers in owners.items() if len(shoppers) > 1)
    matrix = np.array([[float(user in owners[item]) for item in items] for user in users]).reshape(
        len(users), len(items)
    )
    found = {}
    for j, target in enumerate(items):
        rest = np.delete(matrix, j, axis=1)
        solved = np.linalg.solve(rest.T @ rest + penalty * np.eye(rest.shape[1]), rest.T @ matrix[:, j])
        found |= {(other, target): float(w) for other, w in zip(items[:j] + items[j + 1 :], solved, strict=True)}
    return found


def wanted(chosen: Config, buckets: Sequence[Bucket], penalty: float) -> dict[Key, tuple[float, float]]:
    """(count, weight) by shopper and item, size guard apart, one number at a time."""
    item = chosen.item_affinity
    counts: dict[Key, float] = defaultdict(float)
    viewed: dict[Key, float] = defaultdict(float)
    owners = defaultdict(set)
    for user, name, kind, day, count in buckets:
        if mass := chosen.events.types[kind].weight * count:
            age = max(row[3] for row in buckets) - day
            some = counts if kind == "purchase" else viewed
            some[user, name] += mass * decay(age, item.bought_before.half_life_days)
            owners[name].add(user)
    users = sorted({user for user, _ in {**counts, **viewed}})
    weights = regressions(owners, users, penalty)
    score: dict[Key, float] = {}
    for user in users:
        for target in {second for _, second in weights}:
            said = sum(w for (first, second), w in weights.items() if second == target and user in owners[first])
            score[user, target] = max(0.0, said)
    found = {}
    for key in counts.keys() | viewed.keys() | score.keys():
        mean = sum(score.get((user, key[1]), 0.0) for user in users) / len(users)
        had = item.bought_before.weight == 0 and key in counts
        boost = 0.0 if had else related_weight(score.get(key, 0.0), mean)
        some = counts.get(key, 0.0), viewed.get(key, 0.0)
        weight = sum(item_weight(count, item.bought_before.weight) for count in some)
        found[key] = (sum(some), weight + item.related.weight * boost)
    return found


def test_a_shop_worked_out_by_hand(connection: Connection) -> None:
    build_profiles(connection, shop(20), now_ms=1)
    # Of two items, W_ij = co / (n_i + 300): three shoppers have both, five have tea, three have a pot.
    means = {"pot": 5 / 6 * 3 / 305, "tea": 3 / 6 * 3 / 303}
    assert learnt(connection) == {
        "pot": (pytest.approx(means["pot"], rel=1e-3), [0, pytest.approx(3 / 303, rel=1e-3)]),
        "tea": (pytest.approx(means["tea"], rel=1e-3), [pytest.approx(3 / 305, rel=1e-3), 0]),
    }
    # ln((3 / 305 + 0.02) / (means["pot"] + 0.02)) = 0.0565, and of tea, where a pot is owned, 0.181.
    assert entries(connection) == {
        ("ann", "item", "pot"): (1, pytest.approx(math.log(2) + 20 * 0.0565, abs=0.005), 9),
        ("ann", "item", "tea"): (1, pytest.approx(math.log(2) + 20 * 0.181, abs=0.005), 15),
        ("bob", "item", "pot"): (1, pytest.approx(1.823, abs=0.005), 9),
        ("bob", "item", "tea"): (1, pytest.approx(4.313, abs=0.005), 15),
        ("cleo", "item", "pot"): (1, pytest.approx(1.823, abs=0.005), 9),
        ("cleo", "item", "tea"): (1, pytest.approx(4.313, abs=0.005), 15),
        ("dora", "item", "pot"): (0, pytest.approx(1.130, abs=0.005), 6),
        ("dora", "item", "tea"): (0.5, pytest.approx(math.log(1.5)), 2),
        ("emil", "item", "pot"): (0, pytest.approx(1.130, abs=0.005), 6),
        ("emil", "item", "tea"): (3, pytest.approx(math.log(4)), 7),
        ("finn", "item", "jar"): (1, pytest.approx(math.log(2)), 3),
    }


@property_test
@given(
    buckets=BUCKETS,
    weight=st.sampled_from([0.25, 20.0]),
    bought=st.sampled_from([0.0, 1.0]),
    penalty=st.sampled_from([1.0, 300.0]),
)
def test_the_build_is_the_formula(
    shared: Connection, buckets: list[Bucket], weight: float, bought: float, penalty: float
) -> None:
    chosen = shop(weight, bought_before={"weight": bought, "half_life_days": 20})
    fill(shared, buckets, [])
    with mock.patch.object(ease, "REGULARISATION", penalty):
        build_profiles(shared, chosen, now_ms=1)
    found = {(user, value): row[:2] for (user, _, value), row in entries(shared).items()}
    # Sixteen bits hold a weight to 1 part in 2,048.
    near = 0.002 * weight
    lowest = chosen.item_affinity.saturation_weight / chosen.item_affinity.levels / 2
    expected = wanted(chosen, buckets, penalty)
    assert found.keys() <= expected.keys()
    for key, (count, value) in expected.items():
        if key in found:
            assert found[key] == (pytest.approx(count), pytest.approx(value, rel=1e-6, abs=near)), key
            assert count or value >= lowest - near, key
        else:
            assert value <= near if count else value < lowest + near, key


@settings(property_test, max_examples=20)
@given(buckets=BUCKETS, at_once=st.integers(1, 4), per_partition=st.integers(1, 5))
def test_every_way_to_build_gives_the_same_bits(
    shared: Connection, buckets: list[Bucket], at_once: int, per_partition: int
) -> None:
    if not any(kind != "view" for _, _, kind, _, _ in buckets):
        return
    chosen = limited(shop(20), 2)
    fill(shared, buckets, [])
    build_profiles(shared, chosen, now_ms=1)
    before, said = entries(shared), learnt(shared)
    with (
        mock.patch.object(related, "SHOPPERS_AT_ONCE", at_once),
        mock.patch.object(build, "BUCKETS_PER_PARTITION", per_partition),
    ):
        build_profiles(shared, chosen, now_ms=2)
    assert (entries(shared), learnt(shared)) == (before, said)
    build_profile(shared, chosen, SHOPPERS[:1], now_ms=3)
    build_profile(shared, chosen, SHOPPERS[1:4], now_ms=4)
    assert (entries(shared), learnt(shared)) == (before, said)


def test_a_larger_shop_gives_the_same_bits_alone_and_together(shared: Connection) -> None:
    chance = np.random.default_rng(7)
    taken = [(f"u{u}", f"i{int(i)}") for u in range(60) for i in {*chance.zipf(1.5, 40) % 90}]
    fill(shared, [(user, item, "purchase", 100, 1) for user, item in taken], [])
    chosen = limited(shop(9, saturation_weight=1), 12)
    build_profiles(shared, chosen, now_ms=1)
    before = entries(shared)
    assert sum(row[0] == 0 for row in before.values()) > 100
    for shopper in range(0, 60, 3):
        build_profile(shared, chosen, [f"u{shopper}"], now_ms=2)
    assert entries(shared) == before


def test_off_is_as_if_there_were_no_such_signal(connection: Connection) -> None:
    build_profiles(connection, shop(0), now_ms=1)
    assert all(count > 0 for count, _, _ in entries(connection).values())
    assert learnt(connection) == {}
    assert config_hash(shop(0)) != config_hash(shop(1))


def test_a_level_that_rounds_to_0_is_an_entry_only_where_the_shopper_had_the_item(connection: Connection) -> None:
    # 15 levels of a saturation weight of 3: level 1 begins at a weight of 0.1, which is 0.0565 * 1.77.
    for weight, kept in ((1.7, False), (1.8, True)):
        build_profiles(connection, shop(weight), now_ms=1)
        assert ("pot" in items_of(entries(connection), "emil")) is kept
    build_profiles(connection, shop(0.1, bought_before={"weight": 0.001}), now_ms=2)
    assert {key[2]: row[2] for key, row in entries(connection).items() if key[0] == "ann"} == {"pot": 1, "tea": 1}


@pytest.mark.parametrize("old", [False, True])
def test_what_was_bought_is_not_related_where_it_is_not_boosted(connection: Connection, old: bool) -> None:
    fill(connection, [*TOGETHER, *PICKED], [])
    if old:  # so long ago that nothing is left of it: bought all the same
        connection.execute("UPDATE buckets SET day = -900 WHERE user_id = 'ann' AND item = 'tea'")
    build_profiles(connection, shop(20, bought_before={"weight": 0, "half_life_days": 20}), now_ms=1)
    found = {key[:3:2]: row[0] for key, row in entries(connection).items()}
    # The others bought tea or both; gwen bought neither, but put both into her basket.
    assert found == {("dora", "pot"): 0, ("emil", "pot"): 0, ("gwen", "pot"): 0.5, ("gwen", "tea"): 0.5}
    alone = entries(connection)
    build_profile(connection, shop(20, bought_before={"weight": 0, "half_life_days": 20}), ["ann", "dora"], now_ms=2)
    assert entries(connection) == alone


def test_items_never_had_come_on_top_at_most_as_many(connection: Connection) -> None:
    others = [
        (f"{item}{n}", thing, "purchase", 100, 1)
        for item, fans in (("cup", 9), ("mat", 6), ("fan", 3), ("lid", 6))
        for n in range(fans)
        for thing in (item, "tea")
    ]
    more: list[Bucket] = [("emil", f"old{n}", "purchase", 60, 1) for n in range(9)]
    fill(connection, [*TOGETHER, *others, *more], [])
    # Most shoppers had a cup; a lid and a mat are equals, and the first id is taken.
    build_profiles(connection, limited(shop(50), 2), now_ms=1)
    assert {value: row[0] for value, row in items_of(entries(connection), "emil").items()} == {
        "tea": 3,
        "old0": 0.25,
        "cup": 0,
        "lid": 0,
    }


def test_the_best_have_a_high_score_and_a_high_boost(connection: Connection) -> None:
    build_profiles(connection, limited(shop(20), 1), now_ms=1)
    learn(connection, {"cup": (0.0, [0, 0, 0]), "pot": (0.025, [0, 0, 0]), "tea": (0.0, [0.02, 0.06, 0])})
    # The boost of a cup is higher, ln(0.04 / 0.02) = 0.69 against ln(0.08 / 0.045) = 0.58; times score a pot wins.
    build_profile(connection, limited(shop(20), 1), ["emil"], now_ms=2)
    assert items_of(entries(connection), "emil") == {
        "pot": (0, pytest.approx(20 * math.log(0.08 / 0.045), rel=1e-3), 15),
        "tea": (3, pytest.approx(math.log(4)), 7),
    }


def test_heavy_shoppers_and_many_shoppers_stay_bounded(connection: Connection) -> None:
    silent = shop(bought_before={"weight": 0})
    with mock.patch.object(related, "MOST_PAIRS", 0):
        report = build_profiles(connection, silent, now_ms=1)
    assert report.entries == 0
    assert report.warnings == [
        "item_affinity: no entries: item_affinity.bought_before.weight is 0, and histories say nothing of related items"
    ]
    # 15 pairs in all: with one less, the last shopper by hash is not learnt from.
    (last,) = connection.execute("SELECT user_id FROM buckets ORDER BY hash(user_id) DESC, 1 DESC LIMIT 1").fetchall()
    with mock.patch.object(related, "MOST_PAIRS", 14):
        build_profiles(connection, silent, now_ms=2)
    both, tea = 3 - (last[0] in {"ann", "bob", "cleo"}), 5 - (last[0] != "finn")
    assert learnt(connection)["pot"][1] == [0, pytest.approx(both / (both + 300), rel=1e-3)]
    assert learnt(connection)["tea"][1] == [pytest.approx(both / (tea + 300), rel=1e-3), 0]


def test_a_history_is_the_newest_items(connection: Connection) -> None:
    old: list[Bucket] = [("dora", "pot", "purchase", 70, 1), ("dora", "pot", "view", 100, 1)]
    fill(connection, [*TOGETHER, *old], [])
    with mock.patch.object(related, "NEWEST_ITEMS", 1):
        build_profiles(connection, shop(20), now_ms=1)
    # On one day the first id is the newest: three histories are a pot, two are tea, and no two items go together.
    assert learnt(connection) == {"pot": (0, [0, 0]), "tea": (0, [0, 0])}
    with mock.patch.object(related, "NEWEST_ITEMS", 2):
        build_profiles(connection, shop(20), now_ms=2)
    assert learnt(connection)["tea"][1] == [pytest.approx(4 / 305, rel=1e-3), 0]


@pytest.mark.parametrize(("newest", "boosted"), [(1, set()), (2, {"cup", "pot"})])
def test_only_the_newest_items_say_something_of_others(connection: Connection, newest: int, boosted: set[str]) -> None:
    connection.execute("INSERT INTO buckets VALUES ('emil', 'cup', 'purchase', 99, 1)")
    chosen = limited(shop(20), 1)
    build_profiles(connection, chosen, now_ms=1)
    learn(connection, {"cup": (0.0, [0.5, 0.5, 0]), "pot": (0.0, [0, 0, 0]), "tea": (0.0, [0, 0, 0])})
    # A cup, which emil had, takes no room from a pot, which he never had.
    with mock.patch.object(related, "NEWEST_ITEMS", newest):
        build_profile(connection, chosen, ["emil"], now_ms=2)
    found = items_of(entries(connection), "emil")
    assert {item for item, (_, weight, _) in found.items() if weight > 10} == boosted


def test_the_items_are_those_with_the_most_shoppers(connection: Connection) -> None:
    fill(connection, [*TOGETHER, ("finn", "bag", "purchase", 100, 1), ("emil", "bag", "purchase", 100, 1)], [])
    for most, items in ((1, ["tea"]), (2, ["pot", "tea"]), (3, ["bag", "pot", "tea"])):
        with mock.patch.object(related, "MOST_ITEMS", most):
            build_profiles(connection, shop(), now_ms=1)
        assert list(learnt(connection)) == items
    fill(connection, [*TOGETHER, ("dora", "bag", "purchase", 100, 1), ("emil", "bag", "purchase", 100, 1)], [])
    fill_ties: list[Bucket] = [(user, "aaa", "purchase", 100, 1) for user in ("ann", "bob", "finn")]
    connection.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", [list(row) for row in fill_ties])
    with mock.patch.object(related, "MOST_ITEMS", 2):
        build_profiles(connection, shop(), now_ms=2)
    assert list(learnt(connection)) == ["aaa", "tea"]


NOTHING_TO_LEARN: dict[str, list[Bucket]] = {
    "one shopper": [("ann", item, "purchase", 100, 1) for item in ("tea", "pot")],
    "nothing in common": [("ann", "tea", "purchase", 100, 1), ("bob", "pot", "purchase", 100, 1)],
    "one item": [(user, "tea", "purchase", 100, 1) for user in ("ann", "bob")],
    "all alike": [(user, item, "purchase", 100, 1) for user in ("ann", "bob") for item in ("tea", "pot")],
    "nothing that counts": [(user, item, "view", 100, 1) for user in ("ann", "bob") for item in ("tea", "pot")],
}


@pytest.mark.parametrize("case", NOTHING_TO_LEARN)
def test_where_there_is_nothing_to_learn_items_weigh_what_they_would_without(connection: Connection, case: str) -> None:
    fill(connection, NOTHING_TO_LEARN[case], [])
    build_profiles(connection, shop(0), now_ms=1)
    without = entries(connection)
    build_profiles(connection, shop(20), now_ms=2)
    assert entries(connection) == without
    build_profile(connection, shop(20), ["ann", "nobody"], now_ms=3)
    assert entries(connection) == without


def test_a_shopper_who_came_after_the_last_full_build_is_scored_by_it(connection: Connection) -> None:
    build_profiles(connection, shop(20), now_ms=1)
    new: list[Bucket] = [("gwen", "tea", "purchase", 100, 3), ("hugo", "new", "purchase", 100, 1)]
    connection.executemany("INSERT INTO buckets VALUES (?, ?, ?, ?, ?)", [list(row) for row in new])
    build_profile(connection, shop(20), ["gwen", "hugo"], now_ms=2)
    found = entries(connection)
    assert items_of(found, "gwen") == items_of(found, "emil")
    assert items_of(found, "hugo") == {"new": (1, pytest.approx(math.log(2)), 3)}


def test_items_that_always_go_together_have_weights_all_the_same() -> None:
    # Without the penalty this matrix has no inverse. By symmetry each of n items has c / (300 + (n - 1) * c).
    weights = ease.item_weights(np.full((40, 40), 7, np.int32))
    assert np.unique(weights).tolist() == [0, np.float16(7 / (300 + 39 * 7))]
    assert np.diag(weights).tolist() == [0] * 40


def test_pairs_are_the_gram_matrix() -> None:
    pairs = np.zeros((3, 3), np.int32)
    ease.add_pairs(pairs, np.array([0, 1, 1, 2], np.int32), np.array([0, 2, 2, 4]))
    assert pairs.tolist() == [[1, 1, 0], [1, 2, 1], [0, 1, 1]]


@given(st.lists(st.floats(-60000, 60000, width=16), min_size=1, max_size=60), st.randoms())
def test_scores_are_exact(column: list[float], random: object) -> None:
    weights = np.zeros((len(column), len(column)), np.float32)
    weights[:, 0] = column
    every = np.arange(len(column), dtype=np.int32)
    both = np.concatenate([every, every[::-1]])
    found = ease.scores(weights, both, np.array([0, len(column), 2 * len(column), 2 * len(column)]))
    assert found[:, 0].tolist() == [max(0.0, math.fsum(column))] * 2 + [0.0]


@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=5, max_size=5), min_size=1), st.integers(1, 7))
def test_the_best_are_the_first_of_the_highest(rows: list[list[float]], most: int) -> None:
    found = ease.best(np.array(rows), most)
    for row, kept in zip(rows, found.tolist(), strict=True):
        order = sorted((place for place in range(5) if row[place] > 0), key=lambda place: (-row[place], place))
        assert {place for place in range(5) if kept[place]} == set(order[:most])


LIFTS: NDArray[np.float64] = np.array([0, 0.001, 0.02, 0.3, 1.5])


def test_log_lifts_are_related_weights() -> None:
    for mean in LIFTS:
        found = ease.log_lifts(LIFTS[None, :], np.full(len(LIFTS), mean))
        assert found[0].tolist() == pytest.approx([related_weight(float(score), float(mean)) for score in LIFTS])


@pytest.mark.parametrize(
    ("score", "mean", "expected"),
    [(0, 0, 0), (0, 0.5, 0), (0.02, 0, math.log(2)), (0.18, 0.02, math.log(5)), (0.1, 0.1, 0), (0.1, 0.2, 0)],
)
def test_related_weight(score: float, mean: float, expected: float) -> None:
    assert related_weight(score, mean) == pytest.approx(expected)


def test_the_sentence_claims_no_purchase() -> None:
    reason = Reason("item", 3, 0.5, 0.3, "s1", related=True, role="purchase")
    assert sentence([reason]) == "People who bought what you bought also bought this."
