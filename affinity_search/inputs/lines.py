"""Files as physical lines of bounded length, plain or gzip; a gzip file is checked whole before its first line."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from affinity_search.errors import DataError

__all__ = ["MAX_LINE_BYTES", "CutLine", "UnreadableFile", "plain_suffix", "read_chunks", "read_head", "read_lines"]

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


def read_lines(path: Path, encoding: str | None = None) -> Iterator[bytes]:
    """Every line without its newline; of one longer than MAX_LINE_BYTES only a beginning that is still longer.

    A file in another `encoding` comes as UTF-8, without a byte order mark. Raises UnreadableFile where the file cannot
    be opened or breaks off; a gzip file that is not whole gives no line at all, unless it is a pipe, which can be read
    only once.
    """
    number = 0
    with _readable(path, lambda: number):
        for line in _split(_Utf8Chunks(path, encoding)):
            number += 1
            yield line


def read_chunks(path: Path, encoding: str | None = None) -> Iterator[bytes]:
    """The file in pieces of UTF-8 without a byte order mark; raises as `read_lines` does."""
    lines = 0
    with _readable(path, lambda: lines):
        chunks = _Utf8Chunks(path, encoding)
        while chunk := chunks.read1(CHUNK_BYTES):
            lines += chunk.count(b"\n")
            yield chunk


def read_head(path: Path, size: int) -> bytes:
    """The first `size` bytes as they stand in the file, unzipped; raises as `read_lines` does."""
    found = b""
    with _readable(path, lambda: 0), path.open("rb") as file:
        stream = _unzipped(path, file)
        while len(found) < size and (chunk := stream.read1(size - len(found))):
            found += chunk
    return found


@contextmanager
def _readable(path: Path, lines: Callable[[], int]) -> Iterator[None]:
    """Turns the errors of reading into UnreadableFile; `lines` says how many were read before."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        number = lines()
        where = f"it breaks off after line {number}" if number else "it is damaged, and nothing of it was read"
        raise UnreadableFile(
            f"{path}: expected a whole gzip file, {where} ({error})",
            hint=AGAIN if number else "Get the file again and read it then.",
        ) from None
    except UnicodeError as error:
        raise UnreadableFile(
            f"{path}: expected text in the encoding that was named, got something else after line {lines()} ({error})",
            hint="Name the encoding that the file has, such as `encoding: utf-16` or `encoding: cp1252`.",
        ) from None
    except OSError as error:
        number = lines()
        where = f" after line {number}" if number else ""
        raise UnreadableFile(
            f"{path}: expected a readable file, got {error.strerror or error}{where}", hint=AGAIN if number else ""
        ) from None


class _Utf8Chunks:
    """The bytes of a file as UTF-8 without a byte order mark; opened at the first reading, closed at the end."""

    def __init__(self, path: Path, encoding: str | None) -> None:
        self._chunks = _recoded(_file_chunks(path), encoding) if encoding else _file_chunks(path)
        self._first = True

    def read1(self, _size: int, /) -> bytes:
        """The next piece, empty at the end."""
        chunk = next(self._chunks, b"")
        while self._first and chunk and len(chunk) < len(BOM):
            more = next(self._chunks, b"")
            chunk += more
            if not more:
                break
        found = chunk.removeprefix(BOM) if self._first else chunk
        self._first = False
        return found or (next(self._chunks, b"") if chunk else b"")


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        stream = _unzipped(path, file)
        if stream is not file and file.seekable():
            _check_whole(path)
        # read1 hands over what is there before the error of a broken gzip stream, read would lose it.
        while chunk := stream.read1(CHUNK_BYTES):
            yield chunk


def _recoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The same text in UTF-8; a byte that means nothing stays as it is, so that it costs its own line only."""
    errors = "surrogatepass" if encoding.lower().replace("_", "-").startswith("utf-16") else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text.encode("utf-8", errors)
    yield decoder.decode(b"", True).encode("utf-8", errors)


def _unzipped(path: Path, file: BufferedReader) -> _Chunks:
    zipped = file.peek(2)[:2] == GZIP_MAGIC
    if path.suffix.lower() == ".gz" and not zipped:
        raise UnreadableFile(f"{path}: expected gzip (.gz), got something else", hint="Rename or compress it.")
    return gzip.GzipFile(fileobj=file) if zipped else file


def _check_whole(path: Path) -> None:
    """Reads a gzip file to its end, so that none of its lines counts where its checksum does not hold."""
    with gzip.GzipFile(path) as file:
        while file.read1(CHUNK_BYTES):
            pass


def _split(stream: _Chunks) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read1(CHUNK_BYTES):
        pieces = (rest + chunk).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            yield piece.removesuffix(b"\r")
        if len(rest) > MAX_LINE_BYTES + CHUNK_BYTES:
            rest = rest[: MAX_LINE_BYTES + 1]
    if rest:
        yield rest[:-1] if rest.endswith(b"\r") else CutLine(rest)
