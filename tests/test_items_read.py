"""Item files: every line is an item or says why not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.errors import DataError
from affinity_search.items.item import Item
from affinity_search.items.read import BrokenLine, read_items


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["items.jsonl", "items.ndjson.gz"])
def test_jsonl(tmp_path: Path, name: str) -> None:
    data = (
        b'\xef\xbb\xbf{"id": "a", "title": "caf\xc3\xa9"}\r\n'
        b"\n"
        b"   \n"
        b'{"id": "b", "attrs": {"x": "\\ud83d\\ude00"}}\n'
        b'{"id": "c"'
    )
    assert list(read_items(write(tmp_path / name, data))) == [
        (1, Item("a", "café", {}, None, {"title": "café"})),
        (4, Item("b", "", {"x": ("😀",)})),
        (5, BrokenLine(5, "expected JSON, got expecting ',' delimiter at character 11", '{"id": "c"')),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"no json", "expected JSON, got expecting value at character 1"),
        (b'"text"', "expected an object, got text"),
        (b'{"id": "a", "price": NaN}', "expected JSON, got NaN"),
        (b'{"id": "a", "x": -Infinity}', "expected JSON, got -Infinity"),
        (b'{"id": "a", "price": 1e999}', "price: expected a finite number, got one beyond all floats"),
        (b'{"id": "\xff"}', "expected UTF-8, got byte 0xff at character 9"),
        (b'{"id": "a", "title": "\\ud800"}', "expected UTF-8, got lone surrogate U+D800 at character 23"),
        (b'{"id": "a", "\\ude00": 1}', "expected UTF-8, got lone surrogate U+DE00 at character 14"),
        (b"[" * 100_000, "expected JSON, got too many levels"),
    ],
)
def test_broken_lines_of_jsonl(tmp_path: Path, line: bytes, reason: str) -> None:
    path = write(tmp_path / "items.jsonl", line + b'\n{"id": "next"}\n')
    first, second = read_items(path)
    assert isinstance(first[1], BrokenLine)
    assert (first[0], first[1].line, first[1].reason) == (1, 1, reason)
    assert first[1].text.encode(errors="surrogateescape") == line
    assert second == (2, Item("next"))


@pytest.mark.parametrize("name", ["items.csv", "items.csv.gz"])
def test_csv(tmp_path: Path, name: str) -> None:
    data = (
        "\ufeffid,title,text,price,attrs.brand,attrs.colour,maker\n"
        'a,"Mug, blue","two\nlines",3.50,acme,blue|white|,M\n'
        "\n"
        "b,,,,,,\n"
    )
    assert list(read_items(write(tmp_path / name, data.encode()))) == [
        (
            2,
            Item(
                "a",
                "Mug, blue",
                {"brand": ("acme",), "colour": ("blue", "white")},
                3.5,
                {"title": "Mug, blue", "text": "two\nlines", "maker": "M"},
            ),
        ),
        (5, Item("b")),
    ]


def test_broken_rows_of_csv(tmp_path: Path) -> None:
    data = b"id,price\na,1,2\nb\nc,cheap\n,5\nd,\xff\ne,inf\n" + b"f" * 200_000 + b",1\nok,1\n"
    read = list(read_items(write(tmp_path / "items.csv", data)))
    assert [(n, x.reason if isinstance(x, BrokenLine) else x.id) for n, x in read] == [
        (2, "expected 2 cells, got 3"),
        (3, "expected 2 cells, got 1"),
        (4, "price: expected a number, got 'cheap'"),
        (5, "id: expected text, got nothing"),
        (6, "expected UTF-8, got byte 0xff at character 3"),
        (7, "price: expected a finite number, got one beyond all floats"),
        (8, "expected CSV, got field larger than field limit (131072)"),
        (9, "ok"),
    ]
    assert [x.text for _, x in read[:2] if isinstance(x, BrokenLine)] == ["a,1,2", "b"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("items.parquet", b"", "expected a name ending in .jsonl, .ndjson or .csv (and .gz), got items.parquet"),
        ("items.csv", b"sku,title\n", "expected a header with `id` and no name twice, got sku,title"),
        ("items.csv", b"id,a,a\n", "expected a header with `id` and no name twice, got id,a,a"),
    ],
)
def test_files_of_another_kind(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = write(tmp_path / name, data)
    with pytest.raises(DataError) as error:
        list(read_items(path))
    assert error.value.message == f"{path}: {message}"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a file, found none"):
        list(read_items(tmp_path / "none.jsonl"))
    plain = tmp_path / "plain.jsonl.gz"
    plain.write_bytes(b'{"id": "a"}\n')
    with pytest.raises(DataError, match="expected a readable file, got Not a gzipped file"):
        list(read_items(plain))
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"id": "a"}\n' * 1000)[:-12])
    with pytest.raises(DataError, match="expected a readable file, got Compressed file ended"):
        list(read_items(cut))
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(DataError, match="expected a readable file"):
        list(read_items(tmp_path / "folder.jsonl"))


def test_an_empty_file_has_no_items(tmp_path: Path) -> None:
    assert list(read_items(write(tmp_path / "items.jsonl", b""))) == []
    assert list(read_items(write(tmp_path / "items.csv", b""))) == []
    assert list(read_items(write(tmp_path / "only.csv", b"id,title\n"))) == []


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b""))))
def test_any_bytes_are_accounted_for_line_by_line(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("bytes") / "items.jsonl"
    path.write_bytes(b"\n".join([*lines, json.dumps({"id": "last"}).encode()]))
    read = list(read_items(path))
    assert read[-1][0] == len(lines) + 1
    assert [number for number, _ in read] == sorted({number for number, _ in read})
