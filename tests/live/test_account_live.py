"""The account of a hit on a real engine: true up to the window, on one shard and on three, and silent beyond it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, parse_config
from affinity_search.engine import Engine
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import MissingResource
from affinity_search.items.keys import affinity_key
from affinity_search.sandbox import Files, open_sandbox
from affinity_search.search import Client, Placement, explain, place_item
from affinity_search.search.sentences import BEYOND

WINDOW, KEEPER, LOOKER, SHOWN, BASKET, RATER = 6, "keeper", "looker", "shown", "basket", "rater"
CONFIG = """
events: {{types: {{purchase: {{weight: 1}}, view: {{weight: 0.3}}, impression: {{weight: 0.3}},
  add_to_cart: {{weight: 0.5}}, rating: {{weight: 0.4}}}}}}
attributes:
  wood: {{field: attrs.wood, strength: 0.2, saturation_weight: 3, levels: 7}}
  tone: {{field: attrs.tone, multi_valued: true, strength: 0.1, saturation_weight: 3, levels: 3}}
item_affinity: {{strength: 0.4, saturation_weight: 1, levels: 7}}
search: {{shape: {shape}, window: {window}, size: 5}}
"""
COUNT = 30


class Desk(NamedTuple):
    """The shop as deployed."""

    engine: Engine
    config: Config
    client: Client
    config_path: Path
    shards: int = 1

    def cli(self, *arguments: str) -> Any:
        return CliRunner().invoke(main, [*arguments, "-c", str(self.config_path)])


def write_shop(folder: Path) -> Files:
    """Thirty stools whose relevance falls with their number, and shoppers who did one kind of thing each."""
    items = [
        {
            "id": f"c{n:02}",
            "title": "stool " + f"word{n} " * n,
            "attrs": {"wood": [f"wood {n % 4}"], "tone": ["pale", "warm"] if n % 2 else ["dark"]},
            "price": n,
        }
        for n in range(1, COUNT + 1)
    ]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)) + "\n", encoding="utf-8")
    rows = [f"{KEEPER},2026-01-{n:02},purchase,c{n:02}" for n in (3, 5, 11, 20, 29)]
    for user, kind in ((LOOKER, "view"), (SHOWN, "impression"), (BASKET, "add_to_cart"), (RATER, "rating")):
        rows += [f"{user},2026-01-{n:02},{kind},c{n:02}" for n in (2, 4)]
    rows += [f"other{n},2026-01-10,purchase,c{n:02}" for n in range(1, COUNT + 1)]
    rows += [f"{SHOWN},2026-01-{n:02},view,c{n:02}" for n in (8, 9)]
    (folder / "events.csv").write_text("\n".join(["user,ts,type,item", *rows]) + "\n", encoding="utf-8")
    return Files(folder / "items.jsonl", folder / "events.csv", None)


@contextmanager
def opened(url: str, folder: Path, shape: str, shards: int) -> Iterator[Desk]:
    engine, name = OpenSearchEngine(url), f"account-{secrets.token_hex(3)}"
    given = parse_config(CONFIG.format(shape=shape, window=WINDOW))
    with open_sandbox(engine, given, write_shop(folder), name, lambda _: None) as (_, own):
        if shards > 1:
            spread(engine, own.items.index, shards)
        written = folder / "affinity.yaml"
        written.write_text(json.dumps(own.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
        yield Desk(engine, own, Client.of(engine, own), written, shards)


def spread(engine: Engine, alias: str, shards: int) -> None:
    """Puts the items into an index of so many shards, which the alias then means."""
    ((index, known),) = engine.call("GET", f"/{alias}").items()
    settings = {"number_of_shards": shards, "analysis": known["settings"]["index"]["analysis"]}
    engine.call("PUT", f"/{index}-spread", {"settings": settings, "mappings": known["mappings"]})
    wanted = {"source": {"index": index}, "dest": {"index": f"{index}-spread"}}
    engine.call("POST", "/_reindex", wanted, {"refresh": "true"})
    swap = [{"remove": {"index": index, "alias": alias}}, {"add": {"index": f"{index}-spread", "alias": alias}}]
    engine.call("POST", "/_aliases", {"actions": swap})


@pytest.fixture(
    scope="module",
    params=[("rescore", 1), ("rescore", 3), ("function_score", 1)],
    ids=["one_shard", "three_shards", "function_score"],
)
def desk(engine_url: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Desk]:
    shape, shards = request.param
    with opened(engine_url, tmp_path_factory.mktemp("account"), shape, shards) as found:
        yield found


@pytest.fixture(scope="module")
def one(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened(engine_url, tmp_path_factory.mktemp("account"), "rescore", 1) as found:
        yield found


PAGES = [(0, 5), (5, 5), (4, 9), (0, 30), (10, 5)]


@pytest.mark.parametrize(("first", "size"), PAGES)
@pytest.mark.parametrize("user", [KEEPER, LOOKER])
def test_what_is_accounted_for_is_true_and_all_else_is_silent(desk: Desk, user: str, first: int, size: int) -> None:
    generic = {hit.id: hit.score for hit in desk.client.search("stool", size=COUNT).hits}
    found = desk.client.search("stool", user_id=user, from_=first, size=size)
    rescored = desk.config.search.shape == "rescore"

    assert found.window == (WINDOW if rescored else None)
    assert found.shards == desk.shards
    assert [hit.rank for hit in found.hits] == list(range(first + 1, first + size + 1))
    for hit in found.hits:
        assert hit.accounted == (not rescored or hit.rank <= WINDOW)
        if hit.factor is not None:
            assert hit.score == pytest.approx(generic[hit.id] * hit.factor, rel=1e-6)
            assert hit.relevance == pytest.approx(generic[hit.id], rel=1e-6)
        else:
            assert (hit.relevance, hit.reasons) == (None, ())


def test_names_beyond_the_window_would_have_lied(one: Desk) -> None:
    body = {"id": one.config.search.template, "params": {"q": "stool", "user_id": KEEPER, "size": COUNT}}
    raw = one.engine.call("POST", f"/{one.config.items.index}/_search/template", body)["hits"]["hits"]
    assert {name for hit in raw for name in hit["matched_queries"] if name.startswith("window|")} == {
        f"window|{WINDOW}"
    }
    assert [hit["_id"] for hit in raw[WINDOW:] if any(name.startswith("item|") for name in hit["matched_queries"])]


def test_explain_tells_the_ranks_of_every_hit_and_no_reason_beyond_the_window(desk: Desk) -> None:
    found = explain(desk.client, desk.config, "stool", KEEPER, size=12)
    generic = {hit.id: hit.rank for hit in desk.client.search("stool", size=COUNT).hits}

    assert {one.hit.id: one.generic_rank for one in found.personalised} == {
        one.hit.id: generic[one.hit.id] for one in found.personalised
    }
    for one in found.personalised:
        assert (one.sentence == BEYOND) == (not one.hit.accounted)
        assert one.as_json()["accounted"] == one.hit.accounted


def test_a_fallback_to_any_word_has_generic_ranks_too(one: Desk) -> None:
    found = explain(one.client, one.config, "stool umbrella", KEEPER)
    assert found.answer.any_word
    assert found.notes == ("no hit has every word; these have some of them",)
    assert len(found.personalised) == 5
    assert None not in {hit.generic_rank for hit in found.personalised}


def reasons(desk: Desk, user: str) -> dict[str, dict[str, tuple[str, ...]]]:
    found = explain(desk.client, desk.config, "stool", user, size=WINDOW)
    return {one.hit.id: {r.attribute: r.values for r in one.hit.reasons} for one in found.personalised}


def test_the_values_are_those_in_the_shoppers_lists(one: Desk) -> None:
    found = reasons(one, KEEPER)
    assert found["c03"] == {"wood": ("wood 3",), "tone": ("pale", "warm"), "item": ("c03",)}
    assert {values for some in found.values() for values in some.values() if "wood 2" in values} == set()


@pytest.mark.parametrize(
    ("user", "said"),
    [
        (KEEPER, "You bought this before"),
        (LOOKER, "You looked at this before"),
        (SHOWN, "This was shown to you before"),
        (BASKET, "You had this in your basket before"),
        (RATER, "This is in your history"),
    ],
)
def test_a_sentence_claims_no_more_than_the_events_say(one: Desk, user: str, said: str) -> None:
    found = explain(one.client, one.config, "stool", user, size=WINDOW)
    of_items = [
        hit.sentence for hit in found.personalised if hit.hit.reasons and hit.hit.reasons[0].attribute == "item"
    ]
    assert of_items
    assert all(sentence.startswith(said) for sentence in of_items)
    if user != KEEPER:
        assert not any("bought" in hit.sentence for hit in found.personalised)
    if user == SHOWN:
        assert not any("choose" in hit.sentence for hit in found.personalised)


def test_items_that_others_index_break_nothing(one: Desk) -> None:
    wood, pale = affinity_key("wood 3"), affinity_key("pale")
    odd = [
        {"title": ["stool", "stool"], "price": "12.50", "attrs": {"wood": "wood 3", "tone": [None, "pale", True, 7]}},
        {"title": "stool", "price": None, "attrs": None, "tags": [[1], None], "affinity": {"wood": wood}},
        {"title": "stool", "affinity": {"wood": [wood], "tone": [pale]}},
    ]
    for number, item in enumerate(odd):
        body = {"affinity": {"wood": wood, "tone": pale}, "popularity": 1000, **item}
        one.engine.call("PUT", f"/{one.config.items.index}/_doc/odd{number}", body, {"refresh": "true"})
    try:
        found = explain(one.client, one.config, "stool", KEEPER, size=WINDOW)
        told = {hit.hit.id: {r.attribute: r.values for r in hit.hit.reasons} for hit in found.personalised}
        assert told["odd0"] == {"wood": ("wood 3",), "tone": ("pale",)}
        assert told["odd1"] == {"wood": ()}
        assert told["odd2"] == {"wood": (), "tone": ()}
        assert placed(one, "odd1").verdict == "on_page"
    finally:
        these = {"query": {"ids": {"values": [f"odd{number}" for number in range(len(odd))]}}}
        one.engine.call("POST", f"/{one.config.items.index}/_delete_by_query", these, {"refresh": "true"})


def placed(desk: Desk, item: str, **options: Any) -> Placement:
    return place_item(desk.client, desk.config, "stool", KEEPER, item, **options)


def test_one_item_is_told_where_it_stands(one: Desk) -> None:
    whole = [hit.id for hit in one.client.search("stool", user_id=KEEPER, size=COUNT).hits]
    generic = [hit.id for hit in one.client.search("stool", size=COUNT).hits]
    for rank, verdict in ((1, "on_page"), (4, "on_page"), (6, "below_page"), (20, "beyond_window")):
        found = placed(one, whole[rank - 1])
        assert (found.verdict, found.found and found.found.hit.rank) == (verdict, rank)
        assert found.found is not None
        assert found.found.generic_rank == generic.index(whole[rank - 1]) + 1
        assert found.found.hit.accounted == (rank <= WINDOW)
    assert placed(one, whole[0]).why == ("It stands first.",)
    below = placed(one, whole[5])
    assert below.ahead is not None
    assert (below.ahead.rank, below.ahead.id) == (5, whole[4])
    assert below.why[0].startswith(f"{whole[4]} at rank 5 has the score ")
    assert placed(one, whole[19]).why[0].startswith("It stands beyond the window: the best 6 hits are re-ranked")


def test_an_item_that_is_no_hit_is_told_why(one: Desk) -> None:
    wrong = place_item(one.client, one.config, "word7 word8", KEEPER, "c07")
    none = place_item(one.client, one.config, "zebra", KEEPER, "c07")
    filtered = placed(one, "c07", filters={"wood": ["wood 3"], "tone": ["dark"], "price_min": 9})

    assert (wrong.verdict, wrong.why) == ("on_page", wrong.why)
    assert (none.verdict, none.found) == ("no_match", None)
    assert none.why == ("It does not match the query: its text fields have none of the words.",)
    assert (filtered.verdict, filtered.filters) == ("filtered", ("tone", "price_min"))
    strict = place_item(one.client, one.config, "stool word8", KEEPER, "c07", operator="and")
    assert strict.why == ("It does not match the query: it has some of the words, but not every one of them.",)
    with pytest.raises(MissingResource, match="expected an item 'c99', found none"):
        placed(one, "c99")


def test_three_shards_are_named_beyond_the_window(desk: Desk) -> None:
    whole = [hit.id for hit in desk.client.search("stool", user_id=KEEPER, size=COUNT).hits]
    found = placed(desk, whole[-1])
    if desk.config.search.shape == "function_score":
        assert found.verdict == "below_page"
    else:
        assert found.verdict == "beyond_window"
        assert ("of each of the 3 shards" in found.why[0]) == (desk.shards == 3)


def test_the_command_line_tells_it(one: Desk) -> None:
    beyond = one.cli("explain", "stool", "--user", KEEPER, "--size", "8", "--total")
    item = one.cli("explain", "stool", "--user", KEEPER, "--item", "c25")
    unknown = one.cli("explain", "stool", "--user", KEEPER, "--item", "c99")
    plain = one.cli("search", "stool", "--user", KEEPER, "--size", "8", "--json", "--total")

    assert beyond.exit_code == 0, beyond.output
    assert f" · {COUNT} hits" in beyond.output
    assert beyond.output.count(BEYOND) == 2
    assert item.exit_code == 0, item.output
    assert "It stands beyond the window" in item.output
    assert unknown.exit_code == 5
    assert "expected an item 'c99', found none" in unknown.output
    answer = json.loads(plain.output)
    assert (answer["total"], answer["total_exact"], answer["window"]) == (COUNT, True, WINDOW)
    assert [hit["accounted"] for hit in answer["hits"]] == [True] * 6 + [False] * 2


def test_another_configuration_is_told_apart(one: Desk, tmp_path: Path) -> None:
    other = one.config.model_dump(mode="json", exclude_none=True)
    other["search"]["window"] = 100
    other["attributes"]["wood"]["field"] = "attrs.nothing"
    path = tmp_path / "other.yaml"
    path.write_text(json.dumps(other), encoding="utf-8")
    for command in (["explain", "stool", "--user", KEEPER], ["search", "stool", "--user", KEEPER]):
        same = CliRunner().invoke(main, [*command, "-c", str(one.config_path)])
        found = CliRunner().invoke(main, [*command, "-c", str(path), "--size", "8"])
        assert "this configuration has" not in same.output
        assert "this configuration has" in found.output
    assert found.exit_code == 0
    explained = CliRunner().invoke(main, ["explain", "stool", "--user", KEEPER, "-c", str(path), "--size", "8"])
    assert explained.output.count(BEYOND) == 2


def test_why_nothing_is_personal_is_said(one: Desk) -> None:
    assert one.client.search("stool", user_id="").notes == ("personalisation is off because `user_id` is empty",)
    sorted_ = explain(one.client, one.config, "stool", KEEPER, sort="price")
    assert {hit.sentence for hit in sorted_.personalised} == {"Sorted as you asked."}
    assert placed(one, "c09", sort="price").why[0].startswith("The hits are sorted by a field")
