"""Values of attributes as shops write them: several in one text, levels, pairs of name and value, by language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from affinity_search.config.source_block import AttributePath, Pairs
from affinity_search.items.item import value_text
from affinity_search.sources import first_at, is_nothing, values_at_path

__all__ = ["attribute_values", "in_language", "pairs_of"]

LEVEL = re.compile(r"(?:lvl|level)_?\d+", re.IGNORECASE)
DEFAULT_LEVELS = (">",)
BETWEEN_LEVELS = " > "
PAIR = re.compile(r"\s*([^=:]+?)\s*[=:]\s*(.*?)\s*", re.DOTALL)


def attribute_values(values: Sequence[object], told: AttributePath) -> list[object]:
    """What stands at the first path that holds something, as `told`; empty where nothing does."""
    for path in told.path:
        found = [part for value in values for part in values_at_path(value, path) if not is_nothing(part)]
        if texts := [text for part in found for text in _parted(in_language(part, told.language), told)]:
            return texts
    return []


def pairs_of(values: Sequence[object], told: AttributePath, pairs: Pairs) -> Iterator[tuple[str, object]]:
    """(name, value) of every pair at the path: objects `{name, value}`, texts `k=v`, or an object by name.

    A plain value at the path is the value of the name that stands at the path `pairs.name` of the record, where that
    path is given.
    """
    parts = [part for path in told.path for value in values for part in values_at_path(value, path)]
    for part in parts:
        if isinstance(part, Mapping) and pairs.name in part:
            name = value_text(part[pairs.name])
            yield from ((name, found) for found in values_at_path(part, pairs.value) if name)
        elif isinstance(part, Mapping):
            yield from ((str(name), found) for name in part for found in values_at_path(part, str(name)))
        else:
            yield from _text_pairs(part, values, told, pairs)


def _text_pairs(
    part: object, values: Sequence[object], told: AttributePath, pairs: Pairs
) -> Iterator[tuple[str, object]]:
    # A record may well have a `name` of its own: only a path that was given leads from a value to its name.
    if "name" in pairs.model_fields_set and (name := value_text(first_at(values, [pairs.name]))):
        yield name.strip(), part
        return
    for text in _split(str(part), told.separator or (";",)):
        if found := PAIR.fullmatch(text):
            yield found[1], found[2]


def in_language(value: object, language: str | None) -> object:
    """The text of the language where the value is an object by language; its first one where it has not that one."""
    if language is None or not isinstance(value, Mapping):
        return value
    exact = value.get(language)
    return exact if exact is not None else next((found for found in value.values() if found is not None), None)


def _parted(value: object, told: AttributePath) -> Iterator[object]:
    """The single values in one; an object of levels (`lvl0`, `lvl1`) is its values, in order."""
    if isinstance(value, list):
        for part in value:
            yield from _parted(part, told)
    elif isinstance(value, Mapping) and value and all(LEVEL.fullmatch(str(name)) for name in value):
        for name in sorted(value, key=str):
            yield from _parted(value[name], told)
    elif isinstance(told.hierarchy, str) and isinstance(value, str):
        for text in _split(value, told.separator) if told.separator else [value]:
            yield from _levels(text, (told.hierarchy,))
    elif told.hierarchy and isinstance(value, str):
        yield from _levels(value, told.separator or DEFAULT_LEVELS)
    elif told.separator and isinstance(value, str):
        yield from _split(value, told.separator)
    elif value is not None and value != "":
        yield value


def _split(text: str, separators: Sequence[str]) -> list[str]:
    for separator in separators[1:]:
        text = text.replace(separator, separators[0])
    return [part.strip() for part in text.split(separators[0]) if part.strip()]


def _levels(text: str, separators: Sequence[str]) -> Iterator[str]:
    parts = _split(text, separators)
    yield from (BETWEEN_LEVELS.join(parts[: level + 1]) for level in range(len(parts)))
