"""Whether the items that events name are those of the catalogue, and where they miss one another by their spelling."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Joining", "Miss", "spelling_key"]

MOST_UNKNOWN = 200_000
MISSES_SHOWN = 3
FIELD_SHARE = 0.5


@dataclass(frozen=True)
class Miss:
    """An id that `events` events name and the catalogue has in another spelling; `differs` says in what."""

    item: str
    catalogue: str
    events: int
    differs: str

    def __str__(self) -> str:
        return f"{self.events:,} events name {self.item!r}, the catalogue has {self.catalogue!r} ({self.differs})"


@dataclass
class Joining:
    """Counts events by the item that they name; `ids` are those of the catalogue, `fields` what else may be an id."""

    ids: frozenset[str]
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    events: int = 0
    known: int = 0
    _unknown: Counter[str] = field(default_factory=Counter)

    def add(self, item: str) -> None:
        """Counts an event with this item."""
        self.events += 1
        if item in self.ids:
            self.known += 1
        elif item in self._unknown or len(self._unknown) < MOST_UNKNOWN:
            self._unknown[item] += 1

    @property
    def share(self) -> float | None:
        """Share (0 .. 1) of the events whose item is known; None without events."""
        return self.known / self.events if self.events else None

    def misses(self) -> list[Miss]:
        """The three most frequent ids that miss one of the catalogue by their spelling only."""
        found: list[Miss] = []
        keys = {spelling_key(identity): identity for identity in sorted(self.ids)} if self._unknown else {}
        for item, events in self._unknown.most_common():
            if len(found) < MISSES_SHOWN and (near := keys.get(spelling_key(item))):
                found.append(Miss(item, near, events, _difference(item, near)))
        return found

    def lines(self) -> Iterator[str]:
        """What a person should know, a line each; the first is the share of the events whose item is known."""
        if self.share is None:
            return
        yield f"the item of {self.known:,} of {self.events:,} events is known ({self.share:.1%})"
        yield from map(str, self.misses())
        for path, share in self._other_fields():
            yield (
                f"{share:.1%} of the unknown items stand in the field {path} of the catalogue: "
                f"is it the id (items.source.fields.id: {path})?"
            )
        if self.known == 0 and self._unknown:
            example, there = next(iter(self._unknown)), min(self.ids, default="none")
            yield f"no event names an item of the catalogue: the events have {example!r}, the catalogue {there!r}"

    def _other_fields(self) -> Iterator[tuple[str, float]]:
        total = sum(self._unknown.values())
        for path, values in self.fields.items():
            share = sum(count for item, count in self._unknown.items() if item in values) / total if total else 0.0
            if share >= FIELD_SHARE:
                yield path, share


def spelling_key(identity: str) -> str:
    """What is left of an id without case, blanks, a decimal part of zeros, zeros in front and misread letters.

    >>> spelling_key(" AB-007.0"), spelling_key("ab-007")
    ('ab-007', 'ab-007')
    """
    text = unicodedata.normalize("NFC", _well_read(identity)).casefold().strip()
    text = re.sub(r"\s+", "", re.sub(r"\.0+$", "", text))
    return re.sub(r"^0+(?=\d)", "", text)


def _well_read(text: str) -> str:
    """The text as it was written, where UTF-8 was read as Windows-1252 (`GrÃ¼n` for `Grün`)."""
    try:
        return text.encode("cp1252").decode() if not text.isascii() else text
    except UnicodeError:
        return text


def _difference(item: str, catalogue: str) -> str:
    if item.casefold() == catalogue.casefold():
        return "capitals"
    if re.sub(r"\s+", "", item).casefold() == re.sub(r"\s+", "", catalogue).casefold():
        return "blanks"
    if _well_read(item) == _well_read(catalogue):
        return "one was read in the wrong encoding"
    if unicodedata.normalize("NFC", item) == unicodedata.normalize("NFC", catalogue):
        return "another Unicode form of the same letters"
    return "a decimal part, zeros in front or the like"
