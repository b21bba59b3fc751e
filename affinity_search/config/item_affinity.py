"""The section `item_affinity`: the signals that speak of single items."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from affinity_search.config.section import Name, NotNegative, Positive, Section

__all__ = ["BoughtBefore", "ByValue", "ItemAffinity", "Related", "ViewedBefore"]


class ByValue(Section):
    """Other weights of the bought-before signal for the items with some values of one attribute."""

    attribute: Name = Field(description="Attribute whose values these are, one of `attributes`.")
    weights: dict[str, NotNegative] = Field(
        description="Weight by value, in place of `weight`; of an item with several the lowest counts."
    )


class BoughtBefore(Section):
    """The bought-before signal: log(1 + decayed count) of purchases of the very item."""

    weight: NotNegative = Field(1.0, description="Share of this signal in the item affinity; 0 switches it off.")
    half_life_days: Positive = Field(90.0, description="After this many days a purchase counts half.")
    by_value: ByValue | None = Field(
        None, description="Other weights for some categories: what is bought once in a lifetime, what every week."
    )


class ViewedBefore(Section):
    """The same signal for events of the very item that are no purchases: views, clicks, baskets and the like."""

    weight: NotNegative | None = Field(
        None,
        description="Share of this signal in the item affinity; 0 switches it off. Absent: as much as a purchase of "
        "the same event weight.",
    )
    half_life_days: Positive | None = Field(
        None, description="After this many days an event counts half. Absent: that of `bought_before`."
    )


class Related(Section):
    """Related items ("bought together"): a shopper's items boost what others who bought them bought as well.

    Items that the shopper never had come on top of `profiles.max_items`, at most as many again.
    """

    weight: NotNegative = Field(
        0.0, description="Share of this signal in the item affinity; 0 switches it off, 0.1 to 0.3 is usual."
    )


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
    owned_demotion: NotNegative = Field(
        0.0,
        description="Boost of every item that the shopper has not bought, so that what was bought steps back; 0 "
        "switches it off.",
    )

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
    def lookups(self) -> int:
        """Number of lookup clauses: one per bit of the id list, two for `owned_demotion`; none for what is off."""
        return (self.levels.bit_length() if self.strength else 0) + (2 if self.owned_demotion else 0)

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
