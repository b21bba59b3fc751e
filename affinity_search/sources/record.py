"""What every source gives: numbered records, each with its bytes and its value, or with what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

__all__ = ["RawRecord", "Source"]


class RawRecord(NamedTuple):
    """One record: the number of its first line (of the record itself where lines mean nothing), its bytes, its value.

    `problem` says why it is none, as `expected ..., got ...`; empty where it is one.
    """

    number: int
    raw: bytes
    value: object
    problem: str = ""


class Source(Protocol):
    """A file in one form."""

    def records(self) -> Iterator[RawRecord]:
        """All records in the order of the file, broken ones too. Raises UnreadableFile where it cannot be read on."""
        ...
