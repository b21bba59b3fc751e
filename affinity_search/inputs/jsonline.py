"""One JSON value per line, of bounded depth; a key that stands twice, NaN and Infinity are refused."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "decode"]

MAX_DEPTH = 64
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def decode(text: str) -> object:
    """The value in the text.

    Raises ValueError (JSONDecodeError for bad syntax) with what was found instead: more than MAX_DEPTH levels, a key
    that stands twice in one object, NaN or Infinity.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueError(f"one nested more than {MAX_DEPTH} levels deep")
    return _DECODER.decode(text)


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in TOKENS.finditer(text):
        if token.group() in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token.group() in "]}":
            depth -= 1
    return deepest


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("one with a key that stands twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_object)
