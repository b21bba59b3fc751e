"""What a column of times is, told by its values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.sniffing.times import guess_time

NOON = datetime(2024, 3, 28, 12, 30, 15, tzinfo=UTC)
DAYS = [NOON + timedelta(days=day) for day in range(12)]


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        (["2024-03-28", "2024-04-01T10:00:00+02:00", "2024-04", "2024-04-01 10:00:00 +0200"], {}),
        (["2024-03-28 10:00:00 UTC"], {}),
        (["1711629015", "1711629016.5"], {}),
        (["1711629015000"], {}),
        (["1711629015000000"], {"unit": "us"}),
        (["1711629015000000000"], {"unit": "ns"}),
        (["45379.52", "45380"], {"unit": "excel"}),
        (["45379,52", "45380,125"], {"unit": "excel"}),
        (["19810", "19811"], {"unit": "days"}),
        (["20240328", "20240401"], {"format": "%Y%m%d"}),
        (["20240328123015"], {"format": "%Y%m%d%H%M%S"}),
        (["202403", "202404"], {"format": "%Y%m"}),
    ],
)
def test_numbers_and_iso_dates(values: list[str], keys: dict[str, str]) -> None:
    found = guess_time(values)
    assert (found.keys, found.sequence, found.problem) == (keys, False, "")


@pytest.mark.parametrize(
    "pattern",
    [
        "%d.%m.%Y",
        "%d.%m.%Y %H:%M",
        "%d/%m/%Y %H:%M:%S",
        "%m/%d/%Y %I:%M:%S %p",
        "%Y/%m/%d %H:%M:%S",
        "%d %b %Y",
        "%b %d, %Y",
        "%a, %d %b %Y %H:%M:%S %z",
        "%d/%b/%Y:%H:%M:%S %z",
    ],
)
def test_a_written_form_is_found_and_reads_the_same_moments(pattern: str) -> None:
    texts = [moment.strftime(pattern) for moment in DAYS]
    found = guess_time(texts)
    assert found, found.problem
    read = [datetime.strptime(text, found.keys["format"]) for text in texts]
    assert read == [datetime.strptime(text, pattern) for text in texts]


def test_day_and_month_are_told_apart_by_the_order_of_a_log() -> None:
    days = [datetime(2024, 3, day, tzinfo=UTC) for day in range(1, 12)] + [datetime(2024, 4, 1, tzinfo=UTC)]
    assert guess_time([day.strftime("%d/%m/%Y") for day in days]).keys == {"format": "%d/%m/%Y"}
    assert guess_time([day.strftime("%m/%d/%Y") for day in days]).keys == {"format": "%m/%d/%Y"}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (["03/04/2024"], "expected times of one form, got '03/04/2024', which may be '%d/%m/%Y' or '%m/%d/%Y'"),
        (["yesterday"], "expected times in a known form, got 'yesterday'"),
        (["638472366150000000"], "expected dates or epoch times, got numbers from"),
        ([], "expected times, found no value"),
    ],
)
def test_what_may_be_two_things_or_none_is_refused_with_the_guess(values: list[str], problem: str) -> None:
    found = guess_time(values)
    assert not found
    assert found.problem.startswith(problem)


def test_small_whole_numbers_count_up() -> None:
    assert guess_time(["1", "2", "3", "17"]).sequence
    assert not guess_time(["19810", "19811"]).sequence


@given(
    st.lists(st.datetimes(datetime(1995, 1, 1), datetime(2040, 1, 1)), min_size=1, max_size=30),
    st.sampled_from([1, 10**3, 10**6, 10**9]),
)
def test_an_epoch_number_is_read_in_its_own_unit(moments: list[datetime], size: int) -> None:
    seconds = [int(moment.replace(tzinfo=UTC).timestamp()) for moment in moments]
    found = guess_time([str(second * size) for second in seconds])
    assert found.keys == {1: {}, 10**3: {}, 10**6: {"unit": "us"}, 10**9: {"unit": "ns"}}[size]


def test_a_few_broken_times_decide_nothing() -> None:
    good = [str(1_711_629_015 + n) for n in range(60)]
    assert guess_time([*good, "0", "n/k"]).keys == {}
