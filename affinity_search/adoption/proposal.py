"""The sections of `affinity.yaml` that an index of others asks for, each line with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator

from affinity_search.adoption.fields import LEVELS, FoundAttribute, FoundFields

__all__ = ["propose"]


def propose(name: str, fields: FoundFields, popularity: str, *, address: str | None, prefix: str, external: str) -> str:
    """YAML for a file that also has the section `events`; with `external` versions of the shape that writes nothing.

    `popularity` is a name that the index has free for the two fields of popularity.
    """
    return "\n".join(
        [
            *_engine(address, prefix),
            "items:",
            f"  index: {name}",
            *([f"  keys: keyword  # {external}: no item may be written"] if external else []),
            *_texts(fields),
            *_attributes(fields, flat=bool(external)),
            *_popularity(popularity, bool(external)),
            *(f"# {line}" for line in _prices(fields)),
        ]
    )


def _engine(address: str | None, prefix: str) -> list[str]:
    return ["engine:", *([f"  url: {address}"] if address else []), f"  prefix: {prefix}"]


def _texts(fields: FoundFields) -> Iterator[str]:
    if not fields.texts:
        yield "  # no text field: name one that holds the words of a search in text_fields"
    else:
        yield f"  # one search analyzer: {fields.analyzer}"
        yield "  text_fields:"
        yield from (f"    {path}: {boost:g}" for path, boost in fields.texts.items())
    if fields.others:
        left = ", ".join(f"{path} ({analyzer})" for path, analyzer in fields.others.items())
        yield f"  # left out, another analyzer or the same words again: {left}"


def _attributes(fields: FoundFields, *, flat: bool) -> Iterator[str]:
    chosen = [found for found in fields.attributes if not (flat and found.nested)]
    yield "attributes:" if chosen else "attributes: {}  # no field whose values repeat among the items"
    for found in chosen:
        yield f"  # {found.share:.0%} of the items, {found.values} values, {found.each:.1f} each"
        yield f"  {found.name}: {{{', '.join(_keys(found))}}}"


def _keys(found: FoundAttribute) -> Iterator[str]:
    yield f"field: {found.field}"
    if found.path:
        yield f"path: {found.path}"
    if found.is_multi_valued:
        yield f"multi_valued: true, levels: {LEVELS}"


def _popularity(field: str, nothing_written: bool) -> Iterator[str]:
    if nothing_written:
        yield "popularity: {all_time: {weight: 0}}  # it would be written to the items"
    elif field != "popularity":
        yield f"popularity: {{field: {field}}}  # the items have a `popularity` of their own"


def _prices(fields: FoundFields) -> Iterator[str]:
    if not fields.prices:
        yield "price: no number field of that name; filters by price find nothing"
    elif fields.prices[0] == "price":
        yield "price: the filters price_min and price_max read the field price"
    else:
        yield "price: the filters price_min and price_max read a field price; for yours put below search:"
        yield f"  ranges: {{{', '.join(f'{_name(path)}: {path}' for path in fields.prices)}}}"


def _name(path: str) -> str:
    """What the bounds of this field are called in requests: `sale_price` gives sale_price_min and sale_price_max."""
    return re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_")
