"""One JSON value per line, of bounded depth; a key that stands twice, NaN and Infinity are refused."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from affinity_search.inputs.lines import MAX_LINE_BYTES

__all__ = ["MAX_DEPTH", "decode", "decode_line"]

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


def decode_line(raw: bytes, most_bytes: int = MAX_LINE_BYTES) -> object:
    """The value in one line; raises ValueError, `expected ..., got ...`, also where it is too long or no UTF-8."""
    if len(raw) > most_bytes:
        raise ValueError(f"expected a line of at most {most_bytes} bytes, got a longer one")
    text = raw.decode(errors="surrogateescape").strip()
    _expect_text(text)
    try:
        value = decode(text)
    except json.JSONDecodeError as error:
        said = f"expected JSON, got {error.msg[0].lower()}{error.msg[1:]} at character {error.pos + 1}"
        raise ValueError(said) from None
    except ValueError as error:
        raise ValueError(f"expected JSON, got {error}") from None
    if "\\u" in text:
        _expect_text(json.dumps(value, ensure_ascii=False))
    return value


def _expect_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = ord(text[error.start])
        what = f"byte 0x{found - 0xDC00:02x}" if 0xDC80 <= found <= 0xDCFF else f"lone surrogate U+{found:04X}"
        raise ValueError(f"expected UTF-8, got {what} at character {error.start + 1}") from None


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
