"""The engine's documents, the mapping and the pipeline, all as whole literals."""

from __future__ import annotations

import json

import pytest

from affinity_search.config import Config, parse_config
from affinity_search.errors import ConfigError
from affinity_search.items.document import catalogue_values, item_document
from affinity_search.items.item import parse_item
from affinity_search.items.keys import affinity_key
from affinity_search.items.mapping import index_body
from affinity_search.items.pipeline import item_keys_pipeline
from affinity_search.resources import resource_folder

CONFIG = """
items: {{text_fields: {{title: 2, text: 1{text}}}}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  brand: {{field: attrs.brand}}
  colour: {{field: attrs.colour, multi_valued: true, levels: 3, strength: 0}}
  maker: {{field: {maker}}}
"""


def config(text: str = "", maker: str = "maker.name") -> Config:
    return parse_config(CONFIG.format(text=text, maker=maker))


ITEM = parse_item(
    {
        "id": "42",
        "title": "Yogurt",
        "subtitle": "organic",
        "attrs": {"brand": "acme", "colour": ["red", "white"], "size": 2},
        "price": 1.5,
        "maker": {"name": "M"},
    }
)


def test_whole_document() -> None:
    assert item_document(ITEM, config(), popularity=12.0, recent=0.5, newness=0.25) == {
        "title": "Yogurt",
        "subtitle": "organic",
        "maker": {"name": "M"},
        "price": 1.5,
        "attrs": {"brand": ["acme"], "colour": ["red", "white"], "size": ["2"]},
        "affinity": {
            "brand": [affinity_key("acme")],
            "colour": [affinity_key("red"), affinity_key("white")],
            "maker": [affinity_key("M")],
            "item": [affinity_key("42")],
        },
        "popularity": 12.0,
        "popularity_recent": 0.5,
        "popularity_newness": 0.25,
    }


def test_what_is_absent_is_left_out() -> None:
    assert item_document(parse_item({"id": "a"}), config()) == {"affinity": {"item": [affinity_key("a")]}}


def test_catalogue_holds_all_attributes_and_configured_fields_elsewhere() -> None:
    assert catalogue_values(ITEM, config()) == [
        ("attrs.brand", "acme"),
        ("attrs.colour", "red"),
        ("attrs.colour", "white"),
        ("attrs.size", "2"),
        ("maker.name", "M"),
    ]


def test_whole_mapping() -> None:
    text = {"type": "text", "analyzer": "item_text"}
    number = {"number": {"type": "double", "ignore_malformed": True}}
    keyword = {"type": "keyword", "ignore_above": 8191, "fields": number}
    body = index_body(config(text=", subtitle: 1.5, maker.about: 1"))
    assert body["mappings"]["properties"] == {
        "title": text,
        "text": text,
        "subtitle": text,
        "price": {"type": "double"},
        "popularity": {"type": "rank_feature"},
        "popularity_recent": {"type": "rank_feature"},
        "popularity_newness": {"type": "rank_feature"},
        "affinity_gate": {"type": "constant_keyword", "value": "on"},
        "affinity": {"type": "object"},
        "attrs": {"type": "object"},
        "maker": {"properties": {"about": text, "name": keyword}},
    }
    assert body["mappings"]["dynamic_templates"] == [
        {
            "affinity_keys": {
                "path_match": "affinity.*",
                "mapping": {"type": "long", "index": False, "doc_values": True},
            }
        },
        {
            "attributes_with_dots": {
                "path_match": "attrs.*",
                "match_mapping_type": "object",
                "mapping": {"type": "object"},
            }
        },
        {"attribute_values": {"path_match": "attrs.*", "mapping": keyword}},
        {"other_texts": {"match_mapping_type": "string", "mapping": {**keyword, "ignore_above": 256}}},
        {"whole_numbers": {"match_mapping_type": "long", "mapping": {"type": "double", "ignore_malformed": True}}},
        {"decimal_numbers": {"match_mapping_type": "double", "mapping": {"type": "double", "ignore_malformed": True}}},
    ]
    assert body["settings"] == {
        "number_of_shards": 1,
        "auto_expand_replicas": "0-1",
        "analysis": {"analyzer": {"item_text": {"type": "standard"}}},
    }


def test_fields_cannot_be_two_things() -> None:
    with pytest.raises(ConfigError) as error:
        config(text=", attrs.brand: 1")
    assert "attributes.brand.field: expected another field than a text field, got attrs.brand" in error.value.message
    with pytest.raises(ConfigError) as error:
        config(text=", popularity: 1")
    assert "items.text_fields.popularity: expected a field that holds text" in error.value.message


def test_an_attribute_may_be_the_price() -> None:
    body = index_body(config(maker="price"))
    assert body["mappings"]["properties"]["price"] == {"type": "double"}
    assert item_document(ITEM, config(maker="price"))["affinity"]["maker"] == [affinity_key("1.5")]


def test_pipeline_is_the_shipped_file_with_the_fields_filled_in() -> None:
    shipped = json.loads((resource_folder("index_mappings") / "item_keys_pipeline.json").read_text("utf-8"))
    assert shipped["processors"][0]["script"]["params"] == {"fields": {}}
    filled = {"brand": "attrs.brand", "colour": "attrs.colour", "maker": "maker.name"}
    shipped["processors"][0]["script"]["params"]["fields"] = filled
    assert item_keys_pipeline(config()) == shipped


def test_the_analyzer_is_the_configured_one() -> None:
    stems = config().model_copy(update={"items": config().items.model_copy(update={"analyzer": "english"})})
    assert index_body(stems)["settings"]["analysis"] == {"analyzer": {"item_text": {"type": "english"}}}


def test_what_requests_filter_by_and_bound_is_mapped_for_it() -> None:
    body = index_body(
        parse_config("""
events: {types: {purchase: {weight: 1}}}
items: {nested: [variants]}
search:
  filters: {seller: seller, shoe: variants.size, brand: attrs.brand}
  ranges: {rating: rating, stock: variants.stock, litres: attrs.litres.number}
""")
    )
    value = {
        "type": "keyword",
        "ignore_above": 8191,
        "fields": {"number": {"type": "double", "ignore_malformed": True}},
    }
    number = {"type": "double", "ignore_malformed": True}
    properties = body["mappings"]["properties"]

    assert properties["seller"] == value
    assert properties["rating"] == number
    assert properties["variants"] == {"type": "nested", "properties": {"stock": number, "size": value}}
    assert properties["attrs"] == {"type": "object"}
