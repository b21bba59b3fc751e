"""Small generated shops for the tests of `affinity init`: what is planted in them is known."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from affinity_search.events import Event
from affinity_search.items.item import Item

MICROSECONDS = 86_400_000_000


def item(id_: str, title: str = "", text: str = "", **attrs: tuple[str, ...]) -> Item:
    return Item(id_, title, attrs, None, {"title": title, "text": text})


def event(user: str, item_id: str, day: int, type_: str = "purchase") -> Event:
    return Event(user, item_id, type_, day * MICROSECONDS, day)


def catalogue(count: int = 240) -> list[Item]:
    """Items of three categories, each of one of eight brands and of one of thirty values that mean nothing."""
    rng = Random(1)
    kinds = ("shoe", "coat", "lamp")
    return [
        item(
            f"i{n}",
            f"{kinds[n % 3]} number {n}",
            category=(kinds[n % 3],),
            brand=(f"brand{rng.randrange(8)}",),
            junk=(f"junk{rng.randrange(30)}",),
        )
        for n in range(count)
    ]


def purchases(
    items: Iterable[Item],
    *,
    taste: float = 1.0,
    again: float | None = None,
    shoppers: int = 80,
    steps: int = 40,
    seed: int = 3,
) -> list[Event]:
    """Purchases of popular items, of a shopper's two brands `taste` times as often, a share `again` of them once more.

    Where `again` is None nobody buys anything twice; where it is 0 only by chance. Steps are days of a year for each
    shopper, in order.
    """
    rng = Random(seed)
    shelf = list(items)
    appeal = [rng.paretovariate(1.3) for _ in shelf]
    events = []
    for shopper in range(shoppers):
        loved = rng.sample([f"brand{n}" for n in range(8)], 2)
        weights = [a * (taste if i.attrs["brand"][0] in loved else 1.0) for a, i in zip(appeal, shelf, strict=True)]
        bought: list[int] = []
        for day in sorted(rng.randrange(365) for _ in range(steps)):
            number = rng.choices(range(len(shelf)), weights)[0]
            while again is None and number in bought:
                number = rng.choices(range(len(shelf)), weights)[0]
            if again and bought and rng.random() < again:
                number = rng.choice(bought)
            bought.append(number)
            events.append(event(f"u{shopper}", shelf[number].id, day))
    return events


def as_steps(events: Iterable[Event]) -> list[Event]:
    """The same purchases with the number of the shopper's purchase in place of the day."""
    counts: dict[str, int] = {}
    numbered = []
    for found in events:
        counts[found.user] = step = counts.get(found.user, 0) + 1
        numbered.append(Event(found.user, found.item, found.type, step, step))
    return numbered
