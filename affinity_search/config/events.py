"""The section `events`: which events count, and what they say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from affinity_search.config.roles import PURCHASE, Role, default_role
from affinity_search.config.section import Days, NotNegative, Section
from affinity_search.config.source_block import EventSource

__all__ = ["EventType", "Events"]


class EventType(Section):
    """What one event of this type counts, and what it says."""

    weight: NotNegative = Field(description="How much one event counts; 0 leaves events of this type out.")
    role: Role = Field(
        "other",
        description="What an event says: `purchase` is what bought means everywhere. Absent: the role that the type's "
        "very name stands for (`order`, `add-to-cart`, `detail` ...), or else `other`.",
    )


class Events(Section):
    """Which events count, and how their time is to be read."""

    types: dict[str, EventType] = Field(min_length=1, description="Event types by name, as they stand in the data.")
    time: Literal["date", "sequence"] = Field(
        "date",
        description="`date`: timestamps; `sequence`: whole numbers that count up per shopper (orders, visits), "
        "and every number of days then means steps of that sequence.",
    )
    retention_days: Days = Field(1095, description="Older events, seen from the newest one, are late.")
    source: EventSource | None = Field(None, description="How files in another form are read; absent: as ours.")

    @field_validator("types")
    @classmethod
    def _roles_by_name(cls, types: dict[str, EventType]) -> dict[str, EventType]:
        return {
            name: kind if "role" in kind.model_fields_set else EventType(weight=kind.weight, role=default_role(name))
            for name, kind in types.items()
        }

    @property
    def purchases(self) -> frozenset[str]:
        """The types that say that something was bought; empty where none does."""
        return frozenset(name for name, kind in self.types.items() if kind.role == PURCHASE)

    @property
    def targets(self) -> frozenset[str]:
        """The types that a replay has to foretell: purchases, or where none count the types that count most."""
        counting = {name: kind.weight for name, kind in self.types.items() if kind.weight}
        most = max(counting.values(), default=0.0)
        return self.purchases & counting.keys() or frozenset(n for n, weight in counting.items() if weight == most)

    @property
    def target_word(self) -> str:
        """What reports call the events to be foretold: `purchase` only where they are purchases, else `event`."""
        return "purchase" if self.targets <= self.purchases else "event"
