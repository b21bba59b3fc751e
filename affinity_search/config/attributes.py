"""The section `attributes`: in which of the items' values shoppers have tastes."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from affinity_search.config.section import FieldName, NotNegative, Positive, Section, Whole

__all__ = ["Attribute"]


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
