"""Queries from a file: read whole or refused with the line, sampled by shoppers, and known for what they are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.errors import DataError
from affinity_search.offline.queries import Query, look_derived, read_queries, sample_places
from tests.evaluate_data import query

GOOD = {
    "qid": "q0",
    "user": "u1",
    "ts": "2017-10-31T20:47",
    "query": "Red shoes",
    "qclass": "SHOES",
    "relevant": ["a", 2],
    "novel": [],
}


def write(folder: Path, *lines: str, name: str = "queries.jsonl") -> Path:
    path = folder / name
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["queries.jsonl", "queries.jsonl.gz"])
def test_queries_are_read_in_order(tmp_path: Path, name: str) -> None:
    short = {"user": 7, "query": "Hat", "relevant": []}
    path = write(tmp_path, "\ufeff" + json.dumps(GOOD), "", json.dumps(short), name=name)
    assert read_queries(path) == [
        Query("q0", "u1", "Red shoes", "SHOES", frozenset({"a", "2"}), frozenset()),
        Query("line 3", "7", "Hat", "", frozenset(), None),
    ]
    assert [one.group for one in read_queries(path)] == ["SHOES", "hat"]


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("{", "Expecting property name enclosed in double quotes: line 2 column 1 (char 2)"),
        ("[]", "no object"),
        (json.dumps({**GOOD, "user": None}), "user = None"),
        (json.dumps({**GOOD, "query": True}), "query = True"),
        (json.dumps({**GOOD, "relevant": "a"}), "relevant = 'a'"),
        (json.dumps({**GOOD, "novel": [None]}), "novel = [None]"),
        (json.dumps({key: value for key, value in GOOD.items() if key != "relevant"}), "no 'relevant'"),
    ],
)
def test_a_line_that_is_no_query_is_refused_with_its_number(tmp_path: Path, line: str, finding: str) -> None:
    path = write(tmp_path, json.dumps({**GOOD, "qid": "other"}), line)
    with pytest.raises(DataError) as raised:
        read_queries(path)
    assert raised.value.message == f"{path}:2: expected an object with user, query and relevant, got {finding}"
    assert raised.value.hint == "Mend or remove the line."


def test_lone_surrogates_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps({**GOOD, "query": "\ud800"}))
    with pytest.raises(DataError, match=r"queries\.jsonl:1: expected an object .* surrogates not allowed"):
        read_queries(path)


def test_a_qid_stands_once(tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps(GOOD), json.dumps(GOOD))
    with pytest.raises(DataError, match=r"queries\.jsonl:2: expected each qid once, got 'q0' again"):
        read_queries(path)


def test_files_that_hold_no_queries_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected queries, found none\n  Without this file the last purchases"):
        read_queries(write(tmp_path, ""))
    whole = gzip.compress(json.dumps(GOOD).encode() * 100)
    broken = {"broken.jsonl.gz": whole[:-20], "text.jsonl.gz": b"no gzip", "latin.jsonl": b'{"user": "\xff"}'}
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"{name}: expected readable JSON lines, got "):
            read_queries(tmp_path / name)
    with pytest.raises(DataError, match=r"expected readable JSON lines, got .*No such file"):
        read_queries(tmp_path / "absent.jsonl")


MANY = [query(f"q{n}", user=f"u{n % 7}") for n in range(40)]


def sampled(count: int, seed: int) -> list[Query]:
    return [MANY[place] for place in sample_places([one.user for one in MANY], count, seed)]


def test_a_sample_takes_whole_shoppers_and_keeps_the_order() -> None:
    sample = sampled(14, seed=1)
    counts = {user: sum(one.user == user for one in sample) for user in {one.user for one in sample}}
    whole = {user: sum(one.user == user for one in MANY) for user in counts}
    assert len(sample) == 14
    assert sum(counts[user] != whole[user] for user in counts) <= 1
    assert sample == [one for one in MANY if one in sample]
    assert sample == sampled(14, seed=1)
    assert {one.user for one in sample} != {one.user for one in sampled(14, seed=3)}


@given(st.integers(1, 60), st.integers())
def test_a_sample_is_a_part_of_the_asked_size(count: int, seed: int) -> None:
    sample = sampled(count, seed)
    assert len({one.qid for one in sample}) == len(sample) == min(count, len(MANY))


def test_queries_that_are_names_of_classes_are_known_as_derived() -> None:
    named = [query("q1", text="bowl", qclass="BOWL"), query("q2", text="Candle", qclass="candle")]
    assert look_derived(named)
    assert not look_derived([*named, query("q3", text="blue bowl", qclass="BOWL")])
    assert not look_derived([query("q1", text="bowl")])
