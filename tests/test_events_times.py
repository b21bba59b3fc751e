"""Event times: which texts are taken, and as which moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config.source_block import TimePath
from affinity_search.events.fields import Malformed
from affinity_search.events.times import MICROSECONDS_PER_DAY, microseconds, parse_date, parse_step, time_reader


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
        ("2017-01-15 12:56:01 UTC", 17181, 46_561_000_000),
        ("2017-01-15T12:56:01.25 GMT", 17181, 46_561_250_000),
        ("100000000", 1157, 35_200_000_000),
        ("-100000000", -1158, 51_200_000_000),
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
        ("", "got none"),
        ("yesterday", "got 'yesterday'"),
        (
            "15/01/2017",
            "got '15/01/2017': the day first? Say so: `events.source.fields.ts: {path: ts, format: \"%d/%m/%Y\"}`",
        ),
        ("2017-13", "got '2017-13' (month must be in 1..12)"),
        ("2017-02-30", "got '2017-02-30' (day is out of range for month)"),
        (
            "0001-01-01T00:00+02:00x",
            "got '0001-01-01T00:00+02:00x' (Invalid isoformat string: '0001-01-01T00:00+02:00x')",
        ),
        ("20170115", "got '20170115': a date? Say so: `events.source.fields.ts: {path: ts, format: \"%Y%m%d\"}`"),
        ("2017", "got '2017': a year? Say so: `events.source.fields.ts: {path: ts, format: \"%Y\"}`"),
        ("201712", "got '201712': a month? Say so: `events.source.fields.ts: {path: ts, format: \"%Y%m\"}`"),
        (
            "20171231235959",
            "got '20171231235959': a date and time? "
            'Say so: `events.source.fields.ts: {path: ts, format: "%Y%m%d%H%M%S"}`',
        ),
        (
            "1484438400000000",
            "got '1484438400000000': microseconds? Say so: `events.source.fields.ts: {path: ts, unit: us}`",
        ),
        (
            "1484438400000000000",
            "got '1484438400000000000': nanoseconds? Say so: `events.source.fields.ts: {path: ts, unit: ns}`",
        ),
        ("٣", "got '٣'"),
        (
            "46000",
            "got '46000': a spreadsheet's day number? Say so: `events.source.fields.ts: {path: ts, unit: excel}`",
        ),
        (
            "44927.0638",
            "got '44927.0638': a spreadsheet's day number? Say so: `events.source.fields.ts: {path: ts, unit: excel}`",
        ),
        ("19380", "got '19380': a day number? Say so: `events.source.fields.ts: {path: ts, unit: days}`"),
        (
            "3",
            "got '3': a step (`events.time: sequence`), or seconds of 1970 to 1973? "
            "Say so: `events.source.fields.ts: {path: ts, unit: s}`",
        ),
        (
            "15.01.2017 9:30",
            "got '15.01.2017 9:30': the day first? "
            'Say so: `events.source.fields.ts: {path: ts, format: "%d.%m.%Y %H:%M"}`',
        ),
        (
            "01/02/2017",
            "got '01/02/2017': the month first? "
            'Say so: `events.source.fields.ts: {path: ts, format: "%m/%d/%Y" (or "%d/%m/%Y")}`',
        ),
        ("1e9", "got '1e9'"),
    ],
)
def test_texts_that_are_none(text: str, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_date(text)
    expected = "an ISO date" if said.endswith(")") else "an ISO date or an epoch time"
    assert str(caught.value) == f"ts: expected {expected}, {said}"


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


TOLD = [
    ({"unit": "s"}, "86400", 86_400_000_000),
    ({"unit": "s"}, "-1.5", -1_500_000),
    ({"unit": "ms"}, "1484438400250", 1_484_438_400_250_000),
    ({"unit": "us"}, "1484438400250001", 1_484_438_400_250_001),
    ({"unit": "ns"}, "1484438400250001999", 1_484_438_400_250_001),
    ({"unit": "days"}, "17181", 17_181 * MICROSECONDS_PER_DAY),
    ({"unit": "excel"}, "44927.0638", 19_358 * MICROSECONDS_PER_DAY + 5_512_000_000),
    ({"unit": "excel"}, "44927,0638", 19_358 * MICROSECONDS_PER_DAY + 5_512_000_000),
    ({"format": "%Y%m%d"}, "20170115", 17_181 * MICROSECONDS_PER_DAY),
    ({"format": "%d.%m.%Y", "zone": "Europe/Berlin"}, "15.01.2017", 17_181 * MICROSECONDS_PER_DAY - 3_600_000_000),
    ({"format": "%d.%m.%Y %z"}, "15.01.2017 +0200", 17_181 * MICROSECONDS_PER_DAY - 7_200_000_000),
    ({"zone": "America/New_York"}, "2017-07-15T00:00", 17_362 * MICROSECONDS_PER_DAY + 14_400_000_000),
    ({"zone": "America/New_York"}, "2017-07-15 00:00:00 UTC", 17_362 * MICROSECONDS_PER_DAY),
    ({}, "1484438400", 1_484_438_400_000_000),
]


@pytest.mark.parametrize(("told", "text", "time"), TOLD)
def test_times_that_are_declared(told: dict[str, str], text: str, time: int) -> None:
    assert time_reader(TimePath.model_validate({"path": "at", **told}))(text) == time


@pytest.mark.parametrize(
    ("told", "text", "said"),
    [
        ({"unit": "us"}, "2017-01-15", "expected a number (unit: us), got '2017-01-15'"),
        ({"unit": "us"}, "", "expected a number (unit: us), got none"),
        ({"unit": "days"}, "99999999999", "expected a time between the years 1 and 9999, got '99999999999'"),
        ({"format": "%Y%m%d"}, "20171332", "expected a time as '%Y%m%d', got '20171332'"),
        (
            {},
            "1484438400000000",
            "expected an ISO date or an epoch time, got '1484438400000000': microseconds? "
            "Say so: `events.source.fields.ts: {path: at, unit: us}`",
        ),
    ],
)
def test_declared_times_that_are_none(told: dict[str, str], text: str, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        time_reader(TimePath.model_validate({"path": "at", **told}))(text)
    assert str(caught.value) == f"ts: {said}"


@given(st.text(max_size=30) | st.integers().map(str), st.sampled_from([told for told, _, _ in TOLD]))
def test_any_text_is_a_time_or_says_why_not(text: str, told: dict[str, str]) -> None:
    try:
        assert time_reader(TimePath.model_validate({"path": "at", **told}))(text) >= -62_135_596_800_000_000
    except Malformed as error:
        assert str(error).startswith("ts: expected ")
