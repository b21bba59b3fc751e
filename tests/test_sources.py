"""Files in the forms that shops have: which form is found, what records come out, what is refused with a cure."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.config.presets import preset, preset_names, with_preset
from affinity_search.config.source_block import EventSource, SourceFile, TimePath
from affinity_search.errors import DataError
from affinity_search.events.times import time_reader
from affinity_search.inputs import lines
from affinity_search.sources import Form, find_form, first_at, named_paths, open_source, values_at_path

NAMES = ("id", "title")
OBJECT = '{"id": "a"}\n'


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path, told: SourceFile | None = None) -> list[tuple[int, object]]:
    records = open_source(path, find_form(path, told, NAMES), NAMES).records()
    return [(record.number, record.problem or record.value) for record in records]


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("x.csv", "id,title\n", Form("csv")),
        ("x.csv", "id;title;a,b\n", Form("csv", ";")),
        ("x.csv", "ID | Title\n", Form("csv", "|")),
        ("x.csv", "id,a;b;c;d\n", Form("csv")),
        ("x.csv", '"a;b";id;"x,y,z"\n', Form("csv", ";")),
        ("x.csv", "id\n", Form("csv")),
        ("x.csv", "", Form("csv")),
        ("x.tsv", "id\ttitle\n", Form("csv", "\t")),
        ("x.csv", '{"not": "json"},id\n', Form("csv")),
        ("x", OBJECT, Form("jsonl")),
        ("x.jsonl", "no json\n", Form("jsonl")),
        ("x.jsonl", "[1, 2]\n", Form("jsonl")),
        ("x.jsonl", f"[{OBJECT}]", Form("json")),
        ("x.json", "[]", Form("json")),
        ("x.json", '{\n "id": "a"\n}\n', Form("json")),
        ("x.json", '{"id": "a",\n"b": ', Form("jsonl")),
        ("x.json", '{"index": {"_id": "a"}}\n', Form("bulk")),
        ("x.json", '{"index": {"_id": "a"}, "more": 1}\n', Form("jsonl")),
        ("x.json", '{"index": "a"}\n', Form("jsonl")),
        ("x.json", '{"_index": "i", "_id": "a", "_source": {}}\n', Form("bulk")),
        ("x.csv", "id,title\n".encode("utf-16"), Form("csv", ",", "utf-16")),
        ("x.json.gz", gzip.compress(b"[{}]", mtime=0), Form("json")),
        ("x.dat", b"PAR1....", Form("parquet")),
    ],
)
def test_the_form_is_found(tmp_path: Path, name: str, content: str | bytes, form: Form) -> None:
    assert find_form(write(tmp_path / name, content), None, NAMES) == form


@pytest.mark.parametrize(
    ("told", "form"),
    [
        ({"format": "csv", "delimiter": ":"}, Form("csv", ":")),
        ({"format": "tsv"}, Form("csv", "\t")),
        ({"format": "bulk"}, Form("bulk")),
        ({"encoding": "latin-1"}, Form("csv", ",", "latin-1")),
        ({"encoding": "UTF8"}, Form("csv")),
    ],
)
def test_what_is_told_comes_first(tmp_path: Path, told: dict[str, Any], form: Form) -> None:
    path = write(tmp_path / "x.csv", "id,title\n")
    assert find_form(path, SourceFile.model_validate(told), NAMES) == form


def test_another_encoding_is_refused_with_a_cure_that_works(tmp_path: Path) -> None:
    text = "id,title\n" + "".join(f"{n},Größe {n}\n" for n in range(9))
    path = write(tmp_path / "x.csv", text.encode("cp1252"))
    with pytest.raises(DataError) as caught:
        find_form(path, None, NAMES)
    assert caught.value.message == (f"{path}: expected UTF-8, got 9 lines that are none among the first 10")
    assert caught.value.hint == (
        "They read as cp1252 (Latin): '0,Größe 0'. If that is right, say so under `source` in affinity.yaml: "
        "`encoding: cp1252`; if these lines are damaged: `encoding: utf-8`"
    )
    assert read(path, SourceFile(encoding="cp1252"))[0] == (2, {"id": "0", "title": "Größe 0"})
    assert read(path, SourceFile(encoding="utf-8"))[0] == (2, "expected UTF-8, got byte 0xf6 at byte 5")


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "a ZIP archive or a spreadsheet (xlsx)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "a spreadsheet (xls)"),
        (b"\x28\xb5\x2f\xfd\x04", "zstd"),
        (b"BZh91AY&SY", "bzip2"),
    ],
)
def test_what_is_packed_in_another_way_is_named(tmp_path: Path, head: bytes, found: str) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(head + bytes(100))
    with pytest.raises(DataError) as refused:
        find_form(path, None, ())
    assert refused.value.message == f"{path}: expected text, gzip or Parquet, got {found}"
    assert refused.value.hint == "Unpack it, or pack it with gzip; a spreadsheet can be saved as CSV."


def test_one_damaged_line_is_no_encoding(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", b"id,title\n1,a\n" + b"2,Gr\xf6\xdfe\n" + b"3,b\n")
    assert read(path) == [
        (2, {"id": "1", "title": "a"}),
        (3, "expected UTF-8, got byte 0xf6 at byte 5"),
        (4, {"id": "3", "title": "b"}),
    ]


def test_text_that_is_not_in_the_encoding_named(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "id,title\n1,a\n".encode("utf-16") + b"!")
    with pytest.raises(DataError, match="expected text in the encoding that was named, got something else after line"):
        read(path)


def test_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", ' ID ;"Title";\n1;"a\n;""b"";";x\n2;;\n3\n;;\n')
    assert read(path) == [
        (2, {"id": "1", "title": 'a\n;"b";', "": "x"}),
        (4, {"id": "2"}),
        (5, "expected 3 columns, got 1"),
    ]


@pytest.mark.parametrize(
    ("content", "records", "said"),
    [
        ('[{"a": 1}, {"a": [2]},\n{"a": {}}]', [{"a": 1}, {"a": [2]}, {"a": {}}], ""),
        ('{"a": 1}\n{\n"a": 2}{"a": 3}', [{"a": 1}, {"a": 2}, {"a": 3}], ""),
        ('[{}, 1, "x]", null, [2]] {"b": 1}', [{}, 1, "x]", None, [2], {"b": 1}], ""),
        ('[{"a": NaN}, {"a": 1, "a": 2}]', ["expected JSON, got NaN", "expected JSON, got one with a key that s"], ""),
        ('[{"a": 1}', [{"a": 1}], "expected a JSON value or `]` after element 1, got the end of the file"),
        ('[{"a": 1}, {"a": ', [{"a": 1}], "expected a JSON value or `]` after element 1, got '{\"a\": '"),
        ('[{"a": 1}, oops]', [{"a": 1}], "expected a JSON value or `]` after element 1, got 'oops]'"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 16])
def test_json_over_any_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, records: list[object], said: str, size: int
) -> None:
    monkeypatch.setattr(lines, "CHUNK_BYTES", size)
    path = write(tmp_path / "x.json", content)
    source = open_source(path, Form("json"), NAMES).records()
    found: list[object] = []
    try:
        found.extend(record.problem[:40] if record.problem else record.value for record in source)
    except DataError as error:
        assert error.message == f"{path}: {said}"
    else:
        assert not said
    assert found == records


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.recursive(
            st.none() | st.integers() | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        ),
        max_size=9,
    ),
    st.integers(0, 3),
)
def test_any_array_is_its_elements(tmp_path_factory: pytest.TempPathFactory, values: list[object], indent: int) -> None:
    path = tmp_path_factory.mktemp("json") / "x.json"
    write(path, json.dumps(values, indent=indent or None, ensure_ascii=indent == 1))
    records = list(open_source(path, Form("json"), NAMES).records())
    assert [record.number for record in records] == list(range(1, len(values) + 1))
    usable = [(record.value, value) for record, value in zip(records, values, strict=True) if not record.problem]
    assert all(found == value for found, value in usable)


def test_parquet_values_and_nothing_else_of_the_machine(tmp_path: Path) -> None:
    query = (
        "SELECT 1.5::DECIMAL(4, 2) AS price, 7::DECIMAL(4, 0) AS whole, [1, NULL] AS list, "
        "{'a': DATE '2024-05-01'} AS s, TIMESTAMP '2024-05-01 12:00:00' AS t, NULL AS n, 'x'::BLOB AS b"
    )
    duckdb.sql(f"COPY ({query}) TO '{tmp_path / 'x.parquet'}' (FORMAT parquet)")
    assert read(tmp_path / "x.parquet") == [
        (
            1,
            {
                "price": 1.5,
                "whole": 7,
                "list": [1, None],
                "s": {"a": "2024-05-01"},
                "t": "2024-05-01T12:00:00",
                "b": "x",
            },
        )
    ]
    duckdb.sql(f"COPY (SELECT 1 AS id) TO '{tmp_path / 'other.parquet'}' (FORMAT parquet)")
    with pytest.raises(DataError, match="expected a Parquet file"):
        read(write(tmp_path / "*.parquet", b"PAR1"))


def test_parquet_moments_with_a_zone_are_text_in_utc(tmp_path: Path) -> None:
    """As Spark, BigQuery and pandas write them; DuckDB itself gives them only where pytz is installed."""
    moment = "TIMESTAMPTZ '2024-05-01 12:00:00.5+02'"
    query = f"""SELECT {moment} AS "the ""ts", [{{'at': {moment}}}] AS list, 1 AS other"""
    duckdb.sql(f"COPY ({query}) TO '{tmp_path / 'x.parquet'}' (FORMAT parquet)")
    said = "2024-05-01 10:00:00.5+00"
    assert read(tmp_path / "x.parquet") == [(1, {'the "ts': said, "list": [{"at": said}], "other": 1})]
    assert time_reader(TimePath(path=["ts"]))(said) == 1_714_557_600_500_000


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", [1]),
        ("b.c", [2, 3, 4]),
        ("b.c.d", [5]),
        ("x.y", [6]),
        ("x.y.z", [7]),
        ("l", [8, 9]),
        ("none", []),
        ("a.none", []),
        ("gone", []),
        ("", []),
    ],
)
def test_paths(path: str, found: list[object]) -> None:
    record = {
        "a": 1,
        "b": [{"c": 2}, {"c": [3, [4]]}, {"c": {"d": 5}}],
        "x.y": 6,
        "x": {"y.z": 7},
        "l": [8, None, [9]],
        "gone": None,
    }
    assert [value for value in values_at_path(record, path) if not isinstance(value, dict)] == found


def test_the_first_that_holds_something() -> None:
    assert first_at([{"a": " "}, {"a": 0, "b": "x"}], ["a"]) == 0
    assert first_at([{"a": None}, {"b": "x"}], ["a", "b"]) == "x"
    assert first_at([3, None], ["a"]) is None
    assert named_paths({"a": {"b": 1}, "c": [{"d": 2}, {"e": 3}]}) == ["a", "a.b", "c", "c.d", "c.e"]


@pytest.mark.parametrize("blank", ["", " ", "(not set)", "(Not Set)", "(none)", None])
def test_what_stands_for_no_value_is_passed_over(blank: str | None) -> None:
    assert first_at([{"user_id": blank, "device": "d1"}], ["user_id", "device"]) == "d1"
    assert first_at([{"user_id": blank}], ["user_id"]) is None


def test_a_preset_stands_beneath_the_block() -> None:
    assert with_preset({"format": "csv"}, "events") == {"format": "csv"}
    for name in preset_names("events"):
        beneath = EventSource.model_validate({"preset": name})
        above = EventSource.model_validate({"preset": name, "fields": {"user": "mine"}, "encoding": "cp1252"})
        assert above.fields == beneath.fields.model_copy(update={"user": above.fields.user})
        assert (above.fields.user.path, above.encoding) == (("mine",), "cp1252")
    with pytest.raises(ValueError, match="preset: expected the name of a form of events that is known, got 'none'"):
        preset("none", "events")
