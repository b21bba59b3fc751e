"""Values that have broken templates elsewhere: for every parameter, alone and among others."""

from __future__ import annotations

from typing import Any

__all__ = ["HOSTILE_VALUES", "LARGE_VALUES"]

HOSTILE_VALUES: tuple[Any, ...] = (
    "", " ", '"', "\\", '\\"', '"}', '"]}}', '", "size": 9999, "x": "', "{{q}}", "{{{q}}}", "{{#q}}", "{{/user_id}}",
    "{{=<% %>=}}", "/*", "*/", "//", "#", "10, /*", "1e9", "-1", "NaN", "null", "\n", "\r\n", "\t", "\x00", "\x7f",
    "\u2028", "é", "😀", "a" * 5000, 0, 1, -1, 10**20, 0.5, 1e308, True, False, None, [], [[]], {}, ["a"], ["a", "b"],
    [0], [None], [True, False], ['"', "\\"], [["a"], ["b"]], {"a": 1}, {"user_id": "x"}, {"q": '"}'}, [{}, {}],
    {"brand": ["a", {"b": "c"}]}, [{"user_id": "x"}, {"user_id": "y"}],
)  # fmt: skip

LARGE_VALUES: tuple[Any, ...] = (
    "a" * 50_000,
    {"user_id": ["ab"] * 5000, "q": ["ab"] * 5000, "size": ["ab"] * 5000, "toString": ["ab"] * 5000},
    {"doubleValue": ["ab"] * 5000, "hashCode": ["ab"] * 5000},
    [{"a": "ab", "q": "ab"}] * 5000,
    [["ab"] * 10] * 1000,
    [[["ab"] * 1000] * 10],
    *([value] * n for value in ("ab", 7.5, 0, False, None, []) for n in (1, 2, 1000, 10_000)),
)
