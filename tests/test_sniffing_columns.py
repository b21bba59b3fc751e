"""Columns of records, names of attributes, separators and paths in values."""

from __future__ import annotations

import pytest

from affinity_search.sniffing.columns import columns_of, plain_name
from affinity_search.sniffing.separators import hierarchy_of, separators_of


def test_columns_follow_objects_and_look_into_arrays() -> None:
    found = columns_of(
        [
            {"id": 1, "brand": {"name": "Alder"}, "lines": [{"sku": "a"}, {"sku": "b"}], "tags": ["x", None]},
            {"id": 2, "brand": None, "lines": [], "size": "(not set)"},
        ]
    )
    assert {path: column.cells for path, column in found.items() if not column.objects} == {
        "id": ((1,), (2,)),
        "brand.name": (("Alder",), ()),
        "lines.sku": (("a", "b"), ()),
        "tags": (("x",), ()),
        "brand": ((), ()),
        "size": ((), ()),
    }
    assert [path for path, column in found.items() if column.objects] == ["lines"]
    assert (found["brand.name"].filled, found["lines.sku"].several, found["id"].numeric) == (0.5, True, True)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Marke", "marke"),
        ("Google Shopping / Gender", "google_shopping_gender"),
        ("attrs.Farbe (Größe)", "farbe_grosse"),
        ("manufacturer.name", "manufacturer"),
        ("productType", "product_type"),
        ("1st", "attr_1st"),
        ("色", "attr"),
    ],
)
def test_an_attribute_gets_a_name_that_a_configuration_takes(path: str, name: str) -> None:
    assert plain_name(path) == name


@pytest.mark.parametrize(
    ("name", "values", "signs"),
    [
        ("colour", ["blue | white", "white|blue", "white"], ["|"]),
        ("Tags", ["new, sale", "sale;new", "old"], [";", ","]),
        ("Genres", ["Drama|War", "Comedy"], ["|"]),
        ("maker", ["Johnson, Son & Co", "Alder", "Birch"], []),
        ("note", ["Goes well with tea, milk and a slice of cake, say people", "Good"], []),
        ("size", ["1,5", "2,5", "1,5"], []),
        ("brand", ["Alder", "Birch", "Alder"], []),
    ],
)
def test_a_sign_parts_values_where_the_parts_come_again(name: str, values: list[str], signs: list[str]) -> None:
    assert separators_of(name, values) == signs


@pytest.mark.parametrize(
    ("name", "values", "sign"),
    [
        ("category", ["Home > Kitchen > Mugs", "Home > Kitchen > Cups"], ">"),
        ("path", ["Home » Mugs", "Home"], "»"),
        ("product_category", ["Home/Mugs", "Home/Cups"], "/"),
        ("material", ["wool/silk", "wool"], ""),
        ("category", ["Mugs", "Cups"], ""),
    ],
)
def test_a_path_of_categories_is_found(name: str, values: list[str], sign: str) -> None:
    assert hierarchy_of(name, values) == sign
