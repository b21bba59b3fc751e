"""What the event types are worth: purchases count 1, weaker signs by how often the same item is bought afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from affinity_search.config.model import Config
from affinity_search.config.roles import PURCHASE, Role, assumed_role, default_role
from affinity_search.offline.shop import Shop

__all__ = ["EventTypes", "configured_types", "judge_types", "why_silent"]

UNDONE_WORDS = ("return", "refund", "cancel", "remove", "dislike", "delete")
FAILED_WORDS = ("fail", "error", "declin", "reject", "abort", "denied", "invalid")
LEAST, MOST = 0.05, 0.5


@dataclass(frozen=True)
class EventTypes:
    """Weight, role and reason of each type by name, and the numbers (as in `Shop.types`) of those to be foretold.

    These are the purchases; where there are none other events stand for them, and `word` is not "purchase".
    """

    weights: Mapping[str, float]
    reasons: Mapping[str, str]
    targets: frozenset[int]
    roles: Mapping[str, Role]
    word: str = PURCHASE


def judge_types(shop: Shop, purchases: Collection[str] = ()) -> EventTypes:
    """Weights between 0.05 and 0.5 for all but purchases (1) and what says nothing of taste (0).

    Purchases are the types of exactly such a name, and those in `purchases`; the other roles are those that the names
    may well stand for. Where no type is a purchase every type that says something counts 1 and is to be foretold.
    """
    counts = Counter(shop.type)
    roles = [_role(name, purchases) for name in shop.types]
    bought = {n for n, role in enumerate(roles) if role == PURCHASE}
    silent = {n for n, name in enumerate(shop.types) if n not in bought and why_silent(name, roles[n])}
    rates = _rates(shop, bought) if bought else {}
    weights: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for n, name in sorted(enumerate(shop.types), key=lambda entry: (-counts[entry[0]], entry[1])):
        if n in silent:
            weights[name], why = 0.0, why_silent(name, roles[n])
        else:
            weights[name], why = _judge(n in bought, bool(bought), rates.get(n, 0.0))
        reasons[name] = f"{counts[n]:,} events; {why}"
        reasons[f"{name}.role"] = _why_role(name, roles[n], purchases)
    targets = bought or set(range(len(shop.types))) - silent
    word = PURCHASE if bought or not shop.types else "event"
    return EventTypes(weights, reasons, frozenset(targets), dict(zip(shop.types, roles, strict=True)), word)


def why_silent(name: str, role: Role) -> str:
    """Why events of this type say nothing about taste; empty where they may say something."""
    if any(word in name.lower() for word in UNDONE_WORDS):
        return "takes something back, so it says nothing about taste"
    if any(word in name.lower() for word in FAILED_WORDS):
        return "an error or a refusal, so it says nothing about taste"
    return "was only shown, which nobody chose" if role == "impression" else ""


def _role(name: str, purchases: Collection[str]) -> Role:
    if name in purchases:
        return PURCHASE
    if any(word in name.lower() for word in (*UNDONE_WORDS, *FAILED_WORDS)):
        return "other"
    role = assumed_role(name)
    return "other" if role == PURCHASE and default_role(name) != PURCHASE else role


def configured_types(shop: Shop, config: Config) -> EventTypes:
    """The weights and roles of a configuration; types that it does not name count nothing."""
    events = config.events
    weights = {name: events.types[name].weight if name in events.types else 0.0 for name in shop.types}
    roles = {name: kind.role for name, kind in events.types.items()}
    targets = frozenset(n for n, name in enumerate(shop.types) if name in events.targets)
    return EventTypes(weights, {}, targets, roles, events.target_word)


def _judge(bought: bool, any_bought: bool, rate: float) -> tuple[float, str]:
    if bought:
        return 1.0, "a purchase"
    if not any_bought:
        return 1.0, "no type has the name of a purchase, so all count the same; `--purchase TYPE` says which is one"
    weight = min(MOST, max(LEAST, round(rate, 2)))
    return weight, f"the same shopper bought the same item later in {rate:.1%} of the cases"


def _why_role(name: str, role: Role, purchases: Collection[str]) -> str:
    if name in purchases:
        return "a purchase, as `--purchase` says"
    if role == "other" and assumed_role(name) == PURCHASE:
        return f"may be a purchase, but its name is not exactly that of one; `--purchase {name}` says so"
    if role == "other":
        return (
            "its name is not that of any role; set purchase, add_to_cart, wishlist, click, view or impression if it is"
        )
    sure = "by its name" if role == default_role(name) else "assumed from a part of its name: is it so?"
    return f"{sure}; what was bought are the events of the role purchase" if role == PURCHASE else sure


def _rates(shop: Shop, bought: set[int]) -> dict[int, float]:
    """By type the share of its (shopper, item) pairs with a purchase of that item on the same day or later."""
    pairs: Counter[int] = Counter()
    followed: Counter[int] = Counter()
    for shopper in range(shop.shoppers):
        last: dict[int, int] = {}
        first: dict[tuple[int, int], int] = {}
        for n in shop.events_of(shopper):
            if shop.type[n] in bought:
                last[shop.item[n]] = shop.day[n]
            else:
                first.setdefault((shop.type[n], shop.item[n]), shop.day[n])
        for (kind, item), day in first.items():
            pairs[kind] += 1
            followed[kind] += item in last and last[item] >= day
    return {kind: followed[kind] / pairs[kind] for kind in pairs}
