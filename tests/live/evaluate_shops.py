"""Small generated shops for the evaluation: with planted tastes, where nobody buys twice, and without any signal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

__all__ = ["Shop", "write_shop"]

KINDS = ("shoes", "jacket", "tent", "lamp")
BRANDS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir")
COLOURS = ("red", "blue", "green", "white", "black")
START, DAYS, TEST_DAYS = date(2026, 1, 1), 200, 40


@dataclass(frozen=True)
class Shop:
    """What to generate: how much a shopper loves their brand and colour (1: not at all), how they buy again.

    `again` is the share of purchases of something bought before; None: nobody ever buys an item twice.
    """

    love: float
    again: float | None
    shoppers: int = 120
    purchases: int = 30
    items: int = 240
    seed: int = 11


@dataclass(frozen=True)
class _Item:
    id: str
    kind: str
    brand: str
    colours: tuple[str, ...]
    appeal: float


@dataclass
class _Shopper:
    user: str
    brand: str
    colour: str
    bought: dict[str, list[_Item]] = field(default_factory=dict)


def write_shop(folder: Path, shop: Shop, *, queries: bool = True) -> Path:
    """The folder, with items, events and queries; without `queries` the events of the test days are in the log, too."""
    chance = Random(shop.seed)
    items = [_item(chance, number) for number in range(shop.items)]
    shoppers = [
        _Shopper(f"u{number:03}", chance.choice(BRANDS), chance.choice(COLOURS)) for number in range(shop.shoppers)
    ]
    events = [event for shopper in shoppers for event in _events(chance, shop, items, shopper)]
    events.sort(key=lambda event: (event[1], event[0]))
    cut = START + timedelta(days=DAYS - TEST_DAYS)
    folder.mkdir(parents=True, exist_ok=True)
    _lines(folder / "items.jsonl", [json.dumps(_record(item)) for item in items])
    known = [event for event in events if event[1] < cut or not queries]
    rows = [f"{user},{day},purchase,{item.id}" for user, day, item in known]
    _lines(folder / "events.csv", ["user,ts,type,item", *rows])
    if queries:
        _lines(folder / "queries.jsonl", _queries([event for event in events if event[1] >= cut]))
    return folder


def _item(chance: Random, number: int) -> _Item:
    kind, brand = KINDS[number % len(KINDS)], chance.choice(BRANDS)
    colours = tuple(chance.sample(COLOURS, chance.choice((1, 2))))
    return _Item(f"i{number:03}", kind, brand, colours, chance.paretovariate(1.5))


def _events(chance: Random, shop: Shop, items: list[_Item], shopper: _Shopper) -> list[tuple[str, date, _Item]]:
    days = sorted(chance.randrange(DAYS) for _ in range(shop.purchases))
    return [
        (shopper.user, START + timedelta(days=day), _choose(chance, shop, items, shopper, chance.choice(KINDS)))
        for day in days
    ]


def _choose(chance: Random, shop: Shop, items: list[_Item], shopper: _Shopper, kind: str) -> _Item:
    before = shopper.bought.setdefault(kind, [])
    if shop.again and before and chance.random() < shop.again:
        return chance.choice(before)
    shelf = [item for item in items if item.kind == kind and (shop.again is not None or item not in before)]
    weights = [
        item.appeal * shop.love ** ((item.brand == shopper.brand) + (shopper.colour in item.colours)) for item in shelf
    ]
    before.append(chance.choices(shelf, weights)[0])
    return before[-1]


def _record(item: _Item) -> dict[str, object]:
    attrs = {"brand": [item.brand], "colour": list(item.colours), "kind": [item.kind]}
    return {"id": item.id, "title": f"{item.brand} {item.kind}", "text": " ".join(item.colours), "attrs": attrs}


def _queries(events: list[tuple[str, date, _Item]]) -> list[str]:
    wanted: dict[tuple[str, date, str], set[str]] = {}
    for user, day, item in events:
        wanted.setdefault((user, day, item.kind), set()).add(item.id)
    return [
        json.dumps({"qid": f"q{number}", "user": user, "query": kind, "qclass": kind, "relevant": sorted(bought)})
        for number, ((user, _, kind), bought) in enumerate(wanted.items())
    ]


def _lines(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
