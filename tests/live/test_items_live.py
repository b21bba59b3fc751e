"""Items, their signals and the key pipeline on a real engine."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from duckdb import DuckDBPyConnection

from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.deploy.items import load_items
from affinity_search.engine.aliases import resolve_alias
from affinity_search.engine.bulk import write_bulk
from affinity_search.engine.indices import create_index, indices_behind, is_index_of, new_index_name
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.engine.protocol import path
from affinity_search.errors import ConfigError, DataError, EngineFailed, EngineUnavailable, MissingResource
from affinity_search.items.document import item_document
from affinity_search.items.item import parse_item
from affinity_search.items.losses import LostField
from affinity_search.items.mapping import index_body
from affinity_search.items.pipeline import item_keys_pipeline
from affinity_search.offline.changes import changed
from affinity_search.publish.popularity import SignalReport, refresh_signals
from affinity_search.state import open_state
from affinity_search.state.catalogue import Coverage
from affinity_search.state.known import KnownItems
from affinity_search.surfaces.search import popularity_query

CONFIG = """
engine: {{url: "{url}", prefix: "{prefix}"}}
items: {{index: "{prefix}-products", text_fields: {{title: 2, text: 1, subtitle: 1}}}}
events: {{types: {{purchase: {{weight: 1}}, view: {{weight: 0.25}}}}}}
popularity: {{recent_days: 10}}
attributes:
  brand: {{field: attrs.brand}}
  colour: {{field: attrs.colour, multi_valued: true, levels: 3}}
  maker: {{field: maker.name}}
"""
Record = Mapping[str, Any]


@dataclass
class Desk:
    """One shop's folder, state and engine."""

    folder: Path
    config: Config
    engine: OpenSearchEngine
    state: DuckDBPyConnection

    @property
    def alias(self) -> str:
        return self.config.items.index

    def write(self, *records: Record | str) -> Path:
        path = self.folder / "items.jsonl"
        lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def documents(self) -> dict[str, Any]:
        answer = self.engine.call("POST", f"/{self.alias}/_search", {"size": 10_000})
        return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}

    def found(self, query: Record) -> list[str]:
        answer = self.engine.call("POST", f"/{self.alias}/_search", {"query": query})
        return [hit["_id"] for hit in answer["hits"]["hits"]]

    def indices(self) -> list[str]:
        return sorted(self.engine.call("GET", f"/{self.alias}*", params={"filter_path": "*.settings.index.uuid"}))


@pytest.fixture
def desk(engine_url: str, prefix: str, tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "affinity.yaml").write_text(CONFIG.format(url=engine_url, prefix=prefix))
    config = load_config(tmp_path / "affinity.yaml")
    engine = OpenSearchEngine(engine_url)
    with open_state(config.state.path) as state:
        yield Desk(tmp_path, config, engine, state)


A = {
    "id": "a",
    "title": "Blue mugs",
    "subtitle": "handmade",
    "attrs": {"brand": "acme", "colour": ["blue", "white"]},
    "price": 3.5,
}
B = {"id": "b/ü", "title": "Red mug", "text": "for tea", "attrs": {"brand": "Zoë"}, "maker": {"name": "Zoë"}}


def test_load_reports_every_line_and_makes_them_searchable(desk: Desk) -> None:
    source = desk.write("{broken", {"id": "a", "title": "older"}, A, B, {"id": "", "title": "none"})
    report = load_items(desk.engine, desk.state, source, desk.config)
    assert (report.read, report.loaded, report.replaced, report.quarantined, report.refused) == (5, 2, 1, 2, 0)
    assert report.coverage == {"brand": Coverage(2, 0), "colour": Coverage(1, 1), "maker": Coverage(1, 0)}
    assert report.quarantine is not None
    assert [json.loads(line) for line in report.quarantine.read_text().splitlines()] == [
        {
            "line": 1,
            "reason": "expected JSON, got expecting property name enclosed in double quotes at character 2",
            "text": "{broken",
        },
        {"line": 5, "reason": "id: expected a value, got none", "text": '{"id": "", "title": "none"}'},
    ]
    assert desk.documents() == {record["id"]: item_document(parse_item(record), desk.config) for record in (A, B)}
    assert desk.indices() == resolve_alias(desk.engine, desk.alias) == [report.index]
    assert is_index_of(desk.alias, report.index)
    settings = desk.engine.call("GET", f"/{desk.alias}/_settings")[report.index]["settings"]["index"]
    assert "refresh_interval" not in settings
    assert desk.state.execute("SELECT * FROM items ORDER BY id").fetchall() == [("a", "Blue mugs"), ("b/ü", "Red mug")]


