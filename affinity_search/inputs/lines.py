"""Files as physical lines of bounded length, plain or gzip; a gzip file is checked whole before its first line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from affinity_search.errors import DataError

__all__ = ["MAX_LINE_BYTES", "CutLine", "UnreadableFile", "plain_suffix", "read_lines"]

MAX_LINE_BYTES = 1 << 20
CHUNK_BYTES = 1 << 16
GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"
AGAIN = "What was read before stays applied. Get the file again and ingest it: nothing counts twice."


class UnreadableFile(DataError):
    """The file cannot be opened, breaks off or has no usable header; the lines before have been given."""


class CutLine(bytes):
    """The last line of a file that does not end in a newline: whole, or what is left of a file that was cut."""


class _Chunks(Protocol):
    def read1(self, size: int, /) -> bytes: ...


def plain_suffix(path: Path) -> str:
    """The ending of the name in lower case, without that of gzip: `.csv` for `items.CSV.gz`."""
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return name.suffix.lower()


def read_lines(path: Path) -> Iterator[bytes]:
    """Every line without its newline; of one longer than MAX_LINE_BYTES only a beginning that is still longer.

    A byte order mark is taken off. Raises UnreadableFile where the file cannot be opened or breaks off; a gzip file
    that is not whole gives no line at all, unless it is a pipe, which can be read only once.
    """
    number = 0
    try:
        for line in _physical_lines(path):
            number += 1
            yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        where = f"it breaks off after line {number}" if number else "it is damaged, and nothing of it was read"
        raise UnreadableFile(
            f"{path}: expected a whole gzip file, {where} ({error})",
            hint=AGAIN if number else "Get the file again and read it then.",
        ) from None
    except OSError as error:
        where = f" after line {number}" if number else ""
        raise UnreadableFile(
            f"{path}: expected a readable file, got {error.strerror or error}{where}", hint=AGAIN if number else ""
        ) from None


def _physical_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        zipped = file.peek(2)[:2] == GZIP_MAGIC
        if path.suffix.lower() == ".gz" and not zipped:
            raise UnreadableFile(f"{path}: expected gzip (.gz), got something else", hint="Rename or compress it.")
        if zipped and file.seekable():
            _check_whole(path)
        lines = _split(gzip.GzipFile(fileobj=file) if zipped else file)
        for line in lines:
            yield line[len(BOM) :] if line.startswith(BOM) and not isinstance(line, CutLine) else _unmarked(line)
            break
        yield from lines


def _unmarked(line: bytes) -> bytes:
    return CutLine(line[len(BOM) :]) if line.startswith(BOM) else line


def _check_whole(path: Path) -> None:
    """Reads a gzip file to its end, so that none of its lines counts where its checksum does not hold."""
    with gzip.GzipFile(path) as file:
        while file.read1(CHUNK_BYTES):
            pass


def _split(stream: _Chunks) -> Iterator[bytes]:
    rest = b""
    # read1 hands over what is there before the error of a broken gzip stream, read would lose it.
    while chunk := stream.read1(CHUNK_BYTES):
        pieces = (rest + chunk).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            yield piece.removesuffix(b"\r")
        if len(rest) > MAX_LINE_BYTES + CHUNK_BYTES:
            rest = rest[: MAX_LINE_BYTES + 1]
    if rest:
        yield rest[:-1] if rest.endswith(b"\r") else CutLine(rest)
