"""The model of affinity.yaml: what it derives, what it refuses, and the generated pages that describe it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config import Attribute, Config, config_schema, parse_config
from affinity_search.errors import ConfigError
from docs.generate_config import PAGE, SCHEMA, page, schema_text

EVENTS = "events: {types: {purchase: {weight: 1}}}\n"


def refusal(yaml: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(EVENTS + yaml)
    return caught.value.message


def test_the_smallest_configuration_is_generic() -> None:
    config = parse_config(EVENTS)
    assert (config.lookups, config.total_boost, config.boost_scale) == (0, 0, 1.0)
    assert (config.lookup_index, config.profile_index, config.ledger_index) == (
        "affinity-lookup",
        "affinity-profiles",
        "affinity-ledger",
    )
    assert config.items.text_fields == {"title": 2.0, "text": 1.0}


@pytest.mark.parametrize(
    ("levels", "multi_valued", "lookups"), [(1, False, 1), (7, False, 3), (15, False, 4), (255, False, 8), (4, True, 4)]
)
def test_lookups_of_an_attribute(levels: int, multi_valued: bool, lookups: int) -> None:
    assert Attribute(field="attrs.a", levels=levels, multi_valued=multi_valued).lookups == lookups


def test_the_item_list_needs_lookups_only_when_it_is_on() -> None:
    def lookups(**section: Any) -> int:
        return Config.model_validate(
            {"events": {"types": {"purchase": {"weight": 1}}}, "item_affinity": section}
        ).lookups

    assert (lookups(), lookups(strength=1.0), lookups(owned_demotion=0.2)) == (0, 4, 2)
    assert lookups(owned_demotion=0.2, strength=1, bought_before={"weight": 0}) == 6


def test_what_was_bought_may_owned_demotion_beside_related_items() -> None:
    config = parse_config(
        EVENTS
        + "item_affinity: {strength: 0.5, saturation_weight: 3, bought_before: {weight: 0}, related: {weight: 1}, "
        "owned_demotion: 0.5}\nsearch: {max_boost: 1}"
    )
    assert (config.lookups, config.total_boost, config.boost_scale) == (6, 2.0, 0.5)
    alone = parse_config(EVENTS + "item_affinity: {owned_demotion: 0.25}")
    assert (alone.lookups, alone.total_boost, alone.boost_scale) == (2, 0.25, 1.0)


def test_an_attribute_of_strength_0_is_switched_off() -> None:
    config = parse_config(EVENTS + "attributes: {brand: {field: attrs.brand, strength: 0}, size: {field: attrs.size}}")
    assert list(config.active_attributes) == ["size"]
    assert config.lookups == 4


def test_strengths_are_scaled_to_the_bound() -> None:
    config = parse_config(
        EVENTS + "attributes: {brand: {field: attrs.brand, strength: 0.5, saturation_weight: 4}}\n"
        "item_affinity: {strength: 2, saturation_weight: 3}\nsearch: {max_boost: 4}"
    )
    assert (config.total_boost, config.boost_scale) == (8.0, 0.5)


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "attributes: {item: {field: attrs.item}}",
            "affinity.yaml:2:14: attributes.item: expected another name, this one is reserved",
        ),
        (
            "attributes: {owned_demotion: {field: attrs.new}}",
            "affinity.yaml:2:14: attributes.owned_demotion: expected another name, this one is reserved",
        ),
        (
            "item_affinity: {strength: 0.5, owned_demotion: 0.2}",
            "affinity.yaml:2:48: item_affinity.owned_demotion: expected 0 where what was bought is boosted "
            "(item_affinity.strength and bought_before.weight above 0), got 0.2",
        ),
        (
            "item_affinity: {owned_demotion: -1}",
            "affinity.yaml:2:33: item_affinity.owned_demotion: expected greater than or equal to 0, got -1",
        ),
        (
            "attributes: {a: {field: attrs.x}, b: {field: attrs.x}}",
            "affinity.yaml:2:46: attributes.b.field: expected a field of its own, attrs.x is that of a",
        ),
        (
            "attributes: {a: {field: attrs.a, levels: 5}}",
            "affinity.yaml:2:42: attributes.a.levels: expected 1, 3, 7, 15, 31, 63, 127 or 255 for a single-valued "
            "attribute, got 5",
        ),
        (
            "attributes: {a: {field: attrs.a, levels: 31, multi_valued: true}}",
            "affinity.yaml:2:42: attributes.a.levels: expected at most 15 for a multi-valued attribute (a lookup per "
            "level), got 31",
        ),
        (
            "attributes: {a: {field: attrs.a, levels: 15, multi_valued: true}}\nitem_affinity: {strength: 1}",
            "affinity.yaml: search.max_lookups: expected at least the lookups of all attributes and the item list (19),"
            " got 16",
        ),
        ("search: {size: 200}", "affinity.yaml:2:16: search.size: expected at most search.window (100), got 200"),
        ("search: {window: 0}", "affinity.yaml:2:18: search.window: expected greater than 0, got 0"),
        ("search: {max_boost: .inf}", "affinity.yaml:2:21: search.max_boost: expected a finite number, got inf"),
        (
            "attributes: {a: {field: attrs.a, half_life_days: -3}}",
            "affinity.yaml:2:50: attributes.a.half_life_days: expected greater than 0, got -3",
        ),
        ("attributes: {a: {}}", "affinity.yaml:2:14: attributes.a.field: expected a value, got none"),
        (
            "atributes: {}",
            "affinity.yaml:2:1: atributes: expected a known key, got 'atributes'; did you mean attributes?",
        ),
        (
            "engine: {timeout_seconds: soon}",
            "affinity.yaml:2:27: engine.timeout_seconds: expected a number, got 'soon'",
        ),
        ("search: {shape: x}", "affinity.yaml:2:17: search.shape: expected 'rescore' or 'function_score', got 'x'"),
    ],
)
def test_what_is_wrong_is_said_with_address_expectation_and_finding(yaml: str, message: str) -> None:
    assert refusal(yaml) == message


def test_a_sequence_has_nothing_new() -> None:
    with pytest.raises(ConfigError) as error:
        parse_config("events: {time: sequence, types: {a: {weight: 1}}}\npopularity: {newness: {weight: 1}}")
    assert error.value.message == (
        "affinity.yaml:2:32: popularity.newness.weight: expected 0 where events.time is sequence (no common calendar)"
    )


def test_a_sequence_has_no_recent_popularity() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config("events: {time: sequence, types: {a: {weight: 1}}}\npopularity: {recent: {weight: 1}}")
    assert caught.value.message == (
        "affinity.yaml:2:31: popularity.recent.weight: expected 0 where events.time is sequence (no common calendar)"
    )


def test_values_are_frozen() -> None:
    config: Any = parse_config(EVENTS)
    with pytest.raises(ValueError, match="frozen"):
        config.search = config.search


@given(
    strengths=st.lists(st.just(0.0) | st.floats(0.01, 100), max_size=4),
    weight=st.floats(0.001, 1000),
    item=st.just(0.0) | st.floats(0.01, 100),
    bound=st.floats(0.1, 1000),
)
def test_the_scaled_lift_keeps_the_bound(strengths: list[float], weight: float, item: float, bound: float) -> None:
    config = Config.model_validate(
        {
            "events": {"types": {"buy": {"weight": 1}}},
            "attributes": {
                f"a{n}": {"field": f"attrs.a{n}", "strength": s, "saturation_weight": weight, "levels": 7}
                for n, s in enumerate(strengths)
            },
            "item_affinity": {"strength": item},
            "search": {"max_boost": bound},
        }
    )
    assert 0 < config.boost_scale <= 1
    assert config.boost_scale * config.total_boost <= bound * (1 + 1e-12)


def test_the_schema_takes_the_example_and_refuses_unknown_keys() -> None:
    schema = config_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"events": {"types": {"buy": {"weight": 1}}}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"events": {"types": {"buy": {"weight": 1}}}, "search": {"windw": 3}}, schema)


def test_the_generated_pages_are_current() -> None:
    assert Path(SCHEMA).read_text(encoding="utf-8") == schema_text()
    assert Path(PAGE).read_text(encoding="utf-8") == page()
    assert json.loads(schema_text()) == config_schema()


def test_every_key_is_described() -> None:
    undescribed = [
        f"{name}.{key}"
        for name, section in config_schema()["$defs"].items()
        for key, value in section["properties"].items()
        if "description" not in value and "$ref" not in value
    ]
    assert undescribed == []
