"""One line to one event: whatever the bytes are, the answer is an Event or a Rejected with its verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Literal, Self

from affinity_search.config.model import Events
from affinity_search.events.event import Event, Rejected, Verdict
from affinity_search.events.fields import (
    CONSENT,
    Malformed,
    consent,
    consent_names,
    field_text,
    identifier,
    is_consent,
    may_be_about_consent,
    names_of_consent,
    optional_identifier,
    shown,
    weight,
    withheld_at,
)
from affinity_search.events.times import MICROSECONDS_PER_DAY, microseconds, parse_date, parse_step
from affinity_search.inputs.jsonline import decode
from affinity_search.inputs.lines import MAX_LINE_BYTES
from affinity_search.inputs.records import Record, row_of
from affinity_search.sources.delimited import own_names

__all__ = [
    "KNOWN",
    "REQUIRED",
    "Columns",
    "EventRules",
    "Malformed",
    "Values",
    "judged",
    "parse_header",
    "parse_line",
    "parse_row",
]

KNOWN = ("user", "ts", "type", "item", "group", "weight", "consent", "id")
REQUIRED = KNOWN[:4]
CONSENT_PLACE = KNOWN.index(CONSENT)
SHORT_LINE_BYTES = 1 << 12  # what is remembered of longer ones would take too much room
SKEW = timedelta(days=1)

Values = tuple[object, ...]
"""What a line holds for each name of KNOWN, in that order; None or empty where it holds nothing."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns of a CSV file are: how many there are, and a function that takes those of KNOWN from a row.

    The function expects an empty value after the row, which stands for the columns that the file does not have.
    `consent` is True where there is a column of that name; `elsewhere` are the places and names of columns about
    consent that nobody mapped.
    """

    count: int
    pick: Callable[[list[str]], Values]
    consent: bool = False
    elsewhere: tuple[tuple[int, str], ...] = ()


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


def parse_header(line: bytes, delimiter: str = ",") -> Columns:
    """Where the columns are; spaces around their names, capitals, and columns of other names do not matter.

    Raises Malformed where the line is no header: empty, not UTF-8, a required column missing, a known one twice.
    """
    row = row_of(line, delimiter)
    if row.problem:
        raise Malformed(row.problem)
    names = [CONSENT if is_consent(name) else name for name in own_names([c.strip() for c in row.cells], KNOWN)]
    if not any(names):
        raise Malformed(f"expected a header with {', '.join(REQUIRED)}, got an empty line")
    if missing := [name for name in REQUIRED if name not in names]:
        raise Malformed(f"expected the columns {', '.join(REQUIRED)}, {', '.join(missing)} missing in {shown(names)}")
    if twice := [name for name in KNOWN if names.count(name) > 1]:
        raise Malformed(f"expected each column once, {', '.join(twice)} stands twice")
    pick = itemgetter(*(names.index(name) if name in names else -1 for name in KNOWN))
    elsewhere = tuple((names.index(name), name) for name in consent_names(names))
    return Columns(len(names), pick, CONSENT in names, elsewhere)


def parse_line(line: bytes, rules: EventRules, columns: Columns | None = None) -> Event | Rejected:
    """The event in this line of JSON, or of CSV where `columns` are given; never raises.

    Verdicts are tried in this order: no_consent, unmapped, filtered, quarantined for the rest of the line, skewed. An
    Event is one that only the state can still rule out (late, duplicate). The last line of a CSV file without a newline
    is quarantined, since nobody can tell whether its last cell is whole; one that ends in a quote or in JSON is.
    """
    if columns:
        return parse_row(row_of(line), rules, columns)
    try:
        record = _json_record(line)
        values, elsewhere = _values(record, line)
        agreed = consent(values[CONSENT_PLACE])
    except Malformed as error:
        return Rejected(Verdict.QUARANTINED, str(error), may_be_about_consent(line))
    unasked = values[CONSENT_PLACE] is None or values[CONSENT_PLACE] == ""
    if not agreed:
        return Rejected(Verdict.NO_CONSENT)
    if elsewhere and unasked and (place := withheld_at(record)):
        return Rejected(Verdict.NO_CONSENT, place)
    found = judged(values, rules)
    # A mention of consent that is not understood: the line is not kept either.
    if isinstance(found, Rejected) and found.reason and unasked and may_be_about_consent(line):
        return Rejected(found.verdict, found.reason, private=True)
    return found


def parse_row(row: Record, rules: EventRules, columns: Columns) -> Event | Rejected:
    """The event in this row of CSV, as `parse_line`."""
    _, _, cells, problem = row
    if problem or len(cells) != columns.count:
        problem = problem or f"expected {columns.count} columns, got {len(cells)}"
        return Rejected(Verdict.QUARANTINED, problem, columns.consent or bool(columns.elsewhere))
    cells.append("")
    values = columns.pick(cells)
    if columns.consent or columns.elsewhere:
        return _with_consent(values, row, rules, columns)
    return judged(values, rules)


def _with_consent(values: Values, row: Record, rules: EventRules, columns: Columns) -> Event | Rejected:
    """The event in a row of a file that has columns about consent."""
    try:
        agreed = consent(values[CONSENT_PLACE])
    except Malformed as error:
        return Rejected(Verdict.QUARANTINED, str(error), private=True)
    # Consent first: a line without it must not end up in a quarantine file.
    if not agreed:
        return Rejected(Verdict.NO_CONSENT)
    if values[CONSENT_PLACE]:
        return judged(values, rules)
    if place := withheld_at({name: row.cells[index] for index, name in columns.elsewhere}):
        return Rejected(Verdict.NO_CONSENT, place)
    found = judged(values, rules)
    if columns.elsewhere and isinstance(found, Rejected):
        return Rejected(found.verdict, found.reason, private=True)
    return found


def judged(values: Values, rules: EventRules, moment: Callable[[str], int] | None = None) -> Event | Rejected:
    """The event of these values, for which consent is given; `moment` reads its time, by default as the rules say."""
    try:
        user, ts, kind, item, group, own_weight, _, event_id = values
        # The type first: events that the shop does not use (searches, logins) may well have no item.
        kind = identifier(kind, "type")
        if (type_weight := rules.weights.get(kind)) is None:
            return Rejected(Verdict.UNMAPPED, kind)
        if not type_weight:
            return Rejected(Verdict.FILTERED, kind)
        text = ts if type(ts) is str else field_text(ts, "ts")
        time = moment(text) if moment else parse_step(text) if rules.time == "sequence" else parse_date(text)
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
    except Malformed as error:
        return Rejected(Verdict.QUARANTINED, str(error))


def _json_record(line: bytes) -> dict[str, object]:
    if len(line) > MAX_LINE_BYTES:
        raise Malformed(f"expected a line of at most {MAX_LINE_BYTES} bytes, got a longer one")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"expected UTF-8, got byte {line[error.start]:#04x} at byte {error.start + 1}") from None
    if "\0" in text:
        raise Malformed("expected text, got a NUL byte")
    try:
        found = decode(text)
    except ValueError as error:
        raise Malformed(f"expected a JSON object, got {error}") from None
    if not isinstance(found, dict):
        raise Malformed(f"expected a JSON object, got {_kind(found)}")
    return found


def _values(record: dict[str, object], line: bytes) -> tuple[Values, bool]:
    """The values of the record, and whether it may say something about consent elsewhere."""
    look = names_of_consent if len(line) <= SHORT_LINE_BYTES else names_of_consent.__wrapped__
    names, elsewhere = look(tuple(record))
    if len(names) > 1:
        raise Malformed("consent: expected one answer, got several")
    values = list(map(record.get, KNOWN))
    values[CONSENT_PLACE] = record[names[0]] if names else None
    return tuple(values), elsewhere or dict in map(type, record.values())


def _kind(value: object) -> str:
    return "a list" if isinstance(value, list) else "text" if isinstance(value, str) else "a single value"
