"""One line to one event: whatever the bytes are, the answer is an Event or a Rejected with its verdict."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Literal, NoReturn, Self

from affinity_search.config.model import Events
from affinity_search.events.event import Event, Rejected, Verdict
from affinity_search.events.fields import Malformed, consent, field_text, identifier, optional_identifier, shown, weight
from affinity_search.events.times import MICROSECONDS_PER_DAY, microseconds, parse_date, parse_step

__all__ = ["MAX_LINE_BYTES", "Columns", "EventRules", "Malformed", "parse_header", "parse_line"]

MAX_LINE_BYTES = 1 << 20
KNOWN = ("user", "ts", "type", "item", "group", "weight", "consent", "id")
REQUIRED = KNOWN[:4]
SKEW = timedelta(days=1)

Values = tuple[object, ...]
"""What a line holds for each name of KNOWN, in that order; None or empty where it holds nothing."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns of a CSV file are: how many there are, and a function that takes those of KNOWN from a row.

    The function expects an empty value after the row, which stands for the columns that the file does not have.
    """

    count: int
    pick: Callable[[list[str]], Values]


@dataclass(frozen=True, slots=True)
class EventRules:
    """What decides on an event by its line alone: kind of time, weight of each type, and the last time believed.

    `latest` is in microseconds since 1970-01-01 UTC; None (no event is too new) for sequences.
    """

    time: Literal["date", "sequence"]
    weights: Mapping[str, float]
    latest: int | None

    @classmethod
    def of(cls, events: Events, now: datetime) -> Self:
        """The rules of this configuration at the moment `now` (without a zone: UTC); one day of skew is allowed."""
        weights = {name: kind.weight for name, kind in events.types.items()}
        latest = microseconds(now + SKEW) if events.time == "date" else None
        return cls(events.time, weights, latest)


def parse_header(line: bytes) -> Columns:
    """Where the columns are; spaces around their names and columns of other names do not matter.

    Raises Malformed where the line is no header: empty, not UTF-8, a required column missing, a known one twice.
    """
    names = [name.strip() for name in _csv_row(_decoded(line))]
    if not any(names):
        raise Malformed(f"expected a header with {', '.join(REQUIRED)}, got an empty line")
    if missing := [name for name in REQUIRED if name not in names]:
        raise Malformed(f"expected the columns {', '.join(REQUIRED)}, {', '.join(missing)} missing in {shown(names)}")
    if twice := [name for name in KNOWN if names.count(name) > 1]:
        raise Malformed(f"expected each column once, {', '.join(twice)} stands twice")
    return Columns(len(names), itemgetter(*(names.index(name) if name in names else -1 for name in KNOWN)))


def parse_line(line: bytes, rules: EventRules, columns: Columns | None = None) -> Event | Rejected:
    """The event in this line of JSON, or of CSV where `columns` are given; never raises.

    Verdicts are tried in this order: no_consent, unmapped, filtered, quarantined for the rest of the line, skewed. An
    Event is one that only the state can still rule out (late, duplicate).
    """
    try:
        return _event(_json_values(line) if columns is None else _csv_values(line, columns), rules)
    except Malformed as error:
        return Rejected(Verdict.QUARANTINED, str(error))


def _event(values: Values, rules: EventRules) -> Event | Rejected:
    user, ts, kind, item, group, own_weight, consented, event_id = values
    # Consent first: a line without it must not end up in a quarantine file. The type next: events that the shop does
    # not use (searches, logins) may well have no item.
    if not consent(consented):
        return Rejected(Verdict.NO_CONSENT)
    kind = identifier(kind, "type")
    if (type_weight := rules.weights.get(kind)) is None:
        return Rejected(Verdict.UNMAPPED)
    if not type_weight:
        return Rejected(Verdict.FILTERED)
    time = parse_step(field_text(ts, "ts")) if rules.time == "sequence" else parse_date(field_text(ts, "ts"))
    event = Event(
        identifier(user, "user"),
        identifier(item, "item"),
        kind,
        time,
        time if rules.time == "sequence" else time // MICROSECONDS_PER_DAY,
        optional_identifier(group, "group"),
        weight(own_weight),
        optional_identifier(event_id, "id"),
    )
    return Rejected(Verdict.SKEWED) if rules.latest is not None and time > rules.latest else event


def _decoded(line: bytes) -> str:
    if len(line) > MAX_LINE_BYTES:
        raise Malformed(f"expected a line of at most {MAX_LINE_BYTES} bytes, got a longer one")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"expected UTF-8, got byte {line[error.start]:#04x} at byte {error.start + 1}") from None
    if "\0" in text:
        raise Malformed("expected text, got a NUL byte")
    return text


def _csv_row(text: str) -> list[str]:
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise Malformed(f"expected a CSV line, got bad quoting ({error})") from None


def _csv_values(line: bytes, columns: Columns) -> Values:
    row = _csv_row(_decoded(line))
    if len(row) != columns.count:
        raise Malformed(f"expected {columns.count} columns, got {len(row)}")
    row.append("")
    return columns.pick(row)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


_JSON = json.JSONDecoder(parse_constant=_no_number)


def _json_values(line: bytes) -> Values:
    try:
        found = _JSON.decode(_decoded(line))
    except RecursionError:
        raise Malformed("expected a JSON object, got one nested too deeply") from None
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"expected a JSON object, got {error}") from None
    if not isinstance(found, dict):
        raise Malformed(f"expected a JSON object, got {shown(found)}")
    return tuple(map(found.get, KNOWN))
