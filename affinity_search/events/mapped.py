"""Events in another form: each record gives as many events as its list has elements, or one without a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path

from affinity_search.config.source_block import ConsentPath, EventSource, TypePath
from affinity_search.events.event import Event, EventLine, Rejected, Verdict
from affinity_search.events.fields import (
    CONSENT,
    Malformed,
    consent,
    field_text,
    is_no,
    may_be_about_consent,
    withheld_at,
)
from affinity_search.events.parse import REQUIRED, EventRules, Values, judged
from affinity_search.events.quantity import is_return, pieces
from affinity_search.events.times import parse_step, time_reader
from affinity_search.sources import PathCheck, RawRecord, first_at, matches, values_at_path

__all__ = ["EventMapping"]

UNMAPPED = Rejected(Verdict.UNMAPPED)


class _Around:
    """What all elements of a record share: whether consent was refused or asked for, and whether it is mentioned."""

    def __init__(self, record: RawRecord, consent: tuple[Rejected | None, bool]) -> None:
        self._raw = record.raw
        self.consent = consent

    @cached_property
    def mentions_consent(self) -> bool:
        return may_be_about_consent(self._raw)


class EventMapping:
    """How records are events, as `told` in the configuration."""

    def __init__(self, told: EventSource, rules: EventRules) -> None:
        self._told, self._rules = told, rules
        self._moment: Callable[[str], int] = parse_step if rules.time == "sequence" else time_reader(told.fields.ts)
        self._denied = frozenset(value.lower() for value in _denied(told.fields.consent))

    @property
    def paths(self) -> frozenset[str]:
        """All paths at which fields are looked for."""
        fields = self._told.fields
        found = (getattr(fields, name) for name in type(fields).model_fields)
        return frozenset(path for field in found if field for path in field.path or ())

    def read(self, path: Path, records: Iterator[RawRecord]) -> Iterator[EventLine]:
        """Every event of these records. Raises UnreadableFile where nothing is where the mapping says it is."""
        for record in self._check(path).checked(records):
            for outcome in self.outcomes(record):
                yield EventLine(record.number, record.raw, outcome)

    def _check(self, path: Path) -> PathCheck:
        fields = self._told.fields
        named = {name: getattr(fields, name) for name in type(fields).model_fields}
        asked = {n: f.path for n, f in named.items() if f and f.path and (n in REQUIRED or n in self._own_names)}
        return PathCheck(path, self._told, "events", asked, frozenset(asked) - frozenset(REQUIRED))

    @property
    def _own_names(self) -> frozenset[str]:
        """The fields that the configuration itself names: a preset names also what only some of its files have."""
        return frozenset() if self._told.preset else frozenset(self._told.fields.model_fields_set)

    def outcomes(self, record: RawRecord) -> Iterator[Event | Rejected]:
        """The events of a record, at least one verdict; never raises."""
        if record.problem or not isinstance(record.value, dict):
            private = self._told.fields.consent is not None or may_be_about_consent(record.raw)
            yield Rejected(Verdict.QUARANTINED, record.problem or "expected an object, got another value", private)
            return
        around = _Around(record, self._consent(record.value))
        elements = values_at_path(record.value, self._told.each) if self._told.each else []
        for place, element in enumerate(elements):
            values = element if isinstance(element, dict) else {str(self._told.each): element}
            yield _apart(self._outcome((values, record.value), around), values, self._told, place)
        if not elements:
            # A view of one item names it itself, an order has a list of them.
            alone = not self._told.each or first_at((record.value,), self._told.fields.item.path) is not None
            yield self._outcome((record.value,), around, alone=alone)

    def _outcome(self, values: Sequence[object], around: _Around, *, alone: bool = True) -> Event | Rejected:
        """What the values are; unmapped, if consent is given, where a record without its list is no event `alone`."""
        refused, asked = around.consent
        if not refused and len(values) > 1:
            refused, also_asked = self._consent(values[0])
            asked = asked or also_asked
        if refused:
            return refused
        if not alone or not matches(self._told, values):
            return UNMAPPED
        found = self._event(values)
        if isinstance(found, Rejected) and found.reason and not asked and around.mentions_consent:
            return Rejected(found.verdict, found.reason, private=True)
        return found

    def _consent(self, value: object) -> tuple[Rejected | None, bool]:
        """The refusal, if there is one, and whether there is an answer at all where the mapping looks for one."""
        told = self._told.fields.consent
        answers = _answers((value,), told)
        try:
            if told and told.denied:
                no = any(is_no(answer, self._denied) for answer in answers)
            else:
                no = not all(consent(answer) for answer in answers)
        except Malformed as error:
            return Rejected(Verdict.QUARANTINED, str(error), private=True), True
        if no:
            return Rejected(Verdict.NO_CONSENT), True
        if not told and not answers and isinstance(value, dict) and (place := withheld_at(value)):
            return Rejected(Verdict.NO_CONSENT, place), False
        return None, bool(answers)

    def _event(self, values: Sequence[object]) -> Event | Rejected:
        fields = self._told.fields
        at = partial(first_at, values)
        try:
            if is_return(fields.price and at(fields.price.path)):
                return Rejected(Verdict.FILTERED)
            number = pieces(fields.quantity and at(fields.quantity.path))
            found: Values = (
                at(fields.user.path),
                at(fields.ts.path),
                _type(values, fields.type),
                at(fields.item.path),
                at(fields.group.path),
                at(fields.weight.path),
                None,
                at(fields.id.path),
            )
        except Malformed as error:
            return Rejected(Verdict.QUARANTINED, str(error))
        outcome = judged(found, self._rules, self._moment)
        if not isinstance(outcome, Event) or number == 1:
            return outcome
        return outcome._replace(pieces=number) if number else Rejected(Verdict.FILTERED)


def _apart(outcome: Event | Rejected, element: dict[str, object], told: EventSource, place: int) -> Event | Rejected:
    """The event with an identity of its own: the id of the record stands for all of its elements."""
    shared = isinstance(outcome, Event) and outcome.id and first_at((element,), told.fields.id.path) is None
    return outcome._replace(id=f"{outcome.id}/{place}") if isinstance(outcome, Event) and shared else outcome


def _denied(told: ConsentPath | None) -> Sequence[str]:
    return (told.denied or ()) if told else ()


def _answers(values: Sequence[object], told: ConsentPath | None) -> list[object]:
    """Everything that stands where consent is looked for: under `consent`, in any case, if nothing else is told."""
    if told:
        found = [answer for path in told.path for value in values for answer in values_at_path(value, path)]
    else:
        records = (value for value in values if isinstance(value, dict))
        found = [a for record in records for name, a in record.items() if name.strip().lower() == CONSENT]
    return [answer for answer in found if answer is not None and answer != ""]


def _type(values: Sequence[object], told: TypePath) -> object:
    if told.constant is not None or told.path is None:
        return told.constant
    found = first_at(values, told.path)
    return told.values.get(field_text(found, "type"), found) if told.values else found
