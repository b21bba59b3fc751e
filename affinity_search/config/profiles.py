"""The section `profiles`: how profiles are computed, and how large one may grow."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from affinity_search.config.section import Positive, Section, Whole

__all__ = ["ProfileSettings"]


class ProfileSettings(Section):
    """How profiles are computed and how large one may grow."""

    prior_events: Positive = Field(5.0, description="Shrinkage: events of an average shopper mixed into every history.")
    max_values: Annotated[Whole, Field(gt=0, le=65536)] = Field(
        256, description="Values kept per shopper and attribute."
    )
    max_items: Annotated[Whole, Field(gt=0, le=65536)] = Field(256, description="Items kept per shopper.")
