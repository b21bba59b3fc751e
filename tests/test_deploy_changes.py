"""Changes as values: operation, reverse, diff; mappings compared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.deploy.artefact import canonical
from affinity_search.deploy.changes import Change, holds
from affinity_search.deploy.mappings import as_engine_says, conflicts, contains, merged


def index_body(**mappings: Any) -> str:
    return json.dumps({"settings": {"number_of_shards": 1}, "mappings": mappings})


ONE = index_body(dynamic=False, properties={"v": {"type": "long"}})
TWO = index_body(dynamic=False, properties={"v": {"type": "long"}, "w": {"type": "keyword"}})


@pytest.mark.parametrize(
    ("before", "after", "op"),
    [(None, "a", "create"), ("a", "b", "change"), ("a", "a", "leave"), ("a", None, "delete"), (None, None, "leave")],
)
def test_the_operation_follows_from_the_bodies(before: str | None, after: str | None, op: str) -> None:
    assert Change("script", "s", before, after).op == op


@pytest.mark.parametrize(("before", "after"), [(None, "a"), ("a", "b"), ("a", None)])
def test_reversing_swaps_the_bodies_and_twice_is_the_change_itself(before: str | None, after: str | None) -> None:
    change = Change("script", "s", before, after)
    assert change.reverse() == Change("script", "s", after, before)
    assert change.reverse().reverse() == change


def test_what_was_left_is_left_by_the_reverse_too() -> None:
    assert (
        Change("index", "i", '{"mappings": {"dynamic": "false", "properties": {"v": {"type": "long"}}}}', ONE).op
        == "leave"
    )
    assert Change("index", "i", ONE, ONE).reverse() == Change("index", "i", ONE, ONE)


def test_fields_added_to_an_index_stay_and_an_index_that_was_created_goes() -> None:
    assert Change("index", "i", ONE, TWO).op == "change"
    assert Change("index", "i", ONE, TWO).reverse() == Change("index", "i", TWO, TWO)
    assert Change("index", "i", None, TWO).reverse() == Change("index", "i", TWO, None)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Change("index", "shop-lookup", None, ONE), "+ create index    shop-lookup"),
        (Change("script", "search", "a", "a"), "= leave  script   search"),
        (Change("script", "search", "a", "b"), "~ change script   search  ca978112 -> 3e23e816"),
        (Change("pipeline", "keys", "{}", None), "- delete pipeline keys"),
        (
            Change("index", "i", ONE, ONE, "kept: it holds 1 document"),
            "= leave  index    i  (kept: it holds 1 document)",
        ),
    ],
)
def test_a_change_says_in_one_line_what_it_does(change: Change, line: str) -> None:
    assert change.describe() == line


def test_scripts_are_compared_line_by_line() -> None:
    change = Change("script", "search", '{\n "size": 10,\n "q": 1\n}', '{\n "size": 20,\n "q": 1\n}')
    assert change.diff().splitlines() == [
        "--- search eac7b9ef",
        "+++ search cf4edf7c",
        "@@ -1,4 +1,4 @@",
        " {",
        '- "size": 10,',
        '+ "size": 20,',
        '  "q": 1',
        " }",
    ]


def test_an_index_is_compared_as_it_will_be_afterwards() -> None:
    held = index_body(dynamic="false", properties={"mine": {"type": "date"}, "v": {"type": "long"}})
    lines = Change("index", "i", held, TWO).diff().splitlines()[3:]
    assert [line for line in lines if line[0] in "+-"] == [
        "+      },",
        '+      "w": {',
        '+        "type": "keyword"',
    ]


def test_a_newline_at_the_end_is_a_difference_that_shows() -> None:
    assert Change("script", "s", "a", "a\n").diff().splitlines()[3:] == [" a", "+"]


@pytest.mark.parametrize("change", [Change("script", "s", None, "a"), Change("script", "s", "a", "a")])
def test_only_a_change_has_a_diff(change: Change) -> None:
    assert change.diff() == ""


def test_pipelines_are_compared_as_pretty_json() -> None:
    diff = Change("pipeline", "p", '{"a":1,"b":2}', '{"a":1,"b":3}').diff()
    assert diff.splitlines()[3:] == [" {", '   "a": 1,', '-  "b": 2', '+  "b": 3', " }"]


@pytest.mark.parametrize(
    ("wanted", "found", "good"),
    [
        ({"dynamic": False, "properties": {}}, {"dynamic": "false"}, True),
        ({"dynamic": True}, {"dynamic": "false"}, False),
        ({"properties": {"o": {"type": "object", "properties": {"x": {"type": "long"}}}}},
         {"properties": {"o": {"properties": {"x": {"type": "long"}}}}}, True),
        ({"properties": {"o": {"type": "object", "enabled": False}}},
         {"properties": {"o": {"type": "object", "enabled": False}}}, True),
        ({"properties": {"v": {"type": "long"}}}, {}, False),
        ({}, {"properties": {"v": {"type": "long"}}}, True),
    ],
)  # fmt: skip
def test_an_index_does_where_it_has_every_wanted_field(wanted: Any, found: Any, good: bool) -> None:
    assert holds("index", json.dumps({"mappings": found}), json.dumps({"mappings": wanted, "settings": {}})) is good


def test_an_absent_index_does_not_do() -> None:
    assert not holds("index", None, ONE)
    assert not holds("index", ONE, None)


def test_conflicts_name_what_no_index_can_take() -> None:
    found = {
        "dynamic": "false",
        "_meta": {"v": 1},
        "properties": {"a": {"type": "long"}, "b": {"type": "date", "format": "x"}},
    }
    wanted = {
        "dynamic": "strict",
        "_meta": {"v": 2},
        "properties": {"a": {"type": "keyword"}, "b": {"type": "date", "format": "y"}, "c": {"type": "long"}},
    }
    assert conflicts(found, wanted) == ["properties.a.type", "properties.b.format"]


MAPPINGS = st.recursive(
    st.sampled_from(["long", "keyword", "true"]),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "properties", "type"]), inner, max_size=3),
)


@given(MAPPINGS, MAPPINGS)
def test_a_merge_contains_what_was_put_on_top(found: Any, wanted: Any) -> None:
    assert contains(merged(found, wanted), wanted)


@given(MAPPINGS, MAPPINGS)
def test_a_merge_without_conflicts_keeps_what_was_there(found: Any, wanted: Any) -> None:
    if not conflicts(found, wanted):
        assert contains(merged(found, wanted), found)


@given(MAPPINGS)
def test_every_mapping_contains_itself_and_normalising_twice_is_once(mapping: Any) -> None:
    assert contains(mapping, mapping)
    assert conflicts(mapping, mapping) == []
    assert as_engine_says(as_engine_says(mapping)) == as_engine_says(mapping)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


@given(JSON)
def test_canonical_json_is_the_same_for_equal_values(value: Any) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
