"""Events against the catalogue: the share that is known, and near misses."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.sniffing.joining import Joining, spelling_key


def joined(*items: str, ids: set[str], fields: Mapping[str, frozenset[str]] | None = None) -> Joining:
    found = Joining(frozenset(ids), fields or {})
    for item in items:
        found.add(item)
    return found


def test_the_share_that_is_known() -> None:
    assert list(joined("a", "a", "b", "zz", ids={"a", "b"}).lines()) == ["the item of 3 of 4 events is known (75.0%)"]
    assert list(joined(ids={"a"}).lines()) == []


@pytest.mark.parametrize(
    ("item", "there", "differs"),
    [
        ("ab-1", "AB-1", "capitals"),
        (" ab 1 ", "ab1", "blanks"),
        ("12.0", "12", "a decimal part, zeros in front or the like"),
        ("0012", "12", "a decimal part, zeros in front or the like"),
        ("GrÃ¼n-1", "Grün-1", "one was read in the wrong encoding"),
        ("Gru\u0308n", "Grün", "another Unicode form of the same letters"),
    ],
)
def test_a_miss_by_spelling_is_named_with_what_differs(item: str, there: str, differs: str) -> None:
    (miss,) = joined(item, item, ids={there, "other"}).misses()
    assert (miss.item, miss.catalogue, miss.events, miss.differs) == (item, there, 2, differs)


def test_another_field_of_the_catalogue_that_has_the_items_is_named() -> None:
    found = joined("S-1", "S-2", "S-9", ids={"p1", "p2"}, fields={"sku": frozenset({"S-1", "S-2"})})
    assert list(found.lines()) == [
        "the item of 0 of 3 events is known (0.0%)",
        "66.7% of the unknown items stand in the field sku of the catalogue: is it the id "
        "(items.source.fields.id: sku)?",
        "no event names an item of the catalogue: the events have 'S-1', the catalogue 'p1'",
    ]


@given(st.text(max_size=30))
def test_a_key_is_one_for_all_spellings(text: str) -> None:
    assert spelling_key(f"  {spelling_key(text)} ") == spelling_key(spelling_key(text))
