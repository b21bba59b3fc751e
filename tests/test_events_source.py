"""Event files: formats, compression, physical lines, and files that break off."""

from __future__ import annotations

import gzip
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config.model import Events, EventType
from affinity_search.config.source_block import EventSource
from affinity_search.errors import DataError
from affinity_search.events import Event, EventLine, EventRules, Rejected, Verdict, read_events

RULES = EventRules.of(Events(types={"purchase": EventType(weight=1)}), datetime(2017, 3, 1, tzinfo=UTC))
HEADER = b"user,ts,type,item\n"
CSV = b"u1,2017-01-15,purchase,i1\n"
JSONL = b'{"user": "u1", "ts": "2017-01-15", "type": "purchase", "item": "i1"}\n'
EVENT = Event(user="u1", item="i1", type="purchase", time=17181 * 86_400_000_000, day=17181)


def read(path: Path) -> list[EventLine]:
    return list(read_events(path, RULES))


def seen(path: Path) -> list[tuple[int, str]]:
    return [(n, out.reason if isinstance(out, Rejected) else out.item) for n, _, out in read(path)]


@pytest.mark.parametrize(
    ("name", "content", "number"),
    [
        ("e.csv", HEADER + CSV, 2),
        ("e.jsonl", JSONL, 1),
        ("e.ndjson", JSONL, 1),
        ("e.txt", JSONL, 1),
        ("e.txt", HEADER + CSV, 2),
        ("e.csv.gz", gzip.compress(HEADER + CSV, mtime=0), 2),
        ("e.csv.gz", gzip.compress(HEADER, mtime=0) + gzip.compress(CSV, mtime=0), 2),
        ("e.JSONL.GZ", gzip.compress(JSONL, mtime=0), 1),
        ("packed.csv", gzip.compress(HEADER + CSV, mtime=0), 2),
        ("bom.csv", b"\xef\xbb\xbf" + HEADER + CSV, 2),
        ("bom.jsonl", b"\xef\xbb\xbf" + JSONL, 1),
        ("crlf.csv", (HEADER + CSV).replace(b"\n", b"\r\n"), 2),
        ("open-end.jsonl", JSONL.rstrip(b"\n"), 1),
        ("blank.csv", HEADER + b"\n \r\n" + CSV + b"\n", 4),
        ("blank-first.csv", b"\n" + HEADER + CSV, 3),
        ("semicolons.csv", (HEADER + CSV).replace(b",", b";"), 2),
        ("pipes.txt", (HEADER + CSV).replace(b",", b" | "), 2),
        ("tabs.tsv", (HEADER + CSV).replace(b",", b"\t"), 2),
        ("tabs.csv.gz", gzip.compress((HEADER + CSV).replace(b",", b"\t"), mtime=0), 2),
        ("utf-16.csv", (HEADER + CSV).decode().encode("utf-16"), 2),
        ("utf-16.jsonl", JSONL.decode().encode("utf-16"), 1),
        ("utf-16-be.csv", b"\xfe\xff" + (HEADER + CSV).decode().encode("utf-16-be"), 2),
        ("capitals.csv", b' User , TS,Type,"ITEM"\n' + CSV, 2),
        ("array.json", b"[" + JSONL + b"]", 1),
        ("array.jsonl", b" [\n " + JSONL + b"\n]\n", 1),
        ("pretty.json", b'{\n  "user": "u1", "ts": "2017-01-15",\n  "type": "purchase", "item": "i1"\n}\n', 1),
        ("bulk.ndjson", b'{"index": {"_index": "e"}}\n' + JSONL, 2),
        ("dump.json", b'{"_index": "e", "_source": ' + JSONL.strip() + b"}\n", 1),
    ],
)
def test_formats(tmp_path: Path, name: str, content: bytes, number: int) -> None:
    (tmp_path / name).write_bytes(content)
    assert [(line.number, line.outcome) for line in read(tmp_path / name)] == [(number, EVENT)]


def test_parquet(tmp_path: Path) -> None:
    row = "SELECT 'u1' AS \"user\", TIMESTAMP '2017-01-15' AS ts, 'purchase' AS type, {'id': 'i1'} AS product"
    duckdb.sql(f"COPY ({row}) TO '{tmp_path / 'e.parquet'}' (FORMAT parquet)")
    told = EventSource.model_validate({"fields": {"item": "product.id"}})
    assert [(x.number, x.outcome) for x in read_events(tmp_path / "e.parquet", RULES, told)] == [(1, EVENT)]