def test_what_templates_rely_on_works(desk: Desk) -> None:
    desk.state.execute("INSERT INTO buckets VALUES ('u', 'a', 'purchase', 100, 3), ('u', 'a', 'view', 80, 1)")
    load_items(desk.engine, desk.state, desk.write(A, B), desk.config)
    text = {"query": "mug", "fields": ["title^2", "text", "subtitle"], "operator": "and"}
    assert desk.found({"combined_fields": text}) == ["b/ü"]
    assert desk.found({"combined_fields": {**text, "query": "tea mug"}}) == ["b/ü"]
    keys = item_document(parse_item(A), desk.config)["affinity"]
    assert desk.found({"terms": {"affinity.brand": keys["brand"]}}) == ["a"]
    assert desk.found({"terms": {"affinity.colour": keys["colour"][1:]}}) == ["a"]
    assert desk.found({"terms": {"affinity.item": keys["item"]}}) == ["a"]
    assert len(desk.found({"terms": {"affinity_gate": ["on"]}})) == 2
    assert desk.found({"terms": {"affinity_gate": ["off"]}}) == []
    for feature in ("popularity", "popularity_recent"):
        assert desk.found({"rank_feature": {"field": feature, "log": {"scaling_factor": 1}}}) == ["a"]
    assert desk.found({"term": {"attrs.brand": "Zoë"}}) == desk.found({"term": {"maker.name": "Zoë"}}) == ["b/ü"]
    assert desk.found({"range": {"price": {"lte": 3.5}}}) == ["a"]
    fields = desk.engine.call("GET", f"/{desk.alias}/_field_caps", params={"fields": "affinity.*"})["fields"]
    assert fields["affinity.brand"]["long"]["aggregatable"]
    mapping = next(iter(desk.engine.call("GET", f"/{desk.alias}/_mapping").values()))["mappings"]["properties"]
    assert mapping["affinity"]["properties"]["brand"] == {"type": "long", "index": False}
    assert mapping["attrs"]["properties"]["colour"] == {
        "type": "keyword",
        "ignore_above": 8191,
        "fields": {"number": {"type": "double", "ignore_malformed": True}},
    }


def test_searches_see_the_old_items_or_the_new_while_they_are_replaced(desk: Desk) -> None:
    def catalogue(version: str) -> Path:
        return desk.write(*({"id": str(n), "attrs": {"brand": version}} for n in range(400)))

    load_items(desk.engine, desk.state, catalogue("v0"), desk.config)
    body = {"size": 0, "track_total_hits": True, "aggs": {"v": {"terms": {"field": "attrs.brand"}}}}
    seen: list[tuple[int, tuple[str, ...]]] = []
    failures: list[Exception] = []
    done = threading.Event()

    def search() -> None:
        engine = OpenSearchEngine(desk.engine.url)
        while not done.is_set():
            try:
                answer = engine.call("POST", f"/{desk.alias}/_search", body, {"request_cache": "false"})
            except Exception as error:
                failures.append(error)
                return
            versions = tuple(bucket["key"] for bucket in answer["aggregations"]["v"]["buckets"])
            seen.append((answer["hits"]["total"]["value"], versions))

    searcher = threading.Thread(target=search)
    searcher.start()
    try:
        for version in ("v1", "v2", "v3"):
            load_items(desk.engine, desk.state, catalogue(version), desk.config)
    finally:
        done.set()
        searcher.join()
    assert failures == []
    assert set(seen) <= {(400, (version,)) for version in ("v0", "v1", "v2", "v3")}
    assert len(set(seen)) > 1
    assert seen == sorted(seen)
    assert len(desk.indices()) == 1


