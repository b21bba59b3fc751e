"""Facets in requests and answers, without an engine."""

from __future__ import annotations

from typing import Any

import pytest

from affinity_search.errors import ConfigError
from affinity_search.search.facets import FacetValue, facet_parameters, read_facets
from affinity_search.search.request import sort_parameters, sorted_by


def terms(**counts: int) -> Any:
    return {"buckets": [{"key": value, "doc_count": count} for value, count in counts.items()]}


def test_facets_ask_for_ten_values_or_for_as_many_as_is_said() -> None:
    assert facet_parameters(["brand", "colour"], ("brand", "colour")) == {"brand": 10, "colour": 10}
    assert facet_parameters({"brand": 3}, None) == {"brand": 3}


@pytest.mark.parametrize("facets", [{"brand": 0}, {"brand": 1.5}, {"brand": True}, {"brand": "10"}, ["b"], "brand"])
def test_what_is_no_facet_is_refused(facets: Any) -> None:
    with pytest.raises(ConfigError, match="facets"):
        facet_parameters(facets, ("brand",))


def test_selected_values_follow_the_commonest_in_the_order_of_the_engine() -> None:
    facet = {"doc_count": 9, "values": terms(a=5, b=3), "selected": terms(b=3, c=0)}

    assert read_facets({"brand": facet, "all": {"doc_count": 9}, "mine": {"value": 7}, "size": {"values": {}}}) == {
        "brand": (FacetValue("a", 5), FacetValue("b", 3, True), FacetValue("c", 0, True))
    }


def test_values_are_the_texts_that_a_filter_takes() -> None:
    buckets = [{"key": 1, "key_as_string": "true", "doc_count": 2}, {"key": 2.0, "doc_count": 1}]

    assert read_facets({"x": {"values": {"buckets": buckets}}}) == {"x": (FacetValue("true", 2), FacetValue("2", 1))}


def test_sort_keys_have_fixed_places() -> None:
    found = sort_parameters(["-price", "rating", "attrs.brand", "_score"], None)

    assert found == {"sort": "price", "order": "desc", "sort_2": "rating", "sort_3": "attrs.brand"}
    assert sorted_by(found) == ["price", "rating", "attrs.brand"]
    assert sort_parameters(["price", "-rating"], "desc") == {
        "sort": "price",
        "order": "desc",
        "sort_2": "rating",
        "order_2": "desc",
    }
    assert sort_parameters("_score", "desc") == sort_parameters([], None) == {}
