"""What the engine takes of a configuration: refused by `validate`, with the address and a cure that works."""

from __future__ import annotations

import re

import pytest

from affinity_search.config import parse_config
from affinity_search.errors import ConfigError

EVENTS = "events: {types: {order: {weight: 1}}}\n"


def refusals(yaml: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_config(EVENTS + yaml)
    return caught.value.message.splitlines()


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        (
            "items: {text_fields: {name: 3, body: 0.5}}",
            "affinity.yaml:2:38: items.text_fields.body: expected at least 1 (the engine takes no smaller boost), got "
            "0.5; as near as can be: {name: 6, body: 1}",
        ),
        (
            "items: {text_fields: {price: 1}}",
            "affinity.yaml:2:30: items.text_fields.price: expected a field that holds text, got one for numbers",
        ),
        (
            "items: {text_fields: {_source: 1}}",
            "affinity.yaml:2:32: items.text_fields._source: expected a field that holds text, got one for the engine "
            "itself",
        ),
        (
            "items: {analyzer: englsh}",
            "affinity.yaml:2:19: items.analyzer: expected a built-in analyzer of the engine, got 'englsh'; did you "
            "mean english?",
        ),
        (
            "attributes: {price_max: {field: attrs.price_max}}",
            "affinity.yaml:2:14: attributes.price_max: expected another name, this one is a filter of every request (a "
            "bound of price)",
        ),
        (
            "attributes: {maker: {field: title}}",
            "affinity.yaml:2:29: attributes.maker.field: expected another field than a text field, got title; words or "
            "exact values, a field holds one of them: leave it out of items.text_fields, or name an exact one, such as "
            "attrs.maker",
        ),
        (
            "attributes: {maker: {field: affinity.maker}}",
            "affinity.yaml:2:29: attributes.maker.field: expected a field of the items that holds values, got "
            "affinity.maker, which is for what is computed from events",
        ),
        (
            "attributes: {a: {field: attrs.a}, b: {field: attrs.a.b}}",
            "affinity.yaml:2:46: attributes.b.field: expected a field outside attrs.a, which is that of a, got "
            "attrs.a.b; a field holds values or further fields, not both",
        ),
        (
            "item_affinity: {strength: 1, related: {weight: 0.1}}\nprofiles: {max_items: 40000}",
            "affinity.yaml:3:23: profiles.max_items: expected at most 32768 with related items, which double the list "
            "(the engine reads 65536 at most), got 40000",
        ),
        (
            "attributes: {a: {field: attrs.a, strength: 1e-9}}",
            "affinity.yaml:2:44: attributes.a.strength: expected a boost of at least 1e-06 at the highest level "
            "(scores have 32 bits), got 8e-09; 0 switches it off",
        ),
        ("popularity: {all_time: {weight: 1.0e+39}}", "affinity.yaml:2:33: popularity.all_time.weight: expected less"),
        ("search: {window: yes}", "affinity.yaml:2:18: search.window: expected a number, got true"),
        ("items: {index: affinity-lookup}", "affinity.yaml:2:16: items.index: expected another name than that of an"),
    ],
)
def test_what_the_engine_would_refuse_is_refused_with_its_place(yaml: str, said: str) -> None:
    assert any(line.startswith(said) for line in refusals(yaml)), refusals(yaml)


def test_the_boosts_that_are_proposed_are_taken() -> None:
    [said] = refusals("items: {text_fields: {name: 0.3, body: 1.2}}")
    proposed = re.findall(r"\{.*\}", said)[0]
    boosts = parse_config(f"{EVENTS}items: {{text_fields: {proposed}}}").items.text_fields
    assert boosts == {"name": 1.0, "body": 4.0}


def test_half_the_terms_are_enough_for_related_items() -> None:
    yaml = "item_affinity: {strength: 1, related: {weight: 0.1}}\nprofiles: {max_items: 32768}"
    assert parse_config(EVENTS + yaml).profiles.max_items == 32_768


def test_everything_that_does_not_fit_is_said_at_once() -> None:
    said = refusals("attributes: {price_min: {field: attrs.a}, b: {field: attrs.a}}\nsearch: {size: 200}")
    assert [line.split(": ")[1] for line in said] == ["attributes.price_min", "attributes.b.field", "search.size"]


@pytest.mark.parametrize("search", ["base: multi_match", "base: simple_query_string", "body: b.json", "query: q.json"])
def test_boosts_below_1_are_for_combined_fields_alone_to_refuse(search: str) -> None:
    found = parse_config(f"{EVENTS}items: {{text_fields: {{name: 0.5}}}}\nsearch: {{{search}}}\n")
    assert found.items.text_fields == {"name": 0.5}


def test_a_base_query_beside_an_own_one_is_refused() -> None:
    assert refusals("search: {base: multi_match, query: q.json}") == [
        "affinity.yaml:2:16: search.base: expected no choice beside a query of your own, got multi_match; leave it out"
    ]