def test_a_load_that_would_lose_much_changes_nothing_unless_accepted(desk: Desk) -> None:
    before = load_items(desk.engine, desk.state, desk.write(*({"id": str(n)} for n in range(20))), desk.config)
    broken = desk.write(*({"id": str(n)} for n in range(17)), "{", "{", "{")
    with pytest.raises(DataError, match="expected at least 90 % of 20 lines to be items, 3 are none"):
        load_items(desk.engine, desk.state, broken, desk.config)
    short = desk.write(*({"id": str(n)} for n in range(13)))
    with pytest.raises(DataError, match="expected at least 70 % of the 20 items in use, got 13"):
        load_items(desk.engine, desk.state, short, desk.config)
    assert desk.indices() == [before.index]
    refused = run_closed(desk, "items", "load", str(short))
    assert (refused.exit_code, "--accept-loss" in refused.stderr) == (6, True)
    assert run_closed(desk, "items", "load", str(short), "--accept-loss").exit_code == 0
    assert len(desk.documents()) == 13


def test_a_price_that_cannot_be_read_is_lost_and_said(desk: Desk) -> None:
    desk.state.execute("INSERT INTO buckets VALUES ('u', 'a', 'purchase', 80, 3), ('u', 'gone', 'purchase', 80, 1)")
    source = desk.write(*({"id": f"i{n}", "price": f"{n},50"} for n in range(5)), {"id": "a", "price": "1.50"})
    report = load_items(desk.engine, desk.state, source, desk.config)
    plain = "expected a plain number such as 1299.00 (`items.source.fields.price` says how others are written), got"
    examples = tuple(f"line {n + 1}: {plain} '{n},50'" for n in range(3))
    assert (report.loaded, report.lost) == (6, {"price": LostField(5, examples)})
    assert report.known == KnownItems(4, 3, True)
    assert {doc for doc, source in desk.documents().items() if "price" in source} == {"a"}
    said = run_closed(desk, "items", "load", str(source))
    assert said.stderr.startswith(f"warning: price: 5 items lose it: line 1: {plain} '0,50'; line 2")
    assert "events held: the item of 3 of 4 events is known (75.0%)" in said.stdout


@pytest.mark.parametrize("records", [(), ("", "  "), ("{", {"title": "no id"})])
def test_a_file_without_items_changes_nothing(desk: Desk, records: tuple[Record | str, ...]) -> None:
    before = load_items(desk.engine, desk.state, desk.write(A), desk.config)
    with pytest.raises(DataError, match=r"expected (items|a path that the records have), got"):
        load_items(desk.engine, desk.state, desk.write(*records), desk.config)
    assert desk.indices() == [before.index]
    assert list(desk.documents()) == ["a"]


def test_an_item_keeps_the_rest_where_others_have_a_number(desk: Desk) -> None:
    records: list[Record] = [{"id": "a", "rating": 4}, {"id": "b", "rating": 4.5}]
    odd: list[Record] = [{"id": "c", "rating": "N/A", "title": "Vase"}, {"id": "d", "rating": {"mean": 3}}]
    report = load_items(desk.engine, desk.state, desk.write(*records, *odd), desk.config)
    assert (report.loaded, report.refused) == (4, 0)
    body = {"query": {"match_all": {}}, "sort": [{"rating": "desc"}, {"_doc": "asc"}]}
    hits = desk.engine.call("POST", path(desk.alias, "_search"), body)["hits"]["hits"]
    assert [hit["_id"] for hit in hits] == ["b", "a", "c", "d"]
    assert hits[2]["_source"]["rating"] == "N/A"


