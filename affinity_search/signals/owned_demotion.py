"""Owned items step back: every item is boosted that the shopper has not bought, since a rescore may lower no score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

from pydantic import Field

from affinity_search.config.names import ITEM, OWNED_DEMOTION
from affinity_search.config.section import NotNegative
from affinity_search.signals.signal import ITEM_ID, Evidence, Part, Query, Settings, Signal

__all__ = ["SIGNAL", "OwnedDemotion"]

LONGER = 4  # than the list of what weighs most: ids alone take little room
MOST_BOUGHT = 65_536  # terms that an engine takes in one lookup

# The newest first. All weigh the same, and nothing is ever forgotten.
ROWS = """
SELECT m.user_id, a.attribute, m.item AS value, m.bought::DOUBLE / 1152921504606846976 AS count, 0 AS sign,
       true AS known, 1.0::DOUBLE AS weight, -m.bought_age AS worth
FROM masses m JOIN build_attributes a ON a.half_life_days = m.half_life_days AND a.attribute = 'owned_demotion'
WHERE m.bought_age IS NOT NULL
"""

OwnedDemotion = Annotated[
    NotNegative,
    Field(
        description="Boost of every item that the shopper has not bought, so that what was bought steps back; 0 "
        "switches it off."
    ),
]


def _parts(settings: Settings) -> Iterable[Part]:
    item, limit = settings.item_affinity, settings.profiles.max_items
    if not item.owned_demotion:
        return
    half_life = item.bought_before.half_life_days
    most = min(LONGER * limit, MOST_BOUGHT)
    yield Part(
        name=OWNED_DEMOTION,
        address="item_affinity.owned_demotion",
        field=ITEM_ID,
        keys=ITEM,
        boost=item.owned_demotion,
        levels=1,
        saturation_weight=1.0,
        half_lives=(half_life,),
        most=most,
        longest=most,
        negated=True,
        numbers={"half_life_days": half_life, "index": settings.items.index},  # the documents name the item index
        limits={"max_items": limit},
    )


def _rows(settings: Settings) -> Query:
    return Query(ROWS)


def _say(evidence: Evidence) -> str:
    return "you have not bought this yet"


def _absent(settings: Settings, part: Part, valued: bool) -> str:
    return "there is no event of the role purchase"


def _hashed(settings: Settings, parts: Sequence[Part]) -> dict[str, Any]:
    return {"new": list(parts[0].numbers.values())} if parts else {}


# That something is new is true of most hits, so it is said only of those of which there is nothing else to say.
SIGNAL = Signal(OWNED_DEMOTION, _parts, _rows, _say, _absent, only_if_alone=True, hashed=_hashed)
