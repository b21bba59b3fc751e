"""Runs the examples of the documentation and holds the answers to what the pages show and promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from affinity_search.config import load_config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import RefusedRequest
from tests.doc_blocks import ROOT, Block, blocks
from tests.live.shop import STRANGER, Shop, remove

REQUEST = ROOT / "docs" / "reference" / "request.md"
GENERIC = ["s02", "s05", "s01", "s04", "s03", "s06", "s07", "s08", "s09"]
PERSONAL = ["s05", "s04", "s02", "s01", "s06", "s03", "s08", "s07", "s09"]
BIRCH = ["s05", "s04", "s06"]
POPULAR = ["s05", "s04", "s10", "s02", "s06", "s01", "s11", "s03", "s08", "s07"]


NODE = pytest.mark.skipif(shutil.which("node") is None, reason="the JavaScript examples need node, which is no package")


def followed_by(language: str, shown: str) -> tuple[Block, Block]:
    found = blocks(REQUEST)
    return next((a, b) for a, b in pairwise(found) if (a.language, b.language) == (language, shown))


def for_shop(text: str, shop: Shop) -> str:
    """The example with the names of the test shop in place of those of the page."""
    names = {
        "http://127.0.0.1:9200": shop.engine.url,
        "/products/": f"/{shop.config.items.index}/",
        '"affinity-search"': f'"{shop.config.search.template}"',
    }
    for shown, actual in names.items():
        assert shown in text
        text = text.replace(shown, actual)
    return text


def ran(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def search(shop: Shop, parameters: object) -> list[dict[str, Any]]:
    body = {"id": shop.config.search.template, "params": parameters}
    found = shop.engine.call("POST", f"/{shop.config.items.index}/_search/template", body)
    hits: list[dict[str, Any]] = found["hits"]["hits"]
    return hits


def ids(shop: Shop, parameters: object) -> list[str]:
    return [hit["_id"] for hit in search(shop, parameters)]


def test_the_python_example_prints_what_the_page_shows(shop: Shop, tmp_path: Path) -> None:
    code, shown = followed_by("python", "text")
    (tmp_path / "example.py").write_text(for_shop(code.text, shop), encoding="utf-8")
    assert ran([sys.executable, "example.py"], tmp_path) == shown.text


@NODE
def test_the_javascript_example_prints_what_the_page_shows(shop: Shop, tmp_path: Path) -> None:
    code, shown = followed_by("javascript", "text")
    (tmp_path / "example.mjs").write_text(for_shop(code.text, shop), encoding="utf-8")
    assert ran(["node", "example.mjs"], tmp_path) == shown.text


@pytest.mark.skipif(shutil.which("curl") is None, reason="the curl example needs curl")
def test_the_curl_example_answers_what_the_page_shows(shop: Shop, tmp_path: Path) -> None:
    command, shown = followed_by("bash", "json")
    answer = json.loads(ran(["bash", "-c", for_shop(command.text, shop)], tmp_path))
    [hit], [expected] = answer["hits"]["hits"], json.loads(shown.text)["hits"]["hits"]
    assert {key: hit[key] for key in ("_id", "_score", "_source")} == {
        key: expected[key] for key in ("_id", "_score", "_source")
    }
    assert matched_names(hit, shop) == set(expected["matched_queries"])


def matched_names(hit: Mapping[str, Any], shop: Shop) -> set[str]:
    """The names on a hit, the template's as the page shows it: another name, another version."""
    own = f"template|{shop.config.search.template}-"
    names = set(hit["matched_queries"])
    assert [len(name) for name in names if name.startswith(own)] == [len(own) + len("1a2b3c4d")]
    return {"template|affinity-search-1a2b3c4d" if name.startswith(own) else name for name in names}


def own_body(language: str, shop: Shop) -> str:
    """The example of the section about bodies that apps build, for the test shop."""
    start = REQUEST.read_text(encoding="utf-8").split("\n## Bodies that your app builds\n")[0].count("\n")
    text = next(block.text for block in blocks(REQUEST) if block.language == language and block.line > start)
    own = text.replace("http://127.0.0.1:9200", shop.engine.url).replace("/products/", f"/{shop.config.items.index}/")
    return own.replace('"affinity-search-rescore"', f'"{shop.config.search.template}-rescore"')


