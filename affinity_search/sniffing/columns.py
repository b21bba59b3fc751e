"""The first records of a file as columns: every path that holds values, and what kind of values they are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from affinity_search.inputs.values import plain_number

__all__ = ["Column", "columns_of", "plain_name", "simple"]

BLANK = frozenset({"", "(not set)", "null", "none", "nan", "n/a", "undefined"})
LONG_TEXT = 80
ADDRESS = re.compile(r"(https?:)?//|.*\.(jpe?g|png|gif|webp|svg|html?)(\?|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """The values at one path: `cells` has those of each record, none where it has none; `below` counts its arrays.

    `objects` is True where the path holds an array of objects, whose own values stand in columns of their own.
    """

    path: str
    cells: tuple[tuple[object, ...], ...]
    objects: bool = False

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """All values as text, without blanks around them."""
        return tuple(str(value).strip() for cell in self.cells for value in cell)

    @cached_property
    def distinct(self) -> frozenset[str]:
        """The different values."""
        return frozenset(self.texts)

    @property
    def filled(self) -> float:
        """Share (0 .. 1) of the records that have a value here."""
        return sum(1 for cell in self.cells if cell) / len(self.cells) if self.cells else 0.0

    @property
    def repeated(self) -> float:
        """Share (0 .. 1) of the values that stand there once more; 0 where each stands there once."""
        return 1 - len(self.distinct) / len(self.texts) if self.texts else 0.0

    @property
    def several(self) -> bool:
        """Whether a record may have more than one value."""
        return any(len(cell) > 1 for cell in self.cells)

    @cached_property
    def numeric(self) -> bool:
        """Whether every value is a plain number."""
        return bool(self.texts) and all(plain_number(text) is not None for text in self.texts)

    @cached_property
    def addresses(self) -> bool:
        """Whether most values are addresses of pages or pictures."""
        return bool(self.texts) and 2 * sum(1 for text in self.texts if ADDRESS.match(text)) > len(self.texts)

    @cached_property
    def length(self) -> float:
        """The mean number of characters of a value."""
        return sum(map(len, self.texts)) / len(self.texts) if self.texts else 0.0

    @property
    def name(self) -> str:
        """The last step of the path, in the form of `simple`."""
        return simple(self.path.rsplit(".", 1)[-1])


def simple(name: str) -> str:
    """The name in small letters and digits only, so that `User ID`, `user_id` and `userId` are one.

    >>> simple("User ID"), simple("userId")
    ('userid', 'userid')
    """
    return "".join(c for c in _plain_letters(name) if c.isalnum())


def _plain_letters(name: str) -> str:
    """Small letters without their accents: `Größe` is `grosse`."""
    return "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))


def plain_name(path: str) -> str:
    """A name for an attribute: small letters, digits and underscores, the first one a letter; at most 34 characters.

    >>> plain_name("attrs.Google Shopping / Gender"), plain_name("brand.name"), plain_name("categoryPath.name")
    ('google_shopping_gender', 'brand', 'category_path')
    """
    own = path.removeprefix("attrs.")
    *parents, last = own.split(".")
    if parents and simple(last) in ("name", "label", "title", "value"):
        own = ".".join(parents)
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", own)
    plain = re.sub(r"[^a-z0-9]+", "_", _plain_letters(spaced)).strip("_")[:34].strip("_")
    return plain if plain[:1].isalpha() else f"attr_{plain}".rstrip("_")


def columns_of(records: Sequence[Mapping[str, object]]) -> dict[str, Column]:
    """The columns by path, in the order in which they first appear; objects are followed, arrays looked into."""
    cells: dict[str, list[tuple[object, ...]]] = {}
    objects: set[str] = set()
    for number, record in enumerate(records):
        found: dict[str, list[object]] = {}
        for path, value in _leaves(record, ""):
            if isinstance(value, list):
                objects.add(path)
            found.setdefault(path, [])
            if not isinstance(value, list) and not is_blank(value):
                found[path].append(value)
        for path, values in found.items():
            column = cells.setdefault(path, [])
            column.extend([()] * (number - len(column)))
            column.append(tuple(values))
    return {
        path: Column(path, tuple(column + [()] * (len(records) - len(column))), path in objects)
        for path, column in cells.items()
    }


def is_blank(value: object) -> bool:
    """Whether the value is none, or one of the words that exports write for none."""
    return value is None or (isinstance(value, str) and value.strip().casefold() in BLANK)


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    """The single values below, each with its path; an array of objects also as itself."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        if any(isinstance(part, Mapping) for part in value):
            yield path, value
        for part in value:
            yield from _leaves(part, path)
    else:
        yield path, value
