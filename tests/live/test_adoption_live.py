"""An index of others, adopted and left again, while they write and search it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search.adoption.leaving import leave, plan_leaving
from affinity_search.adoption.pace import Pace
from affinity_search.adoption.taking import adopt, plan_adoption
from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.items.keys import affinity_key
from tests.live import foreign
from tests.live.foreign import document, drop_replaced_copies, load, others_at_work, request, scores, sources

ITEMS = 3_000
NOW = datetime(2026, 3, 1, tzinfo=UTC)
OWN_SECTIONS = """
events: {{types: {{purchase: {{weight: 1}}}}}}
item_affinity: {{strength: 0.3}}
search:
  template: {prefix}search
"""
OWN_BODY = """
{
  "query": {"function_score": {
    "query": {"bool": {
      "must": [{"dis_max": {"tie_breaker": 0.3, "queries": [
        {"match": {"name": {"query": "{{q}}", "boost": 2}}}, {"match_phrase": {"description": "light {{q}}"}}
      ]}}],
      "filter": [{"nested": {"path": "variants", "query": {"range": {"variants.stock": {"gte": 0}}}}}]
    }},
    "functions": [{"field_value_factor": {"field": "popularity"}}]
  }},
  "size": "{{size}}{{^size}}10{{/size}}",
  "aggs": {"categories": {"terms": {"field": "category"}}}
}
"""


@dataclass
class Desk:
    """One team's folder, engine and names; the index is `<prefix>goods-v7` behind the alias `<prefix>goods`."""

    folder: Path
    url: str
    prefix: str

    @property
    def alias(self) -> str:
        return f"{self.prefix}goods"

    @property
    def index(self) -> str:
        return f"{self.alias}-v7"

    @property
    def config_path(self) -> Path:
        return self.folder / "affinity.yaml"

    @property
    def config(self) -> Config:
        return load_config(self.config_path)

    def create(self, index: str, shards: int = 3, **settings: object) -> None:
        body = foreign.body(shards, **settings)
        request(self.url, "PUT", f"/{index}", {**body, "aliases": {self.alias: {}}})

    def affinity(self, *words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [*words, "-c", str(self.config_path)])
        assert result.exit_code == code, result.output
        return result

    def adopt_dry(self) -> str:
        """The output of the dry run before there is a configuration; writes the proposal down as one."""
        output = self.affinity("adopt", self.alias, "--url", self.url).output
        proposal = output.partition("beside its section `events`:")[2].replace(
            "prefix: affinity", f"prefix: {self.prefix}x"
        )
        self.config_path.write_text(proposal + OWN_SECTIONS.format(prefix=self.prefix), encoding="utf-8")
        return output

    def search(self, q: str, **parameters: object) -> dict[str, Any]:
        """The answer to a search through the deployed template, as an app sends it."""
        body = {"id": f"{self.prefix}search", "params": {"q": q, **parameters}}
        answer: dict[str, Any] = request(self.url, "POST", f"/{self.alias}/_search/template", body)
        return answer

    def state_of_index(self, index: str = "") -> dict[str, Any]:
        body: dict[str, Any] = request(self.url, "GET", f"/{index or self.index}?flat_settings=true")[
            index or self.index
        ]
        return body

    def names(self) -> list[str]:
        """Whatever bears the deployment's prefix: indices, pipelines, scripts."""
        indices = request(self.url, "GET", f"/{self.prefix}x*?expand_wildcards=all&filter_path=*.settings.index.uuid")
        pipelines = request(self.url, "GET", "/_ingest/pipeline")
        state = request(self.url, "GET", "/_cluster/state/metadata?filter_path=metadata.stored_scripts")
        scripts = state.get("metadata", {}).get("stored_scripts", {})
        ours = f"{self.prefix}x", f"{self.prefix}search"
        return sorted(name for name in [*indices, *pipelines, *scripts] if name.startswith(ours))


@pytest.fixture
def desk(tmp_path: Path, engine_url: str, prefix: str) -> Iterator[Desk]:
    yield Desk(tmp_path, engine_url, prefix)
    for pipeline in request(engine_url, "GET", "/_ingest/pipeline"):
        if pipeline.startswith(prefix):
            request(engine_url, "PUT", f"/{prefix}*/_settings", {"index.default_pipeline": None})
            request(engine_url, "PUT", f"/{prefix}*/_settings", {"index.final_pipeline": None})
            request(engine_url, "DELETE", f"/_ingest/pipeline/{pipeline}")


