"""Filters and sorts of every JSON type on the real engine: over HTTP, with the client, with the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search import deploy
from affinity_search.cli import main
from affinity_search.config import load_config
from affinity_search.deploy.items import load_items
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import ConfigError, RefusedRequest
from affinity_search.state import open_state
from tests.live.shelf import Deployed
from tests.live.shop import remove

CONFIG = """
engine: {{url: "{url}", prefix: "{prefix}f"}}
items: {{index: "{prefix}f-products"}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  vegan: {{field: attrs.vegan}}
  litres: {{field: attrs.litres}}
  story: {{field: attrs.story}}
  maker: {{field: maker.name}}
search: {{template: "{prefix}f-search"}}
"""
LONG = "x" * 4000
ITEMS: tuple[dict[str, Any], ...] = (
    {"id": "a", "title": "pot", "attrs": {"vegan": True, "litres": 2}, "price": 100, "rating": 4},
    {"id": "b", "title": "pot", "attrs": {"vegan": False, "litres": 10.5}, "price": 20, "rating": 4.9},
    {"id": "c", "title": "pot", "attrs": {"vegan": False, "litres": [0, 30000000]}, "price": 3.5, "rating": 4.1},
    {"id": "d", "title": "pot", "attrs": {"story": LONG, "litres": "2.0"}, "price": 40, "maker": {"name": "Zoë"}},
)


class Shelf(Deployed):
    """Four pots, deployed."""

    def http(self, **parameters: Any) -> list[str]:
        return [hit["_id"] for hit in self.answer(**parameters)["hits"]["hits"]]

    def command(self, *options: str) -> Result:
        return CliRunner().invoke(main, ["search", "pot", "-c", str(self.path), "--json", *options])

    def printed(self, *options: str) -> list[str]:
        found = self.command(*options)
        assert found.exit_code == 0, found.output
        return [hit["id"] for hit in json.loads(found.output)["hits"]]


@pytest.fixture(scope="module")
def shelf(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("shelf")
    path = folder / "affinity.yaml"
    path.write_text(CONFIG.format(url=engine_url, prefix=f"t{folder.stat().st_ino}"), encoding="utf-8")
    items = folder / "items.jsonl"
    items.write_text("".join(json.dumps(item) + "\n" for item in ITEMS), encoding="utf-8")
    config, engine = load_config(path), OpenSearchEngine(engine_url)
    try:
        with open_state(config.state.path) as state:
            load_items(engine, state, items, config)
        plan = deploy.plan_artefacts(engine, config.ledger_index, deploy.artefacts(config))
        deploy.apply(plan, engine, datetime(2026, 3, 1, tzinfo=UTC))
        yield Shelf(config, path, engine)
    finally:
        remove(engine, config)


FOUND: tuple[tuple[str, Any, str], ...] = (
    ("vegan", True, "a"),
    ("vegan", False, "bc"),
    ("vegan", [False], "bc"),
    ("vegan", [True, False], "abc"),
    ("litres", 0, "c"),
    ("litres", 10.5, "b"),
    ("litres", [0, 10.5], "bc"),
    ("litres", 30000000, "c"),
    ("litres", 30000000.0, "c"),
    ("litres", "10.5", "b"),
    ("litres", "2.0", "d"),
    ("story", LONG, "d"),
    ("maker", "Zoë", "d"),
    ("maker", ["Zoë", "nobody"], "d"),
    ("maker", "nobody", ""),
    ("price_min", 40, "ad"),
    ("price_min", 0, "abcd"),
    ("price_max", 0, ""),
    ("price_max", 20.0, "bc"),
    ("price_min", "40", "ad"),
)


@pytest.mark.parametrize(("name", "value", "ids"), FOUND, ids=[f"{n}-{str(v)[:20]}" for n, v, _ in FOUND])
def test_every_scalar_and_list_filters_as_itself(shelf: Shelf, name: str, value: Any, ids: str) -> None:
    assert sorted(shelf.http(q="pot", filters={name: value})) == list(ids)
    assert sorted(hit.id for hit in shelf.client.search("pot", filters={name: value}).hits) == list(ids)


def test_a_number_finds_the_numbers_that_it_equals(shelf: Shelf) -> None:
    for two in (2, 2.0, [2.0, "no such size"]):
        assert sorted(shelf.http(q="pot", filters={"litres": two})) == ["a", "d"]
        assert [hit.id for hit in shelf.client.search("pot", filters={"litres": two}).hits] == ["a"]


@pytest.mark.parametrize("value", [[[]], {}, {"a": 1}, [None], [""], {"size": 3}])
def test_what_is_no_value_finds_nothing_instead_of_everything(shelf: Shelf, value: Any) -> None:
    assert shelf.http(q="pot", filters={"vegan": value}) == []


@pytest.mark.parametrize("empty", [None, "", []])
def test_null_and_what_is_empty_are_no_filter(shelf: Shelf, empty: Any) -> None:
    assert len(shelf.http(q="pot", filters={"vegan": empty, "price_min": empty})) == 4


@pytest.mark.parametrize("value", [True, False, "cheap", [40], [40, 50], [""], {}, {"a": 1}])
@pytest.mark.parametrize("name", ["price_min", "price_max"])
def test_a_bound_that_is_no_number_is_refused(shelf: Shelf, name: str, value: Any) -> None:
    with pytest.raises(RefusedRequest):
        shelf.http(q="pot", filters={name: value})


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["vegan=true"], "a"),
        (["vegan=false"], "bc"),
        (["litres=2"], "a"),
        (["litres=2.0"], "ad"),
        (["litres=0", "litres=10.5"], "bc"),
        (["maker=Zoë"], "d"),
        (["price_min=40"], "ad"),
        (["price_max=20.0"], "bc"),
        (["price_min=4", "price_max=40", "vegan=false"], "b"),
    ],
)
def test_every_kind_of_filter_on_the_command_line(shelf: Shelf, options: list[str], ids: str) -> None:
    assert sorted(shelf.printed(*(f"--filter={option}" for option in options))) == list(ids)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--filter", "colour=red"], "--filter: expected NAME=VALUE with a name of vegan, litres, story, maker"),
        (["--filter", "price_min=cheap"], "filters.price_min: expected one finite number, got 'cheap'"),
        (["--filter", "price_min=1", "--filter", "price_min=2"], "filters.price_min: expected one finite number"),
        (["--filter", "price_max=nan"], "filters.price_max: expected one finite number, got 'nan'"),
        (
            ["--sort", "affinity.vegan"],
            "sort: expected _score, price or another field of the items; got affinity.vegan",
        ),
        (["--sort", "_seq_no"], "sort: expected _score, price or another field of the items; got _seq_no"),
        (["--sort", "popularity"], "sort: expected _score, price or another field of the items; got popularity"),
        (["--sort", "colour"], "attrs.litres, attrs.story, attrs.vegan, maker.name, price, rating, _score; got colour"),
        (["--sort", "title"], "price, rating, _score; got title"),
        (
            ["--sort", "_score", "--order", "asc"],
            "order: expected desc for the sort _score, the best hit first; got asc",
        ),
    ],
)
def test_what_the_shop_does_not_have_is_refused(shelf: Shelf, options: list[str], message: str) -> None:
    found = shelf.command(*options)

    assert found.exit_code == 2
    assert message in found.output


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--sort", "price"], "cbda"),
        (["--sort", "price", "--order", "desc"], "adbc"),
        (["--sort", "rating"], "acbd"),
        (["--sort", "rating", "--order", "desc"], "bcad"),
        (["--sort", "attrs.litres", "--order", "desc"], "cbda"),
        (["--sort", "maker.name"], "dabc"),
    ],
)
def test_numbers_sort_as_numbers_and_what_has_none_comes_last(shelf: Shelf, options: list[str], ids: str) -> None:
    assert shelf.printed(*options) == list(ids)


def test_the_best_score_comes_first(shelf: Shelf) -> None:
    assert shelf.printed("--sort", "_score") == shelf.printed()


def test_an_unknown_filter_is_an_error_of_the_client(shelf: Shelf) -> None:
    with pytest.raises(
        ConfigError, match=r"filters\.brand: expected a filter of vegan, litres, story, maker, price_min"
    ):
        shelf.client.search("pot", filters={"brand": "Birch"})
    with pytest.raises(ConfigError, match=r"filters\.vegan: expected at least one value, got an empty list"):
        shelf.client.search("pot", filters={"vegan": []})
