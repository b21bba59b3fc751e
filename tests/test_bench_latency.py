"""The parts of the latency benchmark that need no engine: what it makes up, how it ranks, counts and tells."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.errors import EngineFailed
from affinity_search.items.item import Item
from affinity_search.items.keys import affinity_key
from affinity_search.lookups.clauses import lookups
from affinity_search.lookups.coding import codings, decode
from benchmarks.latency import __main__ as command
from benchmarks.latency.catalogue import VALUES, Listed, catalogue, query_candidates, zipf_draw
from benchmarks.latency.connection import Request
from benchmarks.latency.lineup import configs, lineup, only_engine
from benchmarks.latency.load import percentile
from benchmarks.latency.report import aims, result_rows
from benchmarks.latency.rivals import QUERY, AppBest, AppNaive
from benchmarks.latency.settings import ATTRIBUTES, bench_config, fresh_config
from benchmarks.latency.shapes import InEngine, Shape
from benchmarks.latency.shoppers import Crowd, app_document, crowds, lift_steps, profile_actions, tastes
from benchmarks.latency.tables import markdown
from benchmarks.latency.wrk import parse_rate

HEAVY = Crowd("heavy", 16, 3)
PRODUCTS = "/affinity-bench-products"
NO_CACHE = "request_cache=false"


# --- the shop


def test_the_first_item_is_the_same_in_every_run() -> None:
    attrs = {
        "brand": ("kupo",),
        "category": ("falokifu",),
        "collection": ("puzimu",),
        "maker": ("rularu",),
        "theme": ("zizulu",),
    }
    fields = {
        "sku": "p000000",
        "title": "takuka tagidu lododo",
        "text": "molenigu kiko tebo rilakoko leku vumokana lafanu gikomo remokena nazifu",
    }
    assert next(catalogue(5).items()) == Listed(
        Item("p000000", "takuka tagidu lododo", attrs, 87.09, fields), popularity=203, recent=16
    )


def test_a_larger_shop_begins_with_the_items_of_a_smaller_one() -> None:
    small, large = list(catalogue(20).items()), list(catalogue(30).items())
    assert (len(large), large[:20]) == (30, small)
    assert len({listed.item.id for listed in large}) == 30


def test_words_and_values_are_different_and_left_alone_by_an_english_stemmer() -> None:
    shop = catalogue(0)
    assert len(shop.words) == len(set(shop.words)) == 20_000
    assert {name: len(set(values)) for name, values in shop.values.items()} == VALUES
    assert all(re.fullmatch(r"([bdfgklmnprtvz][aeiou]){1,3}[bdfgklmnprtvz][aou]", word) for word in shop.words)


def test_frequent_words_are_drawn_as_often_as_zipfs_law_has_it() -> None:
    words = [str(rank) for rank in range(1, 1001)]
    drawn = zipf_draw(random.Random(7), words, 100_000)
    assert drawn.count("1") / drawn.count("10") == pytest.approx(10**0.9, rel=0.1)


def test_queries() -> None:
    shop = catalogue(0)
    found = query_candidates(shop, 60)
    assert found[:6] == ["ruma", "gezofavo", "fatageza", "vumokana", "bukopa", "rarerinu riro"]
    assert (len(set(found)), query_candidates(shop, 60)) == (60, found)
    assert {word for query in found if " " in query for word in query.split()} <= set(shop.words[:100])


# --- the shoppers


def test_crowds() -> None:
    found = [(crowd.profile, crowd.lookups, crowd.count) for crowd in crowds(10)]
    assert found == [
        ("mid", 12, 5), ("mid", 16, 10), ("mid", 24, 5), ("heavy", 12, 5), ("heavy", 16, 10), ("heavy", 24, 5),
    ]  # fmt: skip
    assert [HEAVY.shopper(number) for number in (0, 2, 3)] == ["heavy-16-0", "heavy-16-2", "heavy-16-0"]


@pytest.mark.parametrize(("profile", "entries"), [("mid", 150), ("heavy", 600)])
@pytest.mark.parametrize("lookup_count", [12, 16, 24])
def test_a_profile_has_as_many_entries_as_its_kind_says(profile: str, entries: int, lookup_count: int) -> None:
    crowd = Crowd(profile, lookup_count, 1)
    found = tastes(catalogue(1000), crowd, 0)
    assert list(found) == [*ATTRIBUTES[lookup_count], "item"]
    assert sum(len({value for value, *_ in of}) for of in found.values()) == entries
    assert {level for of in found.values() for *_, level, _ in of} <= set(range(1, 16))
    assert tastes(catalogue(1000), crowd, 0) == found


def test_items_are_two_in_five_of_the_entries() -> None:
    found = tastes(catalogue(1000), HEAVY, 0)
    assert {name: len(of) for name, of in found.items()} == {
        "brand": 120, "category": 120, "collection": 120, "item": 240
    }  # fmt: skip


def test_what_is_written_for_a_shopper() -> None:
    shop, crowd = catalogue(1000), Crowd("mid", 16, 1)
    actions = list(profile_actions(shop, crowd))
    found, config = tastes(shop, crowd, 0), bench_config()
    written = {action.id: dict(action.body or {})["v"] for action in actions if action.index == config.lookup_index}
    for name in codings(config):
        slots = {slot: written[f"{name}.{slot}.mid-16-0"] for slot in ("b0", "b1", "b2", "b3")}
        assert decode(slots) == {affinity_key(value): level for value, *_, level, _ in found[name]}
    assert len(written) == config.lookups == 16
    assert [(action.index, action.id) for action in actions[16:]] == [
        ("affinity-bench-profiles", "mid-16-0"),
        ("affinity-bench-app-profiles", "mid-16-0"),
    ]


def test_the_rivals_profile_holds_keys_and_lifts() -> None:
    found = {"brand": [("Alder", 1.0, 0.5, 3, "purchase")], "item": [("p000001", 1.0, 0.5, 15, "view")]}
    assert app_document(found, {"brand": 0.02, "item": 0.1}) == {
        "brand": {"k": [affinity_key("Alder")], "w": [0.06]},
        "item": {"k": ["p000001"], "w": [1.5]},
    }


@pytest.mark.parametrize("lookup_count", [12, 16, 24])
def test_a_step_is_what_the_templates_first_bit_adds(lookup_count: int) -> None:
    config = bench_config(lookup_count)
    first_bits = {lookup.attribute: float(lookup.boost) for lookup in lookups(config) if lookup.slot == "b0"}
    assert lift_steps(config) == pytest.approx(first_bits, rel=1e-5)
    assert config.lookups == lookup_count


# --- the shapes


def test_what_the_engine_is_asked() -> None:
    ours = InEngine("rescore 100", "t", 16, HEAVY)
    assert ours.requests('a "b"', 4) == [
        Request("POST", f"{PRODUCTS}/_search/template?{NO_CACHE}",
                '{"id": "t", "params": {"q": "a \\"b\\"", "user_id": "heavy-16-1"}}')
    ]  # fmt: skip
    assert (ours.family, ours.profile, ours.lookups) == ("ours", "heavy", 16)
    unknown = InEngine("unknown", "t", 16)
    assert json.loads(unknown.requests("a", 4)[0].body)["params"] == {"q": "a", "user_id": "unknown-4"}
    generic = InEngine("generic", "t", anonymous=True)
    assert json.loads(generic.requests("a", 4)[0].body)["params"] == {"q": "a"}
    assert (generic.family, generic.profile, generic.lookups) == ("generic", "none", 0)


def test_the_engines_order_stands() -> None:
    hits = [{"_id": "p2", "_score": 3.0}, {"_id": "p1", "_score": 2.0}]
    assert InEngine("generic", "t").best([{"hits": {"hits": hits}}]) == ["p2", "p1"]


def test_the_naive_app() -> None:
    app = AppNaive("naive", "t", 200, HEAVY, {"brand": 0.1, "item": 0.5}, "profiles")
    assert app.requests("a", 2) == [
        Request("GET", "/profiles/_source/heavy-16-2"),
        Request("POST", f"{PRODUCTS}/_search/template?{NO_CACHE}", '{"id": "t", "params": {"q": "a", "size": 200}}'),
    ]
    entry = {"weight": 0.0, "count": 0.0}
    profile = {
        "affinities": {
            "brand": [{"value": "Alder", "level": 5, **entry}],
            "item": [{"value": "p3", "level": 4, **entry}],
        }
    }
    brands = {"p1": "Birch", "p2": "Alder", "p3": "Cedar"}
    hits = [
        {"_id": identity, "_score": 3.0 - place, "_source": {"attrs": {"brand": [brand]}}}
        for place, (identity, brand) in enumerate(brands.items())
    ]
    # 3 * 1, 2 * 1.5, 1 * 3: equal scores keep the engine's order.
    assert app.best([profile, {"hits": {"hits": hits}}]) == ["p1", "p2", "p3"]
    assert app.best([profile, {"hits": {"hits": hits[1:]}}]) == ["p2", "p3"]


def test_the_lean_app() -> None:
    app = AppBest.of("best", {"query": {"match": {"title": QUERY}}, "size": 10}, 100, HEAVY, ["brand"])
    get, post = app.requests("a", 2)
    assert get == Request("GET", "/affinity-bench-app-profiles/_source/heavy-16-2")
    assert (post.method, post.path) == ("POST", f"{PRODUCTS}/_search?{NO_CACHE}")
    assert json.loads(post.body) == {
        "query": {"match": {"title": "a"}},
        "size": 100,
        "_source": False,
        "stored_fields": "_none_",
        "docvalue_fields": ["sku", "affinity.brand"],
    }
    assert app.afterwards(["p1"]) == []
    (fetch,) = replace(app, documents=True).afterwards(["p2", "p1"])
    left_out = "affinity,popularity,popularity_recent"
    assert fetch == Request("POST", f"{PRODUCTS}/_mget?_source_excludes={left_out}", '{"ids": ["p2", "p1"]}')
    profile = {"brand": {"k": [7, 8], "w": [0.5, 1.0]}, "item": {"k": ["p3"], "w": [1.5]}}
    hits = [
        {"_score": 2.0, "fields": {"sku": ["p1"], "affinity.brand": [9]}},
        {"_score": 1.5, "fields": {"sku": ["p2"], "affinity.brand": [8]}},
        {"_score": 1.0, "fields": {"sku": ["p3"], "affinity.brand": [6]}},
    ]
    assert app.best([profile, {"hits": {"hits": hits}}]) == ["p2", "p3", "p1"]  # 1.5 * 2, 1 * 2.5, 2 * 1


def test_the_best_ten_are_ten() -> None:
    app = AppBest.of("best", {}, 100, HEAVY, [])
    hits = [{"_score": float(number), "fields": {"sku": [str(number)]}} for number in range(30)]
    found = app.best([{"item": {"k": [], "w": []}}, {"hits": {"hits": hits}}])
    assert found == [str(number) for number in range(29, 19, -1)]


def test_the_rows() -> None:
    rows = lineup({}, crowds(2))
    ours = [("rescore 100", 12), ("rescore 100", 16), ("rescore 200", 16), ("function_score", 16), ("rescore 100", 24)]
    apps = [
        ("app-side naive, top 200", 0),
        ("app-side best, top 100", 0),
        ("app-side best, top 200", 0),
        ("app-side best, top 100, documents", 0),
    ]
    assert [(row.name, row.profile, row.lookups) for row in rows] == [
        ("generic", "none", 0),
        ("rescore 100, unknown shopper", "none", 16),
        *((name, "mid", count) for name, count in ours),
        *((name, "heavy", count) for name, count in ours),
        *((name, "mid", count) for name, count in apps),
        *((name, "heavy", count) for name, count in apps),
    ]
    left_out = ["app-side naive, top 200", "app-side best, top 100, documents"]
    assert [row.name for row in rows if row not in only_engine(rows)] == left_out * 2
    deployed = {config.search.template for config in configs()}
    assert {row.template for row in rows if isinstance(row, InEngine | AppNaive)} == deployed


def test_a_publication_for_the_freshness_measurement_leaves_other_shoppers_alone() -> None:
    assert fresh_config().lookup_index == "affinity-bench-fresh-lookup"
    assert fresh_config().search.template != bench_config().search.template
    assert fresh_config().items == bench_config().items


# --- the figures


def test_percentile() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, share) for share in (0.01, 0.2, 0.21, 0.5, 0.95, 1.0)] == [1.0, 1.0, 2.0, 3.0, 5.0, 5.0]


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(values: list[float], hundredths: int) -> None:
    found = percentile(values, hundredths / 100)
    enough = [v for v in values if 100 * sum(other <= v for other in values) >= hundredths * len(values)]
    assert found == min(enough)


def row(name: str, profile: str, lookup_count: int, family: str, documents: bool) -> Any:
    return SimpleNamespace(name=name, profile=profile, lookups=lookup_count, family=family, documents=documents)


SHAPES: list[Shape] = [
    row("generic", "none", 0, "generic", True),
    row("rescore 100", "heavy", 16, "ours", True),
    row("app-side best, top 100", "heavy", 0, "app", False),
    row("app-side best, top 200", "heavy", 0, "app", False),
    row("app-side best, top 100, documents", "heavy", 0, "app", True),
]
ROWS = [
    {"shape": "generic", "profile": "none", "lookups": 0, "p50_ms": 1.5, "p95_ms": 2.0, "searches_per_s": 1700.0,
     "ratio_generic": 1.0, "throughput_ratio_generic": 1.0, "ratio_app_side": None, "ratio_app_documents": None},
    {"shape": "rescore 100", "profile": "heavy", "lookups": 16, "p50_ms": 3.0, "p95_ms": 4.0, "searches_per_s": 680.0,
     "ratio_generic": 2.0, "throughput_ratio_generic": 0.4, "ratio_app_side": 1.36, "ratio_app_documents": 1.7},
    {"shape": "app-side best, top 100", "profile": "heavy", "lookups": 0, "p50_ms": 4.5, "p95_ms": 4.5,
     "searches_per_s": 500.0, "ratio_generic": 3.0, "throughput_ratio_generic": 0.294, "ratio_app_side": 1.0,
     "ratio_app_documents": None},
    {"shape": "app-side best, top 200", "profile": "heavy", "lookups": 0, "p50_ms": 6.0, "p95_ms": 6.0,
     "searches_per_s": 300.0, "ratio_generic": 4.0, "throughput_ratio_generic": 0.176, "ratio_app_side": 0.6,
     "ratio_app_documents": None},
    {"shape": "app-side best, top 100, documents", "profile": "heavy", "lookups": 0, "p50_ms": 7.5, "p95_ms": 7.5,
     "searches_per_s": 400.0, "ratio_generic": 5.0, "throughput_ratio_generic": 0.235, "ratio_app_side": 0.8,
     "ratio_app_documents": 1.0},
]  # fmt: skip


def test_result_rows() -> None:
    times = [[1.5, 2.0, 1.0], [4.0, 3.0, 2.0], [4.5], [6.0], [7.5]]
    assert result_rows(SHAPES, times, [1700.0, 680.0, 500.0, 300.0, 400.0]) == ROWS


def test_aims() -> None:
    assert aims(ROWS) == (
        "rescore 100, heavy, 16 lookups: 2.00 x generic (aim: at most 2.0), "
        "1.36 x the best app-side throughput (aim: at least 1.5), 1.70 x where the app ends with documents too"
    )


RESULT: dict[str, Any] = {
    "machine": {"cpu": "Some CPU", "cores": 2, "memory_gb": 16.0, "os": "Linux 6", "python": "3.11.7",
                "java": "25 (Maker), heap 2500 MB", "engine": "opensearch 3.8.0"},
    "command": "python -m benchmarks.latency",
    "settings": {"items": 300_000, "segments": 5, "queries": 300, "hits_p10": 230, "hits_median": 1200,
                 "hits_p90": 8000, "clients": 8, "entries": {"mid": 150, "heavy": 600},
                 "same_best_ten_as_app_side": 1.0, "engine_alone": "wrk"},
    "rows": ROWS[:2],
    "engine_alone": [{"shape": "generic", "profile": "none", "lookups": 0, "searches_per_s": 5000.0}],
    "event_to_search_ms": {"publish": 12.34, "next_search": 4.0},
}  # fmt: skip
PAGE = """# Latency and throughput