def unmoved(_index: str, _done: int, _total: int) -> None:
    """No progress is shown."""


def keys_of(number: int) -> dict[str, list[int]]:
    item = document(number)
    sizes = {variant["size"] for variant in item["variants"]}
    return {
        "brand": [affinity_key(item["brand"])],
        "category": [affinity_key(item["category"])],
        "item": [affinity_key(f"p{number}")],
        "size": sorted(affinity_key(size) for size in sizes),
    }


def write_events(desk: Desk, items: int = ITEMS) -> Path:
    """`u1` buys Acme in size 38 over and over; 20 others buy whatever comes."""
    liked = [n for n in range(items) if n % 4 == 0 and "38" in {v["size"] for v in document(n)["variants"]}][:30]
    rows = [("u1", f"2026-02-{1 + day % 27:02}", "purchase", f"p{n}") for day, n in enumerate(liked)]
    rows += [(f"v{k % 20}", f"2026-02-{1 + k % 27:02}", "purchase", f"p{k * 7 % items}") for k in range(400)]
    path = desk.folder / "events.csv"
    path.write_text("user,ts,type,item\n" + "\n".join(map(",".join, rows)) + "\n", encoding="utf-8")
    return path


def test_an_index_of_others_is_adopted_and_left_while_they_write_and_search_it(desk: Desk) -> None:
    clean = {"processors": [{"trim": {"field": "name"}}]}
    request(desk.url, "PUT", f"/_ingest/pipeline/{desk.prefix}clean", clean)
    desk.create(desk.index, default_pipeline=f"{desk.prefix}clean")
    load(desk.url, desk.index, range(ITEMS))
    before, relevance, given = (
        desk.state_of_index(),
        scores(desk.url, desk.alias, range(ITEMS)),
        sources(desk.url, desk.alias),
    )

    with others_at_work(desk.url, desk.alias, ITEMS) as others:
        shown = desk.adopt_dry()
        assert desk.state_of_index() == before
        assert desk.names() == []
        (desk.folder / "search.mustache").write_text(OWN_BODY, encoding="utf-8")
        desk.config_path.write_text(desk.config_path.read_text() + "  body: search.mustache\n")
        desk.affinity("adopt", desk.alias, "--apply", "--per-second", "3000")
        desk.affinity("items", "catalogue", "--from-index")
        desk.affinity("events", "ingest", str(write_events(desk)))
        desk.affinity("profiles", "build")
        desk.affinity("apply", "--yes")
        desk.affinity("profiles", "publish")
        desk.affinity("items", "signals")
        found = desk.search("trainer", user_id="u1")
    assert others.failures == []
    assert others.written > 20
    assert others.searched > 20

    assert "+ pipeline" in shown
    assert f"the default pipeline {desk.prefix}clean (it runs first" in shown
    documents = sources(desk.url, desk.alias)
    assert {name: source["affinity"] for name, source in documents.items()} == {
        f"p{n}": keys_of(n) for n in range(ITEMS)
    }
    assert {hit["_source"]["brand"] for hit in found["hits"]["hits"]} == {"Acme"}
    assert {bucket["key"] for bucket in found["aggregations"]["categories"]["buckets"]} == {"sneaker"}
    own = json.loads(OWN_BODY.replace("{{q}}", "trainer").replace("{{size}}{{^size}}10{{/size}}", "50"))
    plain = request(desk.url, "POST", f"/{desk.alias}/_search", own)
    assert [(hit["_id"], hit["_score"]) for hit in desk.search("trainer", size=50)["hits"]["hits"]] == [
        (hit["_id"], hit["_score"]) for hit in plain["hits"]["hits"]
    ]
    drop_replaced_copies(desk.url, desk.index)
    assert scores(desk.url, desk.alias, range(ITEMS)) == relevance

    with others_at_work(desk.url, desk.alias, ITEMS) as others:
        desk.affinity("adopt", "--leave", "--apply", "--per-second", "3000")
    assert others.failures == []
    assert desk.names() == []
    assert sources(desk.url, desk.alias) == given
    after = desk.state_of_index()
    added = {"affinity", "affinity_popularity", "affinity_popularity_recent"}
    assert {name: body for name, body in after["mappings"]["properties"].items() if name not in added} == (
        before["mappings"]["properties"]
    )
    assert added <= after["mappings"]["properties"].keys()
    assert {**after, "mappings": {}} == {**before, "mappings": {}}
    assert after["mappings"]["dynamic"] == "strict"