def test_up_to_one_refused_item_in_a_hundred_is_reported_and_more_stop_the_load(desk: Desk) -> None:
    # The first value says that `stock` holds text; an object is then refused.
    good = [{"id": str(n), "stock": f"{n} or more"} for n in range(99)]
    bad = [{"id": f"bad{n}", "stock": {"number": n}} for n in range(2)]
    report = load_items(desk.engine, desk.state, desk.write(*good, bad[0]), desk.config)
    assert (report.read, report.loaded, report.refused) == (100, 99, 1)
    assert [(r.id, r.status) for r in report.refusals] == [("bad0", 400)]
    assert "failed to parse field [stock] of type [keyword]" in report.refusals[0].reason
    with pytest.raises(DataError, match="it refused 2, first 'bad0': failed to parse field"):
        load_items(desk.engine, desk.state, desk.write(*good, *bad), desk.config)
    assert desk.indices() == [report.index]
    assert desk.state.execute("SELECT count(*) FROM items").fetchall() == [(100,)]


def test_an_index_in_the_place_of_the_alias_is_left_alone(desk: Desk) -> None:
    create_index(desk.engine, desk.alias, {})
    with pytest.raises(ConfigError, match="expected an alias or nothing, got an index of that name"):
        load_items(desk.engine, desk.state, desk.write(A), desk.config)
    assert desk.indices() == [desk.alias]


def test_only_what_this_state_left_behind_is_removed(desk: Desk) -> None:
    load_items(desk.engine, desk.state, desk.write(A), desk.config)
    state_id = desk.state.execute("SELECT value FROM meta WHERE key = 'id'").fetchall()[0][0]
    year = datetime(2001, 1, 1, tzinfo=UTC)
    mine, elsewhere, nobodys = (new_index_name(desk.alias, year.replace(day=day)) for day in (1, 2, 3))
    for index, owner in ((mine, state_id), (elsewhere, "another"), (f"{desk.alias}-archive", state_id)):
        create_index(desk.engine, index, {"mappings": {"_meta": {"affinity_search": {"state": owner}}}})
    create_index(desk.engine, nobodys, {})
    report = load_items(desk.engine, desk.state, desk.write(B), desk.config)
    assert desk.indices() == sorted([elsewhere, nobodys, f"{desk.alias}-archive", report.index])


def numbers(desk: Desk) -> dict[str, tuple[object, object]]:
    return {doc: (s.get("popularity"), s.get("popularity_recent")) for doc, s in desk.documents().items()}


def test_signals_write_only_what_changed(desk: Desk) -> None:
    state, engine, config = desk.state, desk.engine, desk.config
    state.execute("INSERT INTO buckets VALUES ('u', 'a', 'purchase', 80, 3), ('u', 'gone', 'purchase', 80, 1)")
    load_items(engine, state, desk.write(A, B, {"id": "c"}), config)
    assert numbers(desk) == {"a": (3.0, 3.0), "b/ü": (None, None), "c": (None, None)}
    assert refresh_signals(engine, state, config) == SignalReport(80, 2, 1, 0, 1, (), compared=3)
    assert refresh_signals(engine, state, config) == SignalReport(80, 2, 2, 0, 0, ())
    state.execute("INSERT INTO buckets VALUES ('u', 'b/ü', 'view', 95, 2)")
    assert refresh_signals(engine, state, config) == SignalReport(95, 3, 0, 2, 1, ())
    assert numbers(desk) == {"a": (3.0, None), "b/ü": (0.5, 0.5), "c": (None, None)}
    recent = {"rank_feature": {"field": "popularity_recent", "log": {"scaling_factor": 1}}}
    assert desk.found(recent) == ["b/ü"]
    assert refresh_signals(engine, state, config, 89) == SignalReport(89, 3, 0, 2, 1, (), compared=2)
    assert numbers(desk) == {"a": (3.0, 3.0), "b/ü": (None, None), "c": (None, None)}
    assert desk.found(recent) == ["a"]


