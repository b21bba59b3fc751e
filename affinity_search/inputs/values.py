"""Plain numbers, ids and kinds of JSON values in files: the same for events and items."""

from __future__ import annotations

import math
import re

__all__ = ["MAX_ID_BYTES", "id_problem", "kind_of", "number_text", "plain_number"]

MAX_ID_BYTES = 256
MAX_NUMBER_CHARACTERS = 40
LARGEST_EXACT = 2.0**53
UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def plain_number(text: str) -> float | None:
    """The number in ASCII digits with a decimal point, also 1e-3; None for anything else (1,50 · 1_000 · NaN · 0x1p6).

    None too for over 40 characters and for numbers beyond all floats.
    """
    if len(text) > MAX_NUMBER_CHARACTERS or not NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def number_text(value: float) -> str | None:
    """A JSON number as the text of an id: 12 and 12.0 are both `12`; None without a plain decimal text (1e+22)."""
    if isinstance(value, int):
        return str(value)
    if value.is_integer() and abs(value) < LARGEST_EXACT:
        return str(int(value))
    text = repr(value)
    return text if math.isfinite(value) and "e" not in text else None


def id_problem(text: str) -> str:
    """Why the text cannot be an id, as `expected ..., got ...`; empty where it can."""
    if not text or text.isspace():
        return f"expected a value, got {repr(text)[:60] if text else 'none'}"
    if found := UNUSABLE.search(text):
        return f"expected no control characters or lone surrogates, got {found.group()!r}"
    if (size := len(text.encode())) > MAX_ID_BYTES:
        return f"expected at most {MAX_ID_BYTES} bytes of UTF-8, got {size}"
    return ""


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), "nothing")
