"""What `plan`, `apply` and `status` find out by one real search and one look at the item index, on a real engine."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from affinity_search.cli import main
from affinity_search.config import Config, parse_config
from affinity_search.deploy import apply, plan, status
from affinity_search.deploy.items import load_items
from affinity_search.deploy.probe import Probe, probe
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import ConfigError, EngineOverloaded, MissingResource
from affinity_search.state import open_state
from affinity_search.surfaces import build_templates

NOW = datetime(2026, 4, 2, 8, 0, tzinfo=UTC)
TEXT = {"type": "text"}
WORD = {"type": "keyword"}
LONG = {"type": "long", "index": False}
FITTING = {
    "title": TEXT,
    "text": TEXT,
    "price": {"type": "double"},
    "popularity": {"type": "rank_feature"},
    "attrs": {"properties": {"brand": WORD, "colour": WORD}},
    "affinity": {"properties": {"brand": LONG, "colour": LONG, "item": LONG}},
}


class PatientEngine(OpenSearchEngine):
    """Waits where the engine has compiled its 75 new templates of five minutes, whoever asked for them."""

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
        for _ in range(60):
            with suppress(EngineOverloaded):
                return super().call(method, path, body, params)
            time.sleep(4)
        return super().call(method, path, body, params)


@dataclass
class Desk:
    """An engine in which somebody else keeps the items, under the names of this test."""

    engine: OpenSearchEngine
    prefix: str

    @property
    def items(self) -> str:
        return f"{self.prefix}goods"

    def config(self, attributes: str = "brand: {field: attrs.brand}", more: str = "") -> Config:
        return parse_config(f"""
engine: {{prefix: {self.prefix}shop}}
items: {{index: {self.items}{"" if "text_fields" in more else ", text_fields: {title: 2, text: 1}"}}}
events: {{types: {{order: {{weight: 1}}}}}}
attributes: {{{attributes}}}
search: {{template: {self.prefix}search}}
{more}""")

    def create(self, properties: Any = None, index: str = "", **settings: Any) -> None:
        """The items' index with its alias, so that it may be one of several."""
        body = {
            "settings": {"number_of_replicas": 0, **settings},
            "mappings": {"properties": FITTING | (properties or {})},
            "aliases": {self.items: {}},
        }
        self.engine.call("PUT", f"/{self.items}-{index or 'v1'}", body)

    def write(self, name: str, source: dict[str, Any]) -> None:
        self.engine.call("PUT", f"/{self.items}-v1/_doc/{name}", source, {"refresh": "true"})

    def look(self, config: Config) -> Probe:
        return probe(config, self.engine, build_templates(config))


@pytest.fixture
def desk(engine_url: str, prefix: str) -> Iterator[Desk]:
    desk = Desk(PatientEngine(engine_url), prefix)
    yield desk
    with suppress(MissingResource):
        desk.engine.call("DELETE", f"/_ingest/pipeline/{prefix}shop-item-keys")


def deploy(desk: Desk, config: Config) -> None:
    apply(plan(config, desk.engine), desk.engine, NOW)


def test_a_fitting_index_has_nothing_to_say(desk: Desk) -> None:
    desk.create()
    assert desk.look(desk.config()) == Probe()


def test_without_an_item_index_it_is_said_and_apply_goes_on(desk: Desk) -> None:
    config = desk.config()
    found = plan(config, desk.engine)
    assert found.probe == Probe(untried=f"there is no item index {desk.items} yet: `affinity items load` makes it")
    assert apply(found, desk.engine, NOW).status == "done"
    assert status(config, desk.engine).probe == found.probe


def test_a_keyword_among_the_text_fields_is_named_with_what_to_do(desk: Desk) -> None:
    desk.create({"title": WORD | {"fields": {"words": TEXT}}})
    found = desk.look(desk.config())
    assert found.notes == (
        f"items.text_fields.title: expected a text field in {desk.items}-v1, found keyword: name title.words instead",
    )


