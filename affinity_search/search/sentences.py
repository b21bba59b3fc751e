"""One plain sentence per hit for the shopper: it names only what moved the hit, and claims no more than events say."""

from __future__ import annotations

from collections.abc import Sequence

from affinity_search.search.answer import Reason
from affinity_search.signals import Evidence, signal_of

__all__ = ["BEYOND", "POPULAR", "SORTED", "sentence"]

NAMED = 2
BEYOND = "It stands beyond the window, so nothing is said of what moved it."
SORTED = "Sorted as you asked."
POPULAR = "Ranked by what is popular."


def sentence(reasons: Sequence[Reason]) -> str:
    """The sentence for reasons in falling order of share; without any, that the hit stands where everyone sees it.

    What is true of most hits, as that one is new, is said only of those of which there is nothing else to say.

    >>> sentence([Reason("brand", 15, 0.5, 0.3, "Meadow", role="purchase")])
    'You often choose brand Meadow.'
    """
    if not reasons:
        return "Ranked by your search words and by what is popular."
    telling = [reason for reason in reasons if not signal_of(reason.attribute).only_if_alone] or reasons
    said = [_clause(reason) for reason in telling[:NAMED]]
    text = " and ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def _clause(reason: Reason) -> str:
    values = reason.values or ((reason.value,) if reason.value else ())
    return signal_of(reason.attribute).say(Evidence(reason.attribute, values, reason.role, reason.related))
