"""How a search body is to be personalised, told from its keys: by a rescore where one can stand, else by functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from affinity_search.errors import ConfigError
from affinity_search.surfaces.mustache import place
from affinity_search.surfaces.scan import Condition, Pair, Piece

__all__ = ["Conditions", "Shape", "relative", "shape_of", "under"]

Conditions = tuple[Condition, ...]
WHOLE = ("query", "rescore", "sort", "collapse", "post_filter")
SCORE = '"_score"'


@dataclass(frozen=True)
class Shape:
    """How a body is to be personalised.

    `rescored` is False where no rescore can stand and functions take its place. `sorted_by` are the sections in which
    hits are sorted by fields, so that nothing is personal there. `hybrid` says that the query cannot be wrapped: the
    names stand in the `post_filter` then, and no hit is accounted for.
    """

    rescored: bool
    sorted_by: tuple[Conditions, ...] = ()
    hybrid: bool = False


def shape_of(text: str, found: Sequence[Pair], *, all_hits: bool, name: str) -> Shape:
    """The shape of a body with these keys; `all_hits` asks for functions whatever the body is.

    Raises ConfigError where there is no query, where the hits are always sorted by a field, and where a value begins in
    one section and ends in another.
    """
    _expect_whole(text, found, name)
    queries = under(found, "query")
    if not queries:
        raise ConfigError(
            f'{name}: expected "query" at the top of the body, got {", ".join(pair.key for pair in found)}',
            hint='To find everything: "query": {"match_all": {}}. A query alone belongs in search.query.',
        )
    by_field = [pair for pair in under(found, "sort") if _first_string(pair) != SCORE]
    ties = [pair for pair in under(found, "sort") if _first_string(pair) == SCORE and _entries(pair) > 1]
    for pair in by_field:
        if not relative(pair.sections, queries[0].sections):
            raise ConfigError(
                f"{name}:{place(text, pair.start)}: sort: expected hits by relevance, got "
                f"{text[pair.start : pair.end]}: nothing personal can move what a field sorts",
                hint='Sort on request, {{#sort}}, "sort": ...{{/sort}}, or begin with the score: '
                '"sort": ["_score", ...].',
            )
    hybrid = any('"hybrid"' in _keys(pair) for pair in queries)
    rescored = not (all_hits or under(found, "collapse") or ties)
    if hybrid and not rescored:
        raise ConfigError(
            f"{name}:{place(text, queries[0].start)}: query: expected one that functions can wrap, got hybrid",
            hint="With search.shape: rescore, without collapse and without further sort keys, hybrid is rescored.",
        )
    return Shape(rescored, tuple(pair.sections for pair in by_field), hybrid)


def under(found: Iterable[Pair], key: str) -> list[Pair]:
    """The pairs of this key, one for every branch in which it stands."""
    return [pair for pair in found if pair.key == key]


def relative(sections: Conditions, to: Conditions) -> Conditions:
    """The sections that one place is in and another is not."""
    shared = 0
    while shared < min(len(sections), len(to)) and sections[shared] == to[shared]:
        shared += 1
    return sections[shared:]


def _expect_whole(text: str, found: Iterable[Pair], name: str) -> None:
    for pair in found:
        marks = "".join(piece.text for piece in pair.pieces if piece.kind == "mark")
        opened = sum(marks.count(mark) for mark in "{[") - sum(marks.count(mark) for mark in "}]")
        if pair.key in WHOLE and opened and not _has_branches(pair):
            raise ConfigError(
                f"{name}:{place(text, pair.start)}: {pair.key}: expected a value that ends in the section in which it "
                "begins, got one that goes on",
                hint="Write the value out in each section.",
            )


def _has_branches(pair: Pair) -> bool:
    """True where a part of the value is written twice, for a section and for its absence: braces count double then."""
    return any(piece.tag and piece.tag.kind == "inverted" for piece in pair.pieces)


def _first_string(pair: Pair) -> str:
    first = next((piece for piece in pair.pieces if piece.text not in ("[", "{")), None)
    return first.text if first else ""


def _entries(pair: Pair) -> int:
    return 1 + sum(piece.text == "," and depth == 1 for piece, depth in _with_depth(pair))


def _keys(pair: Pair) -> set[str]:
    """The keys of a value that is an object, in any of its branches, as they are written."""
    return {piece.text for piece, depth in _with_depth(pair) if piece.kind == "string" and depth == 1}


def _with_depth(pair: Pair) -> Iterator[tuple[Piece, int]]:
    depth = 0
    for piece in pair.pieces:
        if piece.kind == "mark" and piece.text in "}]":
            depth -= 1
        yield piece, depth
        if piece.kind == "mark" and piece.text in "{[":
            depth += 1