Made by `python -m benchmarks.latency`: 300,000 items in one shard of 5 segments, 300 queries that find 230 to
8,000 items (the middle one 1,200), a fresh shopper in every request, no cache of queries.
Some CPU, 2 cores, 16.0 GB; opensearch 3.8.0, Java 25 (Maker), heap 2500 MB; Python 3.11.7.

- Milliseconds: one client, which takes the rows in turn.
- Searches per second: 8 client processes on the engine's own cores, their work counted.
- `mid`: 150 entries in a profile, `heavy`: 600.
- Our rows end with ten documents and their reasons, the naive app with ten documents, the best app with ten ids unless
  its row says otherwise. The last columns compare searches per second with the fastest app-side row of the same
  profile, and with the fastest of those that end with documents.
- The app and the engine agree on the best ten, in their order, in 100.0% of the searches.

| shape | profile | lookups | p50 ms | p95 ms | p50, generic = 1 | searches/s | searches/s, generic = 1 \
| app-side = 1 | with documents = 1 |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| generic | none | 0 | 1.50 | 2.00 | 1.00 | 1,700 | 1.00 |  |  |
| rescore 100 | heavy | 16 | 3.00 | 4.00 | 2.00 | 680 | 0.40 | 1.36 | 1.70 |

## The engine alone