def test_newness_is_written_where_it_has_a_weight_and_taken_out_where_it_has_none(desk: Desk) -> None:
    state, engine = desk.state, desk.engine
    new = changed(desk.config, {"popularity.newness.weight": 2.0, "popularity.newness.half_life_days": 10.0})
    state.execute("INSERT INTO buckets VALUES ('u', 'a', 'purchase', 80, 3), ('u', 'b/ü', 'purchase', 90, 1)")
    load_items(engine, state, desk.write(A, B, {"id": "c"}), desk.config)

    def held() -> dict[str, object]:
        return {doc: source.get("popularity_newness") for doc, source in desk.documents().items()}

    assert held() == {"a": None, "b/ü": None, "c": None}
    assert refresh_signals(engine, state, new).written == 2
    assert held() == {"a": 0.5, "b/ü": 1.0, "c": None}
    assert desk.found(popularity_query(new.popularity)[-1]) == ["b/ü", "a"]
    assert refresh_signals(engine, state, new).unchanged == 2
    state.execute("INSERT INTO buckets VALUES ('u', 'gone', 'purchase', 100, 1)")
    refresh_signals(engine, state, new)
    assert held() == {"a": 0.25, "b/ü": 0.5, "c": None}
    put(desk, "a", {"title": "by another job"})
    assert refresh_signals(engine, state, new).repaired == 1
    assert held()["a"] == 0.25
    put(desk, "c", {"popularity_newness": 0.75})  # of others, on an item that nobody bought
    assert refresh_signals(engine, state, desk.config).written == 2
    assert held() == {"a": None, "b/ü": None, "c": 0.75}
    put(desk, "a", {"title": "by another job", "popularity_newness": 0.75})  # of others, while ours is off
    refresh_signals(engine, state, desk.config)
    assert held()["a"] == 0.75


def test_signals_start_afresh_where_another_index_is_behind_the_alias(desk: Desk) -> None:
    desk.state.execute("INSERT INTO buckets VALUES ('u', 'a', 'purchase', 80, 3)")
    load_items(desk.engine, desk.state, desk.write(A), desk.config)
    with open_state(desk.folder / "other" / "state.duckdb") as other:
        load_items(desk.engine, other, desk.write(A), desk.config)
    assert numbers(desk) == {"a": (None, None)}
    report = refresh_signals(desk.engine, desk.state, desk.config)
    assert (report.items, report.written, report.compared) == (1, 1, 1)
    assert report.warnings == (
        f"{desk.alias} was loaded from another state file: its popularity counts the events of this one now. "
        "Run `affinity items load` and `affinity items signals` with one state file",
    )
    assert numbers(desk) == {"a": (3.0, 3.0)}


def test_signals_need_an_index(desk: Desk) -> None:
    with pytest.raises(MissingResource, match="expected the item index, found none"):
        refresh_signals(desk.engine, desk.state, desk.config)
    assert desk.indices() == []


FOREIGN: tuple[tuple[str, Record], ...] = (
    ("plain", {"attrs": {"brand": "acme", "colour": ["blue", "white", "blue"]}, "maker": {"name": "M"}}),
    ("ünï-😀", {"attrs": {"brand": "Zoë 😀 \u0000 \uffff", "colour": ["", None, "日本語"]}}),
    ("numbers", {"attrs": {"brand": [1, 1.0, -0.0, 0.1, 1e22, 1e-7, 12345678.9, 2**40, -3, 1.5e300, 2.5e-310]}}),
    ("booleans", {"attrs": {"brand": [True, False]}, "maker": [{"name": "x"}, {"name": ["y", 2]}, 5]}),
    ("nothing", {"title": "no attributes"}),
    ("empty", {"attrs": {}, "maker": {}}),
    ("null", {"attrs": None, "maker": {"name": None}}),
    ("objects", {"maker": {"name": {"first": "x"}}}),
    ("dotted", {"maker.name": "literal", "attrs": {"brand": "a|b"}}),
)


