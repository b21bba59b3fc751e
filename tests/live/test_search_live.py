"""Search and explain on the real engine: the account of every score against the engine's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config
from affinity_search.search import Client, explain
from affinity_search.surfaces import build_templates
from tests.live.shop import ALDER_FAN, BIRCH_FAN, STRANGER, Shop


def raw(shop: Shop, config: Config, **parameters: Any) -> Any:
    """The engine's own answer, explained, to the template of a configuration."""
    (template,) = build_templates(config)
    body = {"source": template.source, "params": parameters, "explain": True}
    return shop.engine.call("POST", f"/{shop.config.items.index}/_search/template", body)


def in_shape(shop: Shop, shape: str) -> Config:
    return shop.config.model_copy(update={"search": shop.config.search.model_copy(update={"shape": shape})})


def test_two_shoppers_see_two_orders(shop: Shop) -> None:
    birch = shop.client.search("running shoes", user_id=BIRCH_FAN)
    alder = shop.client.search("running shoes", user_id=ALDER_FAN)

    assert birch.hits[0].id == "s05"
    assert alder.hits[0].id in {"s01", "s02"}
    assert {hit.id for hit in birch.hits} == {hit.id for hit in alder.hits}
    (template,) = build_templates(shop.config)
    assert birch.template == template.versioned_name


def test_an_unknown_shopper_gets_the_generic_order_and_scores(shop: Shop) -> None:
    generic = shop.client.search("running shoes")
    unknown = shop.client.search("running shoes", user_id=STRANGER)

    assert [(h.id, h.score, h.factor) for h in unknown.hits] == [(h.id, h.score, 1.0) for h in generic.hits]
    assert generic.hits
    assert not generic.personalised


@pytest.mark.parametrize("hostile", ["", "u42/../u77", "x" * 3000, 'u"}', "a.b.c", "😀", "*"])
def test_a_strange_shopper_id_is_an_unknown_shopper(shop: Shop, hostile: str) -> None:
    generic = shop.client.search("running shoes")

    found = shop.client.search("running shoes", user_id=hostile)

    assert [(h.id, h.score) for h in found.hits] == [(h.id, h.score) for h in generic.hits]


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_the_shares_add_up_to_the_score_that_the_engine_explains(shop: Shop, shape: str) -> None:
    config = in_shape(shop, shape)
    (template,) = build_templates(config)
    answer = raw(shop, config, q="running shoes", user_id=BIRCH_FAN)
    generic = {h["_id"]: h["_score"] for h in raw(shop, config, q="running shoes")["hits"]["hits"]}
    hits = Client(_Fixed(answer), "x", template.name).search("running shoes").hits

    assert len(hits) == 9
    assert any(hit.reasons for hit in hits)
    for hit, told in zip(hits, answer["hits"]["hits"], strict=True):
        accounted = hit.relevance * (1 + sum(reason.boost for reason in hit.reasons))
        assert accounted == pytest.approx(told["_explanation"]["value"], rel=1e-4)
        assert hit.relevance == pytest.approx(generic[hit.id], rel=1e-4)
        assert 1 / hit.factor + sum(reason.share for reason in hit.reasons) == pytest.approx(1, abs=1e-6)


def test_both_shapes_give_the_same_scores(shop: Shop) -> None:
    found = [raw(shop, in_shape(shop, s), q="running shoes", user_id=BIRCH_FAN) for s in ("rescore", "function_score")]
    scores = [{h["_id"]: h["_score"] for h in answer["hits"]["hits"]} for answer in found]

    assert scores[0] == pytest.approx(scores[1], rel=1e-6)


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_no_score_passes_the_bound(shop: Shop, shape: str) -> None:
    config = in_shape(shop, shape)
    bound = 1 + config.search.max_boost
    generic = {h["_id"]: h["_score"] for h in raw(shop, config, q="shoes")["hits"]["hits"]}

    for user in (BIRCH_FAN, ALDER_FAN):
        for hit in raw(shop, config, q="shoes", user_id=user)["hits"]["hits"]:
            assert generic[hit["_id"]] * 0.999999 <= hit["_score"] <= generic[hit["_id"]] * bound * 1.000001


