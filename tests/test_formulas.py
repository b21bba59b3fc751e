"""The formula in its three carriers: numbers, arrays and SQL give the same, and what a plain reference gives."""

from __future__ import annotations

import math
from collections.abc import Iterator

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.formulas import Term, create_macros, macro
from affinity_search.state.heavy import contribution, most_events
from affinity_search.weights import formula as weights
from tests.profile_data import plain_level

LEVELS = st.sampled_from([1, 3, 4, 7, 15, 31, 63, 127, 255])


@pytest.fixture(scope="module")
def sql() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_macros(connection, *weights.FORMULAS, most_events, contribution)
        yield connection


def one(sql: duckdb.DuckDBPyConnection, call: str, *numbers: float) -> float:
    """The value of this call with numbers as doubles."""
    return float(sql.execute(f"SELECT {call}", list(numbers)).fetchall()[0][0])


def test_a_macro_is_the_function_called_with_its_parameters() -> None:
    assert macro(weights.log_lift) == (
        "CREATE OR REPLACE TEMP MACRO log_lift(count, share, events, prior_events) AS "
        "ln((1 + (count / (share * (prior_events + events)))))"
    )
    assert macro(weights.level) == (
        "CREATE OR REPLACE TEMP MACRO level(weight, saturation_weight, levels, least) AS "
        "greatest(least, least(levels, floor((((weight / saturation_weight) * levels) + 0.5))))"
    )


def test_what_sql_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError):
        np.tanh(Term("weight"))


def test_every_formula_is_a_macro() -> None:
    named = {formula.__name__ for formula in weights.FORMULAS}
    assert named == {name for name in weights.__all__ if name != "FORMULAS"}


HALVES = [
    (0.5, 1), (1.4999999999999998, 1), (1.5, 2), (1.5000000000000002, 2), (2.4999999999999996, 2), (2.5, 3),
    (6.499999999999999, 6), (6.5, 7), (6.500000000000001, 7), (7.5, 7), (99.0, 7), (1e-12, 1), (0.47, 1),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "wanted"), HALVES)
def test_levels_at_halves_and_one_step_beside_them(sql: duckdb.DuckDBPyConnection, steps: float, wanted: int) -> None:
    # Weights of 7 levels up to a saturation weight of 7: `steps` of them, without rounding.
    assert weights.level(steps, 7.0, 7) == wanted
    assert one(sql, "level($1::DOUBLE, 7.0::DOUBLE, 7, 1)", steps) == wanted
    assert weights.level(np.array([steps]), 7.0, 7).tolist() == [wanted]


def test_what_was_never_had_is_no_entry_below_half_a_level(sql: duckdb.DuckDBPyConnection) -> None:
    steps = [0.0, 0.47, 0.49999, 0.5, 1.4999999999999998, 1.5]
    assert weights.level(np.array(steps), 7.0, 7, 0).tolist() == [0, 0, 0, 1, 1, 2]
    assert [one(sql, "level($1::DOUBLE, 7.0::DOUBLE, 7, 0)", step) for step in steps] == [0, 0, 0, 1, 1, 2]


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 520), st.sampled_from([-1, 0, 1]), st.floats(0.01, 50), LEVELS)
def test_levels_are_those_of_the_plain_reference_around_every_half(
    sql: duckdb.DuckDBPyConnection, half: int, beside: int, saturation_weight: float, levels: int
) -> None:
    weight = (half + 0.5) * saturation_weight / levels
    weight = weight if not beside else math.nextafter(weight, beside * math.inf)
    wanted = plain_level(weight, saturation_weight, levels)
    assert weights.level(weight, saturation_weight, levels) == wanted
    assert one(sql, "level($1::DOUBLE, $2::DOUBLE, $3::DOUBLE, 1)", weight, saturation_weight, levels) == wanted
    assert weights.level(np.array([weight]), saturation_weight, levels).tolist() == [wanted]


COUNTS = st.floats(0, 1e6)


@settings(deadline=None)
@given(COUNTS, st.floats(1e-9, 1), COUNTS, st.floats(0.01, 100))
def test_the_lift_of_a_value(
    sql: duckdb.DuckDBPyConnection, count: float, share: float, events: float, prior: float
) -> None:
    wanted = math.log(1 + count / (share * (prior + events)))
    found = one(sql, "log_lift($1::DOUBLE, $2::DOUBLE, $3::DOUBLE, $4::DOUBLE)", count, share, events, prior)
    assert found == pytest.approx(wanted, rel=1e-12)
    assert weights.log_lift(count, share, events, prior) == pytest.approx(wanted, rel=1e-12)


@settings(deadline=None)
@given(COUNTS, st.floats(0, 100), st.floats(0, 5000), st.floats(0.1, 500), st.floats(0, 9), st.floats(0, 9))
def test_weights_of_items_decay_and_related_items(
    sql: duckdb.DuckDBPyConnection, count: float, weight: float, age: float, half_life: float, score: float, mean: float
) -> None:
    wanted = [
        ("item_weight", (count, weight), weight * math.log(1 + count)),
        ("decay", (age, half_life), 0.5 ** (age / half_life)),
        ("related_weight", (score, mean), max(0.0, math.log((score + 0.02) / (mean + 0.02)))),
    ]
    for name, numbers, value in wanted:
        assert getattr(weights, name)(*numbers) == pytest.approx(value, rel=1e-12, abs=1e-15)
        found = one(sql, f"{name}($1::DOUBLE, $2::DOUBLE)", *numbers)
        assert found == pytest.approx(value, rel=1e-12, abs=1e-15)


def test_where_things_are_forgotten_or_common(sql: duckdb.DuckDBPyConnection) -> None:
    assert [bool(weights.remembered(events)) for events in (0.015624, 0.015625, 1)] == [False, True, True]
    assert [bool(weights.common(share)) for share in (0.8999, 0.9, 1)] == [False, True, True]
    assert [one(sql, "remembered($1::DOUBLE)::INTEGER", events) for events in (0.015624, 0.015625)] == [0, 1]
    assert [one(sql, "common($1::DOUBLE)::INTEGER", share) for share in (0.8999, 0.9)] == [0, 1]


def test_what_the_events_of_many_count(sql: duckdb.DuckDBPyConnection) -> None:
    assert [most_events(quartile) for quartile in (0, 10, 12, 75)] == [100, 100, 120, 750]
    assert [contribution(events, 100) for events in (1, 100, 200, 400)] == [1, 1, 0.25, 0.0625]
    assert [one(sql, "contribution($1::DOUBLE, 100)", events) for events in (1, 100, 200, 400)] == [1, 1, 0.25, 0.0625]
    assert [one(sql, "most_events($1::DOUBLE)", quartile) for quartile in (0, 12)] == [100, 120]
