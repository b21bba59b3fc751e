"""Values as plain JSON: what every `as_json()` gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

__all__ = ["plain", "plain_fields"]


def plain(value: object) -> Any:
    """The value as `json.dumps` takes it: dict, list, str, int, float, bool or None, all the way down.

    A dataclass is a dict of its fields, a date its ISO text, a path its text. A number that JSON has no word for (NaN,
    infinity) is None. Raises TypeError for a value of any other kind.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return plain_fields(value)
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, Set):
        return sorted(plain(inner) for inner in value)
    return _single(value)


def plain_fields(value: Any) -> dict[str, Any]:
    """The fields of a dataclass as plain JSON values, by name."""
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}


def _single(value: object) -> str | int | float | None:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"expected a value that JSON can say, got {type(value).__name__}")
