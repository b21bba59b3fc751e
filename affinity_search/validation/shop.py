"""The shop's items and events in the compact form that counting and replaying need: numbers instead of names."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from affinity_search.events import Event
from affinity_search.items.item import Item, values_at

__all__ = ["AttributeFacts", "Shop", "attribute_facts", "gather"]

MANY_VALUES_SHARE = 0.005


@dataclass(frozen=True)
class Shop:
    """Items by position, and events sorted by shopper, day and item; `starts[u]` is where shopper u's events begin.

    Events of items that are not in the catalogue have an item below 0, -1 for the first in `gone`, -2 for the next:
    they count as history without values. `users` and `ids` are the names of the shoppers and of the items, `values` is
    by field, such as `attrs.brand`.
    """

    users: Sequence[str]
    ids: Sequence[str]
    gone: Sequence[str]
    titles: Sequence[str]
    texts: Sequence[str]
    values: dict[str, list[tuple[str, ...]]]
    types: Sequence[str]
    starts: Sequence[int]
    item: Sequence[int]
    type: Sequence[int]
    day: Sequence[int]
    time: Literal["date", "sequence"]

    @property
    def shoppers(self) -> int:
        """Number of shoppers with an event."""
        return len(self.starts) - 1

    def events_of(self, shopper: int) -> range:
        """Positions of a shopper's events, oldest first."""
        return range(self.starts[shopper], self.starts[shopper + 1])


def gather(
    items: Iterable[Item], events: Iterable[Event], time: Literal["date", "sequence"], fields: Iterable[str] = ()
) -> Shop:
    """The shop of these items and events; of items with the same id the last one counts, of events each once.

    It has the values of all attributes, and those of `fields` beside them.
    """
    catalogue = {item.id: item for item in items}
    position = {id_: n for n, id_ in enumerate(catalogue)}
    attributes = {f"attrs.{name}" for item in catalogue.values() for name in item.attrs}
    types: dict[str, int] = {}
    shoppers: dict[str, array[int]] = {}
    known: set[int] = set()
    gone: list[str] = []
    for event in events:
        if (identity := event.identity) in known:
            continue
        known.add(identity)
        row = shoppers.setdefault(event.user, array("q"))
        if event.item not in position:
            gone.append(event.item)
            position[event.item] = -len(gone)
        row.extend((event.day, position[event.item], types.setdefault(event.type, len(types))))
    starts, day, item, kind = _columns(shoppers)
    return Shop(
        users=sorted(shoppers),
        ids=list(catalogue),
        gone=gone,
        titles=[item.title for item in catalogue.values()],
        texts=[" ".join(values_at(item, "text")) for item in catalogue.values()],
        values={
            field: [values_at(item, field) for item in catalogue.values()] for field in sorted({*attributes, *fields})
        },
        types=list(types),
        starts=starts,
        item=item,
        type=kind,
        day=day,
        time=time,
    )


def _columns(shoppers: dict[str, array[int]]) -> tuple[array[int], array[int], array[int], array[int]]:
    starts, day, item, kind = array("q", [0]), array("q"), array("q"), array("q")
    for user in sorted(shoppers):
        flat = shoppers[user]
        rows = sorted(zip(flat[0::3], flat[1::3], flat[2::3], strict=True))
        day.extend(row[0] for row in rows)
        item.extend(row[1] for row in rows)
        kind.extend(row[2] for row in rows)
        starts.append(len(day))
    return starts, day, item, kind


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
    known = [n for n in shop.item if n >= 0]
    return AttributeFacts(
        item_share=having / len(values),
        event_share=sum(1 for n in known if values[n]) / len(known) if known else 0.0,
        values=len(counts),
        top_share=max(counts.values(), default=0) / max(1, having),
        several_share=sum(1 for found in values if len(found) > 1) / max(1, having),
        lonely_share=sum(1 for found in values if found and all(counts[v] == 1 for v in found)) / max(1, having),
    )