def test_the_pipeline_gives_the_keys_that_python_gives(desk: Desk) -> None:
    pipeline = f"/_ingest/pipeline/{desk.config.engine.prefix}-item-keys"
    desk.engine.call("PUT", pipeline, item_keys_pipeline(desk.config))
    try:
        docs = [{"_id": doc, "_source": record} for doc, record in FOREIGN]
        simulated = desk.engine.call("POST", f"{pipeline}/_simulate", {"docs": docs})["docs"]
        create_index(desk.engine, f"{desk.alias}-1", index_body(desk.config))
        body = "".join(
            f"{json.dumps({'index': {'_id': doc}})}\n{json.dumps({'attrs': record.get('attrs')})}\n"
            for doc, record in FOREIGN
        )
        params = {"pipeline": f"{desk.config.engine.prefix}-item-keys", "refresh": "true"}
        assert not desk.engine.call("POST", f"/{desk.alias}-1/_bulk", body, params)["errors"]
    finally:
        desk.engine.call("DELETE", pipeline)
    for (doc, record), answer in zip(FOREIGN, simulated, strict=True):
        expected = item_document(parse_item({"id": doc, **record}), desk.config)["affinity"]
        found = answer["doc"]["_source"]["affinity"]
        assert {name: sorted(keys) for name, keys in expected.items()} == found
        indexed = {"terms": {"affinity.brand": expected.get("brand", [])}}
        hits = desk.engine.call("POST", f"/{desk.alias}-1/_search", {"query": indexed})["hits"]["hits"]
        assert (doc in {hit["_id"] for hit in hits}) == ("brand" in expected)


def run_closed(desk: Desk, *arguments: str) -> Any:
    desk.state.close()
    return run(desk, *arguments)


def run(desk: Desk, *arguments: str) -> Any:
    return CliRunner().invoke(main, [*arguments, "-c", str(desk.folder / "affinity.yaml")])


def test_command_line(desk: Desk) -> None:
    desk.state.execute("INSERT INTO buckets VALUES ('u', 'a', 'purchase', 80, 3)")
    desk.state.close()
    source = desk.folder / "items.jsonl.gz"
    source.write_bytes(gzip.compress(desk.write(A, A, B, "{").read_bytes()))
    loaded = run(desk, "items", "load", str(source), "--json")
    assert loaded.exit_code == 0
    report = json.loads(loaded.stdout)
    assert (report["read"], report["loaded"], report["replaced"], report["quarantined"]) == (4, 2, 1, 1)
    assert report["coverage"]["colour"] == {"items": 1, "several": 1}
    assert Path(report["quarantine"]).parent == desk.folder / ".affinity" / "quarantine"
    text = run(desk, "items", "load", str(source)).stdout.splitlines()
    assert text[0] == "read 4 = loaded 2 + replaced 1 + quarantined 1 + refused 0"
    assert text[1] == f"quarantined lines: {report['quarantine']}"
    assert text[2:5] == [
        "brand: 2 items have a value",
        "colour: 1 items have a value, 1 of them with several",
        "maker: 1 items have a value",
    ]
    assert text[5] == "events held: the item of 3 of 3 events is known (100.0%)"
    assert text[6] == f"{desk.alias} -> {resolve_alias(desk.engine, desk.alias)[0]}"
    assert (
        run(desk, "items", "signals").stdout
        == "1 items = unchanged 1 + written 0 + absent 0 + conflicts 0 + refused 0\n"
    )
    earlier = run(desk, "items", "signals", "--as-of", "1970-03-01", "--json")
    assert json.loads(earlier.stdout) == {
        "as_of_day": 59,
        "items": 1,
        "unchanged": 0,
        "written": 1,
        "absent": 0,
        "refused": [],
        "conflicts": 0,
        "compared": 0,
        "repaired": 0,
        "warnings": [],
    }


