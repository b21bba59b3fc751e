"""Source blocks for events: names of many vendors and tongues, and values where the names say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from affinity_search.errors import DataError
from affinity_search.sniffing.events import propose_events
from affinity_search.sniffing.hints import Hints

IDS = {"id": frozenset(f"p{n}" for n in range(40)), "sku": frozenset(f"S-{n}" for n in range(40))}


def rows(*names: str, count: int = 60, item: str = "p{}", **constant: object) -> list[dict[str, object]]:
    """Events with the columns user, time, type and item under these names, in this order."""
    user, time, kind, thing = names
    return [
        {
            user: f"u{n % 7}",
            time: 1_700_000_000 + n * 3600,
            kind: ("view", "purchase")[n % 5 == 0],
            thing: item.format(n % 40),
            **constant,
        }
        for n in range(count)
    ]


@pytest.mark.parametrize(
    "names",
    [
        ("user_id", "event_time", "event_type", "product_id"),
        ("visitorid", "timestamp", "event", "itemid"),
        ("client_id", "timestamp", "action_name", "object_id"),
        ("anonymousId", "originalTimestamp", "event", "sku"),
        ("USER_ID", "TIMESTAMP", "EVENT_TYPE", "ITEM_ID"),
        ("distinct_id", "time", "event", "product_id"),
        ("Kunde", "Zeitpunkt", "Aktion", "Artikelnummer"),
        ("Utilisateur", "Horodatage", "Action", "Produit"),
        ("Customer Email", "Created at", "Event Name", "Lineitem sku"),
    ],
)
def test_the_names_that_vendors_use(names: tuple[str, str, str, str]) -> None:
    found = propose_events(rows(*names), IDS)
    user, time, kind, item = names
    assert found.source == {"fields": {"user": user, "ts": time, "type": kind, "item": item}}
    assert (found.join_field, found.joined) == ("id", 1.0)


def test_values_decide_where_the_names_say_nothing() -> None:
    found = propose_events(rows("c1", "c2", "c3", "c4", note="hello"), IDS)
    assert found.source == {"fields": {"user": "c1", "ts": "c2", "type": "c3", "item": "c4"}}


def test_values_go_before_names() -> None:
    things = rows("user", "ts", "type", "code")
    records = [{**row, "product_id": f"line-{n}"} for n, row in enumerate(things)]
    assert propose_events(records, IDS).source["fields"]["item"] == "code"


def test_the_field_that_the_catalogue_shares_is_found() -> None:
    found = propose_events(rows("user", "ts", "type", "item", item="S-{}"), IDS)
    assert (found.source, found.join_field, found.joined) == ({}, "sku", 1.0)


def test_our_own_names_need_no_block() -> None:
    assert propose_events(rows("user", "ts", "type", "item", price=3, note="x"), IDS).source == {}


def test_an_array_of_items_is_taken_apart_and_other_arrays_are_not() -> None:
    records = [
        {
            "uid": f"u{n % 7}",
            "event": "purchase",
            "at": "2024-01-01T10:00:00Z",
            "params": [{"key": "session", "value": n}],
            "order": {"lines": [{"product": {"id": f"p{n % 40}"}, "qty": 2}, {"product": {"id": "p1"}, "qty": 1}]},
        }
        for n in range(30)
    ]
    assert propose_events(records, IDS).source == {
        "each": "order.lines",
        "fields": {"user": "uid", "ts": "at", "type": "event", "item": "product.id", "quantity": "qty"},
    }


def test_the_account_goes_before_the_device_and_both_are_read() -> None:
    records = [
        {"user_id": f"u{n % 5}" if n % 2 else None, "device_id": f"d{n % 9}", "ts": 1_700_000_000 + n, "type": "view"}
        | {"item": f"p{n % 40}"}
        for n in range(40)
    ]
    assert propose_events(records, IDS).source["fields"]["user"] == ["user_id", "device_id"]


@pytest.mark.parametrize(
    ("name", "value", "consent"),
    [
        ("analytics_consent", "false", "analytics_consent"),
        ("privacy_info.analytics_storage", "No", "privacy_info.analytics_storage"),
        ("gdpr_consent", "opt-out", {"path": "gdpr_consent", "denied": ["opt-out"]}),
        ("opted_out", "true", {"path": "opted_out", "denied": ["true", "1", "yes"]}),
        ("consent", "granted", "consent"),
        ("Einwilligung", "nein", "Einwilligung"),
        ("Zustimmung", "abgelehnt", "Zustimmung"),
        ("optIn", "no", "optIn"),
        ("context.gdpr_consent.analytics", "false", "context.gdpr_consent.analytics"),
    ],
)
def test_consent_is_found_wherever_it_stands(name: str, value: str, consent: object) -> None:
    records: list[dict[str, Any]] = rows("user", "ts", "type", "item", **{name: value})
    fields = propose_events(records, IDS).source.get("fields", {"consent": "consent"})
    assert fields["consent"] == consent


def test_lines_of_orders_are_purchases_and_other_lines_without_a_type_are_asked_for() -> None:
    orders = [
        {"Order ID": n // 2, "Customer": f"u{n % 7}", "Order Date": "2024-01-01", "SKU": f"p{n % 40}", "Quantity": 1}
        for n in range(40)
    ]
    assert propose_events(orders, IDS).source["fields"]["type"] == {"constant": "purchase"}
    plain = [{"customer": f"u{n % 7}", "day": "2024-01-01", "sku": f"p{n % 40}"} for n in range(40)]
    with pytest.raises(DataError) as refused:
        propose_events(plain, IDS)
    assert "--purchase purchase" in refused.value.hint
    told = propose_events(plain, IDS, Hints(purchases=("sold",)))
    assert told.source["fields"]["type"] == {"constant": "sold"}


def test_a_time_that_nobody_can_tell_is_refused_with_the_guess() -> None:
    records = [{"user": "u1", "ts": "03/04/2024", "type": "view", "item": "p1"}] * 3
    with pytest.raises(DataError, match=r"ts: expected times of one form, got '03/04/2024', which may be '%d/%m/%Y'"):
        propose_events(records, IDS)


def test_what_is_missing_is_named_with_what_is_there() -> None:
    with pytest.raises(DataError, match="expected a column with the id of the item, found none such in: user, ts"):
        propose_events([{"user": "u1", "ts": "2024-01-01"}], IDS)
