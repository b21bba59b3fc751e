"""A synthetic shop with planted tastes: outdoor, running and coffee goods. Every brand, item and shopper is invented.

Each shopper loves a brand per field of use and two colours, and has a price range; coffee and energy food is bought
again and again, everything else only once. So two shoppers see visibly different orders, for known reasons.
"""

from __future__ import annotations

import gzip
import json
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from affinity_search.demo.words import BRANDS, CATEGORIES, COLOURS, LINES, Category

__all__ = ["SHOWN_SHOPPERS", "write_shop"]

SHOWN_SHOPPERS = ("ada", "ben")
"""Two shoppers with opposite tastes, good for showing side by side."""

START, DAYS, TEST_DAYS = datetime(2025, 1, 1), 360, 54
VISITS = (8, 14)
BUY_AGAIN = 0.7
BRAND_LOVE, COLOUR_LOVE, PRICE_LOVE = 12.0, 8.0, 2.0
BANDS = ("budget", "mid", "premium")
NOTE = """This shop is SYNTHETIC: made by a program, seed {seed}. No item, brand, shopper or purchase in it is real.

items.jsonl.gz    {items} items: id, title, text, attrs (brand, category, colour, material, price_band), price
events.csv.gz     {events} events of the first {days} days: user, ts, type (view, purchase), item, group (visit), weight
queries.jsonl.gz  {queries} searches of the {test_days} days after, derived from purchases: category and what was bought

Planted: shoppers love certain brands and colours, buy coffee and energy food again, and everything else only once.
"""


@dataclass(frozen=True)
class _Item:
    id: str
    category: Category
    brand: str
    colours: tuple[str, ...]
    material: str
    band: str
    price: float
    line: str
    appeal: float


@dataclass(frozen=True)
class _Taste:
    brands: frozenset[str]
    colours: frozenset[str]
    band: str


@dataclass
class _Shopper:
    name: str
    taste: _Taste
    uses: Sequence[float]
    shelves: dict[str, tuple[list[_Item], list[float]]] = field(default_factory=dict)
    bought: dict[str, list[_Item]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Event:
    user: str
    time: datetime
    type: str
    item: _Item
    visit: int


def write_shop(folder: Path, *, seed: int = 7, items: int = 1500, shoppers: int = 300) -> None:
    """Writes items, events, queries and a README.txt that says what they are; the same seed gives the same bytes.

    `items` and `shoppers` are at least 20 and 2. Files that are there are replaced.
    """
    rng = Random(seed)
    catalogue = _catalogue(rng, items)
    happened = _events(rng, catalogue, _shoppers(rng, shoppers))
    cut = START + timedelta(days=DAYS - TEST_DAYS)
    events = [event for event in happened if event.time < cut]
    queries = _queries(events, [event for event in happened if event.time >= cut])
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "items.jsonl.gz", map(json.dumps, map(_record, catalogue)))
    _write(folder / "events.csv.gz", _csv(events))
    _write(folder / "queries.jsonl.gz", map(json.dumps, queries))
    note = NOTE.format(
        seed=seed,
        items=len(catalogue),
        events=len(events),
        queries=len(queries),
        days=DAYS - TEST_DAYS,
        test_days=TEST_DAYS,
    )
    (folder / "README.txt").write_text(note, encoding="utf-8")


def _catalogue(rng: Random, count: int) -> list[_Item]:
    return [_item(rng, number, CATEGORIES[number % len(CATEGORIES)]) for number in range(count)]


def _item(rng: Random, number: int, category: Category) -> _Item:
    band = rng.choice(BANDS)
    factor = {"budget": 0.6, "mid": 1.0, "premium": 1.7}[band] * rng.uniform(0.85, 1.15)
    return _Item(
        id=f"syn-{number + 1:04d}",
        category=category,
        brand=rng.choice(BRANDS[category.use]),
        colours=tuple(rng.sample(COLOURS, rng.choice((1, 1, 2)))),
        material=rng.choice(category.materials),
        band=band,
        price=round(category.price * factor, 2),
        line=rng.choice(LINES),
        appeal=rng.paretovariate(1.2),
    )


def _record(item: _Item) -> dict[str, Any]:
    colours = " and ".join(item.colours)
    return {
        "id": item.id,
        "title": f"{item.brand} {item.line} {item.category.name.title()} {colours}",
        "text": f"{item.category.name} for {item.category.use}, {item.material}, {item.band}. Synthetic demo item.",
        "attrs": {
            "brand": [item.brand],
            "category": [item.category.name],
            "colour": list(item.colours),
            "material": [item.material],
            "price_band": [item.band],
        },
        "price": item.price,
    }