def test_a_whole_rewrite_by_others_keeps_the_keys_and_one_signals_run_repairs_popularity(desk: Desk) -> None:
    """Two indices behind one alias, one of them with a routing by brand."""
    second = f"{desk.alias}-v8"
    desk.create(desk.index)
    desk.create(second)
    load(desk.url, desk.index, range(200))
    load(desk.url, second, range(200, 400), "?routing=south")
    desk.adopt_dry()
    desk.affinity("adopt", "--apply")
    desk.affinity("items", "catalogue", "--from-index")
    desk.affinity("events", "ingest", str(write_events(desk, 400)))
    first = json.loads(desk.affinity("items", "signals", "--json").output)
    popular = {name for name, source in sources(desk.url, desk.alias).items() if "affinity_popularity" in source}
    assert first["written"] == len(popular)
    assert {int(name[1:]) // 200 for name in popular} == {0, 1}
    assert first["items"] == first["unchanged"] + first["written"] + first["absent"]

    load(desk.url, desk.index, range(200))
    load(desk.url, second, range(200, 400), "?routing=south")
    wiped = sources(desk.url, desk.alias)
    assert not any("affinity_popularity" in source for source in wiped.values())
    assert {name: source["affinity"] for name, source in wiped.items()} == {f"p{n}": keys_of(n) for n in range(400)}

    again = json.loads(desk.affinity("items", "signals", "--json").output)
    repaired = {name for name, source in sources(desk.url, desk.alias).items() if "affinity_popularity" in source}
    assert repaired == popular
    assert again["repaired"] == len(popular)
    assert request(desk.url, "POST", f"/{desk.alias}/_count")["count"] == 400


def test_an_interrupted_adoption_goes_on_where_it_stood(desk: Desk) -> None:
    desk.create(desk.index)
    load(desk.url, desk.index, range(ITEMS))
    desk.adopt_dry()
    engine, config = OpenSearchEngine(desk.url), desk.config

    def interrupt(_index: str, done: int, _total: int) -> None:
        if done >= 1_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adopt(engine, config, plan_adoption(engine, config), NOW, Pace(1e6, interrupt))
    assert plan_adoption(engine, config)[0].fields == {}
    request(desk.url, "POST", f"/{desk.index}/_refresh")
    lacking = plan_adoption(engine, config)[0].lacking
    assert 0 < lacking <= ITEMS - 1_000
    (done,) = adopt(engine, config, plan_adoption(engine, config), NOW, Pace(1e6, unmoved))
    assert (done.written, done.left) == (lacking, 0)
    (done,) = adopt(engine, config, plan_adoption(engine, config), NOW, Pace(1e6, unmoved))
    assert (done.written, done.left) == (0, 0)


def test_an_interrupted_leaving_goes_on_where_it_stood(desk: Desk) -> None:
    desk.create(desk.index)
    load(desk.url, desk.index, range(ITEMS))
    before = desk.state_of_index()
    desk.adopt_dry()
    desk.affinity("adopt", "--apply", "--per-second", "100000")
    engine, config = OpenSearchEngine(desk.url), desk.config

    def interrupt(_index: str, done: int, _total: int) -> None:
        if done >= 1_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave(engine, config, plan_leaving(engine, config), NOW, Pace(1e6, interrupt))
    assert desk.state_of_index()["settings"] == before["settings"]
    said = desk.affinity("adopt", "--leave", "--apply").output
    assert "somebody else" not in said
    assert not any("affinity" in source for source in sources(desk.url, desk.alias).values())
    assert desk.names() == []


def test_a_final_pipeline_that_others_set_since_stays(desk: Desk) -> None:
    desk.create(desk.index)
    load(desk.url, desk.index, range(20))
    desk.adopt_dry()
    desk.affinity("adopt", "--apply")
    theirs = f"{desk.prefix}theirs"
    request(desk.url, "PUT", f"/_ingest/pipeline/{theirs}", {"processors": []})
    request(desk.url, "PUT", f"/{desk.index}/_settings", {"index.final_pipeline": theirs})
    assert f"index.final_pipeline was set to {theirs} by somebody else since, and stays" in (
        desk.affinity("adopt", "--leave", "--apply").output
    )
    assert desk.state_of_index()["settings"]["index.final_pipeline"] == theirs
    assert desk.names() == []


def test_a_final_pipeline_of_others_still_runs_and_comes_back(desk: Desk) -> None:
    theirs = f"{desk.prefix}stamp"
    mark = {"processors": [{"set": {"field": "sku", "value": "stamped"}}]}
    request(desk.url, "PUT", f"/_ingest/pipeline/{theirs}", mark)
    desk.create(desk.index, final_pipeline=theirs)
    load(desk.url, desk.index, range(10))
    before = desk.state_of_index()
    assert f"which runs {theirs} first" in desk.adopt_dry()
    desk.affinity("adopt", "--apply")
    load(desk.url, desk.index, range(20))
    found = sources(desk.url, desk.alias)
    assert {source["sku"] for source in found.values()} == {"stamped"}
    assert {name: source["affinity"] for name, source in found.items()} == {f"p{n}": keys_of(n) for n in range(20)}
    desk.affinity("adopt", "--leave", "--apply")
    assert desk.state_of_index()["settings"] == before["settings"]
    assert desk.names() == []


@pytest.mark.parametrize(("version", "items"), [(1_772_000_000_000, 30), (9, 30)])
def test_an_index_whose_writer_gives_versions_is_refused_and_not_written(desk: Desk, version: int, items: int) -> None:
    desk.create(desk.index)
    for number in range(items):
        at = f"/{desk.index}/_doc/p{number}?version={version}&version_type=external"
        request(desk.url, "PUT", at, document(number))
    request(desk.url, "POST", f"/{desk.index}/_refresh")
    before = desk.state_of_index()
    output = desk.adopt_dry()
    assert "keys: keyword  # " in output
    assert "= nothing to add" in output
    desk.config_path.write_text(desk.config_path.read_text().replace("keys: keyword", "keys: numeric"))
    refused = desk.affinity("adopt", "--apply", code=2)
    assert "refuse the writer's next one: `items.keys: keyword`" in refused.output
    assert desk.state_of_index() == before
    for number in range(items):
        at = f"/{desk.index}/_doc/p{number}?version={version + 1}&version_type=external"
        request(desk.url, "PUT", at, document(number))


def test_one_index_takes_the_keys_of_one_deployment(desk: Desk) -> None:
    desk.create(desk.index)
    load(desk.url, desk.index, range(20))
    desk.adopt_dry()
    desk.affinity("adopt", "--apply")
    text = desk.config_path.read_text()
    desk.config_path.write_text(text.replace(f"prefix: {desk.prefix}x", f"prefix: {desk.prefix}y"))
    refused = desk.affinity("adopt", "--apply", code=2)
    assert f"expected none of another deployment, found {desk.prefix}x-item-keys" in refused.output
    desk.config_path.write_text(text)
    desk.affinity("adopt", "--leave", "--apply")


def test_leaving_gives_a_template_that_was_personalised_in_place_its_body_back(desk: Desk) -> None:
    desk.create(desk.index)
    load(desk.url, desk.index, range(50))
    desk.adopt_dry()
    desk.affinity("adopt", "--apply")
    theirs, body = f"/_scripts/{desk.prefix}theirs", '{"query": {"match": {"name": "{{q}}"}}}'
    request(desk.url, "PUT", theirs, {"script": {"lang": "mustache", "source": body}})
    desk.affinity("wrap", f"{desk.prefix}theirs", "--in-place", "--apply", "--yes")
    assert request(desk.url, "GET", theirs)["script"]["source"] != body
    shown = desk.affinity("adopt", "--leave", "--apply").output
    assert f"~ script   {desk.prefix}theirs: without what was put into it" in shown
    assert request(desk.url, "GET", theirs)["script"]["source"] == body
    assert desk.names() == []
    request(desk.url, "DELETE", theirs)


def test_two_environments_leave_one_after_the_other_and_touch_only_their_own(desk: Desk) -> None:
    other = Desk(desk.folder / "other", desk.url, f"{desk.prefix}b")
    other.folder.mkdir()
    for one in (desk, other):
        one.create(one.index)
        load(one.url, one.index, range(50))
        one.adopt_dry()
        one.affinity("adopt", "--apply")
    desk.affinity("adopt", "--leave", "--apply")
    assert desk.names() == []
    assert other.names() == [f"{other.prefix}x-item-keys", f"{other.prefix}x-ledger"]
    assert {name: source["affinity"] for name, source in sources(desk.url, other.alias).items()} == {
        f"p{n}": keys_of(n) for n in range(50)
    }
    assert not any("affinity" in source for source in sources(desk.url, desk.alias).values())


def test_an_attribute_that_comes_later_gets_its_keys_with_the_next_adopt(desk: Desk) -> None:
    desk.create(desk.index)
    load(desk.url, desk.index, range(50))
    desk.adopt_dry()
    desk.affinity("adopt", "--apply")
    text = desk.config_path.read_text().replace(
        "attributes:\n", "attributes:\n  price_class: {field: sale_price, levels: 1}\n"
    )
    desk.config_path.write_text(text)
    shown = desk.affinity("adopt").output
    assert '+ field    affinity.price_class  {"type": "long", "index": false}' in shown
    assert "~ items    50 lack keys" in shown
    desk.affinity("adopt", "--apply")
    found = sources(desk.url, desk.alias)
    assert {name: source["affinity"]["price_class"] for name, source in found.items()} == {
        f"p{n}": [affinity_key(f"{20 + n % 80}")] for n in range(50)
    }
    desk.affinity("adopt", "--leave", "--apply")
    assert not any("affinity" in source for source in sources(desk.url, desk.alias).values())


def test_an_index_is_adopted_and_left_as_often_as_its_owners_like(desk: Desk) -> None:
    """The mapping fields of the first time are still there the second time: their values go again all the same."""
    desk.create(desk.index)
    load(desk.url, desk.index, range(50))
    desk.adopt_dry()
    before = sources(desk.url, desk.alias)
    for _ in range(2):
        desk.affinity("adopt", "--apply")
        assert sources(desk.url, desk.alias)["p7"]["affinity"] == keys_of(7)
        desk.affinity("adopt", "--leave", "--apply")
        assert sources(desk.url, desk.alias) == before


def test_an_object_of_the_same_name_stays_its_owners(desk: Desk) -> None:
    desk.create(desk.index)
    own = {"affinity": {"properties": {"score": {"type": "integer"}}}}
    request(desk.url, "PUT", f"/{desk.index}/_mapping", {"properties": own})
    load(desk.url, desk.index, range(5))
    desk.adopt_dry()
    said = desk.affinity("adopt", "--apply", code=2).output
    assert f"{desk.index}: affinity.score: expected nothing, found integer of others" in said
    assert desk.names() == []


def test_what_cannot_be_adopted_is_said_with_the_way_out(desk: Desk) -> None:
    def refused(code: int, *words: str) -> str:
        return desk.affinity("adopt", *words, "--url", desk.url, code=code).output

    assert "expected an index or an alias, found none" in refused(5, f"{desk.prefix}none")
    assert "INDEX: expected the name of one index or alias, got 'goods-*'" in refused(2, "goods-*")
    assert "INDEX: expected the index or alias to adopt, got none" in refused(2)
    desk.create(desk.index)
    request(desk.url, "POST", f"/{desk.index}/_close")
    assert f"found {desk.index} closed: open them first" in refused(2, desk.alias)
    request(desk.url, "POST", f"/{desk.index}/_open?wait_for_active_shards=all")
    desk.adopt_dry()
    said = refused(2, f"{desk.alias}2", "--apply")
    assert f"items.index: expected {desk.alias}2, which is to be adopted, got {desk.alias}" in said
    assert "nothing to leave: no index is adopted, and nothing is deployed" in desk.affinity("adopt", "--leave").output
