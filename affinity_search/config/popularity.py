"""The section `popularity`: what many choose, in the relevance of every shopper."""

from __future__ import annotations

from pydantic import Field

from affinity_search.config.section import Days, Name, NotNegative, Section

__all__ = ["Newness", "Popularity", "PopularitySignal"]


class PopularitySignal(Section):
    """A popularity signal in the relevance of every shopper: weight * log(1 + events)."""

    weight: NotNegative = Field(1.0, description="Weight of log(1 + events) beside BM25; 0 switches the signal off.")


class Newness(Section):
    """How new an item is, in the relevance of every shopper: weight * 2^(-age / half-life), in sixteenths."""

    weight: NotNegative = Field(
        0.0, description="Weight of an item's newness (1 on the day of its first event) beside BM25; 0 switches it off."
    )
    half_life_days: Days = Field(60, description="After so many days since its first event an item is half as new.")


class Popularity(Section):
    """Popularity in the generic relevance."""

    all_time: PopularitySignal = Field(default_factory=lambda: PopularitySignal(weight=1.0))
    recent: PopularitySignal = Field(default_factory=lambda: PopularitySignal(weight=0.0))
    recent_days: Days = Field(28, description="How many days count as recent.")
    newness: Newness = Field(default_factory=lambda: Newness())
    field: Name = Field(
        "popularity",
        description="Field of the items for the events of all time, a `rank_feature`; those of late stand in the field "
        "of this name with `_recent` behind it, newness in the one with `_newness`. Another name where the items "
        "have a `popularity` of their own.",
    )

    @property
    def fields(self) -> tuple[str, ...]:
        """The field of all time, the one of late, and that of newness where it has a weight."""
        return self.every_field if self.newness.weight else self.every_field[:2]

    @property
    def weights(self) -> tuple[float, float, float]:
        """The weights of what stands in `every_field`."""
        return self.all_time.weight, self.recent.weight, self.newness.weight

    @property
    def every_field(self) -> tuple[str, str, str]:
        """The field of all time, the one of late, and that of newness, whether it has a weight or not."""
        return self.field, f"{self.field}_recent", f"{self.field}_newness"