def test_an_empty_jsonl_file_has_no_events(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_bytes(b"")
    assert read(tmp_path / "e.jsonl") == []


def test_a_broken_line_costs_only_itself(tmp_path: Path) -> None:
    broken = [
        b'u1,2017-01-15,purchase,"i',
        b"u1,2017",
        b"\xff,,,",
        b"\0",
        b"x" * 10_000_000,
        b'""",2017-01-15,purchase,i',
    ]
    content = HEADER + b"".join(line + b"\n" + CSV for line in broken)
    (tmp_path / "e.csv").write_bytes(content)
    assert seen(tmp_path / "e.csv") == [
        (2, 'expected a quote to be closed, got one that is not (write inches as 5"" inside quotes)'),
        (3, "i1"),
        (4, "expected 4 columns, got 2"),
        (5, "i1"),
        (6, "expected UTF-8, got byte 0xff at byte 1"),
        (7, "i1"),
        (8, "expected text, got a NUL byte"),
        (9, "i1"),
        (10, "expected a line of at most 1048576 bytes, got a longer one"),
        (11, "i1"),
        (12, 'expected a quote to be closed, got one that is not (write inches as 5"" inside quotes)'),
        (13, "i1"),
    ]


def test_a_cell_in_quotes_may_hold_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes(b"note,user,ts,type,item\n" + b'"one\n\ntwo, ""2""",' + CSV + b"x," + CSV)
    assert [(line.number, line.outcome) for line in read(tmp_path / "e.csv")] == [(2, EVENT), (5, EVENT)]


@given(st.lists(st.binary(max_size=40).filter(lambda raw: b"\n" not in raw), max_size=20), st.booleans())
def test_lines_are_those_between_newlines(
    tmp_path_factory: pytest.TempPathFactory, raws: list[bytes], zip_it: bool
) -> None:
    raws.append(b"\x81")  # in no encoding that would be guessed
    content = b"\n".join([b"{}", *raws])
    path = tmp_path_factory.mktemp("lines") / "e.jsonl"
    path.write_bytes(gzip.compress(content, mtime=0) if zip_it else content)
    expected = [(n, raw.removesuffix(b"\r")) for n, raw in enumerate([b"{}", *raws], 1) if raw.strip()]
    assert [(line.number, line.raw) for line in read(path)] == expected


def test_lines_across_chunks(tmp_path: Path) -> None:
    rows = b"".join(b"u1,2017-01-15,purchase,%d\n" % n for n in range(20_000))
    (tmp_path / "e.csv").write_bytes(HEADER + rows)
    assert seen(tmp_path / "e.csv") == [(n + 2, str(n)) for n in range(20_000)]


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(JSONL,))
    writer.start()
    assert [line.outcome for line in read(pipe)] == [EVENT]
    writer.join()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("e.csv", b"", "expected a header with the names of the columns, got an empty file"),
        ("e", b"", "expected a header with the names of the columns, got an empty file"),
        ("e.csv", b"\n \n", "expected a header with the names of the columns, got blank lines"),
        ("e.csv", b"user,ts\n", "expected the columns user, ts, type, item, type, item missing in ['user', 'ts']"),
        ("e.csv", b"user;ts\n", "expected the columns user, ts, type, item, type, item missing in ['user', 'ts']"),
        ("e.csv.gz", HEADER + CSV, "expected gzip (.gz), got something else"),
        ("e.csv.gz", b"", "expected gzip (.gz), got something else"),
        ("e.csv", (HEADER + CSV).decode().encode("utf-16-le"), "expected UTF-8, got text that looks like utf-16-le"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path / name)
    assert caught.value.message == f"{tmp_path / name}: {said}"


def test_no_file_and_no_file_but_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: expected a readable file, got No such file or directory$"):
        read(tmp_path / "none.csv")
    with pytest.raises(DataError, match="expected a readable file, got Is a directory"):
        read(tmp_path)


ROWS = b"".join(b"u1,2017-01-15,purchase,%d\n" % (n * 7919) for n in range(50_000))
WHOLE = gzip.compress(HEADER + ROWS, mtime=0)
DAMAGED = {
    "cut": WHOLE[: len(WHOLE) // 2],
    "followed by something": WHOLE + b"garbage",
    "with a wrong checksum": WHOLE[:-8] + bytes([WHOLE[-8] ^ 1]) + WHOLE[-7:],
    "without its end": WHOLE[:-4],
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_gzip_file_gives_no_line(tmp_path: Path, how: str) -> None:
    (tmp_path / "e.csv.gz").write_bytes(DAMAGED[how])
    with pytest.raises(DataError) as caught:
        next(read_events(tmp_path / "e.csv.gz", RULES))
    assert caught.value.message.startswith(
        f"{tmp_path / 'e.csv.gz'}: expected a whole gzip file, it is damaged, and nothing of it was read ("
    )


def test_of_a_damaged_gzip_pipe_the_error_says_how_far_it_came(tmp_path: Path) -> None:
    pipe = tmp_path / "e.csv.gz"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(DAMAGED["cut"],))
    writer.start()
    lines: list[EventLine] = []
    with pytest.raises(DataError) as caught:
        for line in read_events(pipe, RULES):
            lines.append(line)
    writer.join()
    last = lines[-1].number
    assert last > 10_000
    assert f"it breaks off after line {last} (" in caught.value.message
    assert "nothing counts twice" in caught.value.hint


@pytest.mark.parametrize(
    ("end", "found"),
    [
        (b"u2,2017-01-15,purchase,i56", Verdict.QUARANTINED),
        (b'u2,2017-01-15,purchase,"i56"', None),
        (b"u2,2017-01-15,purchase,i56\r", None),
        (b"u2,2017-01-15,purchase,i56\n", None),
    ],
)
def test_the_last_line_of_a_csv_file_must_end(tmp_path: Path, end: bytes, found: Verdict | None) -> None:
    (tmp_path / "e.csv").write_bytes(HEADER + CSV + end)
    last = read(tmp_path / "e.csv")[-1].outcome
    assert (last.verdict if isinstance(last, Rejected) else None) == found


def test_blanks_around_unquoted_cells_are_no_part_of_them(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes(
        b'user, ts, type, item\nu1, 2017-01-15 , purchase, i1\n" u1",2017-01-15,purchase,x\n'
    )
    first, second = read(tmp_path / "e.csv")
    assert first.outcome == EVENT
    assert isinstance(second.outcome, Event)
    assert second.outcome.user == " u1"