def test_two_analyzers_are_refused_before_anything_is_stored(desk: Desk) -> None:
    desk.create({"text": TEXT | {"analyzer": "english"}})
    config = desk.config()
    found = plan(config, desk.engine)
    assert found.probe.notes == (
        f"items.text_fields: expected one search analyzer for all of them in {desk.items}-v1, found default (title) "
        "and english (text): name only fields of one analyzer, or sub-fields that share one, or set "
        "search.base: multi_match",
    )
    assert [line.split(": expected")[0] for line in found.probe.failures] == [
        f"template {desk.prefix}search: a generic search",
        f"template {desk.prefix}search: a personal search",
    ]
    with pytest.raises(ConfigError, match="a generic search: expected an answer, got ") as caught:
        apply(found, desk.engine, NOW)
    assert str(caught.value.hint).startswith("Nothing was changed. items.text_fields: expected one search analyzer")
    with pytest.raises(MissingResource):
        desk.engine.call("GET", f"/_scripts/{desk.prefix}search")
    with pytest.raises(MissingResource):
        desk.engine.call("GET", f"/{config.ledger_index}")


def test_a_window_above_the_limit_of_the_index_is_refused_with_the_cure(desk: Desk) -> None:
    desk.create(**{"index.max_rescore_window": 50})
    found = desk.look(desk.config())
    assert len(found.failures) == 2  # the personal ones
    assert all("lower search.window, or raise index.max_rescore_window" in line for line in found.failures)


def test_a_part_of_the_shards_that_fails_is_a_failure(desk: Desk) -> None:
    desk.create()
    desk.create(index="v2", **{"index.max_rescore_window": 50})
    found = desk.look(desk.config())
    assert [re.sub(r"failed \(.*", "failed", line) for line in found.failures] == [
        f"template {desk.prefix}search: {search}: expected the whole answer, got one in which 1 of 2 shards failed"
        for search in ("a personal search", "a personal browse")
    ]


@pytest.mark.parametrize(
    ("item_affinity", "longest"),
    [("{}", 256), ("{strength: 1, related: {weight: 0.1}}", 512), ("{owned_demotion: 0.2}", 1024)],
)
def test_a_limit_of_terms_below_the_profiles_is_a_note(desk: Desk, item_affinity: str, longest: int) -> None:
    desk.create(**{"index.max_terms_count": 100})
    assert desk.look(desk.config(more=f"item_affinity: {item_affinity}")).notes == (
        f"{desk.items}-v1: index.max_terms_count: expected at least {longest} for profiles.max_items (twice with "
        "related items, four times with owned_demotion) and profiles.max_values, found 100: raise it",
    )


def test_keys_that_a_strict_mapping_refuses_stop_the_apply(desk: Desk) -> None:
    desk.create()
    desk.engine.call("PUT", f"/{desk.items}-v1/_mapping", {"dynamic": "strict"})
    config = desk.config("maker: {field: attrs.brand}")
    line = next(line for line in desk.look(config).failures if "affinity.maker" in line)
    verb, body = re.findall(r"`PUT (\S+) (.*)`", line)[0]
    with pytest.raises(ConfigError, match="in a strict mapping"):
        deploy(desk, config)
    desk.engine.call("PUT", verb, json.loads(body))
    deploy(desk, config)


def test_a_new_attribute_is_found_until_the_advice_is_followed(desk: Desk) -> None:
    desk.create()
    config = desk.config()
    deploy(desk, config)
    pipeline = {"pipeline": f"{config.engine.prefix}-item-keys", "refresh": "true"}
    for name, attrs in {"a": {"brand": "Oak", "colour": ["red"]}, "b": {"brand": "Elm"}}.items():
        desk.engine.call("PUT", f"/{desk.items}-v1/_doc/{name}", {"title": name, "attrs": attrs}, pipeline)
    assert status(config, desk.engine).probe == Probe()
    wider = desk.config("brand: {field: attrs.brand}, colour: {field: attrs.colour, multi_valued: true, levels: 3}")
    [said] = status(wider, desk.engine).probe.notes
    assert said == (
        f"{desk.items}: affinity.colour: expected keys in every item with attrs.colour, 1 lack them: `affinity apply`, "
        f"then `POST /{desk.items}/_update_by_query?pipeline={desk.prefix}shop-item-keys&refresh=true`"
    )
    assert said in status(wider, desk.engine).advice
    deploy(desk, wider)
    desk.engine.call("POST", re.findall(r"`POST (\S+)`", said)[0])
    assert status(wider, desk.engine).probe == Probe()