`wrk` with 8 connections sends prepared requests and reads no answer.

| shape | profile | lookups | searches/s |
| --- | --- | --- | --- |
| generic | none | 0 | 5,000 |

## From an event to the next search

No refresh is waited for; medians.

| step | ms |
| --- | --- |
| publish | 12.3 |
| next_search | 4.0 |
"""


def test_markdown() -> None:
    assert markdown(RESULT) == PAGE


def test_without_wrk_the_page_says_so() -> None:
    settings = RESULT["settings"] | {"engine_alone": "wrk not found"}
    page = markdown(RESULT | {"engine_alone": [], "settings": settings})
    assert "## The engine alone\n\nNot measured: wrk not found.\n\n## From" in page


# --- wrk and the command

WRK = """Running 2s test @ http://127.0.0.1:9200
  2 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     4.47ms    2.10ms  33.20ms   80.11%
    Req/Sec     0.91k   110.53     1.12k    67.50%
  3630 requests in 2.00s, 12.06MB read
Requests/sec:   1813.21
Transfer/sec:      6.02MB
"""


def test_wrk() -> None:
    assert parse_rate(WRK) == 1813.21


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        (WRK + "  Non-2xx or 3xx responses: 7\n", "Non-2xx or 3xx responses: 7"),
        (WRK + "  Socket errors: connect 8, read 0, write 0, timeout 0\n", "Socket errors: connect 8"),
        ("unable to connect", "unable to connect"),
    ],
)
def test_wrk_with_errors_is_no_measurement(said: str, finding: str) -> None:
    with pytest.raises(EngineFailed, match=re.escape(finding)):
        parse_rate(said)


def test_the_command_in_the_result_names_what_differs_from_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    said = []
    for options in ([], ["--items", "20000", "--seconds-per-row", "2", "--engine-url", "http://127.0.0.1:1"]):
        monkeypatch.setattr("sys.argv", ["latency", *options])
        said.append(command.command_line(command.options()))
    assert said == [
        "python -m benchmarks.latency",
        "python -m benchmarks.latency --items 20000 --seconds-per-row 2",
    ]


def test_the_command_writes_the_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "latency.json"
    found = {name: part for name, part in RESULT.items() if name != "command"}
    monkeypatch.setattr(command, "measure", lambda url, wish, say: dict(found))
    monkeypatch.setattr("sys.argv", ["latency", "--engine-url", "http://127.0.0.1:1", "--output", str(file)])
    command.main()
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written == RESULT
    assert list(written)[:2] == ["machine", "command"]
