"""The quarantine file: the lines of one source that are no events, each with its number and the reason."""

from __future__ import annotations

import json
import os
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from affinity_search.errors import DataError

__all__ = ["Quarantine", "quarantine_path"]

MAX_TEXT_CHARACTERS = 2000
MAX_FILE_BYTES = 10_000_000
MAX_NAME_BYTES = 100
CUT = f"... (cut at {MAX_TEXT_CHARACTERS} characters)"
FULL = "the quarantine file is full: from this line on, bad lines are counted but not kept"


def quarantine_path(folder: Path, source: Path) -> Path:
    """The quarantine file of this source: its name, cut at 100 bytes, and a hash of its path, for namesakes."""
    digest = blake2b(str(source.resolve()).encode(errors="surrogateescape"), digest_size=6).hexdigest()
    name = os.fsencode(source.name)[:MAX_NAME_BYTES].decode(errors="ignore")
    return folder / f"{name}-{digest}.jsonl"


class Quarantine:
    """Context in which bad lines are written; at its end the file is there whole, or not at all without bad lines.

    A file left by an earlier reading of the same source is replaced or removed. It is readable by its user only, and
    holds at most 10 MB: what comes after is counted, not kept. Raises DataError where the folder cannot be written.
    """

    def __init__(self, folder: Path, source: Path) -> None:
        self.path = quarantine_path(folder, source)
        self._unfinished = self.path.with_name(f"{self.path.name}.tmp")
        self._file: IO[bytes] | None = None
        self._room = MAX_FILE_BYTES

    def __enter__(self) -> Self:
        return self

    def add(self, line: int, reason: str, raw: bytes | None) -> None:
        """One bad line: its number in the source, why it is bad, and its bytes, of which the beginning is kept.

        `raw` is None where nothing of the line may be kept.
        """
        if self._room < 0:
            return
        text = None if raw is None else _kept(raw)
        found = _line({"line": line, "reason": reason, "text": text})
        self._room -= len(found)
        if self._room < 0:
            found = _line({"line": line, "reason": FULL, "text": None})
        try:
            if self._file is None:
                self._file = self._opened()
            self._file.write(found)
        except OSError as error:
            raise self._failure(error) from None

    def _opened(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._unfinished.unlink(missing_ok=True)
        return os.fdopen(os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            if self._file is not None:
                self._file.close()
            if kind is not None:
                self._unfinished.unlink(missing_ok=True)
            elif self._file is not None:
                self._unfinished.replace(self.path)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as failure:
            raise self._failure(failure) from error

    @property
    def written(self) -> Path | None:
        """The file, or None as long as there was no bad line."""
        return self.path if self._file is not None else None

    def _failure(self, error: OSError) -> DataError:
        return DataError(
            f"{self.path}: expected to write the quarantine file, got {error.strerror or error}",
            hint="Make the folder writable and ingest the same files again: nothing counts twice.",
        )


def _line(record: dict[str, object]) -> bytes:
    return (json.dumps(record, ensure_ascii=False) + "\n").encode(errors="backslashreplace")


def _kept(raw: bytes) -> str:
    # A character takes at most 4 bytes, so this holds more than the characters kept.
    text = raw[: 4 * (MAX_TEXT_CHARACTERS + 2)].decode(errors="backslashreplace")
    return text if len(text) <= MAX_TEXT_CHARACTERS else text[:MAX_TEXT_CHARACTERS] + CUT
