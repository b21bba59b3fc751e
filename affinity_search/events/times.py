"""The time of an event: ISO dates, epoch numbers or sequence numbers, from text to whole numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from affinity_search.events.fields import Malformed, shown

__all__ = ["MICROSECONDS_PER_DAY", "microseconds", "parse_date", "parse_step"]

MICROSECONDS_PER_DAY = 86_400_000_000
MILLISECONDS_FROM = 10**11  # as seconds the year 5138, as milliseconds 1973
EPOCH_BELOW = 10**14  # in milliseconds the year 5138
LARGEST_STEP = 99_999  # nobody makes more visits; what is larger is a month (202401), a date or a clock
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

ISO = re.compile(r"\d{4}-\d\d(-\d\d([T ]\d\d.*)?)?", re.ASCII)
NUMBER = re.compile(r"(-?\d{1,16})(?:\.(\d{1,20}))?", re.ASCII)
# 20170115 is a date to people and a second of 1970 to a clock.
AMBIGUOUS = re.compile(r"(19|20)\d\d((0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])?)?", re.ASCII)
# A spreadsheet counts days from 1899-12-30: 46000.5 is a noon of 2025 to it and a second of 1970-01-01 to a clock.
SPREADSHEET_DAYS = range(20_000, 80_000)  # from 1954 to 2119
STEP = re.compile(r"(\d{1,16})(?:\.0+)?", re.ASCII)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND


@lru_cache(maxsize=1 << 16)
def parse_date(text: str) -> int:
    """Microseconds since 1970-01-01 UTC.

    Takes `2017-01-15`, `2017-01` (its first day), ISO 8601 date and time with or without a zone (without = UTC), and
    epoch numbers: seconds below 10^11, milliseconds from there. Raises Malformed for anything else, and for bare
    numbers that read as a year, month or date (`20170115`) or as the day number of a spreadsheet (`46000.5`).
    """
    if ISO.fullmatch(text):
        return _iso(text)
    if AMBIGUOUS.fullmatch(text):
        raise Malformed(f"ts: expected a date with hyphens (2017-01-15) or an epoch time, got {shown(text)}")
    if found := NUMBER.fullmatch(text):
        return _epoch(found[1], found[2] or "", text)
    raise Malformed(f"ts: expected an ISO date or an epoch time, got {shown(text) if text else 'none'}")


def _iso(text: str) -> int:
    try:
        return microseconds(datetime.fromisoformat(f"{text}-01" if len(text) == 7 else text))
    except (ValueError, OverflowError) as error:
        raise Malformed(f"ts: expected an ISO date, got {shown(text)} ({error})") from None


def _epoch(whole: str, fraction: str, text: str) -> int:
    size = abs(int(whole))
    if size >= EPOCH_BELOW:
        raise Malformed(f"ts: expected epoch seconds or milliseconds, got {shown(text)}")
    if int(whole) in SPREADSHEET_DAYS:
        raise Malformed(f"ts: expected an ISO date or an epoch time, got {shown(text)}, a spreadsheet's day number?")
    digits = 3 if size >= MILLISECONDS_FROM else 6
    value: int = size * 10**digits + int(fraction[:digits].ljust(digits, "0"))
    return -value if whole.startswith("-") else value


def parse_step(text: str) -> int:
    """The sequence number, a whole number from 0 to 99,999 (`3` or `3.0`). Raises Malformed for anything else."""
    found = STEP.fullmatch(text)
    if found is None:
        raise Malformed(f"ts: expected a whole number >= 0 (events.time: sequence), got {shown(text)}")
    if int(found[1]) > LARGEST_STEP:
        raise Malformed(
            f"ts: expected a whole number >= 0 and <= {LARGEST_STEP} (events.time: sequence), got {text}: a clock?"
        )
    return int(found[1])
