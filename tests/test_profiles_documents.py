"""The documents of one shopper, as they go to the engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.items.keys import affinity_key
from affinity_search.lookups.coding import Coding
from affinity_search.profiles.documents import lookup_documents, lookup_id, profile_document, shopper_of

AFFINITIES = {
    "brand": [("Birch", 2.5, 2.0, 6, "purchase"), ("Alder", 1.0, 0.25, 1, "view")],
    "colour": [("blue", 3.25, 1.5, 2, None)],
}
CODINGS = {"brand": Coding(15), "colour": Coding(3, multi_valued=True), "item": Coding(15)}


def test_lookup_documents_hold_numbers_only() -> None:
    alder, birch, blue = map(affinity_key, ("Alder", "Birch", "blue"))
    assert lookup_documents("u.1/ü", AFFINITIES, CODINGS, "products") == {
        "brand.b0.u.1/ü": {"v": [alder]},
        "brand.b1.u.1/ü": {"v": [birch]},
        "brand.b2.u.1/ü": {"v": [birch]},
        "colour.t1.u.1/ü": {"v": [blue]},
        "colour.t2.u.1/ü": {"v": [blue]},
    }


def test_the_items_bought_say_in_which_index_all_others_are_lifted() -> None:
    tea, pot = map(affinity_key, ("tea", "pot"))
    bought = {"owned_demotion": [("tea", 1.0, 1.0, 1, "purchase"), ("pot", 0.5, 1.0, 1, "purchase")]}
    assert lookup_documents("u1", bought, {"owned_demotion": Coding(1, negated=True)}, "products") == {
        "owned_demotion.b0.u1": {"v": sorted([tea, pot]), "on": ["products"]}
    }
    assert lookup_documents("u1", {}, {"owned_demotion": Coding(1, negated=True)}, "products") == {}


def test_a_profile_is_what_people_read() -> None:
    assert profile_document("u1", AFFINITIES, build=7, as_of="2026-03-01", events=5) == {
        "user_id": "u1",
        "build": 7,
        "as_of": "2026-03-01",
        "events": 5,
        "affinities": {
            "brand": [
                {"value": "Birch", "level": 6, "weight": 2.0, "count": 2.5, "role": "purchase"},
                {"value": "Alder", "level": 1, "weight": 0.25, "count": 1.0, "role": "view"},
            ],
            "colour": [{"value": "blue", "level": 2, "weight": 1.5, "count": 3.25}],
        },
    }


def test_a_profile_without_a_calendar_has_no_day() -> None:
    found = profile_document("u1", {}, build=7, as_of="", events=0)
    assert found == {"user_id": "u1", "build": 7, "events": 0, "affinities": {}}


@pytest.mark.parametrize("user_id", ["u1", "a.b.c", ".", "brand.b0.u1", "a/b", "汉字", " "])
def test_the_shopper_can_be_read_off_an_id(user_id: str) -> None:
    assert shopper_of(lookup_id("brand", "b2", user_id)) == user_id


NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
SLOTS = st.from_regex(r"[bt][0-9]{1,2}", fullmatch=True)


@given(st.tuples(NAMES, SLOTS, st.text()), st.tuples(NAMES, SLOTS, st.text()))
def test_no_id_can_pass_for_another(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    assert (lookup_id(*one) == lookup_id(*other)) == (one == other)
