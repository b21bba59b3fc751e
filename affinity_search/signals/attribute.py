"""A shopper's tastes in an attribute of the items, such as brands: how much more often than others they choose it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from affinity_search.config.profiles import ProfileSettings
from affinity_search.config.roles import Role
from affinity_search.config.section import FieldName, NotNegative, Positive, Section, Whole
from affinity_search.signals.signal import Evidence, Part, Query, Settings, Signal

__all__ = ["SIGNAL", "Attribute"]

NAMED = 2
DOES: dict[Role | None, str] = {
    "purchase": "you often choose",
    "add_to_cart": "you often choose",
    "wishlist": "you often choose",
    "click": "you often look at",
    "view": "you often look at",
    "impression": "you are often shown",
    "other": "your history often has",
    None: "your history often has",
}
# What is forgotten counts as never had. Of a value is said what most of its count comes from: bought only where at
# least half of it was.
ROWS = """
WITH histories AS (
    SELECT user_id, half_life_days, sum(mass)::DOUBLE / 1152921504606846976 AS events
    FROM masses GROUP BY user_id, half_life_days
), counts AS (
    SELECT m.user_id, a.attribute, a.half_life_days, v.value,
           CASE WHEN 2 * sum(m.bought) >= sum(m.mass) THEN 0 ELSE min(m.other_sign) END AS sign,
           sum(m.mass)::DOUBLE / 1152921504606846976 AS count
    FROM masses m JOIN build_attributes a ON a.half_life_days = m.half_life_days
    JOIN build_values v ON v.item = m.item AND v.attribute = a.attribute GROUP BY ALL
    HAVING remembered(sum(m.fresh)::DOUBLE / 1152921504606846976)
)
SELECT c.user_id, c.attribute, c.value, c.count, c.sign, true AS known,
       log_lift(c.count, coalesce(p.share, c.count / t.events), h.events, $prior_events) AS weight,
       weight * c.count AS worth
FROM counts c
JOIN histories h ON h.user_id = c.user_id AND h.half_life_days = c.half_life_days
JOIN build_events t ON t.attribute = c.attribute
LEFT JOIN build_population p ON p.attribute = c.attribute AND p.value = c.value
WHERE c.count > 0
"""


class Attribute(Section):
    """One attribute of the items in which shoppers have tastes."""

    field: FieldName = Field(description="Field of the items that holds the values, such as `attrs.brand`.")
    path: FieldName | None = Field(
        None,
        description="Where the item's JSON holds the values, where `field` is a sub-field of it: `brand` for "
        "`brand.keyword`. Absent: `field`.",
    )
    multi_valued: bool = Field(False, description="True where an item may have several values.")
    half_life_days: Positive = Field(90.0, description="After this many days an event counts half.")
    strength: NotNegative = Field(0.05, description="Boost per unit of weight (weight: log lift over the population).")
    saturation_weight: Positive = Field(
        8.0, description="Weight that gets the highest level; weights above it get that level too."
    )
    levels: Annotated[Whole, Field(ge=1, le=255)] = Field(
        15,
        description="Levels a weight is quantised to. Single-valued: 1, 3, 7, 15, ... (a lookup per bit); "
        "multi-valued: a lookup per level.",
    )

    @model_validator(mode="after")
    def _levels_fit(self) -> Self:
        if not self.multi_valued and (self.levels + 1) & self.levels:
            raise ValueError(
                f"levels: expected 1, 3, 7, 15, 31, 63, 127 or 255 for a single-valued attribute, got {self.levels}"
            )
        if self.multi_valued and self.levels > 15:
            raise ValueError(
                f"levels: expected at most 15 for a multi-valued attribute (a lookup per level), got {self.levels}"
            )
        return self

    @property
    def values_path(self) -> str:
        """Where the item's JSON holds the values."""
        return self.path or self.field

    @property
    def lookups(self) -> int:
        """Number of lookup clauses: one per level (multi-valued) or per bit."""
        return self.levels if self.multi_valued else self.levels.bit_length()

    @property
    def saturation_boost(self) -> float:
        """Boost of the highest level, before `search.max_boost` scales it."""
        return self.strength * self.saturation_weight


def _parts(settings: Settings) -> Iterable[Part]:
    for name, attribute in settings.attributes.items():
        if attribute.strength:
            yield _part(name, attribute, settings.profiles)


def _part(name: str, attribute: Attribute, limits: ProfileSettings) -> Part:
    return Part(
        name=name,
        address=f"attributes.{name}.strength",
        field=attribute.field,
        keys=name,
        boost=attribute.saturation_boost,
        levels=attribute.levels,
        multi_valued=attribute.multi_valued,
        saturation_weight=attribute.saturation_weight,
        half_lives=(attribute.half_life_days,),
        most=limits.max_values,
        longest=limits.max_values,
        numbers=attribute.model_dump(exclude={"path", "strength", "saturation_weight", "levels"}),
        limits=limits.model_dump(include={"prior_events", "max_values"}),
    )


def _rows(settings: Settings) -> Query:
    return Query(ROWS, {"prior_events": settings.profiles.prior_events})


def _say(evidence: Evidence) -> str:
    label, does = evidence.name.replace("_", " "), DOES[evidence.role]
    values = " and ".join(evidence.values[:NAMED])
    return f"{does} {label} {values}" if values else f"{does} this {label}"


def _absent(settings: Settings, part: Part, valued: bool) -> str:
    if valued:
        return "every event is more than six half-lives old"
    return f"no item with events has a value in `{part.field}` (are the items loaded?)"


def _hashed(settings: Settings, parts: Sequence[Part]) -> dict[str, Any]:
    return {"attributes": {part.name: part.hashed for part in parts}}


SIGNAL = Signal("", _parts, _rows, _say, _absent, hashed=_hashed)
