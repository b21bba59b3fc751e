"""What the shopper bought before: a term of the id list, log(1 + decayed count) of purchases of the very item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from affinity_search.config.section import Name, NotNegative, Positive, Section
from affinity_search.signals.signal import Settings, Term

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["SAID", "TERM", "BoughtBefore", "ByValue", "fill_by_value"]

SAID = "you bought this before"
WEIGHT = "item_weight(coalesce(i.bought, 0), coalesce(g.weight, $bought_weight))"
FILL_BY_VALUE = """
INSERT INTO build_by_value
    SELECT v.item, min(w.weight) FROM item_values v
    JOIN (SELECT unnest($values::VARCHAR[]) AS value, unnest($weights::DOUBLE[]) AS weight) w ON w.value = v.value
    WHERE v.field = $field GROUP BY v.item
"""


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


TERM = Term(
    "bought_before",
    lambda settings: settings.item_affinity.bought_before,
    WEIGHT,
    lambda settings: {"bought_weight": settings.item_affinity.bought_before.weight},
)


def fill_by_value(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Fills `build_by_value`, the items with a weight of their own; with nothing where there are no such weights."""
    if by_value := settings.item_affinity.bought_before.by_value:
        names, weights = list(by_value.weights), list(by_value.weights.values())
        field = settings.attributes[by_value.attribute].field
        connection.execute(FILL_BY_VALUE, {"values": names, "weights": weights, "field": field})
