"""What a time may be that nobody declared: a guess for people, never used to read it."""

from __future__ import annotations

import json
import re

__all__ = ["what_it_may_be"]

NUMBER = re.compile(r"(-?\d{1,20})(?:\.\d{1,20})?", re.ASCII)
EPOCH_FROM, MICROSECONDS_FROM, NANOSECONDS_FROM = 10**8, 10**14, 10**17
COMPACT = (
    (re.compile(r"(19|20)\d\d", re.ASCII), "%Y", "a year"),
    (re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])", re.ASCII), "%Y%m", "a month"),
    (re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII), "%Y%m%d", "a date"),
    (
        re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d", re.ASCII),
        "%Y%m%d%H%M",
        "a date and time",
    ),
    (
        re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d", re.ASCII),
        "%Y%m%d%H%M%S",
        "a date and time",
    ),
)
WRITTEN = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[ T]\d{1,2}(:\d\d)(:\d\d)?)?", re.ASCII)
EXCEL_YEAR_2000, EXCEL_YEAR_2119, DAYS_YEAR_1997 = 36_526, 80_000, 10_000


def what_it_may_be(text: str, path: str = "ts") -> str:
    """`: microseconds? Say so: ...`, with the line for affinity.yaml; empty for a plain epoch time, and for no idea."""
    said = _compact(text) or _number(text) or _written(text)
    if not said:
        return ""
    what, told = said
    name = path if path.isidentifier() else json.dumps(path, ensure_ascii=False)
    return f": {what}? Say so: `events.source.fields.ts: {{path: {name}, {told}}}`"


def _compact(text: str) -> tuple[str, str] | None:
    for pattern, form, what in COMPACT:
        if pattern.fullmatch(text):
            return what, f'format: "{form}"'
    return None


def _number(text: str) -> tuple[str, str] | None:
    found = NUMBER.fullmatch(text)
    if not found:
        return None
    size = abs(int(found[1]))
    if size >= MICROSECONDS_FROM:
        return ("nanoseconds", "unit: ns") if size >= NANOSECONDS_FROM else ("microseconds", "unit: us")
    if size >= EPOCH_FROM:
        return None
    if EXCEL_YEAR_2000 <= size < EXCEL_YEAR_2119:
        return "a spreadsheet's day number", "unit: excel"
    if DAYS_YEAR_1997 <= size < EXCEL_YEAR_2000:
        return "a day number", "unit: days"
    return "a step (`events.time: sequence`), or seconds of 1970 to 1973", "unit: s"


def _written(text: str) -> tuple[str, str] | None:
    found = WRITTEN.fullmatch(text)
    if not found:
        return None
    first, sign, second = int(found[1]), found[2], int(found[3])
    time = "" if not found[5] else f"{text[found.end(4)]}%H:%M" + (":%S" if found[6] else "")
    day_first, month_first = (f"%{a}{sign}%{b}{sign}%Y{time}" for a, b in ("dm", "md"))
    if second > 12 or (sign == "/" and first <= 12):
        other = "" if second > 12 else f' (or "{day_first}")'
        return "the month first", f'format: "{month_first}"{other}'
    return "the day first", f'format: "{day_first}"'
