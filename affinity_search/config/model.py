"""The shop's `affinity.yaml` as frozen values. Every number carries its unit in its name; unknown keys are refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from affinity_search.config import patterns
from affinity_search.config.address import checked_address
from affinity_search.config.limits import MOST_TERMS, contradictions, item_contradictions
from affinity_search.config.roles import PURCHASE, Role, default_role

__all__ = [
    "ITEM",
    "OWNED_DEMOTION",
    "RESERVED_ATTRIBUTES",
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


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):  # yes, no, on and off are booleans in YAML; Python would take them for 1 and 0
        raise ValueError(f"expected a number, got {str(value).lower()}")
    return value


Name = Annotated[str, Field(pattern=patterns.NAME)]
IndexName = Annotated[str, Field(pattern=patterns.INDEX_NAME)]
FieldName = Annotated[str, Field(pattern=patterns.FIELD_NAME, max_length=100)]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False), BeforeValidator(_no_boolean)]
NotNegative = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False), BeforeValidator(_no_boolean)]
Whole = Annotated[int, BeforeValidator(_no_boolean)]
ListLength = Annotated[Whole, Field(gt=0, le=MOST_TERMS)]
Days = Annotated[Whole, Field(gt=0, le=1_000_000)]
ITEM = "item"
"""The attribute of the id list: what is known of this shopper and single items."""
OWNED_DEMOTION = "owned_demotion"
"""The items that the shopper bought; a hit that is none of them is boosted by `item_affinity.owned_demotion`."""
RESERVED_ATTRIBUTES = frozenset({ITEM, OWNED_DEMOTION, "relevance"})


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _refuse(found: Iterable[str]) -> None:
    """Raises ValueError with a line for each contradiction that was found, none for none."""
    if lines := list(found):
        raise ValueError("\n".join(lines))


class EngineSettings(_Section):
    """Where the search engine is; without `url` the embedded engine that runs for this user."""

    url: Annotated[str, AfterValidator(checked_address)] | None = Field(
        None,
        description="Address of the engine. Absent: the embedded engine started by `affinity engine start`.",
    )
    username_env: str | None = Field(None, description="Environment variable that holds the user name.")
    password_env: str | None = Field(None, description="Environment variable that holds the password.")
    ca_file: Path | None = Field(None, description="Certificate authority file for https.")
    timeout_seconds: Positive = Field(10.0, description="How long one request may take.")
    prefix: IndexName = Field(
        "affinity", description="First part of the name of every index this product makes for itself."
    )


class Items(_Section):
    """The item index: its alias, its text fields with boosts, and the fields that hold prices and the like."""

    index: IndexName = Field("products", description="Alias of the item index.")
    text_fields: dict[FieldName, Positive] = Field(
        default_factory=lambda: {"title": 2.0, "text": 1.0},
        min_length=1,
        description="Text fields that a query searches, each with its boost.",
    )
    analyzer: Annotated[str, Field(pattern=patterns.ANALYZER)] = Field(
        "standard",
        description="The engine's built-in analyzer for the text fields: `standard` for words as they are, or a "
        "language such as `english` for their stems.",
    )

    @model_validator(mode="after")
    def _engine_takes_it(self) -> Self:
        _refuse(item_contradictions(self))
        return self


class EventType(_Section):
    """What one event of this type counts, and what it says."""

    weight: NotNegative = Field(description="How much one event counts; 0 leaves events of this type out.")
    role: Role = Field(
        "other",
        description="What an event says: `purchase` is what bought means everywhere. Absent: the role that the type's "
        "very name stands for (`order`, `add-to-cart`, `detail` ...), or else `other`.",
    )


class Events(_Section):
    """Which events count, and how their time is to be read."""

    types: dict[str, EventType] = Field(min_length=1, description="Event types by name, as they stand in the data.")
    time: Literal["date", "sequence"] = Field(
        "date",
        description="`date`: timestamps; `sequence`: whole numbers that count up per shopper (orders, visits), "
        "and every number of days then means steps of that sequence.",
    )
    retention_days: Days = Field(1095, description="Older events, seen from the newest one, are late.")

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
    def purchases_only(self) -> bool:
        """True where every type that counts is a purchase."""
        return self.purchases >= {name for name, kind in self.types.items() if kind.weight}

    @property
    def target_word(self) -> str:
        """What reports call the events to be foretold: `purchase` only where they are purchases, else `event`."""
        return "purchase" if self.targets <= self.purchases else "event"


class Attribute(_Section):
    """One attribute of the items in which shoppers have tastes."""

    field: FieldName = Field(description="Field of the items that holds the values, such as `attrs.brand`.")
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
    def lookups(self) -> int:
        """Number of lookup clauses: one per level (multi-valued) or per bit."""
        return self.levels if self.multi_valued else self.levels.bit_length()

    @property
    def saturation_boost(self) -> float:
        """Boost of the highest level, before `search.max_boost` scales it."""
        return self.strength * self.saturation_weight


class ByValue(_Section):
    """Other weights of the bought-before signal for the items with some values of one attribute."""

    attribute: Name = Field(description="Attribute whose values these are, one of `attributes`.")
    weights: dict[str, NotNegative] = Field(
        description="Weight by value, in place of `weight`; of an item with several the lowest counts."
    )


class BoughtBefore(_Section):
    """The bought-before signal: log(1 + decayed count) of purchases of the very item."""

    weight: NotNegative = Field(1.0, description="Share of this signal in the item affinity; 0 switches it off.")
    half_life_days: Positive = Field(90.0, description="After this many days a purchase counts half.")
    by_value: ByValue | None = Field(
        None, description="Other weights for some categories: what is bought once in a lifetime, what every week."
    )


class ViewedBefore(_Section):
    """The same signal for events of the very item that are no purchases: views, clicks, baskets and the like."""

    weight: NotNegative | None = Field(
        None,
        description="Share of this signal in the item affinity; 0 switches it off. Absent: as much as a purchase of "
        "the same event weight.",
    )
    half_life_days: Positive | None = Field(
        None, description="After this many days an event counts half. Absent: that of `bought_before`."
    )


class Related(_Section):
    """Related items ("bought together"): a shopper's items boost what others who bought them bought as well.

    Items that the shopper never had come on top of `profiles.max_items`, at most as many again.
    """

    weight: NotNegative = Field(
        0.0, description="Share of this signal in the item affinity; 0 switches it off, 0.1 to 0.3 is usual."
    )


class ItemAffinity(_Section):
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


class PopularitySignal(_Section):
    """A popularity signal in the relevance of every shopper: weight * log(1 + events)."""

    weight: NotNegative = Field(1.0, description="Weight of log(1 + events) beside BM25; 0 switches the signal off.")


class Popularity(_Section):
    """Popularity in the generic relevance."""

    all_time: PopularitySignal = Field(default_factory=lambda: PopularitySignal(weight=1.0))
    recent: PopularitySignal = Field(default_factory=lambda: PopularitySignal(weight=0.0))
    recent_days: Days = Field(28, description="How many days count as recent.")


class ProfileSettings(_Section):
    """How profiles are computed and how large one may grow."""

    prior_events: Positive = Field(5.0, description="Shrinkage: events of an average shopper mixed into every history.")
    max_values: Annotated[Whole, Field(gt=0, le=65536)] = Field(
        256, description="Values kept per shopper and attribute."
    )
    max_items: Annotated[Whole, Field(gt=0, le=65536)] = Field(256, description="Items kept per shopper.")


class Search(_Section):
    """The search surface."""

    template: Annotated[str, Field(pattern=patterns.TEMPLATE_NAME)] = Field(
        "affinity-search", description="Stable id of the template."
    )
    shape: Literal["rescore", "function_score"] = Field(
        "rescore", description="`rescore`: the best `window` hits; `function_score`: all."
    )
    window: Annotated[Whole, Field(gt=0, le=10000)] = Field(
        100, description="Hits that a rescore looks at; the last page personalised ends here."
    )
    size: Annotated[Whole, Field(gt=0, le=1000)] = Field(10, description="Hits returned where a request does not say.")
    max_boost: Positive = Field(5.0, description="Bound: a score is at most relevance * (1 + max_boost).")
    max_lookups: Annotated[Whole, Field(gt=0, le=64)] = Field(16, description="Lookup budget of one request.")


class State(_Section):
    """Where the local state (buckets, weights, what was published) is kept."""

    path: Path = Field(Path(".affinity/state.duckdb"), description="DuckDB file, relative to affinity.yaml.")


class Config(_Section):
    """A whole `affinity.yaml`."""

    engine: EngineSettings = Field(default_factory=lambda: EngineSettings())
    items: Items = Field(default_factory=lambda: Items())
    events: Events
    attributes: dict[Name, Attribute] = Field(default_factory=dict)
    item_affinity: ItemAffinity = Field(default_factory=lambda: ItemAffinity())
    popularity: Popularity = Field(default_factory=lambda: Popularity())
    profiles: ProfileSettings = Field(default_factory=lambda: ProfileSettings())
    search: Search = Field(default_factory=lambda: Search())
    state: State = Field(default_factory=lambda: State())

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        _refuse(contradictions(self))
        return self

    @property
    def active_attributes(self) -> dict[str, Attribute]:
        """The attributes with a strength above 0, by name, in the order of the file."""
        return {name: attribute for name, attribute in self.attributes.items() if attribute.strength}

    @property
    def lookups(self) -> int:
        """Lookup clauses of one personalised request."""
        return sum(a.lookups for a in self.active_attributes.values()) + self.item_affinity.lookups

    @property
    def total_boost(self) -> float:
        """Sum of all full boosts before the bound."""
        item = self.item_affinity
        return (
            sum(a.saturation_boost for a in self.active_attributes.values())
            + item.saturation_boost
            + item.owned_demotion
        )

    @property
    def boost_scale(self) -> float:
        """Factor in (0, 1] that scales every strength so that the sum of boosts stays within `search.max_boost`."""
        return min(1.0, self.search.max_boost / self.total_boost) if self.total_boost else 1.0

    @property
    def lookup_index(self) -> str:
        """Alias of the documents that the engine looks up."""
        return f"{self.engine.prefix}-lookup"

    @property
    def profile_index(self) -> str:
        """Alias of the profiles that people read."""
        return f"{self.engine.prefix}-profiles"

    @property
    def ledger_index(self) -> str:
        """Index of the deployment ledger."""
        return f"{self.engine.prefix}-ledger"
