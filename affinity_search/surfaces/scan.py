"""The keys of a JSON object that is still Mustache: where their values stand, and under which sections.

Nothing is rendered: tags are stepped over, strings are one piece, braces are counted. Two branches of one section
(`{{#a}}...{{/a}}{{^a}}...{{/a}}`) begin at the same depth, so that each may open what is closed after both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from affinity_search.errors import ConfigError
from affinity_search.surfaces.mustache import Tag, place, tag_at

__all__ = ["Condition", "Pair", "Piece", "pairs", "pieces"]

PLAIN = re.compile(r'(?P<space>\s+|//[^\n]*|/\*.*?\*/)|(?P<mark>[{}\[\]:,])|(?P<word>[^\s{}\[\]:,"/]+|/)', re.DOTALL)

Condition = tuple[str, bool]
"""A section and whether it is an inverted one: `("sort", False)` for `{{#sort}}`."""


@dataclass(frozen=True)
class Piece:
    """A string, a mark such as `{`, another word, or a tag."""

    kind: Literal["string", "mark", "word", "tag"]
    text: str
    start: int
    end: int
    tag: Tag | None = None


@dataclass(frozen=True)
class Pair:
    """A key of the outermost object, and its value from `start` to before `end`; `sections` are those around it.

    `pieces` are those of the value.
    """

    key: str
    start: int
    end: int
    sections: tuple[Condition, ...]
    pieces: tuple[Piece, ...]


def pieces(text: str, name: str) -> Iterator[Piece]:
    """The text piece by piece, without blanks and comments; raises ConfigError for a string or tag without an end."""
    at = 0
    while at < len(text):
        if text.startswith("{{", at):
            tag = tag_at(text, at, name)
            yield Piece("tag", text[at : tag.end], at, tag.end, tag)
            at = tag.end
        elif text[at] == '"':
            end = _string_end(text, at, name)
            yield Piece("string", text[at:end], at, end)
            at = end
        else:
            found = PLAIN.match(text, at)
            if found is None:  # a comment that does not end
                raise ConfigError(f"{name}:{place(text, at)}: expected JSON, got {text[at : at + 20]!r}")
            if not found["space"]:
                yield Piece("mark" if found["mark"] else "word", found[0], at, found.end())
            at = found.end()


def _string_end(text: str, start: int, name: str) -> int:
    at = start + 1
    while at < len(text):
        if text.startswith("{{", at):
            at = tag_at(text, at, name).end
        elif text[at] == "\\":
            at += 2
        elif text[at] == '"':
            return at + 1
        else:
            at += 1
    raise ConfigError(f"{name}:{place(text, start)}: expected JSON, got a string that is not closed")


@dataclass
class _Scanner:
    """The state of one walk through the pieces."""

    text: str
    name: str
    depth: int = 0
    sections: list[tuple[Condition, int]] = field(default_factory=list)  # with the depth at which each opened
    closed: tuple[Condition, int] | None = None  # the section that ended just before
    key: Piece | None = None
    is_value: bool = False
    around: tuple[Condition, ...] = ()  # the sections in which the key stands
    value: list[Piece] = field(default_factory=list)
    end: int = 0  # how many pieces of the value are whole
    found: list[Pair] = field(default_factory=list)

    def take(self, piece: Piece) -> None:
        closed, self.closed = self.closed, None
        if piece.tag:
            self._take_tag(piece, piece.tag, closed)
        elif piece.kind == "mark":
            self._take_mark(piece)
        elif self.is_value:
            self._take_value(piece)
        elif piece.kind == "string" and self.depth == 1:
            self.key = piece

    def finish(self) -> list[Pair]:
        if self.depth or self.sections or not self.found:
            raise ConfigError(
                f"{self.name}: expected one JSON object whose braces and sections close, got "
                + (f"{self.depth} that are open at the end" if self.depth > 0 else "none")
            )
        return self.found

    def _take_tag(self, piece: Piece, tag: Tag, closed: tuple[Condition, int] | None) -> None:
        if tag.kind in ("open", "inverted"):
            condition = (tag.name, tag.kind == "inverted")
            if closed and closed[0] == (tag.name, not condition[1]):
                self.depth = closed[1]
            self.sections.append((condition, self.depth))
        elif tag.kind == "close":
            if not self.sections:
                raise ConfigError(f"{self.name}:{place(self.text, tag.start)}: expected a section, got its end")
            self.closed = self.sections.pop()
            if self.is_value and len(self.sections) < len(self.around):
                self._end_value()
        if self.is_value and tag.kind != "comment":
            self._take_value(piece)

    def _take_mark(self, piece: Piece) -> None:
        if piece.text in "}]":
            self.depth -= 1
        if self.is_value and ((piece.text == "," and self.depth == 1) or self.depth == 0):
            self._end_value()
        elif self.is_value:
            self._take_value(piece)
        elif piece.text == ":" and self.key and self.depth == 1:
            self.is_value, self.value, self.end = True, [], 0
            self.around = tuple(condition for condition, _ in self.sections)
        if piece.text in "{[":
            self.depth += 1

    def _take_value(self, piece: Piece) -> None:
        self.value.append(piece)
        opens = piece.tag is not None and piece.tag.kind in ("open", "inverted")
        if len(self.sections) == len(self.around) and not opens:
            self.end = len(self.value)

    def _end_value(self) -> None:
        key, whole = self.key, self.value[: self.end]
        if key and whole:
            self.found.append(Pair(key.text[1:-1], whole[0].start, whole[-1].end, self.around, tuple(whole)))
        self.key, self.is_value = None, False


def pairs(text: str, name: str) -> list[Pair]:
    """The keys of the outermost object, in their order, one for every branch in which a key stands.

    `name` is what the text is called in messages. Raises ConfigError for what is no JSON object, or no Mustache.
    """
    scanner = _Scanner(text, name)
    for piece in pieces(text, name):
        scanner.take(piece)
    return scanner.finish()
