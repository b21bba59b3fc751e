"""Event times: which texts are taken, and as which moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.events.fields import Malformed
from affinity_search.events.times import MICROSECONDS_PER_DAY, microseconds, parse_date, parse_step


@pytest.mark.parametrize(
    ("text", "day", "rest_us"),
    [
        ("1970-01-01", 0, 0),
        ("2017-01-15", 17181, 0),
        ("2017-02", 17198, 0),
        ("2017-01-15T12:56", 17181, 46_560_000_000),
        ("2017-01-15 12:56:01", 17181, 46_561_000_000),
        ("2017-01-15T23:30:00-01:00", 17182, 1_800_000_000),
        ("2017-01-15T00:30+01:00", 17180, 84_600_000_000),
        ("2017-01-15T12:56:00.5Z", 17181, 46_560_500_000),
        ("0", 0, 0),
        ("86400", 1, 0),
        ("-1", -1, 86_399_000_000),
        ("1484438400", 17181, 0),
        ("1484438400.25", 17181, 250_000),
        ("1484438400250", 17181, 250_000),
        ("1484438400250.0", 17181, 250_000),
    ],
)
def test_texts_that_are_times(text: str, day: int, rest_us: int) -> None:
    assert divmod(parse_date(text), MICROSECONDS_PER_DAY) == (day, rest_us)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected an ISO date or an epoch time, got none"),
        ("yesterday", "expected an ISO date or an epoch time, got 'yesterday'"),
        ("15/01/2017", "expected an ISO date or an epoch time, got '15/01/2017'"),
        ("2017-13", "expected an ISO date, got '2017-13' (month must be in 1..12)"),
        ("2017-02-30", "expected an ISO date, got '2017-02-30' (day is out of range for month)"),
        ("0001-01-01T00:00+02:00x", "expected an ISO date"),
        ("20170115", "expected a date with hyphens (2017-01-15) or an epoch time, got '20170115'"),
        ("2017", "expected a date with hyphens (2017-01-15) or an epoch time, got '2017'"),
        ("1484438400000000", "expected epoch seconds or milliseconds, got '1484438400000000'"),
        ("٣", "expected an ISO date or an epoch time, got '٣'"),
        ("46000", "expected an ISO date or an epoch time, got '46000', a spreadsheet's day number?"),
        ("44927.0638", "expected an ISO date or an epoch time, got '44927.0638', a spreadsheet's day number?"),
        ("1e9", "expected an ISO date or an epoch time, got '1e9'"),
    ],
)
def test_texts_that_are_none(text: str, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_date(text)
    assert str(caught.value).startswith(f"ts: {said}")


def test_a_zone_that_leaves_the_calendar_behind() -> None:
    assert parse_date("0001-01-01T00:00+02:00") == -719162 * MICROSECONDS_PER_DAY - 7_200_000_000


@given(st.datetimes(timezones=st.builds(timezone, st.integers(-1439, 1439).map(lambda m: timedelta(minutes=m)))))
def test_every_iso_text_is_the_moment_it_names(moment: datetime) -> None:
    assert parse_date(moment.isoformat()) == microseconds(moment)


@given(st.integers(10**8, 4 * 10**9))
def test_seconds_milliseconds_and_iso_agree(seconds: int) -> None:
    text = datetime.fromtimestamp(seconds, UTC).isoformat()
    assert parse_date(f"{seconds}.0") == parse_date(f"{seconds * 1000}") == parse_date(text)


@pytest.mark.parametrize(("text", "step"), [("0", 0), ("17", 17), ("17.0", 17), ("99999", 99999)])
def test_steps(text: str, step: int) -> None:
    assert parse_step(text) == step


@pytest.mark.parametrize(
    "text", ["", "-1", "1.5", "100000", "202401", "20240131", "1714557600", "1714557600000", "2017-01-01", "x", "1e3"]
)
def test_texts_that_are_no_steps(text: str) -> None:
    with pytest.raises(Malformed, match="ts: expected a whole number >= 0"):
        parse_step(text)
