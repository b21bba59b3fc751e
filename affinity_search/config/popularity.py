"""The section `popularity`: what many choose, in the relevance of every shopper."""

from __future__ import annotations

from pydantic import Field

from affinity_search.config.section import Days, Name, NotNegative, Section

__all__ = ["Popularity", "PopularitySignal"]


class PopularitySignal(Section):
    """A popularity signal in the relevance of every shopper: weight * log(1 + events)."""

    weight: NotNegative = Field(1.0, description="Weight of log(1 + events) beside BM25; 0 switches the signal off.")


class Popularity(Section):
    """Popularity in the generic relevance."""

    all_time: PopularitySignal = Field(default_factory=lambda: PopularitySignal(weight=1.0))
    recent: PopularitySignal = Field(default_factory=lambda: PopularitySignal(weight=0.0))
    recent_days: Days = Field(28, description="How many days count as recent.")
    field: Name = Field(
        "popularity",
        description="Field of the items for the events of all time, a `rank_feature`; those of late stand in the field "
        "of this name with `_recent` behind it. Another one where the items have a `popularity` of their own.",
    )

    @property
    def fields(self) -> tuple[str, str]:
        """The field of all time and the one of late."""
        return self.field, f"{self.field}_recent"
