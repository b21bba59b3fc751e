"""`affinity check`, and what `init` says and writes of files that need a look."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.config import load_config

ITEM = 'an item as it is read: {"id": "1", "title": "Mug", "attrs": {"brand": ["Alder"]}}'


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def check(*options: str) -> list[str]:
    found = run("check", "--items", "items.csv", "--events", "events.jsonl", *options)
    assert found.exit_code == 0, found.output
    return found.stdout.splitlines()


def events(records: Iterable[Mapping[str, Any]], name: str = "events.jsonl") -> None:
    Path(name).write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("items.csv").write_text("id,title,brand,sku\n1,Mug,Alder,S-1\n2,Cup,Birch,S-2\n", encoding="utf-8")
    return tmp_path


def test_check_says_what_is_read_and_what_does_not_meet() -> None:
    good = {"user": "u", "ts": "2024-01-01", "type": "purchase", "item": "1"}
    events([good, {**good, "item": "2.0"}, {**good, "item": ""}, {**good, "analytics_storage": "maybe"}])
    assert check() == [
        ITEM,
        'an event as it is read: {"user": "u", "ts": "2024-01-01T00:00:00", "type": "purchase", "item": "1"}',
        "2 events from 2024-01-01 to 2024-01-01: 0 days",
        "lost, item: expected a value: 1 line; line 3: got none",
        "lost, consent: expected true or false (`denied` of events.source lists other words): 1 line; line 4",
        "the item of 1 of 2 events is known (50.0%)",
        "1 events name '2.0', the catalogue has '2' (a decimal part, zeros in front or the like)",
    ]


def test_check_says_that_there_is_no_event() -> None:
    Path("events.csv").write_text("user,ts,type,item\n", encoding="utf-8")
    found = run("check", "--items", "items.csv", "--events", "events.csv")
    assert "no events: expected some that can be used, found none among 0 that were read" in found.stdout


def test_check_reads_as_a_configuration_says_and_counts_types_against_it() -> None:
    line = {"who": "u", "at": "2024-01-01", "what": "look", "sku": "S-1"}
    events([line, {**line, "what": "order"}, {**line, "what": "glance", "at": "2020-01-01"}])
    Path("shop.yaml").write_text(
        "events:\n"
        "  types: {order: {weight: 1}, glance: {weight: 0}}\n"
        "  retention_days: 30\n"
        "  source: {fields: {user: who, ts: at, type: what, item: sku}}\n"
        "items: {source: {fields: {id: id, attributes: {brand: brand}}}}\n",
        encoding="utf-8",
    )
    assert check("-c", "shop.yaml") == [
        ITEM,
        'an event as it is read: {"user": "u", "ts": "2024-01-01T00:00:00", "type": "order", "item": "S-1"}',
        "1 events from 2024-01-01 to 2024-01-01: 0 days, and 30 are held (events.retention_days)",
        "types that are not under events.types, so they do not count: look (1)",
        "types of weight 0: glance (1)",
        "the item of 0 of 1 events is known (0.0%)",
        "100.0% of the unknown items stand in the field sku of the catalogue: "
        "is it the id (items.source.fields.id: sku)?",
        "no event names an item of the catalogue: the events have 'S-1', the catalogue '1'",
    ]


def test_init_finds_the_field_that_the_events_name_and_holds_all_days() -> None:
    days = ("2019-01-01", "2024-06-01")
    events({"user": f"u{n % 3}", "ts": days[n % 2], "type": "purchase", "item": f"S-{1 + n % 2}"} for n in range(30))
    found = run("init", "--items", "items.csv", "--events", "events.jsonl")
    assert found.exit_code == 0
    config = load_config(Path("affinity.yaml"))
    assert config.events.retention_days == 1979
    assert config.items.source is not None
    assert config.items.source.fields is not None
    assert config.items.source.fields.id.path == ("sku",)
    assert "30 events from 2019-01-01 to 2024-06-01: 1,978 days, and 1,979 are held" in found.stdout
    assert "the item of 30 of 30 events is known (100.0%)" in found.stdout


@pytest.mark.parametrize(
    ("kind", "weight", "role", "why"),
    [
        ("view_item_list", 0.0, "impression", "was only shown, which nobody chose"),
        ("begin_checkout", 1.0, "other", "no type has the name of a purchase, so all count the same"),
        ("purchase_declined", 0.0, "other", "an error or a refusal, so it says nothing about taste"),
    ],
)
def test_what_is_no_purchase_is_never_taken_for_one(kind: str, weight: float, role: str, why: str) -> None:
    events({"user": "u", "ts": f"2024-01-0{n}", "type": kind, "item": "1"} for n in range(1, 6))
    assert run("init", "--items", "items.csv", "--events", "events.jsonl").exit_code == 0
    config = load_config(Path("affinity.yaml"))
    assert (config.events.types[kind].weight, config.events.types[kind].role) == (weight, role)
    assert config.events.purchases <= {"purchase"}
    assert f"# 5 events; {why}" in Path("affinity.yaml").read_text(encoding="utf-8")


def test_a_purchase_of_another_name_is_told() -> None:
    events({"user": "u", "ts": f"2024-01-0{n}", "type": "pos_sale_line", "item": "1"} for n in range(1, 6))
    files = "--items", "items.csv", "--events", "events.jsonl"
    assert run("init", *files, "--purchase", "pos_sale_line").exit_code == 0
    assert load_config(Path("affinity.yaml")).events.purchases == {"pos_sale_line"}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-16-be"])
def test_files_in_another_encoding_are_read_by_a_block_that_names_it(encoding: str) -> None:
    rows = "".join(f"{n};Größe {n};Müller\n" for n in range(1, 9))
    Path("items.csv").write_bytes(f"Artikelnummer;Bezeichnung;Marke\n{rows}".encode(encoding))
    events({"user": "u", "ts": f"2024-01-0{n}", "type": "purchase", "item": str(n)} for n in range(1, 9))
    assert check()[0] == 'an item as it is read: {"id": "1", "title": "Größe 1", "attrs": {"marke": ["Müller"]}}'
    assert f"the items are in {encoding}, the events in utf-8" in check()
    assert run("init", "--items", "items.csv", "--events", "events.jsonl").exit_code == 0
    assert f"encoding: {encoding}" in Path("affinity.yaml").read_text(encoding="utf-8")


def test_a_time_that_may_be_two_things_is_told() -> None:
    events({"user": "u", "ts": f"0{n}/04/2024", "type": "purchase", "item": "1"} for n in range(1, 6))
    found = run("check", "--items", "items.csv", "--events", "events.jsonl")
    assert (found.exit_code, found.stderr) == (
        6,
        "error: events.jsonl: ts: expected times of one form, got '01/04/2024', which may be '%d/%m/%Y' or '%m/%d/%Y'\n"
        "  Say what it is: `--time us` (s, ms, us, ns, days or excel), or its form: `--time %d/%m/%Y`.\n",
    )
    assert "5 events from 2024-04-01 to 2024-04-05: 4 days" in check("--time", "%d/%m/%Y")
    assert "5 events from 2024-01-04 to 2024-05-04: 121 days" in check("--time", "%m/%d/%Y")


def test_a_field_that_nobody_can_guess_is_told() -> None:
    events({"x": f"u{n % 2}", "y": f"2024-04-0{n}", "z": "purchase", "w": "zz"} for n in range(1, 6))
    found = run("check", "--items", "items.csv", "--events", "events.jsonl")
    assert found.stderr == (
        "error: events.jsonl: expected a column with the id of the item, found none such in: x, y, z, w\n"
        "  Say which it is: `--field events.item=COLUMN`.\n"
    )
    told = check("--field", "events.item=w", "--field", "events.user=x")
    assert (
        told[1]
        == 'an event as it is read: {"user": "u1", "ts": "2024-04-01T00:00:00", "type": "purchase", "item": "zz"}'
    )
    found = run("check", "--items", "items.csv", "--events", "events.jsonl", "--field", "events.item=q")
    assert found.stderr == (
        "error: events.jsonl: --field events.item=q: expected one of the columns x, y, z, w, got q\n"
    )
    found = run("check", "--items", "items.csv", "--events", "events.jsonl", "--field", "event.item")
    assert found.exit_code == 2
    assert found.stderr.startswith("error: --field: expected NAME=COLUMN such as events.item=SKU, got event.item\n")
