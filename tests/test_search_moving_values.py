"""The values that moved a hit, from the lists that matched: told, and never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from affinity_search.config import Config, parse_config
from affinity_search.engine import EngineInfo
from affinity_search.items.keys import affinity_key
from affinity_search.search import Hit, Reason
from affinity_search.search.moving_values import Shopper, read_shopper, with_values

CONFIG: Config = parse_config(
    "{events: {types: {purchase: {weight: 1}}}, engine: {prefix: p}, item_affinity: {strength: 1}, attributes: "
    "{maker: {field: attrs.maker}, tag: {field: labels.tag, multi_valued: true, levels: 3}}}"
)
ALDER, BIRCH, ELM = map(affinity_key, ("Alder", "Birch", "Elm"))


def hit(source: Any, *reasons: Reason) -> Hit:
    return Hit(1, "s1", 2.0, 1.0, 2.0, source, reasons)


def told(source: Any, reason: Reason, lists: dict[str, set[int]], **entries: dict[str, Any]) -> Reason:
    shopper = Shopper(
        {(reason.attribute, slot): frozenset(keys) for slot, keys in lists.items()},
        {(reason.attribute, value): entry for value, entry in entries.items()},
    )
    (found,) = with_values(hit(source, reason), CONFIG, shopper).reasons
    return found


def reason(attribute: str, level: int, *slots: str) -> Reason:
    return Reason(attribute, level, 0.5, 0.3, slots=slots)


def test_of_several_values_of_a_single_valued_attribute_all_that_have_a_bit_are_named() -> None:
    source = {"attrs": {"maker": ["Elm", "Birch", "Alder"]}}
    found = told(source, reason("maker", 3, "b0", "b1"), {"b0": {ALDER}, "b1": {BIRCH}})
    assert (found.value, found.values) == ("Birch", ("Birch", "Alder"))


def test_a_value_of_the_same_level_in_a_list_that_did_not_match_is_not_named() -> None:
    # Elm stands in a list that this hit did not match, as after a profile that changed meanwhile.
    found = told({"attrs": {"maker": ["Elm"]}}, reason("maker", 1, "b0"), {"b0": {ALDER}, "b1": {ELM}})
    assert (found.value, found.values) == (None, ())


def test_of_the_steps_of_a_thermometer_the_highest_values_are_named() -> None:
    source = {"labels": [{"tag": "Birch"}, {"tag": ["Elm", "Alder"]}]}
    lists = {"t1": {ALDER, BIRCH, ELM}, "t2": {ALDER, ELM}}
    found = told(source, reason("tag", 2, "t1", "t2"), lists)
    assert found.values == ("Alder", "Elm")


@pytest.mark.parametrize(
    "source", [{}, {"attrs": None}, {"attrs": "Alder"}, {"attrs": {"maker": {"name": "Alder"}}}, {"attrs": [1, [2]]}]
)
def test_an_item_of_any_shape_names_nothing_that_it_has_not(source: Any) -> None:
    assert told(source, reason("maker", 1, "b0"), {"b0": {ALDER}}).values == ()


def test_numbers_and_dots_are_values_as_the_keys_have_them() -> None:
    lists = {"b0": {affinity_key("7"), affinity_key("true")}}
    assert told({"attrs.maker": [7.0, True, None]}, reason("maker", 1, "b0"), lists).values == ("7", "true")


def test_an_attribute_that_the_configuration_does_not_have_names_no_value() -> None:
    assert told({"attrs": {"maker": "Alder"}}, reason("brand", 1, "b0"), {"b0": {ALDER}}).values == ()


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        (("purchase", "purchase"), "purchase"),
        (("purchase", "view"), "view"),
        (("impression", "view"), "impression"),
        (("purchase", None), None),
    ],
)
def test_of_several_values_the_weakest_evidence_counts(roles: tuple[str | None, str | None], role: str | None) -> None:
    entries = {value: {"role": found, "count": 1} for value, found in zip(("Alder", "Birch"), roles, strict=True)}
    source = {"attrs": {"maker": ["Alder", "Birch"]}}
    assert told(source, reason("maker", 1, "b0"), {"b0": {ALDER, BIRCH}}, **entries).role == role


def test_an_item_never_had_is_related() -> None:
    lists = {"b0": {affinity_key("s1")}}
    had = told({}, reason("item", 1, "b0"), lists, s1={"role": "view", "count": 0.2})
    related = told({}, reason("item", 1, "b0"), lists, s1={"role": "purchase", "count": 0})
    unknown = told({}, reason("item", 1, "b0"), lists)
    assert [(r.values, r.role, r.related) for r in (had, related, unknown)] == [
        (("s1",), "view", False),
        (("s1",), "purchase", True),
        (("s1",), None, False),
    ]


class Recorder:
    """An engine that has one list, no profile, and no index for the rest."""

    url = "http://recorder"

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def info(self) -> EngineInfo:
        raise AssertionError

    def call(self, method: str, path: str, body: Any = None, params: Any = None) -> Any:
        self.sent.append((method, path, [document["_id"] for document in body["docs"]]))
        return {"docs": [{"found": True, "_source": {"v": [ALDER]}}, {"found": False}, {"error": {"type": "missing"}}]}


def test_the_lists_that_matched_are_read_in_one_request_and_none_where_nothing_did() -> None:
    engine = Recorder()
    hits = [hit({}, reason("maker", 1, "b0")), hit({}, reason("maker", 3, "b0", "b1"))]
    assert read_shopper(engine, CONFIG, "u.1", hits) == Shopper(
        {("maker", "b0"): frozenset({ALDER}), ("maker", "b1"): frozenset()}, {}
    )
    assert engine.sent == [("POST", "/_mget", ["maker.b0.u.1", "maker.b1.u.1", "u.1"])]
    assert read_shopper(engine, CONFIG, "u.1", [hit({})]) == Shopper({}, {})
    assert len(engine.sent) == 1