def test_the_fragment_is_had_by_curl(shop: Shop, tmp_path: Path) -> None:
    answer = json.loads(ran(["bash", "-c", own_body("bash", shop)], tmp_path))["template_output"]
    assert (list(answer), answer["rescore"]["window_size"]) == (["rescore"], 100)


@pytest.mark.parametrize(
    ("language", "command"), [("python", sys.executable), pytest.param("javascript", "node", marks=NODE)]
)
def test_a_body_that_an_app_builds_is_personalised_as_shown(
    shop: Shop, tmp_path: Path, language: str, command: str
) -> None:
    (tmp_path / "example.mjs").write_text(own_body(language, shop), encoding="utf-8")
    printed = ran([command, "example.mjs"], tmp_path)
    assert printed == "s05 Trail running shoes\ns04 Road running shoes\n"


@pytest.fixture
def tutorial(engine_url: str, tmp_path: Path) -> Iterator[Path]:
    """A folder for the tutorial, with the commands it uses; what the tutorial puts into the engine goes afterwards."""
    (tmp_path / "bin").mkdir()
    code = "from affinity_search.cli import main; main(prog_name='affinity')"
    for name, first in (("python", ""), ("affinity", f'-c "{code}"')):
        command = tmp_path / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {first} "$@"\n', encoding="utf-8")
        command.chmod(0o755)
    yield tmp_path
    if (tmp_path / "affinity.yaml").exists():
        remove(OpenSearchEngine(engine_url), load_config(tmp_path / "affinity.yaml"))


def test_the_tutorial_runs_and_prints_what_it_shows(engine_url: str, prefix: str, tutorial: Path) -> None:
    found = blocks(ROOT / "docs" / "tutorial.md")
    commands = 0
    for block, shown in pairwise([*found, Block("", "", 0)]):
        if block.language != "bash" or block.text == "affinity engine start\n":
            continue
        printed = ran_in(tutorial, block)
        if shown.language == "text":
            assert neutral(printed.replace(prefix, "affinity-").replace("affinity-products", "products")) == neutral(
                shown.text
            ), f"tutorial.md:{block.line}"
        if block.text.startswith("affinity init"):
            give_names(tutorial / "affinity.yaml", engine_url, prefix)
        commands += block.text.count("affinity ")
    assert commands > 10


def ran_in(folder: Path, block: Block) -> str:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-e", "-c", block.text], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"tutorial.md:{block.line}: {done.stdout}{done.stderr}"
    return done.stdout


def give_names(config: Path, url: str, prefix: str) -> None:
    """Has the tutorial's configuration use the session's engine, under names that no other test uses."""
    text = config.read_text(encoding="utf-8")
    assert "  index: products\n" in text
    assert "\nsearch:\n" in text
    text = text.replace("  index: products\n", f"  index: {prefix}products\n")
    text = text.replace("\nsearch:\n", f"\nsearch:\n  template: {prefix}search\n")
    config.write_text(f"{text}\nengine:\n  url: {url}\n  prefix: {prefix.rstrip('-')}\n", encoding="utf-8")


def neutral(printed: str) -> str:
    """The text without what differs from run to run and from version to version: hashes, numbers, bars of names."""
    return re.sub(r"\b(?:[0-9a-f]{8}|[\d,.:-]*\d)\b", "#", printed)


