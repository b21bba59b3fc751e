"""One plain sentence per hit for the shopper: it names only what moved the hit, and claims no more than events say."""

from __future__ import annotations

from collections.abc import Sequence

from affinity_search.config.model import ITEM, OWNED_DEMOTION
from affinity_search.config.roles import PURCHASE, Role
from affinity_search.search.answer import Reason

__all__ = ["BEYOND", "POPULAR", "SORTED", "sentence"]

NAMED = 2
BEYOND = "It stands beyond the window, so nothing is said of what moved it."
SORTED = "Sorted as you asked."
POPULAR = "Ranked by what is popular."

# What a shopper did with the very item, by the strongest role of the events; None where no profile says so.
DID: dict[Role | None, str] = {
    "purchase": "you bought this before",
    "add_to_cart": "you had this in your basket before",
    "wishlist": "you had this on your wish list before",
    "click": "you looked at this before",
    "view": "you looked at this before",
    "impression": "this was shown to you before",
    "other": "this is in your history",
    None: "this is in your history",
}
DOES: dict[Role | None, str] = {
    "purchase": "you often choose",
    "add_to_cart": "you often choose",
    "wishlist": "you often choose",
    "click": "you often look at",
    "view": "you often look at",
    "impression": "you are often shown",
    "other": "your history often has",
    None: "your history often has",
}


def sentence(reasons: Sequence[Reason]) -> str:
    """The sentence for reasons in falling order of share; without any, that the hit stands where everyone sees it.

    That something is new is true of most hits, so it is said only of those of which there is nothing else to say.

    >>> sentence([Reason("brand", 15, 0.5, 0.3, "Meadow", role="purchase")])
    'You often choose brand Meadow.'
    """
    if not reasons:
        return "Ranked by your search words and by what is popular."
    telling = [reason for reason in reasons if reason.attribute != OWNED_DEMOTION] or reasons
    said = [_clause(reason) for reason in telling[:NAMED]]
    text = " and ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def _clause(reason: Reason) -> str:
    if reason.attribute == OWNED_DEMOTION:
        return "you have not bought this yet"
    if reason.attribute == ITEM:
        return _of_related(reason) if reason.related else DID[reason.role]
    label = reason.attribute.replace("_", " ")
    values = " and ".join(reason.values[:NAMED]) or reason.value
    return f"{DOES[reason.role]} {label} {values}" if values else f"{DOES[reason.role]} this {label}"


def _of_related(reason: Reason) -> str:
    if reason.role == PURCHASE:
        return "people who bought what you bought also bought this"
    return "this often goes with what is in your history"
