"""What a look at an index of others tells: its writers' habits, fields to configure, and what would be added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.adoption.fields import FoundAttribute, find_fields
from affinity_search.adoption.habits import habits
from affinity_search.adoption.looking import as_config
from affinity_search.adoption.planning import free_popularity, plan_index
from affinity_search.adoption.proposal import propose
from affinity_search.adoption.report import adoption_text, size_text
from affinity_search.config import Config, parse_config
from affinity_search.deploy.item_fields import ItemMapping
from affinity_search.engine.survey import Sampled, Survey

PROPERTIES: dict[str, Any] = {
    "title": {"type": "text", "analyzer": "shop", "fields": {"exact": {"type": "keyword"}}},
    "body": {"type": "text", "analyzer": "shop"},
    "notes": {"type": "text", "analyzer": "other"},
    "maker": {"type": "text", "analyzer": "other", "fields": {"raw": {"type": "keyword"}}},
    "genre": {"type": "keyword"},
    "Main Colour": {"type": "keyword"},
    "ean": {"type": "keyword"},
    "also_genre": {"type": "alias", "path": "genre"},
    "list_price": {"type": "double"},
    "parts": {"type": "nested", "properties": {"kind": {"type": "keyword"}}},
}
SOURCES = [
    {
        "title": f"Thing {n % 2}",
        "maker": ["Oak", "Elm", "Ash"][n % 3],
        "genre": ["a", "b"][n % 2],
        "Main Colour": "red",
        "ean": str(n),
        "parts": [{"kind": "x"}, {"kind": "y" if n % 2 else "z"}],
    }
    for n in range(12)
]
CONFIG = """
engine: {prefix: ours}
items: {index: goods, text_fields: {title: 2}}
events: {types: {purchase: {weight: 1}}}
attributes:
  maker: {field: maker.raw, path: maker}
  kind: {field: parts.kind, multi_valued: true, levels: 3}
