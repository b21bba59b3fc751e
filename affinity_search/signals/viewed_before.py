"""What the shopper looked at, had in the basket or was shown before: a term of the id list, as `bought_before` is."""

from __future__ import annotations

from pydantic import Field

from affinity_search.config.roles import Role
from affinity_search.config.section import NotNegative, Positive, Section
from affinity_search.signals.signal import Term

__all__ = ["SAID", "TERM", "ViewedBefore"]

SAID: dict[Role | None, str] = {
    "add_to_cart": "you had this in your basket before",
    "wishlist": "you had this on your wish list before",
    "click": "you looked at this before",
    "view": "you looked at this before",
    "impression": "this was shown to you before",
    "other": "this is in your history",
    None: "this is in your history",
}
"""What the shopper did with the very item, by the strongest role of the events; None where no profile says so."""

WEIGHT = "item_weight(coalesce(i.viewed, 0), coalesce($viewed_weight::DOUBLE, g.weight, $bought_weight))"


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


TERM = Term(
    "viewed_before",
    lambda settings: settings.item_affinity.viewed_before,
    WEIGHT,
    lambda settings: {"viewed_weight": settings.item_affinity.viewed_before.weight},
)
