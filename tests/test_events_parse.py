"""One line of CSV or JSON to an event or a verdict, whatever the line is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config.model import Events, EventType
from affinity_search.events import Event, EventRules, Malformed, Rejected, Verdict, parse_header, parse_line

NOW = datetime(2017, 3, 1, 12, tzinfo=UTC)
SETTINGS = Events(types={"purchase": EventType(weight=1), "view": EventType(weight=0)})
RULES = EventRules.of(SETTINGS, NOW)
STEPS = EventRules.of(SETTINGS.model_copy(update={"time": "sequence"}), NOW)
DAY = 86_400_000_000

FULL = {"user": "u1", "ts": "2017-01-15", "type": "purchase", "item": "i1"}


def outcome(changed: dict[str, object], rules: EventRules = RULES) -> Event | Rejected:
    return parse_line(json.dumps({**FULL, **changed}).encode(), rules)


def reason(changed: dict[str, object]) -> str:
    found = outcome(changed)
    assert isinstance(found, Rejected)
    assert found.verdict is Verdict.QUARANTINED
    return found.reason


def test_json_line_with_all_fields() -> None:
    line = (
        b'{"user": 7, "ts": 1484438400, "type": "purchase", "item": "i1", "group": 9, "weight": 2, "id": "e1", "x": []}'
    )
    expected = Event(user="7", item="i1", type="purchase", time=17181 * DAY, day=17181, group="9", weight=2.0, id="e1")
    assert parse_line(line, RULES) == expected


def test_csv_line_in_any_order_of_columns_with_extra_ones() -> None:
    columns = parse_header(b"item, note ,user,consent,type,ts")
    expected = Event(user="u,1", item='say "hi"', type="purchase", time=17181 * DAY, day=17181)
    assert parse_line(b'"say ""hi""",whatever,"u,1",yes,purchase,2017-01-15', RULES, columns) == expected


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"consent": False}, Verdict.NO_CONSENT),
        ({"consent": 0}, Verdict.NO_CONSENT),
        ({"consent": "0"}, Verdict.NO_CONSENT),
        ({"consent": " No "}, Verdict.NO_CONSENT),
        ({"consent": "FALSE"}, Verdict.NO_CONSENT),
        ({"consent": "Nein"}, Verdict.NO_CONSENT),
        ({"consent": "não"}, Verdict.NO_CONSENT),
        ({"consent": False, "user": None, "type": 3.5, "ts": []}, Verdict.NO_CONSENT),
        ({"type": "login", "item": None}, Verdict.UNMAPPED),
        ({"type": 7}, Verdict.UNMAPPED),
        ({"type": "view"}, Verdict.FILTERED),
        ({"ts": "2017-03-02T12:00:00.000001Z"}, Verdict.SKEWED),
        ({"ts": "9999-12-31"}, Verdict.SKEWED),
    ],
)
def test_verdicts_that_a_line_alone_gives(changed: dict[str, object], verdict: Verdict) -> None:
    said = str(changed["type"]) if verdict in (Verdict.UNMAPPED, Verdict.FILTERED) else ""
    assert outcome(changed) == Rejected(verdict, said)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"Einwilligung": "nein"}, "Einwilligung"),
        ({"consent_status": "REJECTED"}, "consent_status"),
        ({"gdpr_status": "opted out"}, "gdpr_status"),
        ({"dnt": 1}, "dnt"),
        ({"optIn": False}, "optIn"),
        ({"cookies_accepted": "no"}, "cookies_accepted"),
        (
            {"context": {"consent": {"categoryPreferences": {"Advertising": False}}}},
            "context.consent.categoryPreferences.Advertising",
        ),
        ({"context": {"consent": {"analytics": False, "ads": True}}}, "context.consent.analytics"),
    ],
)
def test_a_refusal_under_a_name_that_nobody_mapped(fields: dict[str, object], place: str) -> None:
    assert outcome(fields) == Rejected(Verdict.NO_CONSENT, place)


