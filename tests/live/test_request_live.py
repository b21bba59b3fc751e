"""Facets, highlights, several sort keys, ranges, nested filters and chosen fields, on the real engine."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search import deploy
from affinity_search.cli import main
from affinity_search.config import load_config
from affinity_search.deploy.items import load_items
from affinity_search.engine.indices import create_index, indices_behind
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import ConfigError, EngineError
from affinity_search.items.document import item_document
from affinity_search.items.item import parse_item
from affinity_search.items.mapping import index_body
from affinity_search.profiles.build import build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.search import AsyncClient, FacetValue, explain
from affinity_search.state import open_state
from affinity_search.state.buckets import ingest
from tests.live.shelf import Deployed
from tests.live.shop import remove

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONFIG = """
engine: {{url: "{url}", prefix: "{prefix}r"}}
items: {{index: "{prefix}r-products", nested: [variants]}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  brand: {{field: attrs.brand, strength: 0.3, saturation_weight: 2}}
  colour: {{field: attrs.colour, multi_valued: true, levels: 3}}
  size: {{field: attrs.size, strength: 0}}
search:
  template: "{prefix}r-search"
  shape: {shape}
  facets: [brand, colour, size]
  filters: {{shoe: variants.size, sold_by: seller}}
  ranges: {{rating: rating, stock: variants.stock, litres: attrs.litres.number}}
"""


def _item(id_: str, brand: str, colours: str, size: Any, rating: Any, *variants: tuple[int, int], **more: Any) -> Any:
    attrs = {"brand": brand, "colour": colours.split(), "size": size, "litres": more.pop("litres", None)}
    sizes = [{"size": size, "stock": stock} for size, stock in variants]
    return {
        "id": id_, "title": "Trail shoe <new>", "text": f"A shoe of {brand}", "price": float(ord(id_) % 3),
        "attrs": {name: value for name, value in attrs.items() if value is not None}, "rating": rating,
        **({"variants": sizes} if sizes else {}), **more,
    }  # fmt: skip


ITEMS = (
    _item("a", "Birch", "red blue", 2, 4.5, (41, 3), (42, 0), seller="us"),
    _item("b", "Birch", "blue", 2.0, "3.5", (42, 7), seller="them", litres=2),
    _item("c", "Cedar", "red", "XL", 5, (41, 0), litres=10.5),
    _item("d", "Cedar", "black", 10.5, 2, seller="us"),
    _item("e", "Alder", "red black", False, "none yet", (43, 1)),
    _item("f", "Birch", "white", 0, 4, (41, 1), litres=30),
)
EVENTS = [("u42", "f"), ("u42", "b"), *((f"v{n}", "abcdef"[n % 6]) for n in range(12))]


class Shelf(Deployed):
    """Six shoes, deployed."""

    def command(self, *options: str) -> Result:
        return CliRunner().invoke(main, ["search", "shoe", "-c", str(self.path), *options])


@pytest.fixture(scope="module", params=["rescore", "function_score"])
def shelf(engine_url: str, tmp_path_factory: pytest.TempPathFactory, request: Any) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("request")
    path = folder / "affinity.yaml"
    prefix = f"t{folder.stat().st_ino}"
    path.write_text(CONFIG.format(url=engine_url, prefix=prefix, shape=request.param), encoding="utf-8")
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in ITEMS), encoding="utf-8")
    rows = [f"{user},2026-02-{10 + n},purchase,{item}\n" for n, (user, item) in enumerate(EVENTS)]
    (folder / "events.csv").write_text("user,ts,type,item\n" + "".join(rows), encoding="utf-8")
    config, engine = load_config(path), OpenSearchEngine(engine_url)
    try:
        with open_state(config.state.path) as state:
            ingest(state, [folder / "events.csv"], config, now=NOW, quarantine_folder=folder / "quarantine")
            load_items(engine, state, folder / "items.jsonl", config)
            build_profiles(state, config, now_ms=int(NOW.timestamp() * 1000))
            deploy.apply(deploy.plan_artefacts(engine, config.ledger_index, deploy.artefacts(config)), engine, NOW)
            publish_profiles(engine, state, config)
        yield Shelf(config, path, engine)
    finally:
        remove(engine, config)


def counts(found: tuple[FacetValue, ...]) -> dict[str, int]:
    return {one.value: one.count for one in found}


def test_facets_count_the_hits(shelf: Shelf) -> None:
    answer = shelf.client.search("shoe", facets=["brand", "colour"])

    assert answer.facets == {
        "brand": (FacetValue("Birch", 3), FacetValue("Cedar", 2), FacetValue("Alder", 1)),
        "colour": (*(FacetValue("red", 3), FacetValue("black", 2), FacetValue("blue", 2), FacetValue("white", 1)),),
    }
    assert answer.aggregations["all"] == {"doc_count": 6}
    assert json.loads(json.dumps(answer.as_json()))["facets"]["brand"][0] == {
        "value": "Birch",
        "count": 3,
        "selected": False,
    }
    assert shelf.client.search("shoe").facets == {}


def test_a_filter_narrows_every_facet_but_its_own(shelf: Shelf) -> None:
    answer = shelf.client.search("shoe", facets=["brand", "colour"], filters={"brand": "Birch", "colour": "blue"})

    assert sorted(hit.id for hit in answer.hits) == ["a", "b"]
    assert counts(answer.facets["brand"]) == {"Birch": 2}
    assert counts(answer.facets["colour"]) == {"blue": 2, "red": 1, "white": 1}
    assert [one.value for one in answer.facets["colour"] if one.selected] == ["blue"]


def test_other_filters_narrow_all_facets(shelf: Shelf) -> None:
    answer = shelf.client.search("shoe", facets=["brand"], filters={"shoe": 41, "size": ["2", "XL"]})

    assert [hit.id for hit in answer.hits] == ["a", "c"]
    assert counts(answer.facets["brand"]) == {"Birch": 1, "Cedar": 1}


def test_what_is_selected_stays_visible(shelf: Shelf) -> None:
    few = shelf.client.search("shoe", facets={"brand": 1}, filters={"brand": ["Alder", "Cedar"]})
    assert few.facets["brand"] == (FacetValue("Birch", 3), FacetValue("Cedar", 2, True), FacetValue("Alder", 1, True))

    none = shelf.client.search("shoe", facets=["brand"], filters={"brand": "Alder", "colour": "white"})
    assert none.hits == ()
    assert none.facets["brand"] == (FacetValue("Birch", 1), FacetValue("Alder", 0, True))


@pytest.mark.parametrize("size", [2, 2.0, 10.5, 0, False, "XL", ["2", "XL"], [False, 0]])
def test_facets_follow_values_of_every_type(shelf: Shelf, size: Any) -> None:
    found = shelf.answer(q="shoe", facets={"brand": 10, "size": 10}, filters={"size": size}, size=10)

    brands = Counter(hit["_source"]["attrs"]["brand"][0] for hit in found["hits"]["hits"])
    assert sum(brands.values()) > 0
    assert {b["key"]: b["doc_count"] for b in found["aggregations"]["brand"]["values"]["buckets"]} == brands
    assert sum(b["doc_count"] for b in found["aggregations"]["size"]["values"]["buckets"]) == 6


@pytest.mark.parametrize("user", [None, "u42"])
@pytest.mark.parametrize("filters", [{}, {"brand": "Birch"}, {"colour": ["red", "blue"], "shoe": ["41"]}])
def test_facets_leave_the_order_and_the_scores_as_they_are(shelf: Shelf, user: str | None, filters: Any) -> None:
    options: Any = {"filters": filters, "track_total_hits": True, **({"user_id": user} if user else {})}
    plain = shelf.client.search("shoe", **options)
    answer = shelf.client.search("shoe", **options, facets=["brand", "colour"], highlight=True)

    assert [replace(hit, highlight={}) for hit in answer.hits] == list(plain.hits)
    assert (answer.total, answer.window, answer.personalised) == (plain.total, plain.window, plain.personalised)
    assert not user or any(hit.reasons for hit in answer.hits)


def test_a_highlight_is_safe_to_print_in_a_page(shelf: Shelf) -> None:
    (hit, *_) = shelf.client.search("shoe", highlight=True).hits

    assert hit.highlight["title"] == ["Trail <em>shoe</em> &lt;new&gt;"]
    assert sorted(hit.highlight) == ["text", "title"]
    assert shelf.client.search("shoe", highlight=False).hits[0].highlight == {}


@pytest.mark.parametrize(
    ("sort", "order", "ids"),
    [
        (["price", "-rating"], None, "cfadbe"),
        (["price", "rating"], None, "fcdabe"),
        (["-price", "-attrs.brand", "-rating"], None, "bedacf"),
        ("-rating", None, "cafbde"),
        ("rating", "desc", "cafbde"),
        (["rating", "_score"], None, "dbface"),
    ],
)
def test_several_sort_keys(shelf: Shelf, sort: Any, order: Any, ids: str) -> None:
    found = [hit.id for hit in shelf.client.search("shoe", sort=sort, **({"order": order} if order else {})).hits]

    assert found == list(ids)


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"rating_min": 4}, "acf"),
        ({"rating_max": "3.5"}, "bd"),
        ({"rating_min": 3.5, "rating_max": 4.5}, "abf"),
        ({"litres_min": 3}, "cf"),
        ({"litres_max": 10.5}, "bc"),
        ({"shoe": 41}, "acf"),
        ({"shoe": "41", "stock_min": 1}, "af"),
        ({"shoe": ["42", "43"], "stock_min": 1}, "be"),
        ({"stock_max": 0}, "ac"),
        ({"sold_by": "us"}, "ad"),
        ({"sold_by": "us", "shoe": 42}, "a"),
    ],
)
def test_ranges_and_filters_of_nested_objects(shelf: Shelf, filters: Any, ids: str) -> None:
    assert sorted(hit.id for hit in shelf.client.search("shoe", filters=filters).hits) == list(ids)
    found = shelf.answer(q="shoe", filters=filters, facets={"brand": 10})
    assert sorted(hit["_id"] for hit in found["hits"]["hits"]) == list(ids)


@pytest.mark.parametrize("empty", [None, "", []])
def test_an_empty_nested_filter_is_none(shelf: Shelf, empty: Any) -> None:
    assert len(shelf.answer(q="shoe", filters={"shoe": empty, "stock_min": empty})["hits"]["hits"]) == 6


@pytest.mark.parametrize("value", [{}, {"a": 1}, [None], [{}], "44"])
def test_what_is_no_value_of_a_nested_filter_finds_nothing(shelf: Shelf, value: Any) -> None:
    assert shelf.answer(q="shoe", filters={"shoe": value})["hits"]["hits"] == []


def test_browsing_goes_by_popularity_within_filters_and_counts_all(shelf: Shelf) -> None:
    answer = shelf.client.search("", filters={"brand": "Birch"}, facets=["brand"], track_total_hits=True)

    assert {hit.id for hit in answer.hits[:2]} == {"b", "f"}  # three purchases each
    assert [hit.id for hit in answer.hits[2:]] == ["a"]
    assert answer.hits[0].score == answer.hits[1].score > answer.hits[2].score > 0
    assert counts(answer.facets["brand"]) == {"Birch": 3, "Cedar": 2, "Alder": 1}
    assert answer.total == 3


def test_the_asynchronous_client_asks_for_the_same(shelf: Shelf) -> None:
    options: Any = {"facets": ["brand"], "highlight": True, "sort": ["price", "-rating"], "fields": ["title"]}
    found = asyncio.run(AsyncClient(shelf.client).search("shoe", **options))

    assert replace(found, took_ms=0) == replace(shelf.client.search("shoe", **options), took_ms=0)


def test_one_alias_over_the_indices_of_two_shops(shelf: Shelf) -> None:
    other, both = f"{shelf.config.items.index}-other", f"{shelf.config.items.index}-both"
    documents = {item["id"]: item_document(parse_item(item), shelf.config) for item in ITEMS[:2]}
    create_index(shelf.engine, other, index_body(shelf.config))
    for id_, document in documents.items():
        shelf.engine.call("PUT", f"/{other}/_doc/other-{id_}", document, {"refresh": "true"})
    (first,) = indices_behind(shelf.engine, shelf.config.items.index)
    add = [{"add": {"index": name, "alias": both}} for name in (first, other)]

    shelf.engine.call("POST", "/_aliases", {"actions": add})

    client = replace(shelf.client, index=both)
    answer = client.search("shoe", user_id="u42", facets=["brand"], filters={"shoe": 42, "brand": "Birch"})

    assert sorted(hit.id for hit in answer.hits) == ["a", "b", "other-a", "other-b"]
    assert counts(answer.facets["brand"]) == {"Birch": 4}
    assert answer.personalised
    best = [hit.id for hit in client.search("shoe", sort=["-rating", "price"], size=3).hits]
    assert (best[0], sorted(best[1:])) == ("c", ["a", "other-a"])


def test_chosen_fields_alone_come_back(shelf: Shelf) -> None:
    hits = {hit.id: hit.source for hit in shelf.client.search("shoe", fields=["title", "attrs.brand", "nothing"]).hits}

    assert hits["a"] == {"title": "Trail shoe <new>", "attrs": {"brand": ["Birch"]}}
    assert {str(hit.source) for hit in shelf.client.search("shoe", fields=[]).hits} == {"{}"}
    assert shelf.answer(q="shoe", fields="price")["hits"]["hits"][0]["_source"].keys() == {"price"}
    assert shelf.answer(q="shoe", fields=["attrs.*"])["hits"]["hits"][0]["_source"].keys() == {"attrs"}


def test_an_explanation_needs_all_fields_and_takes_them(shelf: Shelf) -> None:
    found = explain(shelf.client, shelf.config, "shoe", "u42", fields=["title"], facets=["brand"], highlight=True)

    assert {reason.value for one in found.personalised for reason in one.hit.reasons} >= {"Birch"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"facets": {"brand": 0}},
        {"facets": {"brand": True}},
        {"facets": {"brand": "many"}},
        {"facets": {"brand": [10]}},
        {"facets": ["brand"]},
        {"facets": "brand"},
        {"highlight": [True]},
        {"fields": ["affinity"]},
        {"sort": "price", "sort_2": ["rating"]},
        {"sort": "price", "sort_2": "title"},
        {"sort": "price", "sort_2": "rating", "order_2": "up"},
        {"filters": {"rating_min": [3]}},
        {"filters": {"stock_min": "much"}},
    ],
)
def test_what_is_no_value_is_refused(shelf: Shelf, parameters: Any) -> None:
    with pytest.raises(EngineError) as caught:
        shelf.answer(q="shoe", **parameters)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "hostile",
    [
        {"toString": {"filters": {"brand": None}}},
        {"brand": {"toString": {"filters": {"brand": None}}}},
        {"filters": {"brand": None}},
        {"size": [1, 2]},
        {"toString": []},
        [{"brand": 3}],
        [[]],
        {},
        True,
    ],
)
def test_no_facet_takes_a_filter_away(shelf: Shelf, hostile: Any) -> None:
    try:
        found = shelf.answer(q="shoe", filters={"brand": "Cedar"}, facets=hostile)["hits"]["hits"]
    except EngineError as error:
        assert error.status == 400
    else:
        assert sorted(hit["_id"] for hit in found) == ["c", "d"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"facets": ["litres"]}, r"facets\.litres: expected a facet of brand, colour, size; got an unknown one"),
        ({"facets": {"brand": 0}}, r"facets\.brand: expected how many values, 1 or more, got 0"),
        ({"facets": "brand"}, r"facets: expected a list of attributes, or how many values of each; got 'brand'"),
        ({"fields": "title"}, r"fields: expected a list of fields, got 'title'"),
        ({"sort": ["price", "title"]}, r"sort: expected one of .*price.*; got title"),
        ({"sort": ["a", "b", "c", "d"]}, r"sort: expected at most 3 fields, got 4"),
        ({"sort": ["_score", "price"]}, r"sort: expected _score, price or another field of the items; got _score"),
        ({"filters": {"rating_min": "good"}}, r"filters\.rating_min: expected one finite number, got 'good'"),
        (
            {"filters": {"shop": 1}},
            r"filters\.shop: expected a filter of brand, colour, size, shoe, sold_by, price_min",
        ),
    ],
)
def test_what_was_not_declared_is_refused_by_the_client(shelf: Shelf, options: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        shelf.client.search("shoe", **options)


def test_all_of_it_on_the_command_line(shelf: Shelf) -> None:
    options = ["--facet", "brand=1", "--filter", "brand=Cedar", "--range", "rating=3..", "--highlight"]
    found = json.loads(shelf.command(*options, "--fields", "title,price", "--json").output)

    assert [(hit["id"], hit["source"]) for hit in found["hits"]] == [("c", {"title": "Trail shoe <new>", "price": 0.0})]
    assert found["hits"][0]["highlight"]["title"] == ["Trail <em>shoe</em> &lt;new&gt;"]
    assert found["facets"]["brand"] == [
        {"value": "Birch", "count": 3, "selected": False},
        {"value": "Cedar", "count": 1, "selected": True},
    ]
    printed = shelf.command(*options).output
    assert "brand: Birch 3, *Cedar 1" in printed
    assert "title: Trail <em>shoe</em> &lt;new&gt;" in printed


def test_sort_keys_on_the_command_line(shelf: Shelf) -> None:
    found = json.loads(shelf.command("--sort", "price", "--sort", "-rating", "--json").output)

    assert [hit["id"] for hit in found["hits"]] == list("cfadbe")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--range", "rating=4"], "--range: expected NAME=FROM..TO with a name of price, rating, stock, litres"),
        (["--range", "weight=1..2"], "--range: expected NAME=FROM..TO with a name of price, rating, stock, litres"),
        (["--range", "price=.."], "--range: expected NAME=FROM..TO"),
        (["--facet", "brand=many"], "--facet: expected NAME or NAME=COUNT, got 'brand=many'"),
        (["--facet", "litres"], "facets.litres: expected a facet of brand, colour, size; got an unknown one"),
    ],
)
def test_what_the_command_line_refuses(shelf: Shelf, options: list[str], message: str) -> None:
    found = shelf.command(*options)

    assert found.exit_code == 2
    assert message in found.output