def test_a_sub_field_has_filters_but_no_keys(desk: Desk) -> None:
    desk.create({"maker": TEXT | {"fields": {"raw": WORD}}})
    desk.write("a", {"title": "Lamp", "maker": "Oak"})
    [said] = desk.look(desk.config("maker: {field: maker.raw}")).notes
    assert said.startswith("attributes.maker.field: expected a field of the items' JSON, which keys are made from")
    assert desk.look(desk.config("maker: {field: maker.raw, strength: 0}")) == Probe()


WEIGHTS = st.sampled_from([0.0, 1e-6, 0.05, 1.0, 5e5, 1e6]) | st.floats(1e-5, 1e6)


def test_a_new_attribute_of_our_own_index_comes_with_the_next_load(desk: Desk, tmp_path: Path) -> None:
    source = tmp_path / "items.jsonl"
    source.write_text('{"id": "a", "title": "Lamp", "attrs": {"brand": "Oak", "colour": ["red"]}}\n', encoding="utf-8")
    wider = desk.config("brand: {field: attrs.brand}, colour: {field: attrs.colour, multi_valued: true, levels: 3}")
    with open_state(tmp_path / "state.duckdb") as state:
        load_items(desk.engine, state, source, desk.config())
        assert desk.look(desk.config()) == Probe()
        assert desk.look(wider).notes == (
            f"{desk.items}: affinity.colour: expected keys in every item with attrs.colour, 1 lack them: "
            "`affinity items load` writes them",
        )
        load_items(desk.engine, state, source, wider)
    assert desk.look(wider) == Probe()


def test_the_command_says_it_and_stores_nothing(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affinity_search.cli.deploy.connect", lambda _settings: desk.engine)
    desk.create({"text": TEXT | {"analyzer": "english"}})
    file = tmp_path / "affinity.yaml"
    file.write_text(
        f"engine: {{url: '{desk.engine.url}', prefix: {desk.prefix}shop}}\nitems: {{index: {desk.items}}}\n"
        f"events: {{types: {{order: {{weight: 1}}}}}}\nsearch: {{template: {desk.prefix}search}}\n",
        encoding="utf-8",
    )
    results = [CliRunner().invoke(main, [name, "--config", str(file)]) for name in ("plan", "status", "apply")]
    assert [result.exit_code for result in results] == [0, 0, 2]
    for result in results:
        assert f"template {desk.prefix}search: a generic search: expected an answer, got " in result.output
        assert "items.text_fields: expected one search analyzer for all of them" in result.output
    with pytest.raises(MissingResource):
        desk.engine.call("GET", f"/_scripts/{desk.prefix}search")


BOOSTS = st.sampled_from([1.0, 2.0, 1e6]) | st.floats(0.9, 1e6)
NAMES = st.sampled_from(
    ["brand", "br", "size", "q", "user_id", "filters", "from", "sort", "order", "operator", "items"]
)
ATTRIBUTE = st.fixed_dictionaries({
    "strength": WEIGHTS,
    "half_life_days": st.sampled_from([1e-6, 30, 1e6]),
    "saturation_weight": st.sampled_from([1e-6, 8, 1e6]),
    "multi_valued": st.booleans(),
    "levels": st.sampled_from([1, 3]),
})  # fmt: skip
CONFIGS = st.fixed_dictionaries({
    "attributes": st.dictionaries(NAMES, ATTRIBUTE, max_size=3),
    "item_affinity": st.fixed_dictionaries({"strength": WEIGHTS}),
    "popularity": st.fixed_dictionaries({"all_time": st.fixed_dictionaries({"weight": WEIGHTS})}),
    "search": st.fixed_dictionaries({
        "shape": st.sampled_from(["rescore", "function_score"]),
        "window": st.sampled_from([10, 10_000]),
        "max_boost": st.sampled_from([0.1, 5, 1e6]),
    }),
    "boosts": st.tuples(BOOSTS, BOOSTS),
})  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=CONFIGS)
def test_what_validates_is_answered(engine_url: str, whatever: Desk, drawn: dict[str, Any]) -> None:
    """Every configuration that is accepted has a search, generic and personal, that the real engine answers."""
    try:
        config = Config.model_validate(_named(whatever, drawn))
    except ValueError as refused:
        event("refused")
        assert "expected" in str(refused)
        return
    event("accepted")
    assert whatever.look(config).failures == ()


