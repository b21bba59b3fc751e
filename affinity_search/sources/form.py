"""The form of a file: named in the configuration, or found in its first bytes. What cannot be told is refused."""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Literal

from affinity_search.config.source_block import SourceFile
from affinity_search.inputs.jsonline import decode
from affinity_search.inputs.lines import UnreadableFile, plain_suffix, read_head
from affinity_search.inputs.rows import RowError, split_row

__all__ = ["BULK_ACTIONS", "Form", "Kind", "find_form", "is_bulk"]

Kind = Literal["csv", "jsonl", "json", "bulk", "parquet"]
HEAD_BYTES = 1 << 17
DELIMITERS = ",;\t|"
LINE_SUFFIXES = frozenset({".jsonl", ".ndjson"})
JSON_SUFFIXES = LINE_SUFFIXES | {".json"}
PARQUET_MAGIC = b"PAR1"
BULK_ACTIONS = frozenset({"index", "create", "update", "delete"})
MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8-sig"}
PACKED = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet (xlsx)",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (xls)",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"7z\xbc\xaf": "a 7z archive",
}
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
WORD = re.compile(r"[A-Za-z]{2}")
SURELY_WRONG_LINES = 2
SURELY_WRONG_SHARE = 0.01


@dataclass(frozen=True)
class Form:
    """What a file is written in. `encoding` is None for UTF-8; `delimiter` is that of CSV."""

    kind: Kind
    delimiter: str = ","
    encoding: str | None = None


def find_form(path: Path, told: SourceFile | None, names: Collection[str]) -> Form:
    """The form of the file: what is `told`, and the rest from its first bytes; `names` are columns to expect.

    A pipe, which can be read only once, is what its name says. Raises UnreadableFile where the file cannot be read, or
    is written in an encoding that has to be named.
    """
    told = told or SourceFile()
    if not path.is_file():
        return _untouched(path, told)
    head = read_head(path, HEAD_BYTES)
    _refuse_packed(path, head)
    looks_columnar = head.startswith(PARQUET_MAGIC) or plain_suffix(path) == ".parquet"
    if told.format == "parquet" or (told.format == "auto" and looks_columnar):
        return Form("parquet")
    encoding = told.encoding or next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    text = _head_text(path, head, encoding)
    encoding = None if encoding in ("utf-8-sig", None) or _is_utf8(encoding) else encoding
    kind = _kind(path, told, text)
    return Form(kind, _delimiter(told, text, names), encoding) if kind == "csv" else Form(kind, ",", encoding)


def _refuse_packed(path: Path, head: bytes) -> None:
    if packed := next((name for mark, name in PACKED.items() if head.startswith(mark)), ""):
        raise UnreadableFile(
            f"{path}: expected text, gzip or Parquet, got {packed}",
            hint="Unpack it, or pack it with gzip; a spreadsheet can be saved as CSV.",
        )


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _untouched(path: Path, told: SourceFile) -> Form:
    kind: Kind = "jsonl" if plain_suffix(path) in JSON_SUFFIXES else "csv"
    if told.format == "tsv" or (told.format == "auto" and plain_suffix(path) == ".tsv"):
        return Form("csv", told.delimiter or "\t", told.encoding)
    return Form(kind if told.format == "auto" else told.format, told.delimiter or ",", told.encoding)


def _head_text(path: Path, head: bytes, encoding: str | None) -> str:
    if encoding:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
        return text.removeprefix("\ufeff")
    if b"\0" in head[:200] and (order := _zeros(head)):
        raise UnreadableFile(
            f"{path}: expected UTF-8, got text that looks like {order}",
            hint=f"Say so under `source` in affinity.yaml: `encoding: {order}`",
        )
    _refuse_other_encodings(path, head)
    return head.decode(errors="replace")


def _zeros(head: bytes) -> str:
    """The kind of UTF-16 where every other byte is zero, as in Latin text; empty elsewhere."""
    even, odd = head[0:200:2].count(0), head[1:200:2].count(0)
    half = len(head[:200]) // 2
    most, few = half * 0.8, half * 0.1
    return "utf-16-be" if even >= most and odd <= few else "utf-16-le" if odd >= most and even <= few else ""


def _refuse_other_encodings(path: Path, head: bytes) -> None:
    """Raises where so many lines are no UTF-8 that it is another encoding, and no damage."""
    whole = head.rpartition(b"\n")[0] if len(head) >= HEAD_BYTES else head
    lines = [line for line in whole.split(b"\n") if line]
    wrong = [line for line in lines if not _decodes(line)]
    if len(wrong) < SURELY_WRONG_LINES or len(wrong) < SURELY_WRONG_SHARE * len(lines):
        return
    try:
        texts = [line.decode("cp1252") for line in wrong]
    except UnicodeDecodeError:
        return
    if any(CONTROL.search(text) or not WORD.search(text) for text in texts):
        return
    raise UnreadableFile(
        f"{path}: expected UTF-8, got {len(wrong)} lines that are none among the first {len(lines)}",
        hint=f"They read as cp1252 (Latin): {texts[0].strip()[:60]!r}. If that is right, say so under `source` in "
        "affinity.yaml: `encoding: cp1252`; if these lines are damaged: `encoding: utf-8`",
    )


def _decodes(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _kind(path: Path, told: SourceFile, text: str) -> Kind:
    if told.format == "tsv":
        return "csv"
    if told.format != "auto":
        return told.format
    start = text.lstrip()
    suffix = plain_suffix(path)
    if start.startswith("[") and start[1:].lstrip()[:1] in ("{", "]"):
        return "json"
    if start.startswith("{") and suffix not in (".csv", ".tsv"):
        return _kind_of_objects(start)
    return "jsonl" if suffix in JSON_SUFFIXES else "csv"


def _kind_of_objects(text: str) -> Kind:
    """A value a line, several lines a value, or an object a line that is written for an engine."""
    line = text.partition("\n")[0]
    try:
        value = decode(line)
    except ValueError:
        return "json" if _goes_on(text, len(line)) else "jsonl"
    return "bulk" if is_bulk(value) else "jsonl"


def is_bulk(value: object) -> bool:
    """Whether the value is an action line of a bulk request, or a hit of an engine with its document inside."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("_source"), dict) and ("_id" in value or "_index" in value):
        return True
    return len(value) == 1 and next(iter(value)) in BULK_ACTIONS and isinstance(next(iter(value.values())), dict)


def _goes_on(text: str, first_line: int) -> bool:
    try:
        _, end = JSONDecoder().raw_decode(text)
    except (JSONDecodeError, RecursionError):
        return False
    return end > first_line


def _delimiter(told: SourceFile, text: str, names: Collection[str]) -> str:
    """The sign that parts the header best: into most of the expected names, then into most cells."""
    if told.delimiter or told.format == "tsv":
        return told.delimiter or "\t"
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=lambda sign: _parted(header, sign, names))


def _parted(header: str, sign: str, names: Collection[str]) -> tuple[int, int]:
    try:
        cells = [cell.strip().lower() for cell in split_row(header, sign)]
    except RowError:
        return 0, 0
    return sum(name.lower() in cells for name in names), len(cells)
