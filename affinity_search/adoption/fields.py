"""Fields of an index of others that searches, tastes and prices can rest on: by mapping and by what a sample holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.config import patterns
from affinity_search.deploy.item_fields import NUMBERS, ItemField, ItemMapping
from affinity_search.items.item import record_values
from affinity_search.signals import reserved_names
from affinity_search.signals.attribute import Attribute
from affinity_search.sniffing.vocabulary import ITEM_NAMES, place_of

__all__ = ["LEVELS", "FoundAttribute", "FoundFields", "find_fields"]

LOOKUPS = 12  # of the 16 that a request may have by default; the list of items takes the other four
LEVELS = 3
"""Levels that an attribute of several values is proposed with: a lookup each."""
LONGEST_VALUE = 60
TITLES = ("title", "name", "headline", "product_name", "label")
LIKELY = (
    "brand", "manufacturer", "vendor", "maker", "author", "artist", "category", "categories", "department", "type",
    "genre", "series", "colour", "color", "size", "style", "material", "tags", "theme", "gender",
    "marke", "hersteller", "marque", "marca", "merk", "kategorie", "warengruppe", "categorie", "categoria",
    "farbe", "couleur", "kleur", "groesse", "taille", "geschlecht",
)  # fmt: skip
UNLIKELY = re.compile(r"(^|[_.])(id|ids|sku|ean|gtin|upc|mpn|url|link|image|images|slug|status|currency|uuid|hash)$")
TAKEN = reserved_names() | {"price_min", "price_max"}


@dataclass(frozen=True)
class FoundAttribute:
    """A field whose values repeat among the items; `share` of the sample has one, `values` differ, `each` on average.

    `path` is where the item's JSON holds them, None where that is the field itself.
    """

    name: str
    field: str
    path: str | None
    nested: bool
    share: float
    values: int
    each: float

    @property
    def is_multi_valued(self) -> bool:
        """True where an item of the sample has several."""
        return self.each > 1


@dataclass(frozen=True)
class FoundFields:
    """What was found: `texts` share one search analyzer, each with its boost; `others` are texts of other analyzers.

    `prices` are the number fields that may be a price, the likeliest first.
    """

    texts: Mapping[str, float]
    analyzer: str
    others: Mapping[str, str]
    attributes: tuple[FoundAttribute, ...]
    prices: tuple[str, ...]


def find_fields(items: ItemMapping, sources: Iterable[Mapping[str, Any]]) -> FoundFields:
    """What the mapping and the sample offer; no attribute without a sample."""
    sample = list(sources)
    texts, analyzer, others = _texts(items)
    attributes = _affordable(sorted(_attributes(items, sample), key=_rank))
    prices = sorted(
        (
            path
            for path, field in items.fields.items()
            if field.type in NUMBERS and not field.nested and _is_price(path)
        ),
        key=lambda path: (path != "price", path.count("."), len(path)),
    )
    return FoundFields(texts, analyzer, others, tuple(_named(attributes)), tuple(prices))


def _texts(items: ItemMapping) -> tuple[dict[str, float], str, dict[str, str]]:
    """The text fields of the analyzer that a title has, else of the one that most fields have."""
    found = {
        path: field.search_analyzer
        for path, field in items.fields.items()
        if field.type == "text" and not field.nested and re.fullmatch(patterns.FIELD_NAME, path)
    }
    if not found:
        return {}, "", {}
    common = Counter(found.values())
    # A sub-field comes after the fields themselves: `title.english` beside `title` holds the same words.
    first = min(found, key=lambda path: (items.fields[path].derived, not _is_title(path), -common[found[path]]))
    chosen = {
        path: 2.0 if _is_title(path) else 1.0
        for path, analyzer in found.items()
        if analyzer == found[first] and (not items.fields[path].derived or items.fields[first].derived)
    }
    return chosen, found[first], {path: other for path, other in found.items() if path not in chosen}


def _is_title(path: str) -> bool:
    first = path.split(".")[0]
    return first.lower() in TITLES or place_of(first, ITEM_NAMES["title"]) is not None


def _is_price(path: str) -> bool:
    last = path.rpartition(".")[2]
    return "price" in last.lower() or place_of(last, ITEM_NAMES["price"]) is not None


def _attributes(items: ItemMapping, sample: list[Mapping[str, Any]]) -> Iterator[FoundAttribute]:
    for field, mapped in items.fields.items():
        if mapped.type not in ("keyword", "constant_keyword") or not re.fullmatch(patterns.FIELD_NAME, field):
            continue
        above = field.rpartition(".")[0]
        path = above if mapped.derived and _holds_it(items.field(above)) else None
        found = _values(field, path, mapped, sample)
        if found and not UNLIKELY.search((path or field).lower()) and not _is_title(field):
            yield found


def _holds_it(above: ItemField | None) -> bool:
    return above is not None and above.type not in ("object", "nested")


def _values(field: str, path: str | None, mapped: ItemField, sample: list[Mapping[str, Any]]) -> FoundAttribute | None:
    """None where no item has a value, all have the same, hardly any repeats, or they are no short words."""
    if mapped.derived and path is None:  # an alias, of which an item's JSON holds nothing
        return None
    having = [values for source in sample if (values := record_values(source, path or field))]
    different = {value for values in having for value in values}
    given = sum(map(len, having))
    if len(different) < 2 or given < 2 * len(different) or max(map(len, different)) > LONGEST_VALUE:
        return None
    each = given / len(having)
    return FoundAttribute("", field, path, mapped.nested, len(having) / len(sample), len(different), each)


def _affordable(ranked: Iterable[FoundAttribute]) -> list[FoundAttribute]:
    """The first of them that fit into the lookups of a request, one after the other."""
    chosen, left = [], LOOKUPS
    for found in ranked:
        lookups = LEVELS if found.is_multi_valued else Attribute(field=found.field).lookups
        if lookups <= left:
            chosen.append(found)
            left -= lookups
    return chosen


def _rank(found: FoundAttribute) -> tuple[int, float, str]:
    parts = (found.path or found.field).lower().split(".")
    known = [LIKELY.index(part) for part in parts if part in LIKELY]
    return (min(known, default=len(LIKELY)), -found.share, found.field)


def _named(attributes: Iterable[FoundAttribute]) -> Iterator[FoundAttribute]:
    taken: set[str] = set()
    for one in attributes:
        parts = [re.sub(r"[^a-z0-9]+", "_", part.lower()).strip("_") for part in (one.path or one.field).split(".")]
        for length in range(1, len(parts) + 1):
            name = "_".join(parts[-length:])[:40]
            if re.fullmatch(patterns.NAME, name) and name not in taken | TAKEN:
                taken.add(name)
                yield FoundAttribute(**{**one.__dict__, "name": name})
                break
