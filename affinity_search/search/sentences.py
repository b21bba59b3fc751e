"""One plain sentence per hit for the shopper, naming only what moved it."""

from __future__ import annotations

from collections.abc import Sequence

from affinity_search.config.model import ITEM, OWNED_DEMOTION
from affinity_search.search.answer import Reason

__all__ = ["sentence"]

NAMED = 2


def sentence(reasons: Sequence[Reason]) -> str:
    """The sentence for reasons in falling order of share; without any, that the hit stands where everyone sees it.

    That something is new is true of most hits, so it is said only of those of which there is nothing else to say.

    >>> sentence([Reason("brand", 15, 0.5, 0.3, "Meadow")])
    'You often choose brand Meadow.'
    """
    if not reasons:
        return "Ranked by your search words and by what is popular."
    telling = [reason for reason in reasons if reason.attribute != OWNED_DEMOTION] or reasons
    said = [_clause(reason) for reason in telling[:NAMED]]
    text = " and ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def _clause(reason: Reason) -> str:
    if reason.attribute == ITEM:
        return "people who bought what you bought also bought this" if reason.related else "you bought this before"
    if reason.attribute == OWNED_DEMOTION:
        return "you have not bought this yet"
    label = reason.attribute.replace("_", " ")
    return f"you often choose {label} {reason.value}" if reason.value else f"you often choose this {label}"
