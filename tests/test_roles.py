"""The roles of event types: by exact name, assumed for a draft, declared; and what bought means by them."""

from __future__ import annotations

import pytest

from affinity_search.config import Config, parse_config
from affinity_search.config.model import Events
from affinity_search.config.roles import assumed_role, default_role
from affinity_search.tuning.init import suggest
from tests.shop_data import catalogue, event


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("purchase", "purchase"),
        ("Order", "purchase"),
        ("transaction", "purchase"),
        ("Order Completed", "purchase"),
        ("add-to-cart", "add_to_cart"),
        ("addToCart", "add_to_cart"),
        ("wishlist", "wishlist"),
        ("detail-page-view", "view"),
        ("view_item", "view"),
        ("view_item_list", "impression"),
        ("click", "click"),
        ("impression", "impression"),
        ("purchase_failed", "other"),
        ("order_history_view", "other"),
        ("checkout", "other"),
        ("preorder", "other"),
        ("in_store_purchase", "other"),
        ("", "other"),
    ],
)
def test_only_a_known_name_stands_for_a_role(name: str, role: str) -> None:
    assert default_role(name) == role


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("in_store_purchase", "purchase"),
        ("storePurchase", "purchase"),
        ("product_page_view", "view"),
        ("purchase_intent", "other"),
        ("view_order", "other"),
        ("sort_order", "other"),
        ("buy_button_click", "other"),
        ("item", "other"),
    ],
)
def test_a_draft_assumes_a_role_where_the_rest_of_the_name_says_nothing(name: str, role: str) -> None:
    assert assumed_role(name) == role


def events(**types: dict[str, object]) -> Events:
    return Config.model_validate({"events": {"types": types}}).events


def test_a_declared_role_goes_before_the_name_and_outlives_a_dump() -> None:
    found = events(purchase={"weight": 1, "role": "other"}, pos={"weight": 1, "role": "purchase"}, view={"weight": 0.1})
    assert {name: kind.role for name, kind in found.types.items()} == {
        "purchase": "other",
        "pos": "purchase",
        "view": "view",
    }
    assert found.purchases == {"pos"}
    assert Events.model_validate(found.model_dump()) == found


def test_what_has_to_be_foretold_is_bought_or_not_called_so() -> None:
    mixed = events(order={"weight": 0.5}, view={"weight": 1})
    assert (mixed.targets, mixed.target_word) == ({"order"}, "purchase")
    looked = events(click={"weight": 0.2}, view={"weight": 1}, purchase={"weight": 0})
    assert (looked.targets, looked.target_word) == ({"view"}, "event")


def test_nothing_steps_back_where_nothing_is_known_to_be_bought() -> None:
    with pytest.raises(Exception, match="expected an event type of the role purchase, found none"):
        parse_config("{events: {types: {view: {weight: 1}}}, item_affinity: {owned_demotion: 0.2}}")


def test_a_shop_of_views_is_never_said_to_sell() -> None:
    items = catalogue(40)
    looks = [event(f"u{n % 9}", items[(n * n) % 40].id, n, "detail") for n in range(400)]
    found = suggest(items, looks)
    assert found.config.events.types["detail"].role == "view"
    assert found.reasons["events.types.detail.role"] == "by its name"
    said = " ".join(why for address, why in found.reasons.items() if not address.startswith("events.types"))
    assert "event" in said
    assert not [word for word in ("purchases", "next purchase", "bought ", "buying", " buy ") if word in said]
