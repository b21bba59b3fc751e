"""How many pieces an event is about, and what is a return: as many times as pieces the event counts, up to a bound."""

from __future__ import annotations

from affinity_search.events.fields import Malformed, field_text, shown
from affinity_search.inputs.values import plain_number

__all__ = ["MOST_PIECES", "is_return", "pieces"]

MOST_PIECES = 10  # a hundred screws are one wish, not a hundred


def pieces(value: object) -> int:
    """How often the event counts, from 1 to MOST_PIECES; 1 where nothing is said, 0 for a return (0 pieces and less).

    Parts count as one: 0.35 kg is a piece. Raises Malformed for what is no plain number.
    """
    number = _number(value, "quantity")
    if number is None:
        return 1
    return min(MOST_PIECES, max(1, int(number))) if number > 0 else 0


def is_return(price: object) -> bool:
    """Whether the price is below 0; a price that is no plain number says nothing."""
    try:
        number = _number(price, "price")
    except Malformed:
        return False
    return number is not None and number < 0


def _number(value: object, name: str) -> float | None:
    text = repr(value) if isinstance(value, float) else field_text(value, name).strip()
    if not text:
        return None
    number = plain_number(text)
    if number is None:
        raise Malformed(f"{name}: expected a plain number, got {shown(value)}")
    return number
