"""The bought-before weight category by category: taken where both halves of the shoppers agree, else left alone."""

from __future__ import annotations

import numpy as np
import pytest

from affinity_search.config import Config, parse_config
from affinity_search.offline.scorer import Scorer
from affinity_search.offline.shop import Shop, gather
from affinity_search.tuning.acceptance import Objective, judge
from affinity_search.tuning.ascent import Found, measure
from affinity_search.tuning.by_category import BY_VALUE, by_category
from tests.offline_data import scorer, searches
from tests.shop_data import event, item

CONFIG = parse_config(
    """
events: {types: {purchase: {weight: 1}}}
attributes: {kind: {field: attrs.kind, strength: 0}}
item_affinity: {strength: 1, saturation_weight: 2}
popularity: {all_time: {weight: 0}}
"""
)
ITEMS = [item("i0", kind=("lamp",)), item("i1"), item("i2"), item("i3", kind=("milk",))]
SHOP = gather(ITEMS, [event("u", "i0", 1)], "date")
# The lamp stands first until something bought before passes it; the milk stands last until it was bought before.
TEXT = (1.2, 1.1, 1.0, 0.9)
LAMP, MILK = {0}, {3}


def start(found: Scorer, config: Config = CONFIG, aim: Objective = "all") -> Found:
    now = measure(found, config)
    return Found(config, (), {}, now, now, judge(found.searches, now, now, aim, now))


def refined(found: Scorer, config: Config = CONFIG, attribute: str | None = "kind", shop: Shop = SHOP) -> Found:
    return by_category(start(found, config), found, shop, attribute, "all")


def half_of_each(shoppers: int = 80) -> Scorer:
    wanted = [LAMP if n % 4 < 2 else MILK for n in range(shoppers)]
    return scorer(searches(wanted, text=TEXT), bought=[0.0, 1.0, 0.0, 1.5])


def test_a_category_that_is_not_bought_again_gets_a_weight_of_its_own() -> None:
    found = refined(half_of_each())
    by_value = found.config.item_affinity.bought_before.by_value
    assert by_value is not None
    assert (by_value.attribute, dict(by_value.weights)) == ("kind", {"lamp": 0.0})
    (step,) = found.steps
    assert (step.address, step.before, step.after) == (BY_VALUE, 0.0, 1.0)
    assert step.taken is not None
    assert step.taken.judged.good


def test_few_shoppers_keep_the_weight_of_all() -> None:
    few = start(half_of_each(36))
    assert by_category(few, half_of_each(36), SHOP, "kind", "all") is few


def test_what_the_other_half_does_not_confirm_is_not_taken() -> None:
    # Shoppers with even numbers lose by the lamp that was bought before, those with odd ones win more by it.
    some = searches([LAMP] * 80, text=TEXT)
    bought = np.where(np.arange(80)[:, None] % 2 == 0, [0.0, 1.0, 0.0, 0.0], [0.1, 0.0, 0.0, 0.0])
    found = scorer(some, bought=bought)
    after = by_category(start(found), found, SHOP, "kind", "novel")
    assert after.config == CONFIG
    assert all(step.taken is None for step in after.steps)


@pytest.mark.parametrize(
    ("config", "attribute"),
    [
        (CONFIG, None),
        (parse_config("{events: {types: {p: {weight: 1}}}, attributes: {kind: {field: attrs.kind}}}"), "kind"),
    ],
)
def test_without_a_category_or_a_term_there_is_no_step(config: Config, attribute: str | None) -> None:
    assert refined(half_of_each(), config, attribute).steps == ()
