"""A test query: who searched what, and what they wanted."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Query"]


@dataclass(frozen=True)
class Query:
    """One search of one shopper: `relevant` are the items bought then, `novel` those of them never bought before.

    `novel` is None where the file does not say; it then follows from the training events. `qclass` is what kind of item
    was wanted, empty where the file does not say.
    """

    qid: str
    user: str
    text: str
    qclass: str
    relevant: frozenset[str]
    novel: frozenset[str] | None

    @property
    def group(self) -> str:
        """The class, or without one the text in lower case."""
        return self.qclass or self.text.lower()
