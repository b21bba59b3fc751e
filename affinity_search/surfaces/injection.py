"""Puts the personal part into a search body that somebody else wrote in Mustache, and takes it out again.

Everything is added and nothing is changed: what is added stands between two comments, so that without them and what is
between them the text is the one it was, byte for byte. The query is wrapped in a `bool` whose other clauses are filters
that match everything: the engine drops them before it scores, so that each score stays what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from affinity_search.errors import ConfigError
from affinity_search.surfaces.fragment import BEGIN, END, NO_LIST, Personal, named, written
from affinity_search.surfaces.mustache import place
from affinity_search.surfaces.scan import Pair, pairs
from affinity_search.surfaces.shape import Conditions, Shape, relative, shape_of, under

__all__ = ["injected", "is_injected", "taken_out"]

OPEN, CLOSE = "{{!affinity}}", "{{!/affinity}}"
ADDED = re.compile(re.escape(OPEN) + ".*?" + re.escape(CLOSE), re.DOTALL)
FUNCTIONS = '{"function_score": {"score_mode": "sum", "boost_mode": "multiply", "functions": '


def is_injected(text: str) -> bool:
    """True for a text into which the personal part was put."""
    return OPEN in text


def taken_out(text: str) -> str:
    """The text as it was before anything was put in; a text without anything of ours as it is."""
    return ADDED.sub("", text)


def injected(text: str, label: str, personal: Personal | None, *, all_hits: bool, name: str) -> str:
    """The body with the version's name (`label`), and with the personal part where there is one.

    `all_hits` asks for functions that boost every hit instead of a rescore; `name` is what the text is called in
    messages. Raises ConfigError where the body has no query, or holds what a personal search cannot have.
    """
    found = pairs(text, name)
    body = _Body(text, name, found, shape_of(text, found, all_hits=all_hits, name=name), label, personal)
    added = [(at, piece) for at, piece in body.additions() if piece]
    parts, last = [], 0
    for at, piece in sorted(added, key=lambda one: one[0]):
        parts += [text[last:at], OPEN, piece, CLOSE]
        last = at
    return "".join([*parts, text[last:]])


@dataclass(frozen=True)
class _Body:
    """A body with all that is to be put into it."""

    text: str
    name: str
    found: Sequence[Pair]
    shape: Shape
    label: str
    personal: Personal | None

    def additions(self) -> Iterator[tuple[int, str]]:
        """Where something is added, and what."""
        for query in under(self.found, "query"):
            yield query.start, self._before(query)
            yield query.end, self._behind(query)
        for rescore in under(self.found, "rescore") if self._rescore() else ():
            yield from self._appended(rescore)
        for theirs in under(self.found, "post_filter") if self.shape.hybrid else ():
            yield theirs.start, '{"bool": {"filter": ['
            yield theirs.end, f", {self._names(theirs.sections)}]}}}}"

    def _before(self, query: Pair) -> str:
        if self.shape.hybrid:
            return ""
        return self._personal(self._functions(), query.sections) + '{"bool": {"must": ['

    def _behind(self, query: Pair) -> str:
        names, at = self._names(query.sections), query.sections
        if self.shape.hybrid:
            own = _unless(self._elsewhere("post_filter", at), f', "post_filter": {{"bool": {{"filter": [{names}]}}}}')
        else:
            own = f'], "filter": [{names}]}}}}' + (self._personal("}}", at) if self._functions() else "")
        rescore = f', "rescore": {self._rescore()}' if self._rescore() else ""
        return own + _unless(self._elsewhere("rescore", at), self._personal(rescore, at))

    def _appended(self, theirs: Pair) -> Iterator[tuple[int, str]]:
        """Ours behind theirs: the engine applies a list of rescorers in its order."""
        ours = self._personal(f", {self._rescore()}", theirs.sections)
        first, second = theirs.pieces[0].text, theirs.pieces[1].text
        if first == "{":
            yield theirs.start, "["
            yield theirs.end, f"{ours}]"
        elif (first, second) == ("[", "{"):
            yield theirs.pieces[-1].start, ours
        else:
            raise ConfigError(
                f"{self.name}:{place(self.text, theirs.start)}: rescore: expected an object, or a list that begins "
                f"with one, got {first} {second}",
                hint='Put the section around the key: {{#x}}, "rescore": {...}{{/x}}.',
            )

    def _names(self, at: Conditions) -> str:
        """The filters that tell what was done; the rescore itself tells what it does."""
        told = "".join(_when(relative(chain, at), _clauses(["sorted"])) for chain in self.shape.sorted_by)
        if self._functions():
            told += self._personal(_clauses(["personalised", "window|all"]), at)
        return (NO_LIST if self.personal else "") + told + written(named([f"template|{self.label}"])[0])

    def _functions(self) -> str:
        if self.personal is None or self.shape.rescored:
            return ""
        return f'{FUNCTIONS}{written(self.personal.functions())}, "query": '

    def _rescore(self) -> str:
        if self.personal is None or not self.shape.rescored:
            return ""
        return written(self.personal.rescore(accounted=not self.shape.hybrid))

    def _personal(self, piece: str, at: Conditions) -> str:
        """The piece for a shopper whose hits are not sorted by a field."""
        sorted_by = [relative(chain, at) for chain in self.shape.sorted_by]
        return _unless(sorted_by, f"{BEGIN}{piece}{END}") if piece else ""

    def _elsewhere(self, key: str, at: Conditions) -> list[Conditions]:
        return [relative(pair.sections, at) for pair in under(self.found, key)]


def _clauses(names: Iterable[str]) -> str:
    return "".join(f"{written(clause)}, " for clause in named(names))


def _when(sections: Conditions, piece: str) -> str:
    for name, inverted in reversed(sections):
        piece = f"{{{{{'^' if inverted else '#'}{name}}}}}{piece}{{{{/{name}}}}}"
    return piece


def _unless(chains: Iterable[Conditions], piece: str) -> str:
    """The piece where not one of these chains of sections is open; nothing where one of them has no section."""
    for chain in chains:
        piece = _unless_all(chain, piece)
    return piece


def _unless_all(chain: Conditions, piece: str) -> str:
    if not chain or not piece:
        return ""
    (name, inverted), rest = chain[0], chain[1:]
    otherwise = _when(chain[:1], _unless_all(rest, piece)) if rest else ""
    return _when(((name, not inverted),), piece) + otherwise
