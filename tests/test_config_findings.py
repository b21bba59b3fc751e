"""Findings in words: the place in the file, what was meant, no patterns, no secrets, and never a traceback."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config import parse_config
from affinity_search.errors import ConfigError

EVENTS = "events: {types: {order: {weight: 1}}}\n"


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "shop.yaml")
    return caught.value.message


@pytest.mark.parametrize(
    ("yaml", "said"),
    [
        (
            "attributes:\n  brand:\n    field: attrs.brand\n    half_life: 3",
            "shop.yaml:5:5: attributes.brand.half_life: expected a known key, got 'half_life'; did you mean "
            "half_life_days?",
        ),
        (
            "window: 50",
            "shop.yaml:2:1: window: expected a known key, got 'window'; did you mean search.window?",
        ),
        (
            "search: {max_lift: 3}",
            "shop.yaml:2:10: search.max_lift: expected a known key, got 'max_lift'; renamed to max_boost",
        ),
        (
            "attributes: {a: {field: attrs.a, full_weight: 3}}",
            "shop.yaml:2:34: attributes.a.full_weight: expected a known key, got 'full_weight'; renamed to "
            "saturation_weight",
        ),
        (
            "item_affinity: {step_back: 1}",
            "shop.yaml:2:17: item_affinity.step_back: expected a known key, got 'step_back'; renamed to owned_demotion",
        ),
        (
            "profiles: {max_lift: 3}",
            "shop.yaml:2:12: profiles.max_lift: expected a known key, got 'max_lift'; renamed to search.max_boost",
        ),
        (
            "search: {shape: rescores}",
            "shop.yaml:2:17: search.shape: expected 'rescore' or 'function_score', got 'rescores'; did you mean "
            "rescore?",
        ),
        (
            "attributes: {Brand: {field: attrs.brand}}",
            "shop.yaml:2:14: attributes.Brand: expected lower-case letters, digits and _, beginning with a letter, at "
            "most 40 characters, got 'Brand'",
        ),
        (
            "items: {index: Goods}",
            "shop.yaml:2:16: items.index: expected lower-case letters, digits, _, - and ., beginning with a letter or "
            "digit, at most 100 characters, got 'Goods'",
        ),
        (
            "attributes: {a: {field: 'x y'}}",
            "shop.yaml:2:25: attributes.a.field: expected letters, digits, _ and -, beginning with a letter, with a "
            "dot between the parts of a path, got 'x y'",
        ),
        (
            "engine: {url: localhost}",
            "shop.yaml:2:15: engine.url: expected an address such as https://search.example.com:9200, got 'localhost'",
        ),
    ],
)
def test_a_finding_has_its_place_and_what_was_meant(yaml: str, said: str) -> None:
    assert refusal(EVENTS + yaml) == said


@pytest.mark.parametrize(
    "yaml",
    [
        "engine: {url: 'ftp://admin:hunter2@host:9200'}",
        "engine: {url: 'admin:hunter2@host'}",
        "engine: {url: 'htp://admin:a@hunter2@host'}",
        "engine: {url: [http://admin:hunter2@host]}",
        "engine: {password: hunter2}",
        "engine: {password_env: *hunter2}",
        "engine: {password_env: !hunter2 x}",
        "engine: {prefix: 'x:hunter2@y'}",
        "password: hunter2",
    ],
)
def test_a_secret_never_stands_in_a_message(yaml: str) -> None:
    assert "hunter2" not in refusal(EVENTS + yaml)


def test_a_number_where_a_password_is_named_is_not_shown() -> None:
    assert refusal(EVENTS + "engine: {password_env: 4711}") == (
        "shop.yaml:2:24: engine.password_env: expected text, got a value that may be secret (put it in quotes)"
    )


PIECES = st.sampled_from([
    *"[]{}:,-#&*!|>'\"%@`?\n\t ", "\n  ", "a", "events", "types", "attributes", "field", "1", "1e999", "0x", "null",
    "2026-13-45", "<<", "---", "!!int", "!!binary", "!!set", ": ", "\x00", "\ufeff", "\ud800", "12:99",
    "1_", ".inf",
])  # fmt: skip


@given(st.text() | st.lists(PIECES).map("".join))
def test_whatever_stands_in_the_file_is_taken_or_refused_in_words(text: str) -> None:
    try:
        parse_config(text, "shop.yaml")
    except ConfigError as refused:
        assert refused.message.startswith("shop.yaml")
        assert "^[" not in refused.message.replace(text, "")


def test_deep_nesting_is_refused() -> None:
    assert refusal("a: " + "[" * 5000).startswith("shop.yaml:1:")
