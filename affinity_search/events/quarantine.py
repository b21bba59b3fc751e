"""The quarantine file: the lines of one source that are no events, each with its number and the reason."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from affinity_search.errors import DataError

__all__ = ["Quarantine", "quarantine_path"]

MAX_TEXT_CHARACTERS = 2000
CUT = f"... (cut at {MAX_TEXT_CHARACTERS} characters)"


def quarantine_path(folder: Path, source: Path) -> Path:
    """The quarantine file of this source: its name, and a hash of its absolute path to tell namesakes apart."""
    digest = blake2b(str(source.resolve()).encode(errors="surrogateescape"), digest_size=6).hexdigest()
    return folder / f"{source.name}-{digest}.jsonl"


class Quarantine:
    """Context in which bad lines are written; at its end the file is there whole, or not at all without bad lines.

    A file left by an earlier reading of the same source is replaced or removed. Raises DataError where the folder
    cannot be written.
    """

    def __init__(self, folder: Path, source: Path) -> None:
        self.path = quarantine_path(folder, source)
        self._unfinished = self.path.with_name(f"{self.path.name}.tmp")
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def add(self, line: int, reason: str, raw: bytes) -> None:
        """One bad line: its number in the source, why it is bad, and its bytes, of which the beginning is kept."""
        text = json.dumps({"line": line, "reason": reason, "text": _kept(raw)}, ensure_ascii=False)
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._unfinished.open("w", encoding="utf-8", newline="\n")
            self._file.write(f"{text}\n")
        except OSError as error:
            raise self._failure(error) from None

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


def _kept(raw: bytes) -> str:
    # A character takes at most 4 bytes, so this holds more than the characters kept.
    text = raw[: 4 * (MAX_TEXT_CHARACTERS + 2)].decode(errors="backslashreplace")
    return text if len(text) <= MAX_TEXT_CHARACTERS else text[:MAX_TEXT_CHARACTERS] + CUT