def test_explanations_name_what_moved_a_hit_and_where_it_was(shop: Shop) -> None:
    found = explain(shop.client, shop.config, "running shoes", BIRCH_FAN)
    first = found.personalised[0]
    generic = [hit.id for hit in shop.client.search("running shoes").hits]

    assert first.hit.id == "s05"
    assert first.generic_rank == generic.index("s05") + 1
    assert {(r.attribute, r.value) for r in first.hit.reasons} >= {("item", "s05"), ("brand", "Birch")}
    assert "you bought this before" in first.sentence.lower()
    assert [hit.id for hit in found.generic] == generic


def test_the_explanation_of_an_unknown_shopper_has_no_reasons(shop: Shop) -> None:
    found = explain(shop.client, shop.config, "running shoes", STRANGER)

    assert [hit.generic_rank for hit in found.personalised] == list(range(1, 10))
    assert {hit.sentence for hit in found.personalised} == {"Ranked by your search words and by what is popular."}


def test_pages_of_the_window_join_without_gap_or_repeat(shop: Shop) -> None:
    whole = [hit.id for hit in shop.client.search("shoes", user_id=BIRCH_FAN, size=10).hits]
    pages = [shop.client.search("shoes", user_id=BIRCH_FAN, from_=at, size=3) for at in (0, 3, 6, 9)]

    assert [hit.id for page in pages for hit in page.hits] == whole
    assert [hit.rank for page in pages for hit in page.hits] == list(range(1, len(whole) + 1))


def test_filters_hold_for_everyone(shop: Shop) -> None:
    found = shop.client.search("shoes", user_id=BIRCH_FAN, filters={"brand": ["Alder", "Cedar"], "price_max": 60})

    assert {hit.id for hit in found.hits} == {"s07", "s09", "s12"}
    assert found.personalised


def test_sorting_switches_personalisation_off_and_says_so(shop: Shop) -> None:
    found = shop.client.search("running shoes", user_id=BIRCH_FAN, sort="price", order="desc")

    prices = [hit.source["price"] for hit in found.hits]
    assert prices == sorted(prices, reverse=True)
    assert not found.personalised
    assert found.notes == ("personalisation is off because the hits are sorted",)
    assert {hit.factor for hit in found.hits} == {1.0}


def test_an_empty_query_browses_by_popularity_and_taste(shop: Shop) -> None:
    found = shop.client.search("", user_id=BIRCH_FAN, size=12)

    assert len(found.hits) == 12
    assert found.hits[0].id in {"s04", "s05", "s10"}


def test_missing_words_fall_back_to_any_word(shop: Shop) -> None:
    found = shop.client.search("running umbrella")

    assert found.hits
    assert found.notes == ("no hit has every word; these have some of them",)


def test_the_command_line_prints_what_the_library_found(shop: Shop) -> None:
    options = ["--config", str(shop.config_path)]

    text = CliRunner().invoke(main, ["explain", "running shoes", "--user", BIRCH_FAN, *options])
    plain = CliRunner().invoke(main, ["search", "running shoes", "--user", BIRCH_FAN, "--generic", "--json", *options])
    wrong = CliRunner().invoke(main, ["search", "running shoes", "--filter", "brnd=x", *options])

    assert text.exit_code == 0
    assert "You bought this before" in text.output
    assert [hit["factor"] for hit in json.loads(plain.output)["hits"]] == [1] * 9
    assert wrong.exit_code == 2
    assert "--filter: expected NAME=VALUE" in wrong.output


class _Fixed:
    """An engine that always gives one answer."""

    url = "http://fixed"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def info(self) -> Any:
        raise AssertionError

    def call(self, *_: Any) -> Any:
        return self.answer
