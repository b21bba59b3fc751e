"""A small text search over items, so that a purchase can be replayed as the search it may have come from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log

from affinity_search.offline.text_fields import Texts

__all__ = ["TextIndex", "spellings", "tokens"]

WORD = re.compile(r"[^\W_]+")
K1, B = 1.2, 0.75


def tokens(text: str) -> list[str]:
    """The stems of the words."""
    return [_stem(word) for word in WORD.findall(text.lower())]


def spellings(text: str) -> dict[str, str]:
    """By stem the word as the text spells it first, in lower case."""
    found: dict[str, str] = {}
    for word in WORD.findall(text.lower()):
        found.setdefault(_stem(word), word)
    return found


def _stem(word: str) -> str:
    """The word, a plural s taken off those of four letters or more; one of a stem is the stem itself."""
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word


class TextIndex:
    """BM25F as Lucene's combined_fields computes it (k1 1.2, b 0.75, no factor k1 + 1), each field with its boost."""

    def __init__(self, fields: Sequence[Texts]) -> None:
        self._postings: dict[str, dict[int, float]] = {}
        lengths: list[float] = []
        for n, texts in enumerate(zip(*(field.texts for field in fields), strict=True)):
            counts: dict[str, float] = {}
            length = 0.0
            for field, text in zip(fields, texts, strict=True):
                words = tokens(text)
                length += field.boost * len(words)
                for word in words:
                    counts[word] = counts.get(word, 0.0) + field.boost
            lengths.append(length)
            for word, count in counts.items():
                self._postings.setdefault(word, {})[n] = count
        mean = sum(lengths) / len(lengths) if lengths else 0.0
        self._norms = [K1 * (1 - B + B * length / mean) if mean else K1 for length in lengths]

    def frequency(self, word: str) -> int:
        """Number of items with the word."""
        return len(self._postings.get(word, ()))

    def search(self, query: str) -> dict[int, float]:
        """Items that have every word of the query, with their score; empty where there is none."""
        postings = [self._postings.get(word, {}) for word in dict.fromkeys(tokens(query))]
        if not postings:
            return {}
        found = set(postings[0])
        for posting in postings:
            found &= posting.keys()
        total = len(self._norms)
        idf = [log(1 + (total - len(p) + 0.5) / (len(p) + 0.5)) for p in postings]
        norms = self._norms
        return {n: sum(i * p[n] / (p[n] + norms[n]) for i, p in zip(idf, postings, strict=True)) for n in sorted(found)}
