"""One item of the shop as a value, and the only place where its JSON is looked at and refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from affinity_search.inputs.values import id_problem, kind_of, number_text, plain_number

__all__ = ["COMPUTED", "LONGEST_VALUE", "Item", "parse_item", "record_values", "value_text", "values_at"]

PRICE = "expected a plain number such as 1299.00 (`items.source.fields.price` says how others are written)"
SHOWN_CHARACTERS = 40
LONGEST_VALUE = 4095
"""Characters of an attribute's value. The index ignores longer ones (8191 UTF-16 units): no filter could find them."""
COMPUTED = frozenset({"affinity", "affinity_gate", "popularity", "popularity_recent"})


@dataclass(frozen=True)
class Item:
    """An item: `attrs` holds each attribute's values as text, `fields` everything else that was given, as it was given.

    `title` is empty and `price` None where there is none. `fields` holds the text fields, `title` among them. `lost`
    says, by field, why an optional field that was given could not be used.
    """

    id: str
    title: str = ""
    attrs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price: float | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)


def parse_item(record: object) -> Item:
    """The item in a JSON value; fields that this package computes itself (`affinity`, `popularity` ...) are left out.

    An optional field that cannot be used is left out and named in `lost`. Raises ValueError, which names the
    expectation and the finding, where the value is no object or has no usable `id`.
    """
    if not isinstance(record, dict):
        raise ValueError(f"expected an object, got {kind_of(record)}")
    rest = {name: value for name, value in record.items() if name not in COMPUTED and value is not None}
    identity = _id(rest.pop("id", None))
    lost: dict[str, str] = {}
    attrs = _attrs(rest.pop("attrs", {}), lost)
    price = _price(rest.pop("price", None), lost)
    texts = {name: _text(name, rest[name], lost) for name in ("title", "text") if name in rest}
    for name in lost.keys() & texts.keys():
        del rest[name]
    return Item(identity, texts.get("title", ""), attrs, price, rest, lost)


def values_at(item: Item, path: str) -> tuple[str, ...]:
    """The values, as text and each once, that the item has at a dotted path such as `attrs.brand`; none if it has none.

    Lists are looked into at every step, objects have no text. A name that itself holds a dot is found too.
    """
    root, _, name = path.partition(".")
    if root == "attrs" and name in item.attrs and path not in item.fields:  # the usual case, and quick
        return item.attrs[name]
    record = {**item.fields, "attrs": item.attrs}
    if item.price is not None:
        record["price"] = item.price
    return record_values(record, path)


def record_values(record: object, path: str) -> tuple[str, ...]:
    """The values at a dotted path of any JSON value, an item of others' making included; as `values_at`."""
    texts = [value_text(value) for value in _walk(record, path)]
    return tuple(dict.fromkeys(text for text in texts if text))


def value_text(value: object) -> str | None:
    """Text as it is, `true` and `false`, a number in plain decimal digits (1.0 as 1); None for all else.

    The digits are those of Java's `BigDecimal.stripTrailingZeros().toPlainString()`, which the ingest pipeline uses;
    only below 1e-322 Java gives other ones.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return format(Decimal(repr(value)).normalize() + 0, "f")
    return None


def _walk(value: object, path: str) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _walk(part, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        head, _, tail = (path, "", "") if path in value else path.partition(".")
        yield from _walk(value.get(head), tail)


def _id(value: object) -> str:
    text = value
    if not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        text = number_text(value)
    if not isinstance(text, str):
        raise ValueError(f"id: expected text, got {kind_of(value)}")
    if problem := id_problem(text):
        raise ValueError(f"id: {problem}")
    return text


def _attrs(value: object, lost: dict[str, str]) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        lost["attrs"] = f"expected an object, got {kind_of(value)}"
        return {}
    attrs = {}
    for name, given in value.items():
        if not all(part.strip() for part in name.split(".")):
            lost["attrs"] = f"expected names that a field can have, got {name!r}"
        elif values := _attr_values(name, given, lost):
            attrs[name] = values
    return attrs


def _attr_values(name: str, value: object, lost: dict[str, str]) -> tuple[str, ...]:
    texts = [(entry, value_text(entry)) for entry in _listed(value) if entry is not None]
    if unusable := [entry for entry, text in texts if text is None]:
        lost[f"attrs.{name}"] = f"expected text, a finite number, true or false, got {kind_of(unusable[0])}"
    found = dict.fromkeys(text for _, text in texts if text)
    if long := [text for text in found if len(text) > LONGEST_VALUE]:
        lost[f"attrs.{name}"] = f"expected at most {LONGEST_VALUE} characters, got {len(long[0])}"
    return tuple(text for text in found if len(text) <= LONGEST_VALUE)


def _price(value: object, lost: dict[str, str]) -> float | None:
    if value is None:
        return None
    price = None
    if isinstance(value, str):
        price = plain_number(value.strip())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        price = _finite(value)
    if price is None:
        lost["price"] = f"{PRICE}, got {_shown(value)}"
    return price


def _finite(value: float) -> float | None:
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _text(name: str, value: object, lost: dict[str, str]) -> str:
    parts = [value_text(part) for part in _listed(value)]
    if None in parts:
        lost[name] = f"expected text or a list of texts, got {kind_of(value)}"
        return ""
    return " ".join(str(part) for part in parts)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}...")
    return kind_of(value)


def _listed(value: object) -> list[Any] | tuple[Any, ...]:
    return value if isinstance(value, list | tuple) else [value]
