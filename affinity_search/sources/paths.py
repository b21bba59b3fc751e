"""Values at a path: a key as it stands, else steps through objects parted by dots; of a list all its elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

__all__ = ["first_at", "is_nothing", "named_paths", "values_at_path"]

MOST_NAMED = 200
PLACEHOLDERS = frozenset({"(not set)", "(none)", "(not provided)", "(data deleted)"})
"""What analytics exports write where there is no value."""


def values_at_path(value: object, path: str) -> list[object]:
    """All that is found at the path, lists taken apart, null left out; empty where there is nothing."""
    if type(value) is dict and path in value:  # a column of a flat record: the usual case, and quick
        found = value[path]
        if found is None:
            return []
        if type(found) is not list:
            return [found]
    return list(_walk(value, path))


def first_at(values: Sequence[object], paths: Sequence[str]) -> object:
    """What stands at the first path that holds something in the first of the values that has it; None for nothing.

    A blank text is nothing, and so is `(not set)`. Where a path leads to several values the first one is taken.
    """
    for path in paths:
        for value in values:
            for found in _walk(value, path):
                if not is_nothing(found):
                    return found
    return None


def is_nothing(value: object) -> bool:
    """Whether a value is blank text, or what analytics exports write in place of one: `(not set)`."""
    return isinstance(value, str) and (not value or value.isspace() or value.strip().lower() in PLACEHOLDERS)


def named_paths(value: object) -> list[str]:
    """Every path of the record that leads to a value, at most 200, in order: what a path could have meant."""
    return list(dict.fromkeys(_named(value, "")))[:MOST_NAMED]


def _walk(value: object, path: str) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _walk(part, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, Mapping):
        if path in value:
            yield from _walk(value[path], "")
            return
        for place, letter in enumerate(path):
            if letter == "." and path[:place] in value:
                yield from _walk(value[path[:place]], path[place + 1 :])
                return


def _named(value: object, above: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield f"{above}{key}"
            yield from _named(below, f"{above}{key}.")
    elif isinstance(value, list | tuple):
        for part in value[:3]:
            yield from _named(part, above)
