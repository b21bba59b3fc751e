"""Items in other forms: what a source block makes of records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.config.model import Config
from affinity_search.config.source_block import ItemSource
from affinity_search.errors import DataError
from affinity_search.items.document import item_document
from affinity_search.items.item import Item, parse_item
from affinity_search.items.mapped import ItemMapping
from affinity_search.items.mapping import index_body
from affinity_search.items.markup import text_of_html
from affinity_search.items.prices import lowest_price
from affinity_search.items.read import BrokenLine, read_items
from affinity_search.sources import RawRecord


def mapped(block: dict[str, Any], *records: object) -> list[dict[str, Any]]:
    told = ItemSource.model_validate(block)
    raws = (RawRecord(n, json.dumps(record).encode(), record) for n, record in enumerate(records, 1))
    return [item for _, item in ItemMapping(told).read(Path("items.jsonl"), raws)]


def test_a_product_of_a_shop_system() -> None:
    block = {
        "fields": {
            "id": ["sku", "objectID"],
            "title": {"path": "name", "language": "en"},
            "text": {"path": "body", "html": True},
            "texts": {"subtitle": ["claim", "slogan"]},
            "price": {"path": "offers.price", "decimal": ","},
            "attributes": {
                "brand": ["brand.name", "vendor"],
                "category": {"path": "path", "separator": [">", "/"], "hierarchy": True},
                "tags": {"path": "tags", "separator": [",", "|"]},
                "levels": "categories",
                "options": {"path": "options", "pairs": {"name": "k", "value": "v"}},
                "specs": {"path": "specs", "separator": ";", "pairs": {}},
                "features": {"path": "features", "pairs": {}},
            },
        },
        "keep": ["image.url", "link"],
    }
    record = {
        "sku": None,
        "objectID": 17.0,
        "name": {"de": "Becher", "en": "Mug"},
        "body": "<p>Holds <b>tea</b> &amp; more</p><script>track()</script><ul><li>blue<li>white</ul>",
        "slogan": "Sip",
        "offers": [{"price": "1.299,00 €"}, {"price": "12,50 EUR"}],
        "brand": {"id": 3, "name": None},
        "vendor": "Acme",
        "path": "Home > Kitchen / Mugs",
        "tags": ["a, b", "c|a"],
        "categories": {"lvl0": "Home", "lvl1": ["Home > Kitchen"]},
        "options": [{"k": "colour", "v": ["blue", "white"]}, {"k": "size", "v": 4}],
        "specs": "weight=300 g; height: 9 cm;",
        "features": {"lid": True},
        "image": {"url": "https://x/1.jpg"},
        "huge": {"a": 1},
    }
    assert mapped(block, record) == [
        {
            "id": 17.0,
            "title": "Mug",
            "text": "Holds tea & more blue white",
            "subtitle": "Sip",
            "price": 12.5,
            "attrs": {
                "brand": ["Acme"],
                "category": ["Home", "Home > Kitchen", "Home > Kitchen > Mugs"],
                "tags": ["a", "b", "c", "a"],
                "levels": ["Home", "Home > Kitchen"],
                "colour": ["blue", "white"],
                "size": [4],
                "weight": ["300 g"],
                "height": ["9 cm"],
                "lid": [True],
            },
            "keep": {"image.url": "https://x/1.jpg"},
        }
    ]


def test_without_named_attributes_all_other_fields_stay() -> None:
    told = ItemSource.model_validate({"fields": {"id": "ID"}, "keep": ["img"]})
    record = {"ID": "7", "title": "Mug", "attrs": {"a": 1}, "attrs.b": "x | y", "maker": "M", "_id": "7", "img": "i"}
    row = RawRecord(2, b"", record)
    assert [item for _, item in ItemMapping(told).read(Path("items.csv"), iter([row]), cells=True)] == [
        {"id": "7", "ID": "7", "title": "Mug", "attrs": {"a": 1, "b": ["x", "y"]}, "maker": "M", "keep": {"img": "i"}}
    ]


def test_rows_of_variants_are_one_item() -> None:
    block = {
        "merge": True,
        "fields": {
            "id": "Handle",
            "title": "Title",
            "price": "Price",
            "attributes": {"o": {"path": "Option1 Value", "pairs": {"name": "Option1 Name"}}, "brand": "Vendor"},
        },
        "keep": ["Image"],
    }
    rows = [
        {"Handle": "tee", "Title": "Tee", "Vendor": "A", "Option1 Name": "Size", "Option1 Value": "S", "Price": "9"},
        {"Handle": "tee", "Option1 Value": "M", "Price": "8.50", "Image": "2.jpg"},
        {"Handle": "mug", "Title": "Mug", "Option1 Name": "Colour", "Option1 Value": "blue"},
        {"Handle": "tee", "Vendor": "B", "Price": "10"},
    ]
    assert mapped(block, *rows) == [
        {
            "id": "tee",
            "title": "Tee",
            "price": 8.5,
            "attrs": {"Size": ["S", "M"], "brand": ["A", "B"]},
            "keep": {"Image": "2.jpg"},
        },
        {"id": "mug", "title": "Mug", "attrs": {"Colour": ["blue"]}},
    ]


def test_each_variant_is_an_item_of_its_own_or_they_are_one() -> None:
    record = {"name": "Tee", "brand": "A", "variants": [{"sku": "t-s", "size": "S"}, {"sku": "t-m", "size": "M"}]}
    fields = {"id": "sku", "title": "name", "attributes": {"brand": "brand", "size": "size"}}
    assert mapped({"each": "variants", "fields": fields}, record) == [
        {"id": "t-s", "title": "Tee", "attrs": {"brand": ["A"], "size": ["S"]}},
        {"id": "t-m", "title": "Tee", "attrs": {"brand": ["A"], "size": ["M"]}},
    ]
    fields = {**fields, "id": "name", "attributes": {"size": "variants.size"}}
    assert mapped({"fields": fields}, record) == [{"id": "Tee", "title": "Tee", "attrs": {"size": ["S", "M"]}}]


def test_a_row_for_each_value() -> None:
    block = {"long": {"attribute": "property", "value": "value"}, "fields": {"id": "itemid"}}
    rows = [
        {"itemid": "1", "property": "colour", "value": "red"},
        {"itemid": "2", "property": "colour", "value": "blue"},
        {"itemid": "1", "property": "size", "value": "L"},
        {"itemid": "1", "property": "colour", "value": "white"},
    ]
    assert [(item["id"], item["attrs"]) for item in mapped(block, *rows)] == [
        ("1", {"colour": ["red", "white"], "size": ["L"]}),
        ("2", {"colour": ["blue"]}),
    ]


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("19.99", 19.99, None),
        ("19,99", None, 19.99),
        ("1.299,00", None, 1299.0),
        ("1,299.00", 1299.0, None),
        ("1.299", 1.299, 1299.0),
        ("1 299", 1299.0, 1299.0),
        ("1'299.50", 1299.5, None),
        ("€19.99", 19.99, None),
        ("19,99\u00a0€", None, 19.99),
        ("US$ 5", 5.0, 5.0),
        ("CHF 12.-", 12.0, None),
        ("10-20", 10.0, 10.0),
        ("19,99 – 29,99 EUR", None, 19.99),
        ("from 5.00", 5.0, None),
        ("-5", -5.0, -5.0),
        ("1e3", 1000.0, None),
        ("1_000", None, None),
        ("0x10", None, None),
        ("٣", None, None),
        ("nan", None, None),
        ("N/A", None, None),
        ("12,34.5", None, None),
        ("1-2-3", None, None),
        ("", None, None),
        ("9" * 81, None, None),
    ],
)
def test_prices(text: str, point: float | None, comma: float | None) -> None:
    assert (lowest_price(text, "."), lowest_price(text, ",")) == (point, comma)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain & simple", "plain & simple"),
        ("<p>one<p>two<br/>three", "one two three"),
        ("in<b>cred</b>ible", "incredible"),
        ("a &lt; b &eacute; &#x41; &nbsp;c", "a < b é A c"),
        ("<style>p {}</style>x<!-- no -->", "x"),
        ("a < b", "a < b"),
        ("<script>1", ""),
        ("</script>after", "after"),
    ],
)
def test_markup(markup: str, text: str) -> None:
    assert text_of_html(markup) == text


def test_what_is_only_displayed_is_in_no_index() -> None:
    plain: dict[str, Any] = {"events": {"types": {"purchase": {"weight": 1}}}}
    config = Config.model_validate({**plain, "items": {"source": {"keep": ["image"]}}})
    (record,) = mapped({"keep": ["image"]}, {"id": "a", "image": {"any": {"key": 1}}})
    assert item_document(parse_item(record), config) == {
        "keep": {"image": {"any": {"key": 1}}},
        "affinity": {"item": item_document(Item("a"), config)["affinity"]["item"]},
    }
    assert index_body(config)["mappings"]["properties"]["keep"] == {"type": "object", "enabled": False}
    assert "keep" not in index_body(Config.model_validate(plain))["mappings"]["properties"]


def test_a_block_that_meets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("SKU;Name;Marke\n1;Mug;Acme\n", encoding="utf-8")
    told = ItemSource.model_validate({"fields": {"id": "SKU", "title": "Name", "attributes": {"brand": "marke "}}})
    with pytest.raises(DataError) as caught:
        list(read_items(path, told))
    assert caught.value.message == (
        f"{path}: items.source.fields.attributes.brand: expected a path that the records have, got marke , "
        "found in none of 1; did you mean Marke?"
    )


def test_records_that_are_none_and_records_left_out(tmp_path: Path) -> None:
    path = tmp_path / "items.json"
    path.write_text('[{"id": "a", "kind": "product"}, 3, {"id": "b", "kind": "page"}]', encoding="utf-8")
    told = ItemSource.model_validate({"where": {"kind": "product"}})
    assert list(read_items(path, told)) == [
        (1, Item("a", fields={"kind": "product"})),
        (2, BrokenLine(2, "expected an object, got a number", "3")),
    ]


NAMES = st.sampled_from(["id", "title", "text", "price", "attrs", "attrs.a", "a", "b", "v", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
TOLD = st.sampled_from(["id", "title", "price", "attrs", "a", "b.a", "v", "attrs.a"])
BLOCKS = st.fixed_dictionaries(
    {},
    optional={
        "each": TOLD,
        "merge": st.booleans(),
        "long": st.fixed_dictionaries({"attribute": TOLD, "value": TOLD}),
        "keep": st.lists(TOLD, max_size=2),
        "fields": st.fixed_dictionaries(
            {},
            optional={
                "id": TOLD,
                "title": st.fixed_dictionaries({"path": TOLD, "html": st.booleans(), "language": st.just("a")}),
                "price": st.fixed_dictionaries({"path": TOLD, "decimal": st.sampled_from(".,")}),
                "attributes": st.dictionaries(
                    st.sampled_from(["x", "y"]),
                    st.fixed_dictionaries(
                        {"path": TOLD},
                        optional={"separator": st.just(","), "hierarchy": st.booleans(), "pairs": st.just({})},
                    ),
                    max_size=2,
                ),
            },
        ),
    },
)


@settings(deadline=None)
@given(st.lists(VALUES, max_size=3), BLOCKS)
def test_any_record_and_any_mapping_give_an_item_or_a_reason(records: list[object], block: dict[str, Any]) -> None:
    try:
        found = mapped(block, *records)
    except DataError as error:
        assert error.message.startswith("items.jsonl: items.source.")
        return
    for record in found:
        try:
            assert parse_item(record).id
        except ValueError as error:
            assert "expected" in str(error)
