"""What an event of a type says of the shopper and the item: its role, and the role that a name stands for."""

from __future__ import annotations

import re
from typing import Literal, get_args

__all__ = ["PURCHASE", "ROLES", "Role", "assumed_role", "default_role"]

Role = Literal["purchase", "add_to_cart", "wishlist", "click", "view", "other", "impression"]
ROLES: tuple[Role, ...] = get_args(Role)
"""The strongest sign first: of several events of one item, the one that says most tells what it is to the shopper."""
PURCHASE: Role = "purchase"

# Exactly these names, as common event vocabularies have them: a name that merely holds such a word (`purchase_failed`,
# `order_history_view`) says something else.
NAMES: dict[Role, str] = {
    "purchase": (
        "purchase purchased buy bought order ordered orderplaced ordercompleted orderpaid transaction sale sold "
        "productpurchase productpurchased itempurchase purchasecomplete purchasecompleted checkoutcompleted "
        "placedorder purchases orders transactions sales kauf gekauft bestellung achat commande compra acquisto aankoop"
    ),
    "add_to_cart": (
        "addtocart addtobasket addedtocart addedtobasket cart basket productadded cartadd itemaddedtocart carts"
    ),
    "wishlist": "wishlist addtowishlist addedtowishlist favorite favourite productaddedtowishlist fav favs",
    "click": (
        "click clicked clickthrough itemclick itemclicked productclick productclicked selectitem listclick "
        "productlistclicked clicks"
    ),
    "view": (
        "view viewed detail detailpageview itemview productview productviewed viewitem viewcontent viewproduct "
        "viewedproduct productdetail productdetailviewed itempage pv views pageview"
    ),
    "impression": (
        "impression impressions itemimpression productimpression shown viewitemlist productlistviewed listview "
        "viewsearchresults productlistview exposure displayed promoview viewpromotion ranking"
    ),
}
BY_NAME: dict[str, Role] = {name: role for role, names in NAMES.items() for name in names.split()}


def default_role(name: str) -> Role:
    """The role of an event type of exactly this name, however it is spelt; `other` for a name that is not known.

    >>> default_role("Add-to-cart"), default_role("purchase_failed")
    ('add_to_cart', 'other')
    """
    return BY_NAME.get("".join(c for c in name.casefold() if c.isalnum()), "other")


# Words that leave a name what it is: `in_store_purchase` is a purchase, `purchase_intent` is none.
EMPTY_WORDS = """
app completed confirmed event in item items offline online page paid placed product products shop store web
"""


def assumed_role(name: str) -> Role:
    """The role that a name may well stand for, to be looked at by people; `other` where it is too far from any known.

    >>> assumed_role("in_store_purchase"), assumed_role("purchase_intent")
    ('purchase', 'other')
    """
    if (exact := default_role(name)) != "other":
        return exact
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    return default_role("".join(word for word in words if word not in EMPTY_WORDS.split()))
