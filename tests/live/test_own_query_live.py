"""A team's own body on a real engine: relevance to the last digit, the personal order and its bound, 1 and 3 shards."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.deploy import apply, plan
from affinity_search.deploy.store import read
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import ConfigError, EngineError, MissingResource
from affinity_search.items.keys import affinity_key
from affinity_search.search import Client, explain, read_answer
from affinity_search.surfaces import build_templates
from affinity_search.surfaces.check import refuses, render
from affinity_search.surfaces.mustache import render as render_here
from affinity_search.surfaces.values import without_ours
from tests.live.hostile import HOSTILE_VALUES, LARGE_VALUES

NOW = datetime(2026, 4, 2, 8, 0, tzinfo=UTC)
SHOPPER = "u42"
WORDS = ["running", "shoes", "shirt", "coffee", "red", "blue", "sneakers", "tee", "java", "trail"]
ITEMS = 300
WINDOW = 40
MOST = 1.6  # 1 + the boosts of all clauses of the configuration below
SETTINGS: dict[str, Any] = {
    "number_of_replicas": 0,
    "analysis": {
        "filter": {"same": {"type": "synonym_graph", "synonyms": ["sneakers, running shoes", "tee, shirt"]}},
        "analyzer": {"asked": {"tokenizer": "standard", "filter": ["lowercase", "same"]}},
    },
}
TEXT = {"type": "text", "analyzer": "standard", "search_analyzer": "asked"}
WORD, NUMBER, KEY = {"type": "keyword"}, {"type": "double"}, {"type": "long", "index": False}
MAPPINGS = {
    "dynamic": "strict",
    "properties": {
        "name": TEXT,
        "description": TEXT,
        "brand": WORD,
        "family": WORD,
        "margin": NUMBER,
        "price": NUMBER,
        "variants": {"type": "nested", "properties": {"size": WORD, "stock": {"type": "integer"}}},
        "affinity": {"properties": {"brand": KEY, "item": KEY}},
    },
}
QUERY = """{"function_score": {
    "query": {"bool": {
      "must": [{"dis_max": {"tie_breaker": 0.3, "queries": [
        {"multi_match": {"query": "{{q}}", "fields": ["name^3", "description"], "minimum_should_match": "2<75%"}},
        {"match_phrase": {"name": {"query": "{{q}}", "boost": 2}}}
      ]}}],
      "filter": [
        {{#brand}}{"term": {"brand": "{{brand}}"}},{{/brand}}
        {"nested": {"path": "variants", "query": {"bool": {"filter": [
          {"term": {"variants.size": "M"}}, {"range": {"variants.stock": {"gt": 0}}}]}}}}
      ]
    }},
    "functions": [{"field_value_factor": {"field": "margin"}}],
    "boost_mode": "multiply"
  }}"""
REST = """
  "from": {{from}}{{^from}}0{{/from}},
  "size": {{size}}{{^size}}20{{/size}},
  "track_total_hits": true,
  "_source": ["name", "brand"],
  "aggs": {"brands": {"terms": {"field": "brand", "size": 3}}},
  "highlight": {"fields": {"name": {}}},
  "suggest": {"meant": {"text": "{{q}}", "term": {"field": "name"}}},
  "post_filter": {"range": {"price": {"gt": 5}}}"""
PHRASE = """"rescore": {"window_size": 15, "query": {"rescore_query_weight": 1.2, "query_weight": 0.7,
    "rescore_query": {"match_phrase": {"description": {"query": "{{q}}", "slop": 3}}}}}"""
BODIES = {
    "everything": f'{{{REST},\n  "query": {QUERY}\n}}\n',
    "their rescore": f'{{ "query": {QUERY}, {PHRASE}, {REST} }}',
    "their rescore on request": f'{{ "query": {QUERY} {{{{#phrase}}}}, {PHRASE}{{{{/phrase}}}}, {REST} }}',
    "collapsed": f'{{ "collapse": {{"field": "family"}}, "query": {QUERY}, {REST} }}',
    "sorted by score, then price": f'{{ "sort": ["_score", {{"price": "asc"}}], "query": {QUERY}, {REST} }}',
    "sorted on request": f'{{ "query": {QUERY} {{{{#sort}}}}, "sort": [{{"price": "desc"}}]{{{{/sort}}}}, {REST} }}',
}
CONFIG = """
engine: {{prefix: {prefix}shop}}
items: {{index: {prefix}catalog, text_fields: {{name: 3, description: 1}}}}
events: {{types: {{order: {{weight: 1}}}}}}
attributes: {{brand: {{field: brand, strength: 0.1, saturation_weight: 4, levels: 3}}}}
item_affinity: {{strength: 0.1, saturation_weight: 2, levels: 1}}
popularity: {{all_time: {{weight: 0}}}}
search: {{template: {prefix}search, body: body.mustache, window: {window}}}
"""


@dataclass
class Desk:
    """A foreign index under the names of this test, and a configuration whose body is the team's own."""

    engine: OpenSearchEngine
    prefix: str
    folder: Path

    def create(self, shards: int) -> None:
        """The items of a foreign writer, with keys; the shopper likes the brand b2 and has one item."""
        index = f"{self.prefix}catalog-v1"
        body = {"settings": {**SETTINGS, "number_of_shards": shards}, "mappings": MAPPINGS}
        self.engine.call("PUT", f"/{index}", {**body, "aliases": {f"{self.prefix}catalog": {}}})
        lines = [line for number in range(ITEMS) for line in (_action(number), _item(number))]
        text = "\n".join(map(json.dumps, lines)) + "\n"
        assert not self.engine.call("POST", f"/{index}/_bulk", text, {"refresh": "true"})["errors"]

    def config(self, body: str, more: str = "") -> Config:
        (self.folder / "body.mustache").write_text(body, encoding="utf-8")
        text = CONFIG.format(prefix=self.prefix, window=WINDOW) + more
        (self.folder / "affinity.yaml").write_text(text, encoding="utf-8")
        return load_config(self.folder / "affinity.yaml")

    def deploy(self, config: Config) -> Client:
        apply(plan(config, self.engine), self.engine, NOW)
        self.likes(config, "brand", "b0", "b2")
        self.likes(config, "brand", "b1", "b2")
        self.likes(config, "item", "b0", "17")
        return Client.of(self.engine, config)

    def likes(self, config: Config, attribute: str, slot: str, value: str) -> None:
        where = f"/{config.lookup_index}/_doc/{attribute}.{slot}.{SHOPPER}"
        self.engine.call("PUT", where, {"v": [affinity_key(value)]}, {"refresh": "true"})

    def search(self, body: Any) -> Any:
        return self.engine.call("POST", f"/{self.prefix}catalog/_search", body)

    def plain(self, body: str, **parameters: Any) -> Any:
        """What the engine answers to the body as the team sends it."""
        wanted = {"source": body, "params": parameters}
        return self.engine.call("POST", f"/{self.prefix}catalog/_search/template", wanted)


def _action(number: int) -> dict[str, Any]:
    return {"index": {"_id": str(number)}}


def _item(number: int) -> dict[str, Any]:
    chance = random.Random(number)
    brand = f"b{number % 7}"
    return {
        "name": " ".join(chance.choices(WORDS, k=3)),
        "description": " ".join(chance.choices(WORDS, k=8)),
        "brand": brand,
        "family": f"f{number % 90}",
        "margin": round(chance.uniform(0.8, 1.2), 2),
        "price": number % 50,
        "variants": [{"size": size, "stock": chance.randint(0, 3)} for size in "SML"],
        "affinity": {"brand": [affinity_key(brand)], "item": [affinity_key(str(number))]},
    }


@pytest.fixture
def desk(engine_url: str, prefix: str, tmp_path: Path) -> Iterator[Desk]:
    yield Desk(OpenSearchEngine(engine_url), prefix, tmp_path)
    with suppress(MissingResource):
        OpenSearchEngine(engine_url).call("DELETE", f"/_ingest/pipeline/{prefix}shop-item-keys")


def without_names(answer: Any) -> Any:
    """An answer without the time it took and the names of clauses."""
    hits = [{key: hit[key] for key in hit if key != "matched_queries"} for hit in answer["hits"]["hits"]]
    return {**answer, "took": 0, "hits": {**answer["hits"], "hits": hits}}


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_any_kind_keeps_its_relevance_and_gets_a_personal_order(desk: Desk, name: str, shards: int) -> None:
    desk.create(shards)
    body = BODIES[name]
    client = desk.deploy(desk.config(body))
    for asked in ({}, {"phrase": "1"}, {"brand": "b3"}, {"from": 5, "size": 30}):
        parameters = {"q": "running shoes", **asked}
        sent = {"id": client.template, "params": parameters}
        generic = client.engine.call("POST", f"/{client.index}/_search/template", sent)
        assert without_names(generic) == without_names(desk.plain(body, **parameters))
    personal = client.search("running shoes", user_id=SHOPPER, size=WINDOW)
    relevance = {h["_id"]: h["_score"] for h in desk.plain(body, q="running shoes", size=ITEMS)["hits"]["hits"]}
    generic = client.search("running shoes", size=WINDOW)

    assert personal.personalised
    assert [hit.id for hit in personal.hits] != [hit.id for hit in generic.hits]
    assert personal.aggregations == generic.aggregations
    assert personal.hits[0].highlight.keys() <= {"name"}
    for hit in personal.hits:
        assert hit.accounted
        assert hit.factor is not None
        assert 1 <= hit.factor <= MOST
        assert hit.id not in relevance or hit.score == pytest.approx(relevance[hit.id] * hit.factor, rel=1e-6)
    assert {round(hit.factor or 0, 4) for hit in personal.hits} > {1.0}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_an_app_builds_gets_the_same_order_by_the_fragment(desk: Desk, name: str) -> None:
    desk.create(1)
    client = desk.deploy(desk.config(BODIES[name]))
    asked = {"q": "running shoes", "size": WINDOW}
    built = json.loads(render_here(BODIES[name], asked, "body"))

    personal = desk.search(client.personalise(built, SHOPPER))
    stored = client.search("running shoes", user_id=SHOPPER, size=WINDOW)

    assert [(hit.id, hit.score, hit.factor) for hit in read_answer(personal).hits] == [
        (hit.id, hit.score, hit.factor) for hit in stored.hits
    ]
    assert read_answer(personal).template == stored.template
    assert client.personalise(built, "") == built
    by_price = {**built, "sort": ["price"]}
    assert client.personalise(by_price, SHOPPER) == by_price


def test_the_fragment_is_a_stored_script_that_any_language_renders(desk: Desk) -> None:
    desk.create(1)
    config = desk.config(BODIES["everything"])
    client = desk.deploy(config)
    (template,) = build_templates(config)

    def rendered(user: Any) -> Any:
        asked = {"id": f"{client.template}-rescore", "params": {"user_id": user}}
        return desk.engine.call("POST", "/_render/template", asked)["template_output"]

    names = [{"match_all": {"_name": name}} for name in ("personalised", "window|40", f"template|{template.name}-")]
    found = rendered(SHOPPER)["rescore"]
    base = found["query"]["rescore_query"]["bool"]["should"][0]["bool"]["filter"]
    assert (base[:2], base[2]["match_all"]["_name"]) == (names[:2], f"template|{template.versioned_name}")
    assert (found["window_size"], found["query"]["score_mode"]) == (40, "multiply")
    assert rendered("") == {}
    assert rendered(["a", "b"]) == {"user_id is a list": {}}


def stored(desk: Desk, name: str) -> str | None:
    return read(desk.engine, "script", name)


def put_template(desk: Desk, name: str, source: str) -> None:
    desk.engine.call("PUT", f"/_scripts/{name}", {"script": {"lang": "mustache", "source": source}})


def wrap(desk: Desk, *arguments: str) -> Result:
    file = str(desk.folder / "affinity.yaml")
    with pytest.MonkeyPatch.context() as patch:
        for module in ("adopt", "deploy"):
            patch.setattr(f"affinity_search.cli.{module}.connect", lambda _settings: desk.engine)
        return CliRunner().invoke(main, [arguments[0], "-c", file, *arguments[1:]])


def test_a_stored_template_gets_a_twin_and_a_rollback_takes_it(desk: Desk) -> None:
    desk.create(3)
    config, theirs, body = desk.config(BODIES["everything"]), f"{desk.prefix}theirs", BODIES["their rescore"]
    client = desk.deploy(config)
    put_template(desk, theirs, body)

    dry = wrap(desk, "wrap", theirs)
    assert dry.exit_code == 0, dry.output
    assert f"+++ {theirs}-personalised" in dry.output
    assert f"to do it: affinity wrap {theirs} --apply" in dry.output
    assert stored(desk, f"{theirs}-personalised") is None

    done = wrap(desk, "wrap", theirs, "--apply", "--yes")
    assert done.exit_code == 0, done.output
    twin = replace(client, template=f"{theirs}-personalised")
    personal, generic = twin.search("coffee", user_id=SHOPPER), twin.search("coffee")
    assert (personal.personalised, stored(desk, theirs)) == (True, body)
    assert [hit.id for hit in personal.hits] != [hit.id for hit in generic.hits]
    sent = {"id": twin.template, "params": {"q": "coffee"}}
    answer = desk.engine.call("POST", f"/{client.index}/_search/template", sent)
    assert without_names(answer) == without_names(desk.plain(body, q="coffee"))

    back = wrap(desk, "rollback", "--to", "1", "--yes")
    assert back.exit_code == 0, back.output
    assert (stored(desk, twin.template), stored(desk, theirs)) == (None, body)


def test_a_template_that_is_not_there_is_said_with_the_nearest(desk: Desk) -> None:
    desk.config(BODIES["everything"])
    put_template(desk, f"{desk.prefix}theirs", BODIES["everything"])
    result = wrap(desk, "wrap", f"{desk.prefix}their")
    assert result.exit_code == 2
    assert (
        f"expected a stored template {desk.prefix}their, found none; did you mean {desk.prefix}theirs?" in result.output
    )


def test_a_template_in_place_comes_back_byte_for_byte(desk: Desk) -> None:
    desk.create(1)
    theirs, body = f"{desk.prefix}theirs", BODIES["sorted on request"] + "\n\n  \t"
    config = desk.config(BODIES["everything"])
    put_template(desk, theirs, body)
    client = desk.deploy(config)

    assert wrap(desk, "wrap", theirs, "--in-place", "--apply", "--yes").exit_code == 0
    assert replace(client, template=theirs).search("coffee", user_id=SHOPPER).personalised
    again = wrap(desk, "wrap", theirs, "--in-place")
    assert again.output.splitlines()[-1].endswith("to leave; no drift"), again.output
    stronger = desk.config(BODIES["everything"], more="profiles: {max_values: 300}").model_copy(
        update={"search": config.search.model_copy(update={"window": 30})}
    )
    apply(plan(stronger, desk.engine), desk.engine, NOW)
    assert replace(client, template=theirs).search("coffee", user_id=SHOPPER).window == 30

    assert wrap(desk, "rollback", "--yes").exit_code == 0
    assert wrap(desk, "rollback", "--yes").exit_code == 0
    assert stored(desk, theirs) == body
    assert plan(config, desk.engine).summary() == "6 to leave; no drift"


@pytest.mark.parametrize("is_made_anew", [False, True])
def test_what_the_team_wrote_into_its_template_since_outlives_a_rollback(desk: Desk, is_made_anew: bool) -> None:
    desk.create(1)
    theirs, newer = f"{desk.prefix}theirs", BODIES["sorted on request"]
    config = desk.config(BODIES["everything"])
    put_template(desk, theirs, BODIES["everything"])
    desk.deploy(config)
    assert wrap(desk, "wrap", theirs, "--in-place", "--apply", "--yes").exit_code == 0
    put_template(desk, theirs, newer)
    if is_made_anew:
        apply(plan(config, desk.engine), desk.engine, NOW)
        assert stored(desk, theirs) != newer
    assert wrap(desk, "rollback", "--to", "0", "--yes").exit_code == 0
    assert stored(desk, theirs) == newer


def test_leaving_keeps_what_others_changed_and_says_so(desk: Desk) -> None:
    desk.create(1)
    theirs, body = f"{desk.prefix}theirs", BODIES["everything"]
    config = desk.config(body)
    put_template(desk, theirs, body)
    desk.deploy(config)
    assert wrap(desk, "wrap", theirs, "--in-place", "--apply", "--yes").exit_code == 0
    put_template(desk, config.search.template, BODIES["sorted on request"])
    said = wrap(desk, "adopt", "--leave").output
    assert f"~ script   {theirs}: without what was put into it" in said
    assert f"= script   {config.search.template} stays: others changed it since it was deployed" in said
    assert wrap(desk, "adopt", "--leave", "--apply").exit_code == 0
    assert stored(desk, theirs) == body
    assert stored(desk, config.search.template) == BODIES["sorted on request"]


def test_hostile_shoppers_change_nothing_but_the_shopper(desk: Desk) -> None:
    desk.create(1)
    config = desk.config(BODIES["their rescore on request"])
    (template,) = build_templates(config)
    plain = render(desk.engine, template.original, {"q": "coffee"})
    for value in (*HOSTILE_VALUES, *LARGE_VALUES):
        body = render(desk.engine, template.source, {"q": "coffee", "user_id": value})
        if body is not None and not refuses(body):
            assert without_ours(body) == without_ours(plain), value
            assert len(json.dumps(body)) < 50_000 + 10 * len(json.dumps(value))


def test_a_list_for_a_shopper_is_refused(desk: Desk) -> None:
    desk.create(1)
    client = desk.deploy(desk.config(BODIES["everything"]))
    for users in (["u1"], ["u1", "u2"], ["u1"] * 1000):
        sent = {"id": client.template, "params": {"q": "coffee", "user_id": users}}
        with pytest.raises(EngineError, match="user_id is a list"):
            desk.engine.call("POST", f"/{client.index}/_search/template", sent)


def test_what_a_plan_says_of_a_body(desk: Desk) -> None:
    desk.create(1)
    body = '{"query": {"bool": {"must": [{"match": {"nam": "{{q}}"}}], "filter": {{{raw}}}{{^raw}}[]{{/raw}} }}}'
    found = plan(desk.config(body), desk.engine).probe
    where = "search.body: body.mustache"

    assert found.failures == ()
    assert found.notes[:1] == (
        f"{where}:1:70: {{{{{{raw}}}}}}: expected values that are escaped, got one that is printed raw: a value with "
        "quotes changes the query. {{name}} in quotes is escaped",
    )
    field = f"{where}: query.bool.must.match: expected a field of {desk.prefix}catalog-v1, found none called nam; did "
    assert f"{field}you mean name?" in found.notes


def test_a_query_alone_searches_and_its_unknown_fields_are_said(desk: Desk) -> None:
    desk.create(1)
    config = desk.config('{"dis_max": {"queries": [{"match": {"name": "{{q}}"}}, {"match": {"brnd": "{{q}}"}}]}}')
    search = config.search.model_copy(update={"body": None, "query": config.search.body})
    own = config.model_copy(update={"search": search})
    client = desk.deploy(own)

    said = (
        f"search.query: body.mustache: dis_max.queries.match: expected a field of {desk.prefix}catalog-v1, found none "
    )
    assert f"{said}called brnd; did you mean brand?" in plan(own, desk.engine).probe.notes
    generic, personal = (client.search("coffee", size=WINDOW, **user) for user in ({}, {"user_id": SHOPPER}))
    relevance = {hit.id: hit.score for hit in generic.hits}
    assert [hit.id for hit in personal.hits] != [hit.id for hit in generic.hits]
    assert all(1 <= (hit.factor or 0) <= MOST for hit in personal.hits)
    plain = desk.search({"size": WINDOW, "query": {"match": {"name": "coffee"}}})
    assert relevance == {hit["_id"]: hit["_score"] for hit in plain["hits"]["hits"]}


def test_a_body_that_the_engine_refuses_is_not_deployed(desk: Desk) -> None:
    desk.create(1)
    config = desk.config('{"query": {"mach": {"name": "{{q}}"}}}')
    with pytest.raises(ConfigError, match=r"expected a body that .* answers, got .*unknown query \[mach\]"):
        apply(plan(config, desk.engine), desk.engine, NOW)


def test_values_are_told_that_the_body_does_not_ask_for(desk: Desk) -> None:
    desk.create(1)
    config = desk.config(f'{{ "query": {QUERY}, "_source": ["name"], "size": 20 }}')
    client = desk.deploy(config)

    explained = explain(client, config, "coffee", SHOPPER)

    brands = [
        reason.values for one in explained.personalised for reason in one.hit.reasons if reason.attribute == "brand"
    ]
    assert brands
    assert set(brands) == {("b2",)}


def test_search_and_explain_take_the_parameters_of_the_body(desk: Desk) -> None:
    desk.create(3)
    client = desk.deploy(desk.config(BODIES["everything"]))

    found = json.loads(cli(desk, "search", "coffee", "--param", "brand=b2", "--json").output)
    assert {hit["source"]["brand"] for hit in found["hits"]} == {"b2"}
    said = cli(desk, "explain", "coffee", "--user", SHOPPER, "--param", "brand=b2")
    assert said.exit_code == 0, said.output
    assert "score" in said.output
    explained = explain(client, desk.config(BODIES["everything"]), "coffee", SHOPPER)
    moved = [hit for hit in explained.personalised if hit.hit.reasons]
    assert moved
    assert all(hit.generic_rank for hit in explained.personalised)
    item = cli(desk, "explain", "coffee", "--user", SHOPPER, "--item", moved[0].hit.id)
    assert item.exit_code == 0, item.output
    for wrong in ("brand", "=b2", "brands=[1"):
        assert "--param: expected" in cli(desk, "search", "coffee", "--param", wrong).output


def cli(desk: Desk, *arguments: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("affinity_search.cli.search.connect", lambda _settings: desk.engine)
        return CliRunner().invoke(main, [arguments[0], "-c", str(desk.folder / "affinity.yaml"), *arguments[1:]])


def test_an_evaluation_asks_the_own_query_of_the_live_index_and_only_reads_it(desk: Desk) -> None:
    desk.create(1)
    desk.config(BODIES["everything"])
    folder = desk.folder / "shop"
    folder.mkdir()
    wanted = [hit["_id"] for hit in desk.plain(BODIES["everything"], q="shoes", size=200)["hits"]["hits"]]
    liked = [item for item in wanted if int(item) % 7 == 2]
    others = [item for item in wanted if int(item) % 7 != 2]
    (folder / "items.jsonl").write_text('{"id": "1", "title": "one"}\n', encoding="utf-8")
    bought = {"u1": liked[-4:], "u2": others[:4], **{f"v{n}": others[n : n + 4] for n in range(12)}}
    rows = [
        f"{user},2026-01-0{day},order,{item}" for user, items in bought.items() for day, item in enumerate(items, 1)
    ]
    (folder / "events.csv").write_text("\n".join(["user,ts,type,item", *rows]) + "\n", encoding="utf-8")
    queries = [
        {"qid": f"q{n}", "user": "u1", "ts": "2026-02-01", "query": "shoes", "relevant": [item], "novel": [item]}
        for n, item in enumerate(liked[:5])
    ]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)) + "\n", encoding="utf-8")
    before = held(desk)

    asked = ("evaluate", "--data", str(folder), "-c", str(desk.folder / "affinity.yaml"), "--against-index", "--json")
    result = CliRunner().invoke(main, [*asked, "--url", desk.engine.url])

    assert result.exit_code == 0, result.output + result.stderr
    found = json.loads(result.stdout)
    assert found["all"]["queries"] == len(queries)
    assert found["formula_error"] < 1e-5
    assert found["all"]["personalised"]["ndcg@10"] > found["all"]["generic"]["ndcg@10"]
    assert held(desk) == before
    assert "needs --config" in CliRunner().invoke(main, ["evaluate", "--data", str(folder), "--against-index"]).stderr


def held(desk: Desk) -> Any:
    """Every item with the number of its last write, the mapping, the settings and the aliases of the index."""
    index = f"{desk.prefix}catalog-v1"
    hits = desk.engine.call("POST", f"/{index}/_search", {"size": 1000, "seq_no_primary_term": True})["hits"]["hits"]
    return sorted((hit["_id"], hit["_seq_no"]) for hit in hits), desk.engine.call("GET", f"/{index}")
