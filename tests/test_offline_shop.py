"""Counting: the compact shop, facts about attributes, weights of event types."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from affinity_search.config.model import Config
from affinity_search.items.item import Item
from affinity_search.offline.shop import AttributeFacts, attribute_facts, gather
from affinity_search.offline.text_fields import Texts
from affinity_search.offline.types import configured_types, judge_types
from tests.shop_data import event, item

ITEMS = [
    item("a", "Red mug", "stoneware", colour=("red",)),
    item("b", "Two mugs", colour=("red", "blue")),
    item("c", "Plate"),
    item("d", "Bowl", colour=("red",)),
]


def test_events_are_sorted_by_shopper_day_and_item() -> None:
    shop = gather(ITEMS, [event("v", "a", 2), event("u", "c", 9), event("u", "b", 3, "view")], "date")
    assert list(shop.starts) == [0, 2, 3]
    assert (list(shop.item), list(shop.day), list(shop.type)) == ([1, 2, 0], [3, 9, 2], [1, 0, 0])
    assert (shop.types, shop.shoppers, list(shop.events_of(0))) == (["purchase", "view"], 2, [0, 1])
    assert shop.titles == ["Red mug", "Two mugs", "Plate", "Bowl"]
    assert shop.texts == (Texts(2.0, ["Red mug", "Two mugs", "Plate", "Bowl"]), Texts(1.0, ["stoneware", "", "", ""]))
    assert shop.text_of(0) == "Red mug stoneware"
    assert shop.values == {"attrs.colour": [("red",), ("red", "blue"), (), ("red",)]}


def test_an_event_of_an_unknown_item_is_history_without_values() -> None:
    shop = gather(ITEMS, [event("u", "gone", 1)], "date")
    assert list(shop.item) == [-1]


def test_an_event_told_twice_counts_once() -> None:
    told = [event("u", "a", 1), event("u", "a", 1), event("u", "a", 2), event("u", "a", 1, "view")]
    assert list(gather(ITEMS, told, "date").day) == [1, 1, 2]


def test_a_shopper_with_nothing_but_repetitions_is_not_there() -> None:
    told = [event(user, "a", 1)._replace(id="e1") for user in ("u", "ghost")]
    shop = gather(ITEMS, [*told, event("v", "b", 2)], "date")
    assert (shop.users, list(shop.starts), list(shop.item)) == (["u", "v"], [0, 1, 2], [0, 1])


@given(st.lists(st.tuples(st.sampled_from("uvw"), st.sampled_from("abcx"), st.integers(-2, 3)), max_size=30))
def test_events_are_those_told_sorted(rows: list[tuple[str, str, int]]) -> None:
    shop = gather(ITEMS, [event(*row) for row in rows], "date")
    names = [*shop.ids, *reversed(shop.gone)]
    found = [(user, shop.day[n], names[shop.item[n]]) for u, user in enumerate(shop.users) for n in shop.events_of(u)]
    assert sorted(found) == sorted({(user, day, name) for user, name, day in rows})
    assert [(user, day) for user, day, _ in found] == sorted((user, day) for user, day, _ in found)


def test_a_log_is_held_as_columns_of_numbers() -> None:
    count = 40_000
    told = (event(f"u{n % 50}", "abcd"[n % 4], n) for n in range(count))
    tracemalloc.start()
    try:
        shop = gather(ITEMS, told, "date")
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(shop.item) == count
    assert kept / count < 24
    assert peak / count < 140


def test_other_fields_are_there_where_they_are_asked_for() -> None:
    maker = Item("a", "Mug", {"colour": ("red",)}, None, {"title": "Mug", "maker": ["Meadow", "Hill"]})
    shop = gather([maker], [], "date", ["maker", "attrs.colour"])
    assert shop.values == {"attrs.colour": [("red",)], "maker": [("Meadow", "Hill")]}


def test_the_last_item_of_an_id_counts() -> None:
    shop = gather([item("a", "old"), item("a", "new")], [], "date")
    assert shop.titles == ["new"]


def test_facts_of_an_attribute() -> None:
    shop = gather(ITEMS, [event("u", "a", 1), event("u", "c", 1), event("u", "gone", 1)], "date")
    found = attribute_facts(shop, "attrs.colour")
    assert found == AttributeFacts(
        item_share=0.75, event_share=0.5, values=2, top_share=1.0, several_share=1 / 3, lonely_share=0.0
    )
    assert found.multi_valued


def test_facts_without_events() -> None:
    assert attribute_facts(gather(ITEMS, [], "date"), "attrs.colour").event_share == 0.0


def test_one_item_in_two_hundred_with_several_values_is_still_single_valued() -> None:
    items = [item("x", colour=("a", "b")), *(item(f"i{n}", colour=("a",)) for n in range(199))]
    assert not attribute_facts(gather(items, [], "date"), "attrs.colour").multi_valued
    assert attribute_facts(gather(items[:-1], [], "date"), "attrs.colour").multi_valued


def test_weights_of_types_come_from_what_was_bought_afterwards() -> None:
    events = [
        *(event("u", name, 1, "view") for name in "abcd"),
        event("u", "a", 2),
        event("u", "b", 0),
        event("v", "a", 5, "view"),
        event("v", "a", 5),
        event("v", "a", 9, "refund"),
    ]
    found = judge_types(gather(ITEMS, events, "date"))
    assert found.weights == {"view": 0.4, "purchase": 1.0, "refund": 0.0}
    assert found.reasons == {
        "view": "5 events; the same shopper bought the same item later in 40.0% of the cases",
        "purchase": "3 events; a purchase",
        "refund": "1 events; takes something back, so it says nothing about taste",
        "view.role": "by its name",
        "purchase.role": "by its name; what was bought are the events of the role purchase",
        "refund.role": "its name is not that of any role; set purchase, add_to_cart, wishlist, click, view or "
        "impression if it is",
    }
    assert (found.roles, found.word) == ({"view": "view", "purchase": "purchase", "refund": "other"}, "purchase")
    assert found.targets == {1}


def test_weak_types_stay_within_their_bounds() -> None:
    always = [event("u", "a", 1, "basket"), event("u", "a", 1, "order"), event("u", "b", 1, "glance")]
    assert judge_types(gather(ITEMS, always, "date")).weights == {"basket": 0.5, "order": 1.0, "glance": 0.05}


def test_without_a_purchase_all_types_count_the_same() -> None:
    found = judge_types(gather(ITEMS, [event("u", "a", 1, "play"), event("u", "b", 1, "like")], "date"))
    assert found.weights == {"like": 1.0, "play": 1.0}
    assert found.reasons["play"] == (
        "1 events; no type has the name of a purchase, so all count the same; `--purchase TYPE` says which is one"
    )


def test_what_was_only_shown_failed_or_taken_back_says_nothing() -> None:
    names = ("view_item_list", "purchase_failed", "trns_error", "card_declined", "refund", "begin_checkout")
    found = judge_types(gather(ITEMS, [event("u", "a", n, name) for n, name in enumerate(names)], "date"))
    assert found.weights == dict.fromkeys(names[:-1], 0.0) | {"begin_checkout": 1.0}
    assert {*found.roles.values()} == {"impression", "other"}
    assert found.reasons["card_declined"] == "1 events; an error or a refusal, so it says nothing about taste"
    assert found.word == "event"


def test_a_purchase_of_another_name_is_asked_for_and_never_assumed() -> None:
    events = [event("u", "a", 1, "pos_purchase"), event("u", "b", 2, "in_store_purchase")]
    shop = gather(ITEMS, events, "date")
    found = judge_types(shop)
    assert found.roles == {"pos_purchase": "other", "in_store_purchase": "other"}
    assert found.reasons["in_store_purchase.role"] == (
        "may be a purchase, but its name is not exactly that of one; `--purchase in_store_purchase` says so"
    )
    told = judge_types(shop, ["pos_purchase"])
    assert (told.roles["pos_purchase"], told.weights["pos_purchase"], told.word) == ("purchase", 1.0, "purchase")
    assert found.word == "event"
    assert found.targets == {0, 1}


def test_no_events_have_no_types() -> None:
    found = judge_types(gather(ITEMS, [], "date"))
    assert (found.weights, found.targets) == ({}, frozenset())


def test_types_of_a_configuration_are_as_it_says() -> None:
    events = [event("u", "a", 1, "order"), event("u", "b", 1, "view"), event("u", "c", 1, "other")]
    config = Config.model_validate({"events": {"types": {"order": {"weight": 2}, "view": {"weight": 0.1}}}})
    found = configured_types(gather(ITEMS, events, "date"), config)
    assert (found.weights, found.targets) == ({"order": 2.0, "view": 0.1, "other": 0.0}, {0})