def _shoppers(rng: Random, count: int) -> list[_Shopper]:
    first, other = (frozenset(names[n] for names in BRANDS.values()) for n in (1, 4))
    tastes = (
        _Taste(first, frozenset({"blue", "green"}), "premium"),
        _Taste(other, frozenset({"red", "black"}), "budget"),
    )
    shown = [_Shopper(name, taste, (1, 1, 1)) for name, taste in zip(SHOWN_SHOPPERS, tastes, strict=True)]
    return [*shown, *(_shopper(rng, number) for number in range(len(shown), count))]


def _shopper(rng: Random, number: int) -> _Shopper:
    taste = _Taste(
        brands=frozenset(rng.choice(names) for names in BRANDS.values()),
        colours=frozenset(rng.sample(COLOURS, 2)),
        band=rng.choice(BANDS),
    )
    return _Shopper(f"shopper-{number + 1:03d}", taste, tuple(rng.uniform(0.2, 1) for _ in BRANDS))


def _events(rng: Random, catalogue: Sequence[_Item], shoppers: Iterable[_Shopper]) -> list[_Event]:
    """All events, sorted by time: per visit one to four purchases, each after a look at it and at other items."""
    shelves: dict[str, list[_Item]] = {}
    for item in catalogue:
        shelves.setdefault(item.category.name, []).append(item)
    events: list[_Event] = []
    for shopper in shoppers:
        for name, shelf in shelves.items():
            weights = accumulate(item.appeal * _liking(shopper.taste, item) for item in shelf)
            shopper.shelves[name] = (shelf, list(weights))
        for visit in range(rng.randint(*VISITS)):
            events += _visit(rng, shopper, visit, START + timedelta(minutes=rng.randrange(DAYS * 24 * 60)))
    return sorted(events, key=lambda event: (event.time, event.user))


def _liking(taste: _Taste, item: _Item) -> float:
    liking = BRAND_LOVE if item.brand in taste.brands else 1.0
    if not item.category.consumable and not taste.colours.isdisjoint(item.colours):
        liking *= COLOUR_LOVE
    return liking * (PRICE_LOVE if item.band == taste.band else 1.0)


def _visit(rng: Random, shopper: _Shopper, visit: int, start: datetime) -> list[_Event]:
    events: list[_Event] = []
    uses = dict(zip(BRANDS, shopper.uses, strict=True))
    for number in range(rng.randint(1, 4)):
        category = rng.choices(CATEGORIES, [uses[c.use] * (3 if c.consumable else 1) for c in CATEGORIES])[0]
        chosen = _choose(rng, shopper, category)
        looks = [chosen, *(_pick(rng, shopper, category) for _ in range(rng.randint(0, 3)))]
        at = start + timedelta(minutes=10 * number)
        events += [_Event(shopper.name, at + timedelta(minutes=n), "view", item, visit) for n, item in enumerate(looks)]
        events.append(_Event(shopper.name, at + timedelta(minutes=9), "purchase", chosen, visit))
        shopper.bought.setdefault(category.name, []).append(chosen)
    return events


def _choose(rng: Random, shopper: _Shopper, category: Category) -> _Item:
    """What is bought: of consumables mostly what was bought before, of all else something new while there is any."""
    before = shopper.bought.get(category.name, [])
    if category.consumable:
        return rng.choice(before) if before and rng.random() < BUY_AGAIN else _pick(rng, shopper, category)
    for _ in range(20):
        if (found := _pick(rng, shopper, category)) not in before:
            break
    return found


def _pick(rng: Random, shopper: _Shopper, category: Category) -> _Item:
    shelf, weights = shopper.shelves[category.name]
    return shelf[bisect(weights, rng.random() * weights[-1], hi=len(shelf) - 1)]


def _queries(before: Iterable[_Event], after: Iterable[_Event]) -> list[dict[str, Any]]:
    """The searches that the purchases after the cut may have come from, one per visit and category."""
    owned: dict[str, set[str]] = {}
    for event in before:
        if event.type == "purchase":
            owned.setdefault(event.user, set()).add(event.item.id)
    searches: dict[tuple[str, int, str], list[_Event]] = {}
    for event in after:
        if event.type == "purchase" and event.user in owned:
            searches.setdefault((event.user, event.visit, event.item.category.name), []).append(event)
    queries = []
    for number, ((user, _, name), events) in enumerate(searches.items()):
        relevant = sorted({event.item.id for event in events})
        novel = [id_ for id_ in relevant if id_ not in owned[user]]
        found = {"user": user, "ts": _stamp(events[0].time), "query": name, "qclass": name}
        queries.append({"qid": f"q{number}", **found, "relevant": relevant, "novel": novel})
    return queries


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="minutes")


def _csv(events: Iterable[_Event]) -> Iterable[str]:
    yield "user,ts,type,item,group,weight"
    for event in events:
        yield f"{event.user},{_stamp(event.time)},{event.type},{event.item.id},{event.visit},1"


def _write(path: Path, lines: Iterable[str]) -> None:
    # Neither a name nor a time in the header, so that the same shop is the same bytes.
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())
