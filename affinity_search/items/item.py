"""One item of the shop as a value, and the only place where its JSON is looked at and refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

__all__ = ["COMPUTED", "LONGEST_ID_BYTES", "LONGEST_VALUE", "Item", "parse_item", "value_text", "values_at"]

LONGEST_ID_BYTES = 256
# Characters of an attribute's value. The index ignores longer ones (8191 UTF-16 units), so no filter could find them.
LONGEST_VALUE = 4095
COMPUTED = frozenset({"affinity", "affinity_gate", "popularity", "popularity_recent"})


@dataclass(frozen=True)
class Item:
    """An item: `attrs` holds each attribute's values as text, `fields` everything else that was given, as it was given.

    `title` is empty and `price` None where there is none. `fields` holds the text fields, `title` among them.
    """

    id: str
    title: str = ""
    attrs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price: float | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


def parse_item(record: object) -> Item:
    """The item in a JSON value; fields that this package computes itself (`affinity`, `popularity` ...) are left out.

    Raises ValueError, which names the field, the expectation and the finding, where the value is no item.
    """
    if not isinstance(record, dict):
        raise ValueError(f"expected an object, got {_kind(record)}")
    rest = {name: value for name, value in record.items() if name not in COMPUTED and value is not None}
    identity = _id(rest.pop("id", None))
    attrs = _attrs(rest.pop("attrs", {}))
    price = _price(rest.pop("price", None))
    title = _text("title", rest.get("title", ""))
    _text("text", rest.get("text", ""))
    return Item(identity, title, attrs, price, rest)


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
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise ValueError(f"id: expected text, got {_kind(value)}")
    size = len(text.encode())
    if not 0 < size <= LONGEST_ID_BYTES:
        raise ValueError(f"id: expected 1 to {LONGEST_ID_BYTES} bytes, got {size}")
    return text


def _attrs(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ValueError(f"attrs: expected an object, got {_kind(value)}")
    if nameless := [name for name in value if not all(part.strip() for part in name.split("."))]:
        raise ValueError(f"attrs: expected names that a field can have, got {nameless[0]!r}")
    attrs = {name: _attr_values(name, given) for name, given in value.items()}
    return {name: values for name, values in attrs.items() if values}


def _attr_values(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_attr_text(name, value),) if value else ()
    texts = [_attr_text(name, entry) for entry in _listed(value) if entry is not None]
    return tuple(dict.fromkeys(text for text in texts if text))


def _attr_text(name: str, value: object) -> str:
    text = value_text(value)
    if text is None:
        raise ValueError(f"attrs.{name}: expected text, a finite number, true or false, got {_kind(value)}")
    if len(text) > LONGEST_VALUE:
        raise ValueError(f"attrs.{name}: expected at most {LONGEST_VALUE} characters, got {len(text)}")
    return text


def _price(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"price: expected a number, got {_kind(value)}")
    try:
        price = float(value)
    except OverflowError:
        price = math.inf
    if not math.isfinite(price):
        raise ValueError("price: expected a finite number, got one beyond all floats")
    return price


def _text(name: str, value: object) -> str:
    parts = _listed(value)
    if any(not isinstance(part, str) for part in parts):
        raise ValueError(f"{name}: expected text or a list of texts, got {_kind(value)}")
    return " ".join(str(part) for part in parts)


def _listed(value: object) -> list[Any] | tuple[Any, ...]:
    return value if isinstance(value, list | tuple) else [value]


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing")
