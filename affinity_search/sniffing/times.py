"""What the values of a column of times are: ISO dates, a unit of epoch numbers, day numbers or a written format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from affinity_search.events.fields import Malformed
from affinity_search.events.times import parse_date
from affinity_search.inputs.values import plain_number

__all__ = ["TimeGuess", "guess_time"]

MOST_BAD = 0.05
LOOKED_AT = 500
FEWEST_ORDERED = 10
SECONDS = (7.8e8, 4.1e9)  # from 1994 to 2100: below, nanoseconds would be ticks of .NET
UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
DAYS = (3_652, 47_482)  # from 1980 to 2100 in days since 1970
SERIALS = (29_221, 73_051)  # and in a spreadsheet's days, from 1899-12-30
PLAUSIBLE_DAYS = (7_305, 29_220)  # from 1990 to 2050
PLAUSIBLE_SERIALS = (32_874, 54_789)
LARGEST_FIRST_STEP = 100
COMPACT = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M", 8: "%Y%m%d", 6: "%Y%m"}
CLOCKS = (
    "",
    " %H:%M:%S",
    " %H:%M",
    "T%H:%M:%S",
    ", %H:%M:%S",
    ", %H:%M",
    " %I:%M:%S %p",
    " %I:%M %p",
    " %H:%M:%S.%f",
    ":%H:%M:%S",
)
SERIAL_WITH_COMMA = re.compile(r"\d{5},\d{1,20}", re.ASCII)  # a day number where the comma is the decimal sign
ZONES = ("", " %z", " UTC", " GMT", "Z", "%z", " Z")
SHAPES = {
    "%d": r"\d\d?",
    "%m": r"\d\d?",
    "%Y": r"\d{4}",
    "%y": r"\d\d",
    "%H": r"\d\d?",
    "%I": r"\d\d?",
    "%M": r"\d\d",
    "%S": r"\d\d",
    "%f": r"\d{1,6}",
    "%p": r"[AaPp][Mm]",
    "%b": r"[A-Za-z]{3}",
    "%B": r"[A-Za-z]{3,9}",
    "%a": r"[A-Za-z]{3}",
    "%z": r"(?:[+-]\d\d:?\d\d|Z)",
}
DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %B %Y",
    "%a, %d %b %Y",
    "%a %b %d %Y",
    "%d/%b/%Y",
    "%Y.%m.%d",
    "%Y年%m月%d日",
)


def _shape(pattern: str) -> re.Pattern[str]:
    """What a text written in this form looks like: a hundred times as quick as reading it."""
    parts = re.split("(%[a-zA-Z])", pattern)
    return re.compile("".join(SHAPES.get(part, re.escape(part)) for part in parts), re.ASCII)


DATE_SHAPES = {pattern: _shape(pattern) for pattern in DATES}
CLOCK_SHAPES = {f"{clock}{zone}": _shape(f"{clock}{zone}") for clock in CLOCKS for zone in ZONES}


@dataclass(frozen=True)
class TimeGuess:
    """How to read a column of times: the keys beside its `path` (none for ISO dates and plain epoch numbers).

    `sequence` is True for numbers that count up per shopper. `problem` says why none of it can be; empty where one can.
    """

    keys: dict[str, str] = field(default_factory=dict)
    sequence: bool = False
    problem: str = ""

    def __bool__(self) -> bool:
        return not self.problem


def guess_time(values: Sequence[str]) -> TimeGuess:
    """What these values are, where at least 95 % of them are that; a guess with a problem where nothing fits."""
    if not values:
        return TimeGuess(problem="expected times, found no value")
    if _most(_is_iso(value) for value in values):
        return TimeGuess()
    numbers = [number for value in values if (number := plain_number(value)) is not None]
    if len(numbers) >= (1 - MOST_BAD) * len(values):
        return _of_numbers([value for value in values if plain_number(value) is not None], numbers)
    if _most(SERIAL_WITH_COMMA.fullmatch(value) is not None for value in values):
        return _of_day_numbers(*_middle([float(v.replace(",", ".")) for v in values if SERIAL_WITH_COMMA.fullmatch(v)]))
    return _written(values)


def _of_numbers(texts: Sequence[str], numbers: Sequence[float]) -> TimeGuess:
    if compact := _compact(texts):
        return TimeGuess({"format": compact})
    low, high = _middle(numbers)
    for unit, size in UNITS.items():
        if SECONDS[0] * size <= low and high <= SECONDS[1] * size:
            return TimeGuess({} if unit in ("s", "ms") else {"unit": unit})
    if min(numbers) <= LARGEST_FIRST_STEP and all(n.is_integer() and n >= 0 for n in numbers) and high < 1e5:
        return TimeGuess(sequence=True)
    return _of_day_numbers(low, high)


def _of_day_numbers(low: float, high: float) -> TimeGuess:
    fits_days = DAYS[0] <= low and high <= DAYS[1]
    fits_serials = SERIALS[0] <= low and high <= SERIALS[1]
    likely_days = PLAUSIBLE_DAYS[0] <= low and high <= PLAUSIBLE_DAYS[1]
    likely_serials = PLAUSIBLE_SERIALS[0] <= low and high <= PLAUSIBLE_SERIALS[1]
    if (likely_days or fits_days) and not likely_serials:
        return TimeGuess({"unit": "days"})
    if likely_serials or fits_serials:
        return TimeGuess({"unit": "excel"})
    return TimeGuess(
        problem=f"expected dates or epoch times, got numbers from {low:.15g} to {high:.15g}, which are neither"
    )


def _compact(texts: Sequence[str]) -> str:
    lengths = {len(text) for text in texts}
    pattern = COMPACT.get(lengths.pop()) if len(lengths) == 1 else None
    return pattern if pattern and _most(_fits(text, pattern) for text in texts) else ""


def _written(values: Sequence[str]) -> TimeGuess:
    fitting = [pattern for pattern in _formats(values) if _most(_fits(value, pattern) for value in values)]
    if not fitting:
        return TimeGuess(problem=f"expected times in a known form, got {values[0]!r}")
    if len(fitting) == 1:
        return TimeGuess({"format": fitting[0]})
    in_order = [pattern for pattern in fitting if _is_ordered(values, pattern)]
    if len(in_order) == 1:
        return TimeGuess({"format": in_order[0]})
    first, second = (in_order or fitting)[:2]
    return TimeGuess(
        problem=f"expected times of one form, got {values[0]!r}, which may be {first!r} or {second!r}",
    )


def _formats(values: Sequence[str]) -> Iterator[str]:
    """The formats that read the first value, one for each that is another reading."""
    seen: set[tuple[datetime | None, ...]] = set()
    for pattern in _looking_like(values[0]):
        read = tuple(_read(value, pattern) for value in values[:LOOKED_AT])
        if read[0] and read not in seen:
            seen.add(read)
            yield pattern


def _looking_like(value: str) -> Iterator[str]:
    for date, shape in DATE_SHAPES.items():
        if found := shape.match(value):
            rest = value[found.end() :]
            yield from (f"{date}{clock}" for clock, looks in CLOCK_SHAPES.items() if looks.fullmatch(rest))


def _is_ordered(values: Sequence[str], pattern: str) -> bool:
    """Whether the times go one way through the file: a log is written as things happen."""
    read = [moment.replace(tzinfo=None) for value in values if (moment := _read(value, pattern))]
    ups = sum(1 for one, other in pairwise(read) if one <= other)
    downs = sum(1 for one, other in pairwise(read) if one >= other)
    return len(read) >= FEWEST_ORDERED and max(ups, downs) >= (1 - MOST_BAD) * (len(read) - 1)


def _read(value: str, pattern: str) -> datetime | None:
    try:
        moment = datetime.strptime(value, pattern)
    except ValueError:
        return None
    return moment if 1980 <= moment.year < 2100 else None


def _fits(value: str, pattern: str) -> bool:
    return _read(value, pattern) is not None


def _is_iso(value: str) -> bool:
    if not re.match(r"\d{4}-\d\d", value, re.ASCII):
        return False
    try:
        parse_date(value)
    except Malformed:
        return False
    return True


def _middle(numbers: Sequence[float]) -> tuple[float, float]:
    """The numbers between which 95 % lie: a few wild ones decide nothing."""
    ordered = sorted(numbers)
    cut = int(len(ordered) * MOST_BAD / 2)
    return ordered[cut], ordered[len(ordered) - 1 - cut]


def _most(said: Iterator[bool]) -> bool:
    answers = list(said)
    return sum(answers) >= (1 - MOST_BAD) * len(answers)
