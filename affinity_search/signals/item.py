"""The id list: everything known of this shopper and single items, added up.

Its terms are signals with files of their own: `bought_before`, `viewed_before` and `related`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from affinity_search.config.names import ITEM
from affinity_search.config.roles import PURCHASE
from affinity_search.config.section import NotNegative, Positive, Section
from affinity_search.signals import bought_before, related, viewed_before
from affinity_search.signals.bought_before import BoughtBefore
from affinity_search.signals.owned_demotion import OwnedDemotion
from affinity_search.signals.related import Related
from affinity_search.signals.signal import ITEM_ID, Evidence, Part, Query, Settings, Signal
from affinity_search.signals.viewed_before import ViewedBefore

__all__ = ["SIGNAL", "ItemAffinity"]

TERMS = (bought_before.TERM, viewed_before.TERM, related.TERM)

# What is forgotten counts as never had. Items never had (count 0) are limited apart: `related` has done it, and they
# push out none that the shopper had. What others did, who were learnt from, may have been the weakest of all signs.
ROWS = """
WITH item_counts AS (
    SELECT user_id, b.item, b.sign, b.bought::DOUBLE / 1152921504606846976 AS bought,
           (v.mass - v.bought)::DOUBLE / 1152921504606846976 AS viewed
    FROM masses b JOIN masses v USING (user_id, item)
    WHERE b.half_life_days = $bought_half_life AND v.half_life_days = $viewed_half_life
      AND remembered(greatest(b.fresh, v.fresh)::DOUBLE / 1152921504606846976)
), weighed AS (
    SELECT user_id, item, coalesce(i.bought + i.viewed, 0) AS count, i.sign,
           {weight} AS weight
    FROM item_counts i FULL JOIN related_scores r USING (user_id, item) LEFT JOIN build_by_value g USING (item)
)
SELECT user_id, 'item' AS attribute, item AS value, count, sign, count > 0 AS known, weight, weight AS worth
FROM weighed
"""


class ItemAffinity(Section):
    """One id list for everything known about this shopper and single items."""

    strength: NotNegative = Field(0.0, description="Boost per unit of weight; 0 switches the id list off.")
    saturation_weight: Positive = Field(2.5, description="Weight that gets the highest level.")
    levels: Literal[1, 3, 7, 15, 31, 63, 127, 255] = Field(
        15, description="Levels a weight is quantised to (a lookup per bit)."
    )
    bought_before: BoughtBefore = Field(default_factory=lambda: BoughtBefore())
    viewed_before: ViewedBefore = Field(default_factory=lambda: ViewedBefore())
    related: Related = Field(default_factory=lambda: Related())
    owned_demotion: OwnedDemotion = 0.0

    @model_validator(mode="after")
    def _lifted_or_stepping_back(self) -> Self:
        for name, signal in (("bought", self.bought_before), ("viewed", self.viewed_before)):
            if self.owned_demotion and self.strength and signal.weight:
                raise ValueError(
                    f"owned_demotion: expected 0 where what was {name} is boosted (item_affinity.strength and "
                    f"{name}_before.weight above 0), got {self.owned_demotion:g}"
                )
        return self

    @property
    def related_on(self) -> bool:
        """True where related items count."""
        return bool(self.strength and self.related.weight)

    @property
    def saturation_boost(self) -> float:
        """Boost of the highest level of the id list, before `search.max_boost` scales it."""
        return self.strength * self.saturation_weight

    @property
    def viewed_half_life_days(self) -> float:
        """The half-life of the events that are no purchases."""
        return self.viewed_before.half_life_days or self.bought_before.half_life_days


def _parts(settings: Settings) -> Iterable[Part]:
    item, limit = settings.item_affinity, settings.profiles.max_items
    if not item.strength:
        return
    yield Part(
        name=ITEM,
        address="item_affinity.strength",
        field=ITEM_ID,
        keys=ITEM,
        boost=item.saturation_boost,
        levels=item.levels,
        saturation_weight=item.saturation_weight,
        half_lives=(item.bought_before.half_life_days, item.viewed_half_life_days),
        most=limit,
        longest=2 * limit if item.related_on else limit,
        numbers={term.name: section.model_dump() for term in TERMS if (section := term.section(settings))},
        limits={"max_items": limit},
    )


def _rows(settings: Settings) -> Query:
    item = settings.item_affinity
    half_lives = {
        "bought_half_life": item.bought_before.half_life_days,
        "viewed_half_life": item.viewed_half_life_days,
    }
    rows = ROWS.format(weight=" + ".join(term.weight for term in TERMS))
    return Query(rows, half_lives | {name: n for term in TERMS for name, n in term.parameters(settings).items()})


def _say(evidence: Evidence) -> str:
    if evidence.related:
        return related.said(evidence.role)
    return bought_before.SAID if evidence.role == PURCHASE else viewed_before.SAID[evidence.role]


def _absent(settings: Settings, part: Part, valued: bool) -> str:
    item = settings.item_affinity
    if item.bought_before.weight:
        return "every event is more than six half-lives old"
    nothing = "item_affinity.bought_before.weight is 0"
    return f"{nothing}, and histories say nothing of related items" if item.related_on else nothing


def _hashed(settings: Settings, parts: Sequence[Part]) -> dict[str, Any]:
    by_value = settings.item_affinity.bought_before.by_value
    again = {"again": settings.attributes[by_value.attribute].field} if parts and by_value else {}
    return {"item": next((part.hashed for part in parts), None), **again}


SIGNAL = Signal(ITEM, _parts, _rows, _say, _absent, hashed=_hashed)
