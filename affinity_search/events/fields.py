"""The fields of an event: from what a CSV or JSON line holds to checked values, or Malformed with the reason."""

from __future__ import annotations

import math
import re
from functools import lru_cache

__all__ = ["Malformed", "consent", "field_text", "identifier", "optional_identifier", "weight"]

MAX_ID_BYTES = 256
SHOWN_CHARACTERS = 60
UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
NO = frozenset({"false", "0", "no"})
YES = frozenset({"true", "1", "yes"})


class Malformed(ValueError):
    """A line that is no event; the message is the reason that stands in the quarantine file."""


def shown(value: object) -> str:
    """`value` as it stands in a reason: its repr, cut at 60 characters."""
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}... (cut)"


def field_text(value: object, name: str) -> str:
    """The value as text, a JSON number as its decimal text; empty for null.

    Raises Malformed for every other JSON type, and for numbers that have no plain decimal text (1e+22).
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and "e" not in (text := repr(value)) and math.isfinite(value):
        return text
    raise Malformed(f"{name}: expected text or a plain number, got {shown(value)}")


@lru_cache(maxsize=1 << 16)
def _checked(text: str, name: str) -> str:
    if not text or text.isspace():
        raise Malformed(f"{name}: expected a value, got {shown(text) if text else 'none'}")
    if found := UNUSABLE.search(text):
        raise Malformed(f"{name}: expected no control characters or lone surrogates, got {found.group()!r}")
    if (size := len(text.encode())) > MAX_ID_BYTES:
        raise Malformed(f"{name}: expected at most {MAX_ID_BYTES} bytes of UTF-8, got {size}")
    return text


def identifier(value: object, name: str) -> str:
    """The value exactly as written. Raises Malformed where it is absent, blank, over 256 bytes or unprintable."""
    return _checked(value if type(value) is str else field_text(value, name), name)


def optional_identifier(value: object, name: str) -> str:
    """As `identifier`, but empty where the value is absent."""
    return identifier(value, name) if value is not None and value != "" else ""


def weight(value: object) -> float | None:
    """The event's own weight, a finite number >= 0; None where absent. Raises Malformed for anything else."""
    return _number(field_text(value, "weight")) if value is not None and value != "" else None


@lru_cache(maxsize=1 << 12)
def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise Malformed(f"weight: expected a number >= 0, got {shown(text)}")
    return number


def consent(value: object) -> bool:
    """False where the line says no (false, 0, no), True where it says yes (true, 1, yes) or nothing.

    Raises Malformed for anything else, since an answer that nobody understands is no consent.
    """
    if value is None or value == "" or value is True:
        return True
    if value is False:
        return False
    answer = field_text(value, "consent").strip().lower()
    if answer in NO:
        return False
    if answer in YES:
        return True
    raise Malformed(f"consent: expected true or false, got {shown(value)}")
