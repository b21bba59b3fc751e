"""The shop's items and events in the compact form that counting and replaying need: numbers instead of names."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from affinity_search.events import Event
from affinity_search.items.item import Item, values_at
from affinity_search.offline.text_fields import DEFAULT_TEXT_FIELDS, Texts, item_texts

__all__ = ["AttributeFacts", "Shop", "attribute_facts", "gather"]

MANY_VALUES_SHARE = 0.005


@dataclass(frozen=True)
class Shop:
    """Items by position, and events sorted by shopper, day and item; `starts[u]` is where shopper u's events begin.

    Events of items that are not in the catalogue have an item below 0, -1 for the first in `gone`, -2 for the next:
    they count as history without values. `users` and `ids` are the names of the shoppers and of the items, `texts` the
    text fields with the titles first, `values` is by field, such as `attrs.brand`.
    """

    users: Sequence[str]
    ids: Sequence[str]
    gone: Sequence[str]
    texts: tuple[Texts, ...]
    values: dict[str, list[tuple[str, ...]]]
    types: Sequence[str]
    starts: Sequence[int]
    item: Sequence[int]
    type: Sequence[int]
    day: Sequence[int]
    time: Literal["date", "sequence"]

    @property
    def titles(self) -> Sequence[str]:
        """What names each item: its text in the field with the highest boost."""
        return self.texts[0].texts

    def text_of(self, item: int) -> str:
        """Everything that the text fields hold of an item, the title first."""
        return " ".join(field.texts[item] for field in self.texts)

    @property
    def shoppers(self) -> int:
        """Number of shoppers with an event."""
        return len(self.starts) - 1

    def events_of(self, shopper: int) -> range:
        """Positions of a shopper's events, oldest first."""
        return range(self.starts[shopper], self.starts[shopper + 1])


def gather(
    items: Iterable[Item],
    events: Iterable[Event],
    time: Literal["date", "sequence"],
    fields: Iterable[str] = (),
    text_fields: Mapping[str, float] = DEFAULT_TEXT_FIELDS,
) -> Shop:
    """The shop of these items and events; of items with the same id the last one counts, of events each once.

    It has the values of all attributes, and those of `fields` beside them; `text_fields` are those of `items`.
    """
    catalogue = {item.id: item for item in items}
    attributes = {f"attrs.{name}" for item in catalogue.values() for name in item.attrs}
    log = _Log({id_: n for n, id_ in enumerate(catalogue)})
    for event in events:
        log.add(event)
    users, starts, day, item, kind = log.sorted()
    return Shop(
        users=users,
        ids=list(catalogue),
        gone=log.gone,
        texts=item_texts(catalogue.values(), text_fields),
        values={
            field: [values_at(item, field) for item in catalogue.values()] for field in sorted({*attributes, *fields})
        },
        types=list(log.types),
        starts=starts,
        item=item,
        type=kind,
        day=day,
        time=time,
    )


class _Log:
    """The events as they are read, in columns of numbers: 32 bytes each."""

    def __init__(self, places: dict[str, int]) -> None:
        self.users: dict[str, int] = {}
        self.types: dict[str, int] = {}
        self.gone: list[str] = []
        self._places = places
        self._identity = array("Q")
        self._user, self._item, self._type, self._day = array("i"), array("i"), array("i"), array("q")

    def add(self, event: Event) -> None:
        if event.item not in self._places:
            self.gone.append(event.item)
            self._places[event.item] = -len(self.gone)
        self._identity.append(event.identity)
        self._user.append(self.users.setdefault(event.user, len(self.users)))
        self._item.append(self._places[event.item])
        self._type.append(self.types.setdefault(event.type, len(self.types)))
        self._day.append(event.day)

    def sorted(self) -> tuple[list[str], array[int], array[int], array[int], array[int]]:
        """The shoppers, where the events of each begin, and day, item and type of every event that is no repetition."""
        _, first = np.unique(np.asarray(self._identity), return_index=True)
        user, day, item, kind = (np.asarray(c)[first] for c in (self._user, self._day, self._item, self._type))
        counts = np.bincount(user, minlength=len(self.users))
        # A shopper may have nothing but repetitions of events of others.
        users = sorted(name for name, number in self.users.items() if counts[number])
        numbers = np.array([self.users[name] for name in users], dtype=np.int64)
        rank = np.zeros(len(self.users), dtype=np.int64)
        rank[numbers] = np.arange(len(users))
        order = np.lexsort([kind, item, day, rank[user]])
        starts = np.concatenate([[0], np.cumsum(counts[numbers])])
        return users, _array("q", starts), _array("q", day[order]), _array("i", item[order]), _array("i", kind[order])


def _array(code: Literal["i", "q"], numbers: npt.NDArray[Any]) -> array[int]:
    """The numbers as a plain array: single ones are read from it several times as fast as from one of NumPy."""
    return array(code, numbers.astype(code).tobytes())


@dataclass(frozen=True)
class AttributeFacts:
    """What counting says about one attribute; shares are between 0 and 1."""

    item_share: float
    event_share: float
    values: int
    top_share: float
    several_share: float
    lonely_share: float

    @property
    def multi_valued(self) -> bool:
        """True where more than one item in 200 has several values."""
        return self.several_share > MANY_VALUES_SHARE


def attribute_facts(shop: Shop, field: str) -> AttributeFacts:
    """Shares of items and events that have the attribute; of those items: values, commonest value, several values."""
    values = shop.values[field]
    counts = Counter(value for found in values for value in found)
    having = sum(1 for found in values if found)
    lengths = np.array([len(found) for found in values], dtype=np.int64)
    item = np.asarray(shop.item)
    known = item[item >= 0]
    return AttributeFacts(
        item_share=having / len(values),
        event_share=float((lengths[known] > 0).mean()) if len(known) else 0.0,
        values=len(counts),
        top_share=max(counts.values(), default=0) / max(1, having),
        several_share=sum(1 for found in values if len(found) > 1) / max(1, having),
        lonely_share=sum(1 for found in values if found and all(counts[v] == 1 for v in found)) / max(1, having),
    )
