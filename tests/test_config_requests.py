"""What a configuration declares for requests: the contradictions in words, and what the template gets of it."""

from __future__ import annotations

import re

import pytest

from affinity_search.config import parse_config
from affinity_search.config.requests import nested_path
from affinity_search.errors import ConfigError
from affinity_search.surfaces.declared import Bound, Filter, Together, declared

EVENTS = "events: {types: {order: {weight: 1}}}\n"
BRAND = "attributes: {brand: {field: attrs.brand}}\n"


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        (
            "search: {filters: {brand: maker}}",
            "search.filters.brand: expected another name, every attribute is a filter, brand among them",
        ),
        (
            "search: {filters: {price_min: cheapest}}",
            "search.filters.price_min: expected another name, this one is a bound of price",
        ),
        (
            "search: {filters: {rating_max: top}, ranges: {rating: rating}}",
            "search.filters.rating_max: expected another name, this one is a bound of rating",
        ),
        (
            "search: {filters: {name: title}}",
            "search.filters.name: expected another field than a text field, got title",
        ),
        (
            "search: {filters: {taste: affinity.brand}}",
            "search.filters.taste: expected a field of the items that holds values, got "
            "affinity.brand, which is for what is computed from events",
        ),
        (
            "search: {ranges: {litres: attrs.litres}}",
            "search.ranges.litres: expected a field of numbers, got attrs.litres, which holds "
            "texts; its numbers are attrs.litres.number",
        ),
        (
            "search: {ranges: {price: cost}}",
            "search.ranges.price: expected another name, price_min and price_max are always there",
        ),
        (
            "search: {ranges: {popular: popularity}}",
            "search.ranges.popular: expected a field of the items that holds values, got "
            "popularity, which is for what is computed from events",
        ),
        (
            "search: {facets: [brnd]}",
            "search.facets: expected names of attributes, got brnd; did you mean brand?",
        ),
        (
            "search: {facets: [brand, brand]}",
            "search.facets: expected each attribute once, got brand 2 times",
        ),
        (
            "items: {nested: [attrs]}",
            "attributes.brand.field: expected a field outside of items.nested, got attrs.brand "
            "below attrs: only search.filters and search.ranges look into nested lists\n"
            "items.nested: expected a list of objects in the items, got attrs, which is for an "
            "object",
        ),
        (
            "items: {nested: [title]}",
            "items.nested: expected a list of objects, got title, which holds values",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_said_with_its_address(yaml: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(EVENTS + BRAND + yaml)
    assert re.sub(r"affinity\.yaml:[23]:\d+: ", "", caught.value.message) == said


def test_an_attribute_may_not_be_called_like_a_declared_bound() -> None:
    with pytest.raises(ConfigError, match=r"this one is a filter of every request \(a bound of rating\)"):
        parse_config(EVENTS + "attributes: {rating_min: {field: attrs.r}}\nsearch: {ranges: {rating: rating}}")


def test_nothing_is_declared_but_the_attributes_and_the_price() -> None:
    found = declared(parse_config(EVENTS + BRAND))

    price = (Bound("price_min", "price", "gte"), Bound("price_max", "price", "lte"))
    assert found.item == Together((Filter("brand", "attrs.brand"),), price)
    assert (found.filters, found.bounds) == (("brand",), ("price_min", "price_max"))
    assert (found.nested, found.facets) == ({}, ())


def test_what_is_below_a_nested_list_goes_together() -> None:
    asked = "search: {facets: [brand], filters: {shoe: v.size, shop: shop, store: v.s.id}, ranges: {stock: v.stock}}\n"
    found = declared(parse_config(EVENTS + BRAND + asked + "items: {nested: [v, v.s]}"))

    assert found.item.filters == (Filter("shop", "shop"),)
    assert found.facets == (Filter("brand", "attrs.brand"),)
    assert found.nested == {
        "v": Together(
            (Filter("shoe", "v.size"),), (Bound("stock_min", "v.stock", "gte"), Bound("stock_max", "v.stock", "lte"))
        ),
        "v.s": Together((Filter("store", "v.s.id"),), ()),
    }
    assert found.nested["v"].parameters == ["filters.shoe", "filters.stock_min", "filters.stock_max"]
    assert found.filters == ("brand", "shoe", "shop", "store")
    assert found.bounds == ("price_min", "price_max", "stock_min", "stock_max")


def test_the_innermost_nested_list_counts() -> None:
    assert nested_path("a.b.c", ["a", "a.b"]) == "a.b"
    assert nested_path("ab.c", ["a"]) is None
