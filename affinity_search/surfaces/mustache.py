"""Mustache as the engine reads it: the tags of a text, and what the text becomes with given parameters.

Enough to try a search body without an engine; the engine's own renderer has the last word (`affinity plan` asks it).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from affinity_search.errors import ConfigError

__all__ = ["Tag", "parameters", "place", "render", "tag_at", "tags"]

Kind = Literal["open", "inverted", "close", "comment", "escaped", "raw"]
KINDS: dict[str, Kind] = {"#": "open", "^": "inverted", "/": "close", "!": "comment", "&": "raw", "{": "raw"}
FUNCTIONS = ("toJson", "join", "url")
TAG = re.compile(
    r"\{\{\{\s*(?P<triple>[^{}]*?)\s*\}\}\}|\{\{(?!\{)(?P<sign>[#^/!&>=]?)\s*(?P<name>.*?)\s*\}\}", re.DOTALL
)


@dataclass(frozen=True)
class Tag:
    """One tag of a text, from `start` to before `end`; `name` is what stands in it, such as `filters.brand`."""

    kind: Kind
    name: str
    start: int
    end: int

    @property
    def function(self) -> str:
        """`toJson`, `join` or `url`, which the engine adds to Mustache; empty for a parameter."""
        first = self.name.split(maxsplit=1)[0] if self.name else ""
        return first if first in FUNCTIONS else ""


@dataclass(frozen=True)
class _Section:
    tag: Tag
    parts: tuple[_Part, ...]


_Part = str | Tag | _Section


def place(text: str, at: int) -> str:
    """`3:12`: the line and the column of a position in the text."""
    return f"{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"


def tag_at(text: str, at: int, name: str) -> Tag:
    """The tag that begins at the position; raises ConfigError for one that is not closed or not taken."""
    found = TAG.match(text, at)
    if found is None:
        hint = "Write a blank between { and {{." if text.startswith("{{{", at) else ""
        raise ConfigError(f"{name}:{place(text, at)}: expected Mustache, got a tag that is not closed", hint=hint)
    if (sign := found["sign"]) in (">", "="):
        what = "a partial" if sign == ">" else "other delimiters"
        raise ConfigError(
            f"{name}:{place(text, at)}: expected tags of parameters and sections, got {found[0]} ({what})",
            hint="Write the part out: the engine knows no partials." if sign == ">" else "Write {{ and }} throughout.",
        )
    kind: Kind = "raw" if found["triple"] is not None else KINDS.get(sign or "", "escaped")
    return Tag(kind, found["triple"] if found["triple"] is not None else found["name"], at, found.end())


def tags(text: str, name: str) -> Iterator[Tag]:
    """The tags of the text in their order; raises ConfigError as `tag_at` does."""
    at = text.find("{{")
    while at >= 0:
        tag = tag_at(text, at, name)
        yield tag
        at = text.find("{{", tag.end)


def parameters(text: str, name: str) -> tuple[str, ...]:
    """The parameters that the text asks for, in order: in sections, in values and as what a function prints."""
    found: dict[str, None] = {}
    function: Tag | None = None
    for tag in tags(text, name):
        if function and tag.kind == "close":
            inside = text[function.end : tag.start].strip()
            found |= {} if "{{" in inside else {inside: None}
            function = None
        elif tag.kind == "open" and tag.function:
            function = tag
        elif tag.kind not in ("close", "comment") and tag.name != ".":
            found[tag.name] = None
    return tuple(one for one in found if one)


def render(text: str, values: Mapping[str, Any], name: str) -> str:
    """The text with its sections opened or closed and its values filled in; raises ConfigError for no Mustache."""
    return "".join(_rendered(_parsed(text, name), [values]))


def _parsed(text: str, name: str) -> tuple[_Part, ...]:
    stack: list[tuple[Tag | None, list[_Part]]] = [(None, [])]
    at = 0
    for tag in tags(text, name):
        stack[-1][1].append(text[at : tag.start])
        at = tag.end
        if tag.kind in ("open", "inverted"):
            stack.append((tag, []))
        elif tag.kind == "close":
            opened, parts = stack.pop()
            if opened is None or opened.name != tag.name:
                got = f"one that closes {opened.name!r}" if opened else "none that is open"
                raise ConfigError(f"{name}:{place(text, tag.start)}: expected the section {tag.name!r}, got {got}")
            stack[-1][1].append(_Section(opened, tuple(parts)))
        elif tag.kind != "comment":
            stack[-1][1].append(tag)
    if (left := stack[-1][0]) is not None:
        raise ConfigError(f"{name}:{place(text, left.start)}: expected {{{{/{left.name}}}}} to close it, found none")
    return (*stack[0][1], text[at:])


def _rendered(parts: Sequence[_Part], scopes: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Tag):
            yield _printed(_found(part.name, scopes), raw=part.kind == "raw")
        else:
            yield from _section(part, scopes)


def _section(section: _Section, scopes: list[Any]) -> Iterator[str]:
    if section.tag.function:
        yield _function(section, scopes)
        return
    value = _found(section.tag.name, scopes)
    is_open = value not in (None, False, "") and value != []
    if section.tag.kind == "inverted":
        if not is_open:
            yield from _rendered(section.parts, scopes)
    elif is_open:
        for one in value if isinstance(value, list) else [value]:
            yield from _rendered(section.parts, [*scopes, one])


def _function(section: _Section, scopes: list[Any]) -> str:
    inside = "".join(_rendered(section.parts, scopes))
    value = _found(inside.strip(), scopes)
    if section.tag.function == "toJson":
        return json.dumps(value) if isinstance(value, dict | list) else _printed(value, raw=True)
    if section.tag.function == "join":
        return ",".join(str(one) for one in value) if isinstance(value, list) else _printed(value, raw=True)
    return inside


def _found(name: str, scopes: Sequence[Any]) -> Any:
    if name == ".":
        return scopes[-1]
    for scope in reversed(scopes):
        value = scope
        for step in name.split("."):
            value = _step(value, step)
        if value is not None:
            return value
    return None


def _step(value: Any, step: str) -> Any:
    if isinstance(value, list):
        if step == "size":
            return len(value)
        return value[int(step)] if step.isdecimal() and int(step) < len(value) else None
    return value.get(step) if isinstance(value, Mapping) else None


def _printed(value: Any, *, raw: bool) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else json.dumps(value)
    return text if raw else json.dumps(text, ensure_ascii=False)[1:-1]