def _named(desk: Desk, drawn: dict[str, Any]) -> dict[str, Any]:
    title, text = drawn.pop("boosts")
    attributes = {name: {"field": f"attrs.{name}", **body} for name, body in drawn.pop("attributes").items()}
    return {
        "engine": {"prefix": f"{desk.prefix}shop"},
        "items": {"index": desk.items, "text_fields": {"title": title, "text": text}},
        "events": {"types": {"order": {"weight": 1}}},
        "attributes": attributes,
        **drawn,
    }


@pytest.fixture
def whatever(desk: Desk) -> Desk:
    """An index with one item that the probe's word finds."""
    desk.create()
    desk.write("a", {"title": "affinity", "text": "affinity", "popularity": 3})
    return desk


def test_fields_of_requests_that_the_index_has_not_are_named(desk: Desk) -> None:
    sizes = {"type": "nested", "properties": {"size": WORD, "stock": {"type": "integer"}}}
    desk.create(
        {"variants": sizes, "rating": WORD | {"fields": {"number": {"type": "double"}}}, "shop": WORD, "about": TEXT}
    )
    declared = "shop: shop, shoe: variants.size, box: boxes.size, by: seller, words: about"
    search = f"{{template: {desk.prefix}search, filters: {{{declared}}}, ranges: {{rating: rating, score: scores}}}}"
    config = desk.config("brand: {field: attrs.brand}").model_copy(
        update={"search": parse_config(f"events: {{types: {{o: {{weight: 1}}}}}}\nsearch: {search}").search}
    )

    assert [line.replace(f"{desk.items}-v1", "goods") for line in desk.look(config).notes] == [
        "search.filters.shoe: expected the list of objects around variants.size under items.nested, found it in none: "
        "name it there, such as items.nested: [variants]",
        "search.filters.box: expected a field of exact values (keyword, boolean, number) in goods, found none: it "
        "finds nothing",
        "search.filters.by: expected a field of exact values (keyword, boolean, number) in goods, found none: it "
        "finds nothing",
        "search.filters.words: expected a field of exact values (keyword, boolean, number) in goods, found text: it "
        "finds nothing",
        "search.ranges.rating: expected a field of numbers in goods, found keyword: name rating.number instead",
        "search.ranges.score: expected a field of numbers in goods, found none: it finds nothing",
    ]


def test_a_nested_list_that_the_index_has_not_fails_before_it_is_deployed(desk: Desk) -> None:
    desk.create({"variants": {"properties": {"size": WORD}}})
    items = f"items: {{index: {desk.items}, nested: [variants]}}"
    search = f"search: {{template: {desk.prefix}search, filters: {{shoe: variants.size}}, facets: [brand]}}"
    config = desk.config().model_copy(
        update={
            "items": parse_config(f"events: {{types: {{o: {{weight: 1}}}}}}\n{items}").items,
            "search": parse_config(
                f"events: {{types: {{o: {{weight: 1}}}}}}\n{search}\nattributes: {{brand: {{field: attrs.brand}}}}\n"
                "items: {nested: [variants]}"
            ).search,
        }
    )
    found = desk.look(config)

    assert found.notes == (
        f"items.nested: expected a nested field variants in {desk.items}-v1, found object: filters by it fail",
    )
    assert [line.split(": expected")[0] for line in found.failures] == [
        f"template {desk.prefix}search: a filtered browse"
    ]