@pytest.mark.parametrize(
    "fields",
    [
        {"context": {"consent": {"analytics": True, "ads": False, "version": 0}}},
        {"gdpr": {"version": "0", "accepted": "yes"}},
        {"newsletter_opt_in": "no"},
        {"marketing_opt_in": False},
        {"dnt": 0},
    ],
)
def test_what_is_no_refusal(fields: dict[str, object]) -> None:
    assert isinstance(outcome(fields), Event)


@pytest.mark.parametrize("consent", [True, 1, "1", "yes", "True", "", None, "ja", "Oui", "sí"])
def test_consent_given_or_not_asked(consent: object) -> None:
    assert isinstance(outcome({"consent": consent}), Event)


def test_one_day_of_skew_is_believed_and_a_sequence_has_none() -> None:
    assert isinstance(outcome({"ts": "2017-03-02T12:00:00Z"}), Event)
    assert outcome({"ts": 99_999}, STEPS) == Event("u1", "i1", "purchase", 99_999, 99_999)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"user": ""}, "user: expected a value, got none"),
        ({"user": None}, "user: expected a value, got none"),
        ({"user": "  "}, "user: expected a value, got '  '"),
        ({"user": True}, "user: expected text or a plain number, got True"),
        ({"user": ["a"]}, "user: expected text or a plain number, got a list"),
        ({"user": 1e22}, "user: expected text or a plain number, got 1e+22"),
        ({"user": "x" * 257}, "user: expected at most 256 bytes of UTF-8, got 257"),
        ({"item": "é" * 129}, "item: expected at most 256 bytes of UTF-8, got 258"),
        ({"item": "a\tb"}, r"item: expected no control characters or lone surrogates, got '\t'"),
        ({"item": "a\x85"}, r"item: expected no control characters or lone surrogates, got '\x85'"),
        ({"item": "\ud800"}, r"item: expected no control characters or lone surrogates, got '\ud800'"),
        ({"type": {}}, "type: expected text or a plain number, got an object"),
        ({"type": None}, "type: expected a value, got none"),
        ({"group": "a\nb"}, r"group: expected no control characters or lone surrogates, got '\n'"),
        ({"id": [1]}, "id: expected text or a plain number, got a list"),
        ({"weight": -1}, "weight: expected a number >= 0, got '-1'"),
        ({"weight": "nan"}, "weight: expected a number >= 0, got 'nan'"),
        ({"weight": "1_000"}, "weight: expected a number >= 0, got '1_000'"),
        ({"weight": "0x1p6"}, "weight: expected a number >= 0, got '0x1p6'"),
        ({"weight": "\uff12"}, "weight: expected a number >= 0, got '\uff12'"),
        ({"weight": "0" * 41}, f"weight: expected a number >= 0, got '{'0' * 41}'"),
        ({"weight": "heavy"}, "weight: expected a number >= 0, got 'heavy'"),
        (
            {"consent": "maybe"},
            "consent: expected true or false (`denied` of events.source lists other words), got 'maybe'",
        ),
        (
            {"consent": []},
            "consent: expected true or false (`denied` of events.source lists other words), got another answer",
        ),
        ({"ts": True}, "ts: expected text or a plain number, got True"),
        ({"ts": None}, "ts: expected an ISO date or an epoch time, got none"),
    ],
)
def test_malformed_fields_say_what_was_expected(changed: dict[str, object], said: str) -> None:
    assert reason(changed) == said


