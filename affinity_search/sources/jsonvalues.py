"""JSON values one after another, over any number of lines: an array's elements, or objects without commas."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from pathlib import Path

from affinity_search.inputs.lines import UnreadableFile, read_chunks
from affinity_search.sources.jsonlines import record_of
from affinity_search.sources.record import RawRecord

__all__ = ["MAX_VALUE_CHARACTERS", "JsonSource"]

MAX_VALUE_CHARACTERS = 64 << 20
BETWEEN = re.compile(r"[\s,]*")


class JsonSource:
    """The elements of the arrays at the top, and the other values there; one at a time is held, not the file."""

    def __init__(self, path: Path, encoding: str | None) -> None:
        self._path, self._encoding = path, encoding

    def records(self) -> Iterator[RawRecord]:
        """Every element, numbered from 1. Raises UnreadableFile where the JSON breaks off or is no JSON."""
        text = _Text(read_chunks(self._path, self._encoding))
        number, depth = 0, 0
        while sign := text.next_sign():
            if sign == "[" and not depth:
                depth = text.step(1)
            elif sign == "]" and depth:
                depth = text.step(-1)
            else:
                found = text.take()
                if found is None:
                    raise self._broken(number, text)
                number += 1
                yield record_of(number, found.encode(errors="surrogateescape"), MAX_VALUE_CHARACTERS)
        if depth:
            raise self._broken(number, text)

    def _broken(self, number: int, text: _Text) -> UnreadableFile:
        long = text.held > MAX_VALUE_CHARACTERS
        got = "a longer one" if long else repr(text.start(40)) if text.held else "the end of the file"
        expected = f"at most {MAX_VALUE_CHARACTERS >> 20} MiB of JSON" if long else "a JSON value or `]`"
        return UnreadableFile(
            f"{self._path}: expected {expected} after element {number}, got {got}",
            hint="What came before is used. Get the file again, or write an object a line (JSONL).",
        )


class _Text:
    """The text that is still to be read: it grows where a value is not whole, and shrinks as values are taken."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text, self._place, self._ended = "", 0, False

    @property
    def held(self) -> int:
        """How many characters are held that no value was made of."""
        return len(self._text) - self._place

    def start(self, size: int) -> str:
        """The first characters of what is held."""
        return self._text[self._place : self._place + size]

    def next_sign(self) -> str:
        """The next sign that is neither blank nor comma, empty at the end of the file."""
        while True:
            found = BETWEEN.match(self._text, self._place)
            self._place = found.end() if found else self._place
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._more():
                return ""

    def step(self, change: int) -> int:
        """Passes over one sign; the depth then, 1 inside an array and 0 outside."""
        self._place += 1
        return max(0, change)

    def take(self) -> str | None:
        """The text of the value that begins here; None where there is none, or none of a size to be read."""
        while True:
            try:
                _, end = JSONDecoder().raw_decode(self._text, self._place)
            except RecursionError:
                return None
            except JSONDecodeError:
                end = -1
            if end >= 0 and (end < len(self._text) or self._ended):
                start, self._place = self._place, end
                return self._text[start:end]
            if (self.held > MAX_VALUE_CHARACTERS or not self._more()) and end < 0:
                return None

    def _more(self) -> bool:
        """Reads on, at least as much again as is held; False at the end of the file."""
        parts = [self._text[self._place :]]
        wanted = max(1, len(parts[0]))
        while wanted > 0 and not self._ended:
            chunk = next(self._chunks, b"")
            self._ended = not chunk
            parts.append(self._decoder.decode(chunk, self._ended))
            wanted -= len(parts[-1])
        before = len(parts[0])
        self._text, self._place = "".join(parts), 0
        return len(self._text) > before