popularity: {field: choice}
"""


def index(versions: list[int] | None = None, **changed: Any) -> Survey:
    """An index with as many documents as versions, each written once, or as `changed` says."""
    given = versions or [1, 1, 1, 1]
    sample = tuple(Sampled(f"d{n}", version, 10_000, None, SOURCES[n % 12]) for n, version in enumerate(given))
    usual: dict[str, Any] = {
        "index": "goods-1",
        "uuid": "uuid-1",
        "settings": {"index.number_of_shards": "3"},
        "mappings": {"dynamic": "strict", "properties": PROPERTIES},
        "documents": len(given),
        "writes": len(given),
        "bytes": 4_000,
        "sample": sample,
    }
    return Survey(**{**usual, **changed})


def config(text: str = CONFIG) -> Config:
    return parse_config(text)


def mapping(properties: Mapping[str, Any] = PROPERTIES) -> ItemMapping:
    return ItemMapping.of("goods-1", {"properties": properties}, "ours")


def test_fields_are_known_by_the_names_of_other_tongues() -> None:
    words = {"type": "text", "analyzer": "shop"}
    properties = {
        "beschreibung": words,
        "bezeichnung": words,
        "art": {"type": "keyword"},
        "marke": {"type": "keyword"},
        "preis": {"type": "double"},
    }
    sample = [{"art": "ab"[n % 2], "marke": "cd"[n % 2], "preis": n} for n in range(12)]
    found = find_fields(mapping(properties), sample)
    assert found.texts == {"beschreibung": 1.0, "bezeichnung": 2.0}
    assert [one.name for one in found.attributes] == ["marke", "art"]
    assert found.prices == ("preis",)


def test_versions_above_the_writes_of_the_shard_are_the_writers_own() -> None:
    timestamp = Sampled("d9", 1_772_000_000_000, 41, None, {})
    assert habits(index(sample=(timestamp,))).external == (
        "document 'd9' has the version 1,772,000,000,000 after 42 writes"
    )


def test_small_versions_that_no_number_of_writes_explains_are_the_writers_own() -> None:
    assert habits(index([7] * 100)).external == "100% of the documents have the version 7 or more after 100 writes"
    assert habits(index([1] * 50 + [9] * 50)).external == (
        "50% of the documents have the version 9 or more after 100 writes"
    )


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200))
def test_versions_that_the_engine_counts_are_never_taken_for_the_writers_own(writes: list[int]) -> None:
    """The engine gives every write a number, and a document as many versions as it had writes."""
    assert habits(index(writes, writes=sum(writes))).external == ""


def test_one_document_that_is_written_all_the_time_says_nothing_of_the_others() -> None:
    hot = (Sampled("hot", 9_000, 10_000, None, {}), *(Sampled(f"d{n}", 1, n, None, {}) for n in range(99)))
    assert habits(index(sample=hot, documents=100_000, writes=120_000)).external == ""


def test_habits_name_routing_ids_of_the_engine_and_writes_per_document() -> None:
    made_up = Sampled("Zm9vYmFyYmF6cXV4MTIz", 1, 0, "south", {})
    found = habits(index(sample=(made_up,), documents=10, writes=25))
    assert (found.writes, found.routed, found.generated) == (2.5, True, True)
    assert found.lines[0] == "each document was written 2.5 times on average"
    assert found.lines[2:] == (
        "documents have a routing: popularity is written with it",
        "the engine makes up the ids: events must name these, and a new item has no key of its own",
    )


def test_ids_of_twenty_digits_are_no_ids_of_the_engine() -> None:
    assert not habits(index(sample=(Sampled("12345678901234567890", 1, 0, None, {}),))).generated


def test_fields_are_found_by_mapping_and_sample() -> None:
    found = find_fields(mapping(), SOURCES)
    assert (found.texts, found.analyzer) == ({"title": 2.0, "body": 1.0}, "shop")
    assert found.others == {"notes": "other", "maker": "other"}
    assert found.attributes == (
        FoundAttribute("maker", "maker.raw", "maker", nested=False, share=1.0, values=3, each=1.0),
        FoundAttribute("genre", "genre", None, nested=False, share=1.0, values=2, each=1.0),
        FoundAttribute("kind", "parts.kind", None, nested=True, share=1.0, values=3, each=2.0),
    )
    assert found.prices == ("list_price",)


def test_no_more_attributes_are_proposed_than_a_request_has_lookups_for() -> None:
    properties = {f"c{n}": {"type": "keyword"} for n in range(9)}
    sources = [{f"c{n}": str(k % 2) for n in range(9)} for k in range(12)]
    assert [found.name for found in find_fields(mapping(properties), sources).attributes] == ["c0", "c1", "c2"]


def test_names_of_attributes_are_unique_and_free() -> None:
    properties = {name: {"properties": {"item": {"type": "keyword"}}} for name in ("left", "right")}
    sources = [{"left": {"item": str(k % 2)}, "right": {"item": str(k % 2)}} for k in range(12)]
    found = find_fields(mapping(properties), sources).attributes
    assert [(one.name, one.field) for one in found] == [("left_item", "left.item"), ("right_item", "right.item")]


def test_an_empty_index_has_texts_but_no_attributes() -> None:
    found = find_fields(mapping(), [])
    assert (list(found.texts), found.attributes) == (["title", "body"], ())


def test_the_proposal_is_a_configuration() -> None:
    text = propose(
        "goods", find_fields(mapping(), SOURCES), "choice", address="http://e:9200", prefix="ours", external=""
    )
    assert text == (
        "engine:\n"
        "  url: http://e:9200\n"
        "  prefix: ours\n"
        "items:\n"
        "  index: goods\n"
        "  # one search analyzer: shop\n"
        "  text_fields:\n"
        "    title: 2\n"
        "    body: 1\n"
        "  # left out, another analyzer or the same words again: notes (other), maker (other)\n"
        "attributes:\n"
        "  # 100% of the items, 3 values, 1.0 each\n"
        "  maker: {field: maker.raw, path: maker}\n"
        "  # 100% of the items, 2 values, 1.0 each\n"
        "  genre: {field: genre}\n"
        "  # 100% of the items, 3 values, 2.0 each\n"
        "  kind: {field: parts.kind, multi_valued: true, levels: 3}\n"
        "popularity: {field: choice}  # the items have a `popularity` of their own\n"
        "# price: the filters price_min and price_max read a field price; for yours put below search:\n"
        "#   ranges: {list_price: list_price}"
    )
    assert list(as_config(text).attributes) == ["maker", "genre", "kind"]


def test_for_versions_of_the_writer_the_shape_is_proposed_that_writes_nothing() -> None:
    text = propose("goods", find_fields(mapping(), SOURCES), "popularity", address=None, prefix="ours", external="v 9")
    found = as_config(text)
    assert found.items.keys == "keyword"
    assert list(found.attributes) == ["maker", "genre"]  # what is nested cannot be looked up by keyword
    assert (found.popularity.all_time.weight, found.popularity.recent.weight) == (0, 0)


def test_a_popularity_of_others_is_left_to_them() -> None:
    assert free_popularity((mapping({}),), ()) == "popularity"
    theirs = mapping({"popularity_recent": {"type": "rank_feature"}})
    assert free_popularity((mapping({}), theirs), ()) == "affinity_popularity"
    assert free_popularity((theirs,), {"popularity", "popularity_recent"}) == "popularity"


def test_a_plan_lists_what_would_be_added_in_order_with_its_cost() -> None:
    settings = {"index.number_of_shards": "3", "index.default_pipeline": "clean", "index.final_pipeline": "stamp"}
    plan = plan_index(config(), index(settings=settings))
    assert plan.refusals == ()
    assert plan.missing == {
        "bool": {
            "should": [
                {"bool": {"must_not": [{"exists": {"field": "affinity.item"}}]}},
                {
                    "bool": {
                        "filter": [{"exists": {"field": "maker"}}],
                        "must_not": [{"exists": {"field": "affinity.maker"}}],
                    }
                },
                {
                    "bool": {
                        "filter": [{"nested": {"path": "parts", "query": {"exists": {"field": "parts.kind"}}}}],
                        "must_not": [{"exists": {"field": "affinity.kind"}}],
                    }
                },
            ],
            "minimum_should_match": 1,
        }
    }
    assert adoption_text("goods", [plan], 2_000, keyword=False).splitlines()[3:] == [
        '+ field    affinity.maker  {"type": "long", "index": false}',
        '+ field    affinity.kind  {"type": "long", "index": false}',
        '+ field    affinity.item  {"type": "long", "index": false}',
        '+ field    choice  {"type": "rank_feature"}',
        '+ field    choice_recent  {"type": "rank_feature"}',
        "+ pipeline ours-item-keys-after-stamp as index.final_pipeline, which runs stamp first",
        "= untouched: the default pipeline clean (it runs first, and not over what is rewritten), all other fields and "
        "their values, analyzers, aliases, all other settings",
    ]
    assert plan.bytes_per_item == 8 + 21 + 5 * 3 + 2 * 13
    assert plan.bytes_added == 4 * 70


def test_what_is_there_is_not_added_again() -> None:
    keys = {name: {"type": "long", "index": False} for name in ("maker", "kind", "item")}
    properties = {
        **PROPERTIES,
        "affinity": {"properties": keys},
        "choice": {"type": "rank_feature"},
        "choice_recent": {"type": "rank_feature"},
    }
    settings = {"index.final_pipeline": "ours-item-keys-after-stamp"}
    plan = plan_index(config(), index(mappings={"properties": properties}, settings=settings))
    assert (plan.fields, plan.pipeline, plan.after, plan.refusals) == ({}, "", None, ())
    assert "= nothing to do: everything is there" in adoption_text("goods", [plan], 1, keyword=False)


def test_a_popularity_of_others_in_an_adopted_index_is_not_taken_over() -> None:
    keys = {name: {"type": "long", "index": False} for name in ("maker", "kind", "item")}
    properties = {"affinity": {"properties": keys}, "choice": {"type": "rank_feature"}}
    found = index(mappings={"properties": properties})
    noted = ("affinity.maker", "affinity.kind", "affinity.item", "other", "other_recent")
    [refusal] = plan_index(config(), found, noted).refusals
    assert refusal == (
        "goods-1: choice: expected nothing, found rank_feature of others: set popularity.field to a name that is free"
    )
    assert plan_index(config(), found, (*noted, "choice")).refusals == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mappings": {"_source": {"enabled": False}}}, "goods-1: _source: expected documents that the engine keeps"),
        (
            {"settings": {"index.blocks.write": "true"}},
            "goods-1: index.blocks.write: expected an index that takes writes",
        ),
        (
            {"settings": {"index.final_pipeline": "other-item-keys"}},
            "goods-1: index.final_pipeline: expected none of another deployment, found other-item-keys",
        ),
        (
            {"mappings": {"_meta": {"affinity_search": {"owner": "ours"}}}},
            "goods-1: expected an index of others, got one that `affinity items load` made",
        ),
        (
            {"mappings": {"properties": {"affinity": {"type": "keyword"}}}},
            "goods-1: affinity: expected an object or nothing, found keyword of others",
        ),
        (
            {"mappings": {"properties": {"affinity": {"properties": {"maker": {"type": "float"}}}}}},
            "goods-1: affinity.maker: expected long or nothing, found float: rename the attribute",
        ),
        (
            {"mappings": {"properties": {"choice": {"type": "float"}}}},
            "goods-1: choice: expected rank_feature or nothing, found float: set popularity.field to a name",
        ),
        (
            {"mappings": {"properties": {"affinity": {"properties": {"score": {"type": "long"}}}}}},
            "goods-1: affinity.score: expected nothing, found long of others: `items.keys: keyword` needs no field",
        ),
        (
            {"mappings": {"properties": {"affinity": {"properties": {"maker": {"type": "long"}}}}}},
            "goods-1: affinity.maker: expected nothing, found long of others: rename the attribute",
        ),
        (
            {"mappings": {"properties": {"choice_recent": {"type": "rank_feature"}}}},
            "goods-1: choice_recent: expected nothing, found rank_feature of others: set popularity.field to a name",
        ),
        (
            {"settings": {"index.mapping.total_fields.limit": "10"}},
            "goods-1: index.mapping.total_fields.limit: expected at least 19, found 10: raise it",
        ),
    ],
)
def test_what_stands_against_it_is_said_before_anything_is_written(changed: Mapping[str, Any], said: str) -> None:
    [refusal] = plan_index(config(), index(**changed)).refusals
    assert refusal.startswith(said)


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (52_300_000, "52.3 MB"), (7 * 10**15, "7000.0 TB")],
)
def test_sizes_are_told_in_the_unit_that_fits(size: int, said: str) -> None:
    assert size_text(size) == said
