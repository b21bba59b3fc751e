"""Source blocks for items: flat catalogues, nested JSON, prices, languages, variants and long tables."""

from __future__ import annotations

from typing import Any

import pytest

from affinity_search.errors import DataError
from affinity_search.sniffing.items import id_columns, propose_items

BRANDS = ("Alder", "Birch", "Cedar")


def shelf(count: int = 40, **more: object) -> list[dict[str, Any]]:
    return [{"id": f"p{n}", "title": f"Mug number {n}", "brand": BRANDS[n % 3], **more} for n in range(count)]


def test_a_flat_catalogue_has_tastes_and_what_is_only_shown_is_kept() -> None:
    records = [
        {**row, "Farbe": ("rot", "blau")[n % 2], "price": f"{n},50 €", "image_url": f"https://x.example/{n}.jpg"}
        | {"stock": n, "category_id": n % 4, "weight_kg": n / 7}
        for n, row in enumerate(shelf())
    ]
    assert propose_items(records).source == {
        "fields": {
            "id": "id",
            "title": "title",
            "price": {"path": "price", "decimal": ","},
            "attributes": {"brand": "brand", "farbe": "Farbe", "category_id": "category_id"},
        },
        "keep": ["image_url", "stock", "weight_kg"],
    }


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (("sku", "product_name", "Marke"), {"id": "sku", "title": "product_name"}),
        (("objectID", "name", "brand"), {"id": "objectID", "title": "name"}),
        (("Artikelnummer", "Bezeichnung", "Marke"), {"id": "Artikelnummer", "title": "Bezeichnung"}),
        (("Référence", "Libellé", "Marque"), {"id": "Référence", "title": "Libellé"}),
        (("Référence", "Nom du produit", "Marque"), {"id": "Référence", "title": "Nom du produit"}),
        (("asin", "Product Title", "Brand"), {"id": "asin", "title": "Product Title"}),
    ],
)
def test_the_names_that_shops_use(header: tuple[str, str, str], fields: dict[str, str]) -> None:
    records = [dict(zip(header, row.values(), strict=True)) for row in shelf()]
    found = propose_items(records).source["fields"]
    assert {name: found[name] for name in ("id", "title")} == fields
    assert list(found["attributes"].values()) == [header[2]]


def test_nested_objects_arrays_of_names_pairs_and_languages() -> None:
    records = [
        {
            "sku": n,
            "name": {"en": f"Mug {n}", "de": f"Becher {n}"},
            "manufacturer": {"id": n % 3, "name": BRANDS[n % 3]},
            "categoryPath": [{"id": "c0", "name": "Home"}, {"id": "c1", "name": ("Mugs", "Cups")[n % 2]}],
            "specs": [{"name": "Colour", "value": "red"}, {"name": "Size", "value": "L"}],
            "pricing": {"price": 12.5, "currency": "EUR"},
            "description": "<p>Very <b>nice</b></p>",
        }
        for n in range(40)
    ]
    assert propose_items(records).source == {
        "fields": {
            "id": "sku",
            "title": {"path": "name", "language": "en"},
            "text": {"path": "description", "html": True},
            "price": "pricing.price",
            "attributes": {
                "manufacturer": "manufacturer.name",
                "category_path": "categoryPath.name",
                "specs": {"path": "specs", "pairs": {"name": "name", "value": "value"}},
            },
        },
        "keep": ["pricing.currency"],
    }


def test_columns_of_names_and_values_are_pairs() -> None:
    records = [{**row, "Option1 Name": "Size", "Option1 Value": ("S", "L")[n % 2]} for n, row in enumerate(shelf())]
    assert propose_items(records).source["fields"]["attributes"] == {
        "brand": "brand",
        "option1_value": {"path": "Option1 Value", "pairs": {"name": "Option1 Name"}},
    }


def test_lists_and_paths_in_one_text() -> None:
    records = [
        {**row, "tags": ("new, sale", "sale")[n % 2], "category": ("Home > Mugs", "Home > Cups")[n % 2]}
        for n, row in enumerate(shelf())
    ]
    assert propose_items(records).source["fields"]["attributes"] == {
        "brand": "brand",
        "tags": {"path": "tags", "separator": ","},
        "category": {"path": "category", "separator": ">", "hierarchy": True},
    }


@pytest.mark.parametrize(
    "records",
    [
        [{"id": "p1", "title": "Mug", "attrs": {"brand": "Alder"}, "price": 3}] * 2,
        [{"id": "p1", "title": "Mug", "attrs.brand": "Alder|Birch", "price": "3.50"}] * 2,
        [{"id": "p1", "title": "Mug", "text": "Nice"}] * 2,
    ],
)
def test_our_own_form_needs_no_block(records: list[dict[str, Any]]) -> None:
    numbered = [{**record, "id": f"p{n}"} for n, record in enumerate(records)]
    assert propose_items(numbered).source == {}


def test_rows_of_variants_and_long_tables_are_merged() -> None:
    variants = [{**row, "size": size} for row in shelf() for size in ("S", "L")]
    assert propose_items(variants).source["merge"] is True
    long = [{"item": n // 2, "property": ("brand", "size")[n % 2], "value": "x"} for n in range(40)]
    assert propose_items(long).source == {
        "long": {"attribute": "property", "value": "value"},
        "fields": {"id": "item"},
    }


def test_the_field_that_the_events_share_becomes_the_id() -> None:
    records = [{**row, "sku": f"S-{n}"} for n, row in enumerate(shelf())]
    assert list(id_columns(records)) == ["id", "sku", "title", "brand"]
    assert propose_items(records, "sku").source["fields"]["id"] == "sku"


def test_without_an_id_the_columns_that_are_there_are_named() -> None:
    with pytest.raises(DataError, match="expected a column with the id of the item, found none such in: colour"):
        propose_items([{"colour": "red"}])