def test_errors_have_their_exit_codes(desk: Desk) -> None:
    desk.state.close()
    missing = run(desk, "items", "load", str(desk.folder / "none.jsonl"))
    assert missing.exit_code == DataError.exit_code
    assert missing.stderr == f"error: {desk.folder}/none.jsonl: expected a file, found none\n"
    nothing = run(desk, "items", "signals")
    assert nothing.exit_code == MissingResource.exit_code
    assert "Load the items first: affinity items load FILE" in nothing.stderr
    config = (desk.folder / "affinity.yaml").read_text().replace(desk.engine.url, "http://127.0.0.1:9")
    (desk.folder / "affinity.yaml").write_text(config)
    down = run(desk, "items", "load", str(desk.write(A)))
    assert down.exit_code == EngineUnavailable.exit_code
    assert down.stderr.startswith("error: http://127.0.0.1:9: GET ")
    assert indices_behind(desk.engine, desk.alias) == []


@pytest.fixture
def sold(desk: Desk) -> Desk:
    """Items a, b/ü and c with popularity 3, 2 and 0, in a new index with its signals seen."""
    desk.state.execute("INSERT INTO buckets VALUES ('u', 'a', 'purchase', 80, 3), ('u', 'b/ü', 'purchase', 80, 2)")
    load_items(desk.engine, desk.state, desk.write(A, B, {"id": "c"}), desk.config)
    refresh_signals(desk.engine, desk.state, desk.config)
    return desk


SOLD = {"a": (3.0, 3.0), "b/ü": (2.0, 2.0), "c": (None, None)}


def put(desk: Desk, doc: str, body: Record) -> None:
    desk.engine.call("PUT", path(desk.alias, "_doc", doc), body, {"refresh": "true"})


@pytest.mark.parametrize(
    "body", [{"title": "by another job"}, {"popularity": 9}, {"popularity": 3, "popularity_recent": 1.5}]
)
def test_an_item_that_another_writer_wrote_gets_its_popularity_back(sold: Desk, body: Record) -> None:
    put(sold, "a", body)
    report = refresh_signals(sold.engine, sold.state, sold.config)
    assert report == SignalReport(80, 2, 1, 1, 0, (), compared=1, repaired=1)
    assert numbers(sold) == SOLD
    # What was written now is read once more, for others may have written it since; then nothing is left to read.
    assert refresh_signals(sold.engine, sold.state, sold.config) == SignalReport(80, 2, 2, 0, 0, (), compared=1)
    assert refresh_signals(sold.engine, sold.state, sold.config) == SignalReport(80, 2, 2, 0, 0, ())


def test_every_item_written_by_others_is_repaired(sold: Desk) -> None:
    sold.engine.call(
        "POST",
        path(sold.alias, "_update_by_query"),
        {"script": {"source": "ctx._source.remove('popularity'); ctx._source.remove('popularity_recent')"}},
        {"refresh": "true"},
    )
    assert refresh_signals(sold.engine, sold.state, sold.config).repaired == 2
    assert numbers(sold) == SOLD


def test_an_item_that_comes_later_gets_the_popularity_it_has_already(sold: Desk) -> None:
    sold.state.execute("INSERT INTO buckets VALUES ('u', 'late', 'purchase', 80, 5)")
    assert refresh_signals(sold.engine, sold.state, sold.config).absent == 1
    assert refresh_signals(sold.engine, sold.state, sold.config).absent == 0
    put(sold, "late", {"title": "came later"})
    assert refresh_signals(sold.engine, sold.state, sold.config).written == 1
    assert numbers(sold) == {**SOLD, "late": (5.0, 5.0)}


def test_a_popularity_of_others_on_items_that_nobody_bought_is_left_alone(sold: Desk) -> None:
    put(sold, "c", {"popularity": 7})
    assert refresh_signals(sold.engine, sold.state, sold.config).written == 0
    assert refresh_signals(sold.engine, sold.state, sold.config, mode="force").written == 2
    assert numbers(sold)["c"] == (7, None)


def test_an_index_made_again_under_the_same_name_is_another_one(sold: Desk) -> None:
    (index,) = indices_behind(sold.engine, sold.alias)
    sold.engine.call("DELETE", path(index))
    create_index(sold.engine, index, {**index_body(sold.config), "aliases": {sold.alias: {}}})
    put(sold, "a", {"title": "again"})
    report = refresh_signals(sold.engine, sold.state, sold.config)
    assert (report.written, report.absent, report.compared) == (1, 1, 1)
    assert numbers(sold) == {"a": (3.0, 3.0)}


