"""`affinity events`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.events import quarantine_path

ROWS = "user,ts,type,item\nu1,2017-01-15,purchase,i1\nu1,2017-01-15,purchase,i2\nu2,2017-01-16,purchase,i1\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "affinity.yaml").write_text("events: {types: {purchase: {weight: 1}}}\n")
    (tmp_path / "e.csv").write_text(ROWS)
    return tmp_path


def affinity(shop: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["events", *arguments, "--config", str(shop / "affinity.yaml")])


def test_ingest_prints_the_accounting(shop: Path) -> None:
    found = affinity(shop, "ingest", str(shop / "e.csv"))
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout == (
        f"{shop / 'e.csv'}: read 3 = applied 3 + duplicate 0 + late 0 + skewed 0 + quarantined 0 + no_consent 0"
        " + unmapped 0 + filtered 0\n"
        "  no items are loaded yet, so no event's item is known\n"
        "  3 events from 2017-01-15 to 2017-01-16: 1 day, and 1,095 are held (events.retention_days)\n"
        "held: 0 before + applied 3 - removed by retention 0 = 3\n"
    )


@pytest.mark.parametrize(
    ("name", "no", "yes", "mapping"),
    [
        ("dnt", "1", "0", '{path: dnt, denied: ["true", "1", "yes"]}'),
        ("Einwilligung", "nein", "ja", "{path: Einwilligung}"),
    ],
)
def test_the_mapping_that_is_advised_leaves_out_the_same_events(
    shop: Path, name: str, no: str, yes: str, mapping: str
) -> None:
    rows = f"user,ts,type,item,{name}\nu1,2017-01-15,purchase,i1,{no}\nu2,2017-01-15,purchase,i2,{yes}\n"
    (shop / "c.csv").write_text(rows)
    found = affinity(shop, "ingest", str(shop / "c.csv"))
    assert f"say so: `events.source.fields.consent: {mapping}`" in found.stderr
    assert "applied 1 " in found.stdout

    source = f"{{fields: {{consent: {mapping}}}}}"
    (shop / "affinity.yaml").write_text(f"events: {{types: {{purchase: {{weight: 1}}}}, source: {source}}}\n")
    again = affinity(shop, "ingest", str(shop / "c.csv"))
    assert again.stderr == ""
    assert "duplicate 1 " in again.stdout
    assert "no_consent 1 " in again.stdout


def test_bad_lines_are_no_failure_and_their_file_is_named(shop: Path) -> None:
    (shop / "bad.csv").write_text(ROWS + "u1\n")
    found = affinity(shop, "ingest", str(shop / "e.csv"), str(shop / "bad.csv"))
    quarantined = quarantine_path(shop / ".affinity/quarantine", shop / "bad.csv")
    assert found.exit_code == 0
    assert found.stdout.splitlines()[3:] == [
        f"{shop / 'bad.csv'}: read 4 = applied 0 + duplicate 3 + late 0 + skewed 0 + quarantined 1 + no_consent 0"
        " + unmapped 0 + filtered 0",
        "  no items are loaded yet, so no event's item is known",
        "  3 events from 2017-01-15 to 2017-01-16: 1 day, and 1,095 are held (events.retention_days)",
        "  lost, expected 4 columns: 1 line; line 5: got 1",
        f"  bad lines, each with its reason: {quarantined}",
        "total: read 7 = applied 3 + duplicate 3 + late 0 + skewed 0 + quarantined 1 + no_consent 0"
        " + unmapped 0 + filtered 0",
        "held: 0 before + applied 3 - removed by retention 0 = 3",
    ]
    assert json.loads(quarantined.read_text()) == {"line": 5, "reason": "expected 4 columns, got 1", "text": "u1"}


def test_ingest_as_json(shop: Path) -> None:
    found = affinity(shop, "ingest", "--json", str(shop / "e.csv"))
    counts = {
        "read": 3,
        "applied": 3,
        "duplicate": 0,
        "late": 0,
        "skewed": 0,
        "quarantined": 0,
        "no_consent": 0,
        "unmapped": 0,
        "filtered": 0,
    }
    assert json.loads(found.stdout) == {
        "files": [
            {
                "file": str(shop / "e.csv"),
                **counts,
                "known_items_share": None,
                "quarantine": None,
                "error": None,
                "consent_not_mapped": {},
                "facts": {
                    "read": 3,
                    "usable": 3,
                    "no_consent": 0,
                    "passed": 0,
                    "unmapped": {},
                    "filtered": {},
                    "lost": {},
                    "first": 17181,
                    "last": 17182,
                    "time": "date",
                },
            }
        ],
        "total": counts,
        "held": {"before": 0, "applied": 3, "removed": 0, "after": 3},
        "near_misses": [],
    }


def test_a_file_that_cannot_be_read_exits_6_after_the_others(shop: Path) -> None:
    found = affinity(shop, "ingest", "--json", str(shop / "none.csv"), str(shop / "e.csv"))
    said = f"{shop / 'none.csv'}: expected a readable file, got No such file or directory"
    assert (found.exit_code, found.stderr) == (6, f"error: {said}\n")
    report = json.loads(found.stdout)
    assert (report["files"][0]["error"], report["total"]["applied"]) == (said, 3)


def test_no_config_exits_2(shop: Path) -> None:
    (shop / "affinity.yaml").unlink()
    assert affinity(shop, "ingest", str(shop / "e.csv")).exit_code == 2


def test_status(shop: Path) -> None:
    affinity(shop, "ingest", str(shop / "e.csv"))
    assert affinity(shop, "status").stdout == (
        "events      3\nbuckets     3\nusers       2\nitems       2\ndays        2\nnewest day  2017-01-16\n"
    )
    assert json.loads(affinity(shop, "status", "--json").stdout) == {
        "events": 3,
        "buckets": 3,
        "users": 2,
        "items": 2,
        "days": 2,
        "newest_day": 17182,
        "newest_date": "2017-01-16",
    }


def test_status_before_the_first_ingest_makes_no_state(shop: Path) -> None:
    found = affinity(shop, "status")
    assert (found.exit_code, found.stdout.splitlines()[-1]) == (0, "newest day  none")
    assert not (shop / ".affinity").exists()


def test_status_of_a_sequence_shows_the_step(shop: Path) -> None:
    (shop / "affinity.yaml").write_text("events: {types: {purchase: {weight: 1}}, time: sequence}\n")
    (shop / "e.csv").write_text("user,ts,type,item\nu1,7,purchase,i1\n")
    affinity(shop, "ingest", str(shop / "e.csv"))
    assert affinity(shop, "status").stdout.splitlines()[-1] == "newest day  7"
    assert json.loads(affinity(shop, "status", "--json").stdout)["newest_date"] is None
