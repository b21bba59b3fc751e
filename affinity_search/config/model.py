"""The shop's `affinity.yaml` as frozen values. Every number carries its unit in its name; unknown keys are refused."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from affinity_search.config import names
from affinity_search.config.engine import EngineSettings
from affinity_search.config.events import Events, EventType
from affinity_search.config.items import Items
from affinity_search.config.limits import contradictions
from affinity_search.config.names import ITEM, OWNED_DEMOTION
from affinity_search.config.popularity import Popularity, PopularitySignal
from affinity_search.config.profiles import ProfileSettings
from affinity_search.config.search import Search
from affinity_search.config.section import Name, Section, refuse
from affinity_search.config.signals import SignalSections
from affinity_search.config.state import State
from affinity_search.signals import parts
from affinity_search.signals.attribute import Attribute
from affinity_search.signals.bought_before import BoughtBefore, ByValue
from affinity_search.signals.item import ItemAffinity
from affinity_search.signals.related import Related
from affinity_search.signals.viewed_before import ViewedBefore

__all__ = [
    "ITEM",
    "OWNED_DEMOTION",
    "Attribute",
    "BoughtBefore",
    "ByValue",
    "Config",
    "EngineSettings",
    "EventType",
    "Events",
    "ItemAffinity",
    "Items",
    "Popularity",
    "PopularitySignal",
    "ProfileSettings",
    "Related",
    "Search",
    "State",
    "ViewedBefore",
]


class Config(Section):
    """A whole `affinity.yaml`."""

    engine: EngineSettings = Field(default_factory=lambda: EngineSettings())
    items: Items = Field(default_factory=lambda: Items())
    events: Events
    attributes: dict[Name, Attribute] = Field(default_factory=dict)
    item_affinity: ItemAffinity = Field(default_factory=lambda: ItemAffinity())
    signals: SignalSections
    popularity: Popularity = Field(default_factory=lambda: Popularity())
    profiles: ProfileSettings = Field(default_factory=lambda: ProfileSettings())
    search: Search = Field(default_factory=lambda: Search())
    state: State = Field(default_factory=lambda: State())

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        refuse(contradictions(self))
        return self

    @property
    def active_attributes(self) -> dict[str, Attribute]:
        """The attributes with a strength above 0, by name, in the order of the file."""
        return {name: attribute for name, attribute in self.attributes.items() if attribute.strength}

    @property
    def lookups(self) -> int:
        """Lookup clauses of one personalised request."""
        return sum(part.lookups for part in parts(self).values())

    @property
    def total_boost(self) -> float:
        """Sum of all full boosts before the bound."""
        return sum((part.boost for part in parts(self).values()), 0.0)

    @property
    def boost_scale(self) -> float:
        """Factor in (0, 1] that scales every strength so that the sum of boosts stays within `search.max_boost`."""
        return min(1.0, self.search.max_boost / self.total_boost) if self.total_boost else 1.0

    @property
    def lookup_index(self) -> str:
        """Alias of the documents that the engine looks up."""
        return names.lookup_index(self.engine.prefix)

    @property
    def profile_index(self) -> str:
        """Alias of the profiles that people read."""
        return names.profile_index(self.engine.prefix)

    @property
    def ledger_index(self) -> str:
        """Index of the deployment ledger."""
        return names.ledger_index(self.engine.prefix)
