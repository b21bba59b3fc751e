"""Events in other forms: what a source block makes of records, and what it says where nothing is."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.config.model import Events, EventType
from affinity_search.config.source_block import EventSource
from affinity_search.errors import DataError
from affinity_search.events import Event, EventRules, Rejected, Verdict, read_events
from affinity_search.events.mapped import EventMapping
from affinity_search.sources import RawRecord

TYPES = {"purchase": EventType(weight=1), "checkout": EventType(weight=0.5), "seen": EventType(weight=0)}
RULES = EventRules.of(Events(types=TYPES), datetime(2025, 1, 1, tzinfo=UTC))
NOON = 1_714_564_800_000_000
DAY = 19_844


def event(**changes: Any) -> Event:
    return Event("ann", "tea", "purchase", NOON, DAY)._replace(**changes)


def outcomes(block: dict[str, Any], record: object) -> list[Event | Rejected]:
    raw = json.dumps(record).encode()
    return list(EventMapping(EventSource.model_validate(block), RULES).outcomes(RawRecord(1, raw, record)))


ORDER = {
    "customer": {"id": None, "guest": "ann"},
    "paid_at": NOON // 1000,
    "what": "order.paid",
    "lines": [{"sku": "tea", "qty": 2}, {"sku": "mug", "qty": 40}, {"sku": "jam", "qty": -1}],
    "number": 77,
}
ORDERS = {
    "each": "lines",
    "fields": {
        "user": ["customer.id", "customer.guest"],
        "ts": "paid_at",
        "type": {"path": "what", "values": {"order.paid": "purchase"}},
        "item": "sku",
        "group": "number",
        "quantity": "qty",
    },
}


def test_each_line_of_an_order_is_an_event() -> None:
    assert outcomes(ORDERS, ORDER) == [
        event(group="77", pieces=2),
        event(item="mug", group="77", pieces=10),
        Rejected(Verdict.FILTERED),
    ]


def test_a_record_without_lines_has_one_verdict() -> None:
    assert outcomes(ORDERS, {**ORDER, "lines": []}) == [Rejected(Verdict.UNMAPPED)]
    assert outcomes(ORDERS, {**ORDER, "lines": None, "consent": False}) == [Rejected(Verdict.NO_CONSENT)]


FLAT = {"user": "ann", "ts": "2024-05-01T12:00:00Z", "type": "purchase", "item": "tea"}


@pytest.mark.parametrize(
    ("fields", "more", "expected"),
    [
        ({}, {}, event()),
        ({"type": {"constant": "checkout"}}, {}, event(type="checkout")),
        ({"type": {"path": "type", "values": {"purchase": "seen"}}}, {}, Rejected(Verdict.FILTERED, "seen")),
        ({"type": {"path": "type", "values": {"other": "seen"}}}, {}, event()),
        ({"item": "product.sku"}, {"product": [{"sku": None}, {"sku": 12.0}]}, event(item="12")),
        ({"item": "product.sku"}, {"product.sku": "flat"}, event(item="flat")),
        ({"item": "a.b.c"}, {"a.b": {"c": "deep"}}, event(item="deep")),
        ({"ts": {"path": "at", "unit": "us"}}, {"at": NOON}, event()),
        ({"ts": {"path": "at", "format": "%d.%m.%Y %H:%M"}}, {"at": "01.05.2024 12:00"}, event()),
        ({"quantity": "n"}, {"n": "0.35"}, event()),
        ({"quantity": "n"}, {"n": 3}, event(pieces=3)),
        ({"quantity": "n"}, {"n": "0"}, Rejected(Verdict.FILTERED)),
        ({"quantity": "n"}, {}, event()),
        (
            {"quantity": "n"},
            {"n": "two"},
            Rejected(Verdict.QUARANTINED, "quantity: expected a plain number, got 'two'"),
        ),
        ({"price": "p"}, {"p": -3.5}, Rejected(Verdict.FILTERED)),
        ({"price": "p"}, {"p": "free"}, event()),
    ],
)
def test_fields(fields: dict[str, Any], more: dict[str, Any], expected: Event | Rejected) -> None:
    assert outcomes({"fields": fields}, {**FLAT, **more}) == [expected]


NO = Rejected(Verdict.NO_CONSENT)


@pytest.mark.parametrize(
    ("consent", "more", "expected"),
    [
        ({"path": "ok.analytics", "denied": ["No", "Unset"]}, {"ok": {"analytics": "no"}}, NO),
        ({"path": "ok.analytics", "denied": ["No", "Unset"]}, {"ok": {"analytics": "unset"}}, NO),
        ({"path": "ok.analytics", "denied": ["No", "Unset"]}, {"ok": {"analytics": "Yes"}}, event()),
        ({"path": "ok.analytics", "denied": ["No"]}, {"ok": {"analytics": False}}, NO),
        ({"path": "ok.analytics", "denied": ["No"]}, {}, event()),
        (
            {"path": "ok", "denied": ["No"]},
            {"ok": {"analytics": "no"}},
            Rejected(Verdict.QUARANTINED, "consent: expected a single answer, got an object", private=True),
        ),
        ({"path": "opt_out", "denied": [True]}, {"opt_out": 1}, NO),
        ({"path": "opt_out", "denied": [True]}, {"opt_out": "no"}, event()),
        ({"path": ["a", "b"]}, {"a": "yes", "b": "denied"}, NO),
        ({"path": "a"}, {"a": ["yes", "no"]}, NO),
        (
            {"path": "a"},
            {"a": "perhaps"},
            Rejected(
                Verdict.QUARANTINED,
                "consent: expected true or false (`denied` of events.source lists other words), got 'perhaps'",
                private=True,
            ),
        ),
        (None, {"Consent": "denied"}, NO),
        (
            None,
            {"privacy_info": {"analytics_storage": "No"}},
            Rejected(Verdict.NO_CONSENT, "privacy_info.analytics_storage"),
        ),
        (None, {"do_not_track": True}, Rejected(Verdict.NO_CONSENT, "do_not_track")),
        (None, {"do_not_track": False, "marketing_consent": "granted"}, event()),
        ({"path": "mine"}, {"mine": True, "marketing_consent": False}, event()),
        (
            None,
            {"item": "", "cookie_consent": "some"},
            Rejected(Verdict.QUARANTINED, "item: expected a value, got none", private=True),
        ),
    ],
)
def test_withheld_consent_is_never_stored(consent: Any, more: dict[str, Any], expected: Event | Rejected) -> None:
    assert outcomes({"fields": {"consent": consent} if consent else {}}, {**FLAT, **more}) == [expected]


def write(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


BROKEN = [
    (
        {"fields": {"user": "pseudo_id"}},
        "events.source.fields.user: expected a path that the records have, got pseudo_id, found in none of 1; "
        "did you mean user_pseudo_id?",
    ),
    (
        {"fields": {"user": "user_pseudo_id", "item": "id"}},
        "events.source.fields.item: expected a path that the records have, got id, found in none of 1; "
        "did you mean product.id?",
    ),
    (
        {"each": "itemz", "fields": {"user": "user_pseudo_id"}},
        "events.source.each: expected a path that the records have, got itemz, found in none of 1; did you mean items?",
    ),
    (
        {"where": {"kind": ["click", "sale"]}, "fields": {"user": "user_pseudo_id"}},
        "events.source.where.kind: expected click or sale, got view",
    ),
    (
        {"where": {"sort": "click"}, "fields": {"user": "user_pseudo_id"}},
        "events.source.where.sort: expected click, got no value there in 1 records",
    ),
    (
        {"fields": {"user": "user_pseudo_id", "item": "product.id", "consent": "privacy.analytic"}},
        "events.source.fields.consent: expected a path that the records have, got privacy.analytic, found in none of "
        "1; did you mean privacy.analytics?",
    ),
]


@pytest.mark.parametrize(("block", "said"), BROKEN)
def test_a_block_that_meets_nothing_is_refused_before_anything_counts(
    tmp_path: Path, block: dict[str, Any], said: str
) -> None:
    record = {
        "user_pseudo_id": "ann",
        "ts": NOON // 1000,
        "type": "purchase",
        "kind": "view",
        "product": {"id": "tea"},
        "items": [{"sku": 1}],
        "privacy": {"analytics": "yes"},
    }
    path = write(tmp_path / "e.jsonl", record)
    read = read_events(path, RULES, EventSource.model_validate(block))
    with pytest.raises(DataError) as caught:
        assert [line for line in read if isinstance(line.outcome, Event)] == []
    assert caught.value.message == f"{path}: {said}"
    assert caught.value.hint == (
        "Nothing of this file counts. `events.source` in affinity.yaml says where what is (docs/how-to/events.md)."
    )


def test_what_may_be_absent_is_not_missed(tmp_path: Path) -> None:
    block = {"fields": {"group": "transaction", "id": "event_uuid", "consent": "privacy.analytics"}}
    path = write(tmp_path / "e.jsonl", FLAT)
    assert [line.outcome for line in read_events(path, RULES, EventSource.model_validate(block))] == [event()]


def test_other_records_are_unmapped(tmp_path: Path) -> None:
    path = tmp_path / "dump.ndjson"
    path.write_text(
        '{"index": {"_index": "ubi_queries", "_id": "q"}}\n{"user_query": "tea"}\n'
        f'{{"create": {{"_index": "ubi_events", "_id": "e"}}}}\n{json.dumps(FLAT)}\n'
        '{"delete": {"_index": "ubi_events", "_id": "gone"}}\n'
        '{"update": {"_index": "ubi_events"}}\nno json\n'
        '{"index": {}}\n',
        encoding="utf-8",
    )
    block = EventSource.model_validate({"where": {"_index": "ubi_events"}})
    found = [(line.number, line.outcome) for line in read_events(path, RULES, block)]
    assert found[:2] == [(2, Rejected(Verdict.UNMAPPED)), (4, event(id="e"))]
    assert [(n, out.reason) for n, out in found[2:] if isinstance(out, Rejected)] == [
        (7, "expected JSON, got expecting value at character 1"),
        (8, "expected a document below this action, the file ends here"),
    ]


PATHS = st.sampled_from(["user", "ts", "type", "item", "items", "consent", "a.b", "a", "b", "no_consent", ""])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PATHS, inner, max_size=4),
    max_leaves=12,
)
TOLD = st.sampled_from(["user", "ts", "items.user", "a.b", "a", "b.a", "items", "consent"])
BLOCKS = st.fixed_dictionaries(
    {},
    optional={
        "each": TOLD,
        "where": st.dictionaries(TOLD, st.text(min_size=1, max_size=3), max_size=1),
        "fields": st.fixed_dictionaries(
            {},
            optional={
                "user": TOLD | st.lists(TOLD, min_size=1, max_size=3),
                "ts": st.fixed_dictionaries({"path": TOLD, "unit": st.sampled_from(["us", "days", "excel", "auto"])}),
                "type": TOLD | st.just({"constant": "purchase"}),
                "item": TOLD,
                "quantity": TOLD,
                "price": TOLD,
                "consent": st.fixed_dictionaries(
                    {"path": TOLD, "denied": st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=2)}
                ),
            },
        ),
    },
)


@settings(deadline=None)
@given(JSON_VALUES, BLOCKS)
def test_any_record_and_any_mapping_give_verdicts(record: object, block: dict[str, Any]) -> None:
    found = outcomes(block, record)
    assert found
    assert all(isinstance(outcome, Event | Rejected) for outcome in found)
    assert all(o.reason for o in found if isinstance(o, Rejected) and o.verdict is Verdict.QUARANTINED)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 4), max_size=30))
def test_every_element_is_one_event_read(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    path = tmp_path_factory.mktemp("each") / "e.json"
    records = [{**ORDER, "number": n, "lines": [{"sku": f"i{k}"} for k in range(size)]} for n, size in enumerate(sizes)]
    path.write_text(json.dumps(records, indent=1), encoding="utf-8")
    block = EventSource.model_validate(ORDERS)
    if not any(sizes):
        return
    found = Counter(
        "event" if isinstance(line.outcome, Event) else line.outcome.verdict.value
        for line in read_events(path, RULES, block)
    )
    assert found == Counter(event=sum(sizes), unmapped=sizes.count(0)) - Counter()
