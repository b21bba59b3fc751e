"""Made-up shoppers: tastes drawn from the catalogue's own values, encoded by the product's code and by the rival's.

Levels lie as they do in profiles built from purchases: three in four between 2 and 6 of 15, so that a value stands in
1.7 of the four lists.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.config import Config
from affinity_search.config.model import ITEM
from affinity_search.engine.bulk import Action
from affinity_search.items.keys import affinity_key
from affinity_search.lookups.coding import codings
from affinity_search.profiles.documents import Entry, lookup_documents, profile_document
from benchmarks.latency.catalogue import Catalogue, item_id, zipf_draw
from benchmarks.latency.settings import ATTRIBUTES, LEVELS, bench_config

__all__ = ["APP_PROFILES", "ENTRIES", "Crowd", "app_document", "crowds", "lift_steps", "profile_actions", "tastes"]

ENTRIES = {"mid": 150, "heavy": 600}
ITEM_SHARE = 0.4  # of the entries; the attributes get equal parts of the rest
LEVEL_WEIGHTS = (10, 16, 15, 14, 14, 10, 7, 4, 3, 2, 1, 1, 1, 1, 1)  # of the levels 1 .. 15
APP_PROFILES = "affinity-bench-app-profiles"

Tastes = dict[str, list[Entry]]


@dataclass(frozen=True)
class Crowd:
    """Shoppers of one kind: `count` of them, each with the entries of `profile`, encoded for `lookups` lookups."""

    profile: str
    lookups: int
    count: int

    def shopper(self, number: int) -> str:
        """The id of a shopper; numbers beyond the count begin again."""
        return f"{self.profile}-{self.lookups}-{number % self.count}"


def crowds(count: int) -> list[Crowd]:
    """`count` shoppers for the 16 lookups of most rows, half as many for each other number, mid and heavy."""
    return [
        Crowd(profile, lookups, count if lookups == 16 else count // 2) for profile in ENTRIES for lookups in ATTRIBUTES
    ]


def tastes(shop: Catalogue, crowd: Crowd, number: int) -> Tastes:
    """The tastes of one shopper, always the same ones; in all exactly as many entries as the profile's kind has."""
    rng = random.Random(crowd.shopper(number))
    names = ATTRIBUTES[crowd.lookups]
    entries = ENTRIES[crowd.profile]
    each = int(entries * (1 - ITEM_SHARE)) // len(names)
    found = {name: _entries(rng, _different(rng, shop.values[name], each)) for name in names}
    liked = rng.sample(range(shop.size), entries - each * len(names))
    return {**found, ITEM: _entries(rng, map(item_id, liked))}


def _different(rng: random.Random, values: Any, count: int) -> Iterable[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found.update(dict.fromkeys(zipf_draw(rng, values, count - len(found))))
    return found


def _entries(rng: random.Random, values: Iterable[str]) -> list[Entry]:
    wanted = list(values)
    levels = rng.choices(range(1, LEVELS + 1), LEVEL_WEIGHTS, k=len(wanted))
    return [(value, float(level), level / 2, level, "purchase") for value, level in zip(wanted, levels, strict=True)]


def lift_steps(config: Config) -> dict[str, float]:
    """What one level adds to the factor, by attribute and for the id list, as the template's clauses have it."""
    steps = {name: a.saturation_boost / a.levels for name, a in config.active_attributes.items()}
    steps[ITEM] = config.item_affinity.saturation_boost / config.item_affinity.levels
    return {name: step * config.boost_scale for name, step in steps.items()}


def app_document(found: Tastes, steps: Mapping[str, float]) -> dict[str, dict[str, list[Any]]]:
    """A rival's profile: one document, numeric keys (ids for items) beside their boosts, ready to be made a dict of."""
    return {
        name: {
            "k": [value if name == ITEM else affinity_key(value) for value, *_ in entries],
            "w": [round(level * steps[name], 6) for *_, level, _ in entries],
        }
        for name, entries in found.items()
    }


def profile_actions(shop: Catalogue, crowd: Crowd) -> Iterator[Action]:
    """Everything to be written for the crowd: lookup documents, the profiles for people, and the rival's profiles."""
    config = bench_config(crowd.lookups)
    coded, steps = codings(config), lift_steps(config)
    for number in range(crowd.count):
        user, found = crowd.shopper(number), tastes(shop, crowd, number)
        for identity, body in lookup_documents(user, found, coded, config.items.index).items():
            yield Action("index", config.lookup_index, identity, body)
        read = profile_document(user, found, build=1, as_of="2026-01-31", events=float(ENTRIES[crowd.profile]))
        yield Action("index", config.profile_index, user, read)
        yield Action("index", APP_PROFILES, user, app_document(found, steps))
