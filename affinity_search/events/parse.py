"""One line to one event: whatever the bytes are, the answer is an Event or a Rejected with its verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Literal, Self

from affinity_search.config.model import Events
from affinity_search.events.event import Event, Rejected, Verdict
from affinity_search.events.fields import Malformed, consent, field_text, identifier, optional_identifier, shown, weight
from affinity_search.events.times import MICROSECONDS_PER_DAY, microseconds, parse_date, parse_step
from affinity_search.inputs.jsonline import decode
from affinity_search.inputs.lines import MAX_LINE_BYTES, CutLine
from affinity_search.inputs.rows import RowError, header_problem, split_row

__all__ = ["Columns", "EventRules", "Malformed", "parse_header", "parse_line"]

KNOWN = ("user", "ts", "type", "item", "group", "weight", "consent", "id")
REQUIRED = KNOWN[:4]
CONSENT = "consent"
CONSENT_PLACE = KNOWN.index(CONSENT)
MENTIONED = re.compile(rb"consent", re.IGNORECASE)
SKEW = timedelta(days=1)

Values = tuple[object, ...]
"""What a line holds for each name of KNOWN, in that order; None or empty where it holds nothing."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns of a CSV file are: how many there are, and a function that takes those of KNOWN from a row.

    The function expects an empty value after the row, which stands for the columns that the file does not have.
    `consent` is True where there is a column of that name.
    """

    count: int
    pick: Callable[[list[str]], Values]
    consent: bool = False


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
    text = _decoded(line)
    names = [CONSENT if _is_consent(name) else name.strip() for name in _csv_row(text)]
    if not any(names):
        raise Malformed(f"expected a header with {', '.join(REQUIRED)}, got an empty line")
    if missing := [name for name in REQUIRED if name not in names]:
        said = f"expected the columns {', '.join(REQUIRED)}, {', '.join(missing)} missing in {shown(names)}"
        cure = header_problem(text, REQUIRED)
        raise Malformed(f"{said}. {cure}" if cure else said)
    if twice := [name for name in KNOWN if names.count(name) > 1]:
        raise Malformed(f"expected each column once, {', '.join(twice)} stands twice")
    pick = itemgetter(*(names.index(name) if name in names else -1 for name in KNOWN))
    return Columns(len(names), pick, CONSENT in names)


def parse_line(line: bytes, rules: EventRules, columns: Columns | None = None) -> Event | Rejected:
    """The event in this line of JSON, or of CSV where `columns` are given; never raises.

    Verdicts are tried in this order: no_consent, unmapped, filtered, quarantined for the rest of the line, skewed. An
    Event is one that only the state can still rule out (late, duplicate). The last line of a CSV file without a newline
    is quarantined, since nobody can tell whether its last cell is whole; one that ends in a quote or in JSON is.
    """
    try:
        values = _json_values(line) if columns is None else _csv_values(line, columns)
        agreed = consent(values[CONSENT_PLACE])
    except Malformed as error:
        may_refuse = columns.consent if columns else MENTIONED.search(line) is not None
        return Rejected(Verdict.QUARANTINED, str(error), may_refuse)
    # Consent first: a line without it must not end up in a quarantine file.
    if not agreed:
        return Rejected(Verdict.NO_CONSENT)
    try:
        return _event(values, rules)
    except Malformed as error:
        # `analytics_consent` and the like are not understood, so their line is not kept either.
        unasked = columns is None and not values[CONSENT_PLACE] and MENTIONED.search(line) is not None
        return Rejected(Verdict.QUARANTINED, str(error), unasked)


def _event(values: Values, rules: EventRules) -> Event | Rejected:
    user, ts, kind, item, group, own_weight, _, event_id = values
    # The type first: events that the shop does not use (searches, logins) may well have no item.
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
    try:
        return split_row(text)
    except RowError as error:
        raise Malformed(str(error)) from None


def _csv_values(line: bytes, columns: Columns) -> Values:
    if isinstance(line, CutLine) and not line.rstrip().endswith(b'"'):
        raise Malformed("expected a newline at the end of the last line: without it the file may be cut")
    row = _csv_row(_decoded(line))
    if len(row) != columns.count:
        raise Malformed(f"expected {columns.count} columns, got {len(row)}")
    row.append("")
    return columns.pick(row)


def _json_values(line: bytes) -> Values:
    try:
        found = decode(_decoded(line))
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"expected a JSON object, got {error}") from None
    if not isinstance(found, dict):
        raise Malformed(f"expected a JSON object, got {_kind(found)}")
    answers = [answer for name, answer in found.items() if _is_consent(name)]
    if len(answers) > 1:
        raise Malformed("consent: expected one answer, got several")
    values = list(map(found.get, KNOWN))
    values[CONSENT_PLACE] = answers[0] if answers else None
    return tuple(values)


def _is_consent(name: str) -> bool:
    return name == CONSENT or name.strip().lower() == CONSENT


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else "text" if isinstance(value, str) else "a single value"