def test_256_bytes_are_taken() -> None:
    assert isinstance(outcome({"user": "é" * 128, "item": "x" * 256}), Event)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[1]", "expected a JSON object, got a list"),
        (
            b"{",
            "expected a JSON object, got Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (b'{"user": NaN}', "expected a JSON object, got NaN"),
        (b'{"user": "\xff"}', "expected UTF-8, got byte 0xff at byte 11"),
        (b'{"user": "\0"}', "expected text, got a NUL byte"),
        (b"[" * 200_000, "expected a JSON object, got one nested more than 64 levels deep"),
        (b" " * (1 << 20) + b"{}", "expected a line of at most 1048576 bytes, got a longer one"),
    ],
)
def test_lines_that_are_no_json_object(line: bytes, said: str) -> None:
    assert parse_line(line, RULES) == Rejected(Verdict.QUARANTINED, said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"u1,2017-01-15,purchase", "expected 4 columns, got 3"),
        (b"u1,2017-01-15,purchase,i1,", "expected 4 columns, got 5"),
        (b'u1,2017-01-15,purchase,"i1', "expected a CSV line, got bad quoting (unexpected end of data)"),
        (b'"u"1,2017-01-15,purchase,i1', "expected a CSV line, got bad quoting (',' expected after '\"')"),
        (b"u1,2017-01-15,purchase,\0", "expected text, got a NUL byte"),
        (b"u1,2017-01-15,purchase,a\rb", r"item: expected no control characters or lone surrogates, got '\r'"),
        (b"u1,,purchase,i1", "ts: expected an ISO date or an epoch time, got none"),
    ],
)
def test_broken_csv_lines(line: bytes, said: str) -> None:
    assert parse_line(line, RULES, parse_header(b"user,ts,type,item")) == Rejected(Verdict.QUARANTINED, said)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "expected a header with user, ts, type, item, got an empty line"),
        (b"user,ts", "expected the columns user, ts, type, item, type, item missing in ['user', 'ts']"),
        (b"user,ts,type,item,user", "expected each column once, user stands twice"),
        (b"\xff\xfeu", "expected UTF-8, got byte 0xff at byte 1"),
    ],
)
def test_headers_that_are_none(line: bytes, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_header(line)
    assert str(caught.value) == said


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["u", "purchase", "2017-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["user", "ts", "type", "item", "group", "weight", "consent", "id"])


def is_usable(found: Event | Rejected) -> bool:
    if isinstance(found, Rejected):
        told = (Verdict.QUARANTINED, Verdict.UNMAPPED, Verdict.FILTERED)
        return (found.verdict in told) == bool(found.reason)
    texts = (found.user, found.item, found.type, found.group, found.id)
    return not any(ord(c) < 32 for text in texts for c in text) and 0 <= found.identity < 1 << 64


@given(st.binary(), st.sampled_from([RULES, STEPS]))
def test_any_bytes_get_a_verdict(line: bytes, rules: EventRules) -> None:
    assert is_usable(parse_line(line, rules))
    assert is_usable(parse_line(line, rules, parse_header(b"user,ts,type,item,weight")))


@given(st.dictionaries(names, values), st.sampled_from([RULES, STEPS]))
def test_any_json_values_get_a_verdict(changed: dict[str, object], rules: EventRules) -> None:
    assert is_usable(outcome(changed, rules))


@given(st.lists(st.text(), min_size=4, max_size=6), st.sampled_from([RULES, STEPS]))
def test_any_csv_fields_get_a_verdict(row: list[str], rules: EventRules) -> None:
    line = ",".join(row).encode(errors="surrogatepass")
    assert is_usable(parse_line(line, rules, parse_header(b"id,ts,type,item,user")))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60).filter(lambda t: t.strip()))
def test_ids_are_kept_exactly_as_written(text: str) -> None:
    found = outcome({"user": text})
    assert isinstance(found, Event)
    assert found.user == text
    quoted = '"' + text.replace('"', '""') + '"'
    columns = parse_header(b"user,ts,type,item")
    assert parse_line(f"{quoted},2017-01-15,purchase,i1".encode(), RULES, columns) == found


@pytest.mark.parametrize("name", ["id", "consent", "user", "x"])
@pytest.mark.parametrize("depth", [64, 500, 979, 990, 20_000])
def test_deep_nesting_is_one_bad_line(name: str, depth: int) -> None:
    for left, right in (("[", "]"), ('{"a":', "}")):
        inner = left * depth + "1" + right * depth
        line = json.dumps(FULL)[:-1] + f', "{name}": {inner}}}'
        found = parse_line(line.encode(), RULES)
        assert isinstance(found, Rejected)
        assert found.verdict is Verdict.QUARANTINED


def test_a_number_is_one_id_however_it_is_written() -> None:
    assert outcome({"item": 101.0, "user": 7.0}) == outcome({"item": 101, "user": "7"})