TAKEN: list[tuple[dict[str, Any], list[str]]] = [
    ({}, PERSONAL),
    *(({name: empty}, PERSONAL) for name in ("sort", "operator") for empty in ("", None)),
    ({"sort": []}, PERSONAL),
    *(({"q": empty}, POPULAR) for empty in ("", None, [])),
    *(({"user_id": empty}, GENERIC) for empty in ("", None, [])),
    *(
        ({"filters": {name: empty}}, PERSONAL)
        for name in ("brand", "price_min", "price_max")
        for empty in ("", None, [])
    ),
    ({"unknown": 1}, PERSONAL),
    ({"filters": {"unknown": "x"}}, PERSONAL),
    *(({"filters": value}, PERSONAL) for value in ("x", 1, [], None)),
    ({"user_id": 42}, GENERIC),
    ({"user_id": STRANGER}, GENERIC),
    ({"user_id": "x" * 600}, GENERIC),
    ({"user_id": {"a": 1}}, GENERIC),
    ({"q": {"a": 1}}, []),
    ({"filters": {"brand": False}}, []),
    ({"filters": {"brand": [0, 2.0, True]}}, []),
    ({"user_id": {"user_id": "u42"}}, GENERIC),
    ({"from": "2"}, PERSONAL[2:]),
    ({"from": 2.9}, PERSONAL[2:]),
    ({"size": 2.9}, PERSONAL[:2]),
    ({"size": 0}, []),
    ({"from": 1, "size": 2}, PERSONAL[1:3]),
    ({"order": "desc"}, PERSONAL),
    ({"sort": "price", "size": 2}, ["s09", "s07"]),
    ({"sort": "price", "order": "desc", "size": 2}, ["s05", "s02"]),
    ({"q": "running jacket"}, ["s10"]),
    ({"q": "running jacket", "operator": "or", "size": 2}, ["s10", "s05"]),
    ({"filters": {"brand": "Birch"}}, BIRCH),
    ({"filters": {"brand": "birch"}}, []),
    ({"filters": {"brand": ["Birch", "Elm"]}}, BIRCH),
    ({"filters": {"brand": ["Birch"], "colour": "blue"}}, ["s05", "s04"]),
    ({"filters": {"brand": "Birch", "price_max": 80}}, ["s06"]),
    ({"filters": {"brand": "Birch", "price_min": "80"}}, ["s05", "s04"]),
    ({"filters": {"price_min": 0}}, PERSONAL),
]
REFUSED: list[dict[str, Any]] = [
    {"q": ["running", "shoes"]},
    {"q": ["running shoes"]},
    {"user_id": ["u42", "u77"]},
    {"user_id": ["u42"]},
    {"filters": {"price_min": False}},
    {"from": -1},
    {"from": "x"},
    {"size": -1},
    {"size": "x"},
    {"from": 9_995, "size": 10},
    {"sort": "unknown"},
    {"sort": "title"},
    {"sort": ["price", "id"]},
    {"sort": "price", "order": "sideways"},
    {"operator": "xor"},
    {"operator": []},
    {"filters": {"price_min": "cheap"}},
    {"filters": {"price_max": [1, 2]}},
]


@pytest.mark.parametrize(("given", "expected"), TAKEN, ids=str)
def test_parameters_do_what_the_page_says(shop: Shop, given: dict[str, Any], expected: list[str]) -> None:
    assert ids(shop, {"q": "running shoes", "user_id": "u42", **given}) == expected


@pytest.mark.parametrize("given", REFUSED, ids=str)
def test_the_engine_refuses_what_the_page_says(shop: Shop, given: dict[str, Any]) -> None:
    with pytest.raises(RefusedRequest) as refused:
        search(shop, {"q": "running shoes", "user_id": "u42", **given})
    assert refused.value.status == 400


def test_no_parameters_give_the_ten_most_popular_items_and_null_is_refused(shop: Shop) -> None:
    assert ids(shop, {}) == ["s02", "s05", "s01", "s04", "s10", "s11", "s03", "s06", "s07", "s08"]
    with pytest.raises(RefusedRequest):
        search(shop, None)


def test_the_names_on_hits_are_of_the_five_kinds(shop: Shop) -> None:
    template = "template|affinity-search-1a2b3c4d"
    asked = {"q": "walking shoes"}
    [generic] = search(shop, asked)
    [personal] = search(shop, {**asked, "user_id": STRANGER})
    [by_price] = search(shop, {**asked, "user_id": "u42", "sort": "price"})
    assert matched_names(generic, shop) == {template}
    assert matched_names(personal, shop) == {template, "personalised", "window|100"}
    assert matched_names(by_price, shop) == {template, "sorted"}
    assert generic["_score"] == personal["_score"] == by_price["_score"]


def test_several_searches_in_one_request(shop: Shop) -> None:
    header, template = {"index": shop.config.items.index}, shop.config.search.template
    queries = [{"id": template, "params": {"q": q, "user_id": "u42"}} for q in ("running shoes", "jacket")]
    lines = "".join(json.dumps(line) + "\n" for query in queries for line in (header, query))
    answers = shop.engine.call("POST", "/_msearch/template", lines)["responses"]
    assert [[hit["_id"] for hit in answer["hits"]["hits"]] for answer in answers] == [PERSONAL, ["s10", "s11"]]


def test_explain_and_profile_stand_beside_the_parameters(shop: Shop) -> None:
    body = {"id": shop.config.search.template, "params": {"q": "jacket"}, "explain": True, "profile": True}
    found = shop.engine.call("POST", f"/{shop.config.items.index}/_search/template", body)
    assert "_explanation" in found["hits"]["hits"][0]
    assert "profile" in found
