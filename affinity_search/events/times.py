"""The time of an event: ISO dates, epoch numbers or sequence numbers, from text to whole numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from affinity_search.config.source_block import TimePath
from affinity_search.events.fields import Malformed, shown
from affinity_search.events.guesses import what_it_may_be

__all__ = ["MICROSECONDS_PER_DAY", "microseconds", "parse_date", "parse_step", "time_reader"]

MICROSECONDS_PER_DAY = 86_400_000_000
MILLISECONDS_FROM = 10**11  # as seconds the year 5138, as milliseconds 1973
LARGEST_STEP = 99_999  # nobody makes more visits; what is larger is a month (202401), a date or a clock
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 and 9999
LONGEST = 100
EXCEL_EPOCH_DAYS = 25_569  # a spreadsheet counts days from 1899-12-30
PER_UNIT = {
    "s": Decimal(10**6),
    "ms": Decimal(10**3),
    "us": Decimal(1),
    "ns": Decimal("0.001"),
    "days": Decimal(MICROSECONDS_PER_DAY),
}

ISO = re.compile(r"\d{4}-\d\d(-\d\d([T ]\d\d.*)?)?", re.ASCII)
ZERO_ZONES = ("UTC", "GMT", " Z")
ZERO_ZONE = re.compile(r" ?(?:UTC|GMT|Z)$")
NUMBER = re.compile(r"(-?\d{1,20})(?:\.(\d{1,20}))?", re.ASCII)
PLAIN_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?", re.ASCII)
STEP = re.compile(r"(\d{1,16})(?:\.0+)?", re.ASCII)


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // MICROSECOND


@lru_cache(maxsize=1 << 16)
def parse_date(text: str, path: str = "ts", zone: str | None = None) -> int:
    """Microseconds since 1970-01-01 UTC.

    Takes `2017-01-15`, `2017-01` (its first day), ISO 8601 date and time with or without a zone (without: `zone`, or
    UTC), also with ` UTC` behind it, and epoch numbers: seconds from 10^8, milliseconds from 10^11, both up to the year
    5138. Raises Malformed for anything else: numbers may also be dates (`20170115`), day numbers of a spreadsheet
    (`46000.5`), steps or microseconds. It says what the text at the `path` may be, and how to say that.
    """
    if ISO.fullmatch(text):
        return _iso(text, zone)
    found = NUMBER.fullmatch(text)
    guess = what_it_may_be(text, path)
    if found and not guess:
        return _epoch(found[1], found[2] or "")
    raise Malformed(f"ts: expected an ISO date or an epoch time, got {shown(text) if text else 'none'}{guess}")


def time_reader(told: TimePath) -> Callable[[str], int]:
    """A function from texts that are written as `told` to microseconds since 1970-01-01 UTC; it raises Malformed."""
    if told.unit == "auto" and not told.format:
        return partial(parse_date, path=told.path[0], zone=told.zone)
    return lru_cache(maxsize=1 << 16)(partial(_told, told=told))


def _told(text: str, told: TimePath) -> int:
    if len(text) > LONGEST:
        raise Malformed(f"ts: expected a time, got {shown(text)}")
    if told.format:
        return _bounded(_formatted(text, told.format, told.zone), text)
    number = text.replace(",", ".")  # as spreadsheets write it where the comma is the decimal sign
    if not PLAIN_NUMBER.fullmatch(number):
        raise Malformed(f"ts: expected a number (unit: {told.unit}), got {shown(text) if text else 'none'}")
    if told.unit == "excel":
        # A spreadsheet's fractions are rounded: nearer than a second they say nothing.
        return _bounded(round((Decimal(number) - EXCEL_EPOCH_DAYS) * 86_400) * 10**6, text)
    return _bounded(int((Decimal(number) * PER_UNIT[told.unit]).to_integral_value("ROUND_FLOOR")), text)


def _formatted(text: str, form: str, zone: str | None) -> int:
    try:
        return microseconds(_in_zone(datetime.strptime(text, form), zone))
    except (ValueError, OverflowError):
        raise Malformed(f"ts: expected a time as {form!r}, got {shown(text) if text else 'none'}") from None


def _in_zone(moment: datetime, zone: str | None) -> datetime:
    return moment.replace(tzinfo=ZoneInfo(zone)) if zone and moment.tzinfo is None else moment


def _bounded(time: int, text: str) -> int:
    if not FIRST <= time <= LAST:
        raise Malformed(f"ts: expected a time between the years 1 and 9999, got {shown(text)}")
    return time


def _iso(text: str, zone: str | None) -> int:
    whole = f"{text}-01" if len(text) == 7 else text
    if whole.endswith(ZERO_ZONES):
        whole = ZERO_ZONE.sub("+00:00", whole)
    try:
        moment = datetime.fromisoformat(whole)
        return microseconds(_in_zone(moment, zone) if zone else moment)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"ts: expected an ISO date, got {shown(text)} ({error})") from None


def _epoch(whole: str, fraction: str) -> int:
    size = abs(int(whole))
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
