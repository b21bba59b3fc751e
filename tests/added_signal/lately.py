"""A signal that the product does not have: items that the shopper had any event of in the last days.

This one file is all of it: its section `signals.lately`, what it keeps and writes, and its words. `tests.with_signal`
lets the package `affinity_search.signals` find it as if it lay there.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from affinity_search.config.names import ITEM
from affinity_search.config.section import NotNegative, Positive, Section
from affinity_search.signals.signal import ITEM_ID, Evidence, Part, Query, Settings, Signal, own_section

NAME = "lately"
HALF_LIFE_DAYS = 30.0
ROWS = """
SELECT user_id, 'lately' AS attribute, item AS value, mass::DOUBLE / 1152921504606846976 AS count, sign, true AS known,
       $lately_days - age AS weight, weight AS worth
FROM masses WHERE half_life_days = $lately_half_life AND age < $lately_days
"""


class Lately(Section):
    """The items of the last days."""

    strength: NotNegative = Field(0.0, description="Boost of an item of today; 0 switches it off.")
    days: Positive = Field(8.0, description="An item of so many days ago is boosted no more.")


def _parts(settings: Settings) -> Iterable[Part]:
    own, limit = own_section(settings, NAME, Lately), settings.profiles.max_items
    if own.strength:
        yield Part(
            name=NAME,
            address="signals.lately.strength",
            field=ITEM_ID,
            keys=ITEM,
            boost=own.strength,
            levels=7,
            saturation_weight=own.days,
            half_lives=(HALF_LIFE_DAYS,),
            most=limit,
            longest=limit,
            numbers={"days": own.days},
            limits={"max_items": limit},
        )


def _rows(settings: Settings) -> Query:
    return Query(ROWS, {"lately_days": own_section(settings, NAME, Lately).days, "lately_half_life": HALF_LIFE_DAYS})


def _say(evidence: Evidence) -> str:
    return "you came across this in the last days"


def _absent(settings: Settings, part: Part, valued: bool) -> str:
    return "every event is too old"


SIGNAL = Signal(NAME, _parts, _rows, _say, _absent, section=Lately)
