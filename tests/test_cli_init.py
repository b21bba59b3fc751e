"""The commands init, validate and schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.config import config_schema, load_config, parse_config
from tests.shop_data import catalogue, purchases

SAFE = """\
2 items, 0 events of 0 shoppers. No purchase could be replayed, so everything personal is off.
item_affinity.strength 0: no purchase could be replayed to judge it by
popularity.recent.weight 0: no purchase could be replayed to judge it by
popularity.newness.weight 0: no purchase could be replayed to judge it by
an item as it is read: {"id": "a", "title": "mug"}
no events: expected some that can be used, found none among 0 that were read
affinity.yaml written
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("items.jsonl").write_text('{"id": "a", "title": "mug"}\n{"id": "b", "title": "cup"}\n', encoding="utf-8")
    Path("events.csv").write_text("user,ts,type,item\n", encoding="utf-8")
    return tmp_path


FILES = ("--items", "items.jsonl", "--events", "events.csv")


def test_init_writes_a_file_that_validates() -> None:
    found = run("init", *FILES)
    assert (found.exit_code, found.output) == (0, SAFE)
    assert run("validate").output == (
        "affinity.yaml: valid; no attribute, item list off; 0 of 16 lookups; "
        "an item is boosted to at most 1.00 times its relevance\n"
    )
    assert not Path("affinity.yaml.new").exists()


def test_validate_says_that_what_was_bought_steps_back() -> None:
    text = "events: {types: {buy: {weight: 1}}}\nitem_affinity: {owned_demotion: 0.25}\n"
    Path("affinity.yaml").write_text(text, encoding="utf-8")
    assert run("validate").output == (
        "affinity.yaml: valid; no attribute, item list off, owned-item demotion on; 2 of 16 lookups; "
        "an item is boosted to at most 1.25 times its relevance\n"
    )


def test_init_leaves_a_file_that_is_there() -> None:
    Path("affinity.yaml").write_text("mine", encoding="utf-8")
    found = run("init", *FILES)
    assert found.exit_code == 2
    assert found.stderr == ("error: affinity.yaml: expected no such file yet, found one\n  `--force` replaces it.\n")
    assert Path("affinity.yaml").read_text(encoding="utf-8") == "mine"
    assert run("init", *FILES, "--force").exit_code == 0
    assert load_config(Path("affinity.yaml")).attributes == {}


def test_init_writes_elsewhere_and_counts_broken_lines() -> None:
    Path("items.jsonl").write_text("oops\n", encoding="utf-8")
    Path("events.csv").write_text("user,ts,type,item\nu,never,purchase,a\nu,2026-01-01,purchase,a\n", encoding="utf-8")
    found = run("init", *FILES, "--events", "events.csv", "--output", "shop.yaml")
    assert found.stderr == (
        "1 broken lines of the items were passed over\n2 broken lines of the events were passed over\n"
    )
    assert found.stdout.endswith("shop.yaml written\n")
    assert Path("shop.yaml").exists()


def test_init_cannot_write_into_a_missing_folder() -> None:
    found = run("init", *FILES, "--output", "gone/affinity.yaml")
    assert (found.exit_code, found.stderr) == (
        2,
        "error: gone/affinity.yaml: expected a folder to write to, gone is none\n",
    )


def test_init_needs_its_files() -> None:
    found = run("init", "--items", "gone.jsonl", "--events", "events.csv")
    assert (found.exit_code, found.stderr) == (6, "error: gone.jsonl: expected a file, found none\n")
    assert not Path("affinity.yaml").exists()


def test_init_names_the_attributes_that_it_took() -> None:
    items = catalogue()
    records = ({"id": i.id, "title": i.title, "attrs": dict(i.attrs)} for i in items)
    Path("items.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in records), encoding="utf-8")
    events = "".join(
        f"{json.dumps({'user': e.user, 'ts': e.day * 86400 + 10**9, 'type': e.type, 'item': e.item})}\n"
        for e in purchases(items, taste=8.0)
    )
    Path("events.jsonl").write_text(events, encoding="utf-8")
    found = run("init", "--items", "items.jsonl", "--events", "events.jsonl")
    assert found.output.splitlines()[1].startswith("attribute brand: 100% of the items and 100% of the events have it")
    said = (
        "affinity.yaml: valid; 1 attribute (brand), item list on, owned-item demotion on; 10 of 16 lookups; an item is"
    )
    assert run("validate").output.startswith(said)


def test_validate_without_a_file_says_what_to_do() -> None:
    found = run("validate")
    assert found.exit_code == 2
    assert found.stderr == (
        "error: affinity.yaml: expected a file, found none\n  `affinity init` writes one from your data.\n"
    )


def test_validate_gives_every_finding() -> None:
    Path("shop.yaml").write_text("events: {types: {buy: {weight: -1}}}\nserch: {}\n", encoding="utf-8")
    found = run("validate", "--config", "shop.yaml")
    assert found.exit_code == 2
    assert found.stderr == (
        "error: shop.yaml:1:32: events.types.buy.weight: expected greater than or equal to 0, got -1\n"
        "shop.yaml:2:1: serch: expected a known key, got 'serch'; did you mean search?\n"
    )


def test_the_example_is_printed_and_valid() -> None:
    found = run("validate", "--example")
    assert found.exit_code == 0
    assert parse_config(found.output).attributes.keys() == {"brand", "colour"}
    assert found.output.endswith(
        "# example.yaml: valid; 2 attributes (brand, colour), item list on; 12 of 16 lookups; "
        "an item is boosted to at most 4.30 times its relevance\n"
    )


def test_schema_prints_the_json_schema() -> None:
    found = run("schema")
    assert (found.exit_code, json.loads(found.output)) == (0, config_schema())


def test_validate_refuses_a_template_that_the_engine_would_not_store(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    attributes = ", ".join(f"a{n}: {{field: attrs.a{n}, strength: 0}}" for n in range(400))
    file.write_text(f"events: {{types: {{order: {{weight: 1}}}}}}\nattributes: {{{attributes}}}\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["validate", "--config", str(file)])
    assert result.exit_code == 2
    assert "template affinity-search: expected at most 65,535 bytes as stored JSON, got " in result.output
