"""Reading affinity.yaml: what is no YAML, no mapping or no configuration is said in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config import Config, load_config, parse_config
from affinity_search.errors import ConfigError

SMALL = "events: {types: {purchase: {weight: 1}}}\n"


def test_a_relative_state_is_beside_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SMALL + "state: {path: data/state.duckdb}", encoding="utf-8")
    assert load_config(file).state.path == tmp_path / "data" / "state.duckdb"


def test_an_absolute_state_stays(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SMALL + "state: {path: /var/state.duckdb}", encoding="utf-8")
    assert load_config(file).state.path == Path("/var/state.duckdb")


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "affinity.yaml")
    assert caught.value.message == f"{tmp_path}/affinity.yaml: expected a file, found none"
    assert caught.value.hint == "`affinity init` writes one from your data."


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_bytes(b"\xff")
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert caught.value.message == (f"{file}:1:1: expected UTF-8, got the byte 0xff")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a readable file, got .*Is a directory"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "affinity.yaml: expected a mapping at the top, got nothing"),
        ("- a", "affinity.yaml: expected a mapping at the top, got a list"),
        ("hello", "affinity.yaml: expected a mapping at the top, got text"),
        ("3", "affinity.yaml: expected a mapping at the top, got int"),
        (
            "a: b: c",
            "affinity.yaml:1:5: expected YAML, got a second `:` in one line (a text with `: ` in it needs quotes)",
        ),
        ("a: 1\na: 2", "affinity.yaml:2:1: expected YAML, got key 'a' stands twice, first in line 1"),
        ("events: {a: 1, a: 2}", "affinity.yaml:1:16: expected YAML, got key 'a' stands twice, first in line 1"),
        (
            "a: *b",
            "affinity.yaml:1:4: expected YAML, got an alias whose anchor is not there "
            "(a text that begins with * needs quotes)",
        ),
        ("a: &a {b: *a}", "affinity.yaml:1:4: expected YAML, got an alias inside the very value that it stands for"),
        (
            "a: !!python/none",
            "affinity.yaml:1:4: expected YAML, got a tag, which is not read here "
            "(a text that begins with ! needs quotes)",
        ),
        (
            "\0",
            "affinity.yaml:1:1: expected YAML, got the control character 0",
        ),
        ("{}", "affinity.yaml: events: expected a value, got none"),
        (
            "events: {types: {1: {weight: 1}}}",
            "affinity.yaml:1:18: expected YAML, got 1 as a key, which YAML reads as int: put it in quotes",
        ),
        (
            "events: {types: {buy: {weight: .nan}}}",
            "affinity.yaml:1:32: events.types.buy.weight: expected a finite number, got nan",
        ),
    ],
)
def test_what_is_no_configuration(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    assert caught.value.message == message


@pytest.mark.parametrize(
    "text",
    [
        "{[a]: b}",
        "? {a: 1}\n: 2",
        "a: 2001-99-99",
        "a: !!int x",
        "a: !!bool x",
        "a: !!timestamp x",
        "a: 0x_",
        "[" * 5000,
    ],
)
def test_values_that_are_none_of_their_kind_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^affinity\.yaml(:\d+:\d+)?: expected YAML, got "):
        parse_config(text)


def test_several_findings_have_a_line_each() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config("events: {types: {}, tme: date}\nsearch: {window: many}", name="shop.yaml")
    assert [line.split(": ")[1] for line in caught.value.message.splitlines()] == [
        "events.types",
        "events.tme",
        "search.window",
    ]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([*Config.model_fields, "types", "weight", "field", "levels", "strength", "item"])


def read_or_refused(text: str) -> None:
    """Fails where anything but a ConfigError that names the file is raised."""
    try:
        parse_config(text)
    except ConfigError as error:
        assert error.message.startswith("affinity.yaml:")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    read_or_refused(text)


@given(st.text(alphabet="ab:{}[],&*!?-|>#'\"%@ \n\t0x_.<=~", max_size=40))
def test_any_yaml_like_text_is_read_or_refused(text: str) -> None:
    read_or_refused(text)


@given(st.dictionaries(KEYS, JUNK | st.dictionaries(KEYS, JUNK, max_size=3), max_size=4))
def test_any_values_are_read_or_refused(data: dict[str, Any]) -> None:
    read_or_refused(yaml.safe_dump(data, allow_unicode=True))
