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
        (b'{"id": "a", "id": "b"}', "expected JSON, got one with a key that stands twice"),
        (b'{"id": "a", "x": ' + b"[" * 64 + b"]" * 64 + b"}", "expected JSON, got one nested more than 64 levels deep"),
        (b'{"id": "\xff"}', "expected UTF-8, got byte 0xff at character 9"),
        (b'{"id": "a", "title": "\\ud800"}', "expected UTF-8, got lone surrogate U+D800 at character 23"),
        (b'{"id": "a", "\\ude00": 1}', "expected UTF-8, got lone surrogate U+DE00 at character 14"),
        (b"[" * 100_000, "expected JSON, got one nested more than 64 levels deep"),
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
        (2, "expected 2 columns, got 3"),
        (3, "expected 2 columns, got 1"),
        (4, "c"),
        (5, "id: expected text, got nothing"),
        (6, "expected UTF-8, got byte 0xff at byte 3"),
        (7, "e"),
        (8, "id: expected at most 256 bytes of UTF-8, got 200000"),
        (9, "ok"),
    ]
    assert [x.text for _, x in read[:2] if isinstance(x, BrokenLine)] == ["a,1,2", "b"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "items.parquet",
            b"",
            "expected a Parquet file, got Invalid Input Error: File '{path}' too small to be a Parquet",
        ),
        (
            "items.csv",
            b"sku,title,product_id\nx,y,z\n",
            "items.source.fields.id: expected a path that the records have, got id, found in none of 1; "
            "there are sku, title, product_id",
        ),
        ("items.csv", b"id,a,a\n", "expected a header with no name twice, got id,a,a"),
        ("items.csv", b"", "expected a header with the names of the columns, got an empty file"),
    ],
)
def test_files_of_another_kind(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = write(tmp_path / name, data)
    with pytest.raises(DataError) as error:
        list(read_items(path))
    assert error.value.message.startswith(f"{path}: {message.replace('{path}', str(path))}")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected a file, found none"):
        list(read_items(tmp_path / "none.jsonl"))
    plain = tmp_path / "plain.jsonl.gz"
    plain.write_bytes(b'{"id": "a"}\n')
    with pytest.raises(DataError, match="expected gzip"):
        list(read_items(plain))
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"id": "a"}\n' * 1000)[:-12])
    with pytest.raises(DataError, match="expected a whole gzip file, it is damaged"):
        list(read_items(cut))
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(DataError, match="expected a readable file"):
        list(read_items(tmp_path / "folder.jsonl"))


def test_an_empty_file_has_no_items(tmp_path: Path) -> None:
    assert list(read_items(write(tmp_path / "items.jsonl", b""))) == []
    assert list(read_items(write(tmp_path / "only.csv", b"id,title\n"))) == []


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b""))))
def test_any_bytes_are_accounted_for_line_by_line(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("bytes") / "items.jsonl"
    path.write_bytes(b"\n".join([*lines, json.dumps({"id": "last"}).encode()]))
    read = list(read_items(path))
    assert read[-1][0] == len(lines) + 1
    assert [number for number, _ in read] == sorted({number for number, _ in read})


def kinds(path: Path) -> list[tuple[int, str]]:
    return [(n, x.reason[:24] if isinstance(x, BrokenLine) else f"{x.id} {x.title}") for n, x in read_items(path)]


OPEN, UNCLEAR = "expected a quote to be c", "expected to tell a text "


def test_an_open_quote_costs_its_own_row(tmp_path: Path) -> None:
    rows = ["id,title,price", '1,"Pan 20,5', *(f"{n},Pan {n},5" for n in range(2, 9)), '9,Pan 11",5', "10,Pan,5"]
    path = write(tmp_path / "items.csv", ("\n".join(rows) + "\n").encode())
    assert kinds(path) == [
        (2, OPEN),
        *((n + 1, f"{n} Pan {n}") for n in range(2, 9)),
        (10, '9 Pan 11"'),
        (11, "10 Pan"),
    ]
    path = write(tmp_path / "items.csv", ("\n".join(rows[:9]) + "\n").encode())
    assert kinds(path)[0] == (2, OPEN)
    assert len(kinds(path)) == 8


def test_where_nobody_can_tell_every_line_is_broken(tmp_path: Path) -> None:
    path = write(tmp_path / "items.csv", b'id,title\n1,"Small\nBut, good"\n2,Pan\n')
    assert kinds(path) == [(2, UNCLEAR), (3, UNCLEAR), (4, "2 Pan")]


def test_a_text_of_several_lines_is_one_item(tmp_path: Path) -> None:
    data = b'id,title,price\n1,"Pan, wide\nand ""deep""\nfor eggs",5\n2,"Pot 5""",6\n'
    assert kinds(write(tmp_path / "items.csv", data)) == [(2, '1 Pan, wide\nand "deep"\nfor eggs'), (5, '2 Pot 5"')]


def test_a_byte_order_mark_before_a_quoted_header_and_blanks_around_cells_and_pipes(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf"id","title","attrs.colour"\n 7 , Pan , red | white \n'
    assert list(read_items(write(tmp_path / "items.csv", data))) == [
        (2, Item("7", "Pan", {"colour": ("red", "white")}, None, {"title": "Pan"}))
    ]


def test_a_cut_csv_file_has_no_phantom_item(tmp_path: Path) -> None:
    path = write(tmp_path / "items.csv", b"id,title\n1,Pan\n2,Po")
    assert kinds(path) == [(2, "1 Pan"), (3, "expected a newline at th")]


def test_an_item_line_has_a_size_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "items.jsonl", b'{"id": "a", "x": "' + b"x" * 1_100_000 + b'"}\n{"id": "b"}\n')
    assert kinds(path) == [(1, "expected a line of at mo"), (2, "b ")]


@settings(deadline=None)
@given(st.lists(st.text('",|\na1 ', max_size=12), max_size=12))
def test_any_csv_has_every_line_in_at_most_one_record(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "items.csv"
    path.write_bytes(("id,title\n" + "\n".join(parts) + "\nlast,one\n").encode())
    numbers = [number for number, _ in read_items(path)]
    assert numbers == sorted(set(numbers))
