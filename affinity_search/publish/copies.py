"""Where items stand that others index: in which of several indices, and with which routing.

The engine finds a document by its id alone only where there is one index, and where nobody gave a routing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

from affinity_search.engine.bulk import Action
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import read_pages

__all__ = ["Addressed", "addressed"]

AT_ONCE = 1_000

T = TypeVar("T")


@dataclass(frozen=True)
class Addressed:
    """Actions for every copy of one item; none where the index has no such item."""

    id: str
    actions: tuple[Action, ...]


def addressed(engine: Engine, name: str, actions: Iterable[Action]) -> Iterator[Addressed]:
    """Each action once for every copy of its item that searches see behind the name, in the order given."""
    for chunk in _chunks(actions):
        found: dict[str, list[tuple[str, str | None]]] = {}
        query = {"query": {"ids": {"values": [action.id for action in chunk]}}, "_source": False}
        for hits in read_pages(engine, name, query):
            for hit in hits:
                found.setdefault(hit["_id"], []).append((hit["_index"], hit.get("_routing")))
        for action in chunk:
            places = sorted(found.get(action.id, ()), key=lambda place: place[0])
            yield Addressed(
                action.id, tuple(replace(action, index=index, routing=routing) for index, routing in places)
            )


def _chunks(values: Iterable[T]) -> Iterator[Sequence[T]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, AT_ONCE)):
        yield chunk