def test_verify_reads_every_item_and_force_writes_every_number(sold: Desk) -> None:
    sold.state.execute("UPDATE item_signals SET popularity = 1 WHERE item = 'b/ü'")
    verified = refresh_signals(sold.engine, sold.state, sold.config, mode="verify")
    assert verified == SignalReport(80, 2, 2, 0, 0, (), compared=3, repaired=1)
    forced = refresh_signals(sold.engine, sold.state, sold.config, mode="force")
    assert forced == SignalReport(80, 2, 0, 2, 0, (), compared=3)
    assert numbers(sold) == SOLD


def test_several_shards_are_read_each_from_its_own_position(desk: Desk) -> None:
    body = index_body(desk.config)
    settings = {**body["settings"], "number_of_shards": 3}
    create_index(desk.engine, f"{desk.alias}-own", {**body, "settings": settings, "aliases": {desk.alias: {}}})
    for number in range(40):
        desk.state.execute("INSERT INTO buckets VALUES ('u', ?, 'purchase', 80, ?)", [f"i{number}", number + 1])
        put(desk, f"i{number}", {"title": str(number)})
    assert refresh_signals(desk.engine, desk.state, desk.config).written == 40
    refresh_signals(desk.engine, desk.state, desk.config)
    before = numbers(desk)
    for number in (3, 8, 21, 22):
        put(desk, f"i{number}", {"title": "new"})
    report = refresh_signals(desk.engine, desk.state, desk.config)
    assert (report.compared, report.repaired, report.written) == (4, 4, 4)
    assert numbers(desk) == before


class Racing:
    """An engine in which another writer writes the item `a` again and again between the engine's read and write."""

    def __init__(self, engine: OpenSearchEngine) -> None:
        self.engine, self.url, self.conflicts = engine, engine.url, 1

    def info(self) -> Any:
        return self.engine.info()

    def call(self, method: str, path: str, body: object = None, params: Record | None = None) -> Any:
        answer = self.engine.call(method, path, body, params)
        if path == "/_bulk" and self.conflicts:
            self.conflicts -= 1
            error = {"type": "version_conflict_engine_exception", "reason": "[a]: version conflict"}
            answer["items"][0]["update"] = {"status": 409, "error": error}
        return answer


def test_a_conflict_is_counted_apart_and_tried_again_the_next_time(sold: Desk) -> None:
    sold.state.execute("INSERT INTO buckets VALUES ('u', 'a', 'purchase', 80, 1), ('u', 'b/ü', 'purchase', 80, 1)")
    report = refresh_signals(Racing(sold.engine), sold.state, sold.config)
    assert report == SignalReport(80, 2, 0, 1, 0, (), conflicts=1)
    parts = report.unchanged, report.written, report.absent, report.conflicts, len(report.refused)
    assert report.items == sum(parts)
    assert refresh_signals(sold.engine, sold.state, sold.config).items == 2
    assert numbers(sold) == {"a": (4.0, 4.0), "b/ü": (3.0, 3.0), "c": (None, None)}


def test_an_index_that_the_engine_made_by_itself_takes_nobodys_place(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_items(desk.engine, desk.state, desk.write(A), desk.config).index

    def delete_before(engine: Any, actions: Any, **options: Any) -> Any:
        for index in desk.indices():
            if index != first:
                engine.call("DELETE", path(index))
        return write_bulk(engine, actions, **options)

    monkeypatch.setattr("affinity_search.deploy.items.write_bulk", delete_before)
    with pytest.raises(EngineFailed, match="expected the index as it was made, found one without its mapping"):
        load_items(desk.engine, desk.state, desk.write(A, B), desk.config)
    assert desk.indices() == indices_behind(desk.engine, desk.alias) == [first]
