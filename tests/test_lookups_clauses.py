"""The lookup clauses, and the account that a hit's names give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config import parse_config
from affinity_search.lookups.clauses import Lookup, level_boosts, lookups, matched_boosts, matched_levels

CONFIG = """
events: {types: {purchase: {weight: 1}}}
attributes:
  brand: {field: attrs.brand, strength: 0.05, saturation_weight: 6, levels: 7}
  theme: {field: attrs.theme, strength: 0.1, saturation_weight: 3, levels: 2, multi_valued: true}
  size: {field: attrs.size, strength: 0}
item_affinity: {strength: 1, saturation_weight: 1.5, levels: 3}
"""


def test_bits_double_and_a_thermometer_has_equal_steps() -> None:
    found = [(c.attribute, c.slot, c.boost) for c in lookups(parse_config(CONFIG))]

    assert found == [
        ("brand", "b0", "0.0428571"),
        ("brand", "b1", "0.0857143"),
        ("brand", "b2", "0.171429"),
        ("theme", "t1", "0.15"),
        ("theme", "t2", "0.15"),
        ("item", "b0", "0.5"),
        ("item", "b1", "1"),
    ]


def test_the_bound_scales_every_lift_alike() -> None:
    config = parse_config(CONFIG + "search: {max_boost: 1.05}\n")  # half of .3 + .3 + 1.5

    assert config.boost_scale == pytest.approx(0.5)
    assert [c.boost for c in lookups(config)] == [
        "0.0214286",
        "0.0428571",
        "0.0857143",
        "0.075",
        "0.075",
        "0.25",
        "0.5",
    ]


def test_nothing_with_a_strength_gives_no_clause() -> None:
    assert lookups(parse_config("events: {types: {purchase: {weight: 1}}}")) == ()


def test_a_clause_asks_the_document_of_shopper_attribute_and_slot() -> None:
    clause = Lookup("brand", "b2", "0.25", "affinity-lookup", keys="brand")

    assert clause.filter == {
        "terms": {
            "affinity.brand": {"index": "affinity-lookup", "id": "brand.b2.{{.}}", "path": "v"},
            "_name": "brand|b2|0.25",
        }
    }


KEYWORD = """
items: {keys: keyword}
events: {types: {purchase: {weight: 1}}}
attributes: {brand: {field: brand.exact, path: brand, levels: 1}}
item_affinity: {strength: 1, levels: 1}
"""


def test_by_keyword_the_items_own_fields_and_ids_are_asked_for() -> None:
    assert [clause.filter for clause in lookups(parse_config(KEYWORD))] == [
        {
            "terms": {
                "brand.exact": {"index": "affinity-lookup", "id": "brand.b0.{{.}}", "path": "k"},
                "_name": "brand|b0|0.4",
            }
        },
        {"terms": {"_id": {"index": "affinity-lookup", "id": "item.b0.{{.}}", "path": "k"}, "_name": "item|b0|2.5"}},
    ]


DEMOTION = """
events: {types: {purchase: {weight: 1}}}
item_affinity:
  {strength: 1, saturation_weight: 0.6, levels: 1, bought_before: {weight: 0}, related: {weight: 1},
   owned_demotion: 0.2}
"""


def test_what_was_not_bought_is_lifted_for_a_shopper_with_a_list() -> None:
    related, new = lookups(parse_config(DEMOTION + "search: {max_boost: 0.4}\n"))  # half of .6 + .2

    assert (related.name, new.name) == ("item|b0|0.3", "owned_demotion|b0|0.1")
    document = {"index": "affinity-lookup", "id": "owned_demotion.b0.{{.}}"}
    assert new.filter == {
        "bool": {
            "filter": [{"terms": {"_index": {**document, "path": "on"}}}],
            "must_not": [{"terms": {"affinity.item": {**document, "path": "v"}}}],
            "_name": "owned_demotion|b0|0.1",
        }
    }


def test_the_lift_of_what_was_not_bought() -> None:
    config = parse_config(DEMOTION)

    assert level_boosts(config) == {"item": [0, 0.6], "owned_demotion": [0, 0.2]}
    assert matched_boosts(["owned_demotion|b0|0.2", "personalised"]) == {"owned_demotion": 0.2}
    assert matched_levels(["owned_demotion|b0|0.2"]) == {"owned_demotion": 1}


def test_every_level_has_the_lift_that_its_slots_add_up_to() -> None:
    boosts = level_boosts(parse_config(CONFIG))

    assert boosts["brand"] == pytest.approx([0.3 * level / 7 for level in range(8)], rel=1e-5)
    assert boosts["theme"] == pytest.approx([0, 0.15, 0.3])
    assert boosts["item"] == [0, 0.5, 1, 1.5]


def test_the_names_of_a_hit_give_lifts_and_levels() -> None:
    names = ["template|affinity-search-00000000", "personalised", "brand|b0|0.1", "brand|b2|0.4", "theme|t1|0.2"]

    assert matched_boosts(names) == {"brand": 0.5, "theme": 0.2}
    assert matched_levels(names) == {"brand": 5, "theme": 1}


def test_names_of_no_clause_are_ignored() -> None:
    assert matched_boosts([]) == {}
    assert matched_levels(["sorted", "template|x", "a|b"]) == {}


@given(st.integers(1, 15), st.floats(0.01, 2), st.floats(0.1, 12), st.floats(0.1, 10))
def test_the_lifts_of_a_level_add_up_to_its_part_of_the_full_boost(
    level: int, strength: float, full: float, bound: float
) -> None:
    config = _one_attribute(strength, full, bound)
    names = [c.name for c in lookups(config) if level >> int(c.slot[1:]) & 1]

    expected = min(strength * full, bound) * level / 15
    assert matched_boosts(names)["brand"] == pytest.approx(expected, rel=1e-5)
    assert matched_levels(names) == {"brand": level}


@given(st.floats(0.01, 2), st.floats(0.1, 12), st.floats(0.1, 10))
def test_all_lifts_together_stay_within_the_bound(strength: float, full: float, bound: float) -> None:
    assert sum(float(c.boost) for c in lookups(_one_attribute(strength, full, bound))) <= bound * (1 + 1e-5)


def _one_attribute(strength: float, full: float, bound: float) -> Any:
    return parse_config(
        f"events: {{types: {{purchase: {{weight: 1}}}}}}\n"
        f"attributes: {{brand: {{field: brand, strength: {strength}, saturation_weight: {full}}}}}\n"
        f"search: {{max_boost: {bound}}}\n"
    )
