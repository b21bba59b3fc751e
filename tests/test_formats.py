"""Every form that is known by name: init without an option, ingest and build find the taste that was planted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from duckdb import DuckDBPyConnection

from affinity_search.cli import main
from affinity_search.config import Config, load_config, parse_config
from affinity_search.config.presets import preset_names
from affinity_search.items.item import Item
from affinity_search.items.read import read_items
from affinity_search.profiles.build import build_profiles
from affinity_search.sniffing.hints import Hints
from affinity_search.sniffing.known import known_forms
from affinity_search.state import open_state
from affinity_search.state.buckets import ingest
from affinity_search.state.catalogue import stage_items, store_catalogue
from affinity_search.state.popularity import compute_signals
from affinity_search.tuning.sources import propose_sources
from docs.generate_formats import PAGE, page
from tests.format_shops import EVENTS, FORMS, ITEMS, Written, lines, loved

NOW = datetime(2025, 1, 1, tzinfo=UTC)
TOP = """
SELECT value FROM profile_entries WHERE user_id = $user AND attribute = $attribute ORDER BY weight DESC, value LIMIT 2
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


def init(written: Written, *options: str) -> tuple[Result, Config]:
    files = "--items", str(written.items), "--events", str(written.events)
    found = run("init", *files, *options)
    assert found.exit_code == 0, found.output
    return found, load_config(Path("affinity.yaml"))


def load(connection: DuckDBPyConnection, file: Path, config: Config) -> int:
    """The items into the state, as `affinity items load` puts them there; how many they are."""
    items = [item for _, item in read_items(file, config.items.source) if isinstance(item, Item)]
    compute_signals(connection, config)
    for _ in stage_items(connection, items, config):
        pass
    store_catalogue(connection, "products-1")
    return len(items)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FORMS)
def test_a_form_loads_with_init_and_finds_the_planted_taste(name: str, folder: Path) -> None:
    written = FORMS[name](folder)
    _, config = init(written)
    assert parse_config(Path("affinity.yaml").read_text("utf-8"), "affinity.yaml").attributes == config.attributes
    with open_state(config.state.path) as state:
        assert load(state, written.items, config) == len(ITEMS)
        report = ingest(state, [written.events], config, now=NOW, quarantine_folder=folder / "quarantine")
        build_profiles(state, config, now_ms=1)
        top = state.execute(TOP, {"user": written.user, "attribute": written.attribute}).fetchall()
    assert report.files[0].known.share == 1.0
    assert report.total.applied >= len(EVENTS)
    assert report.total.quarantined == 0
    assert {value for (value,) in top} & {written.brand(brand) for brand in loved()}
    assert top[0][0] in {written.brand(brand) for brand in loved()}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_may_be_named(name: str, folder: Path) -> None:
    written = FORMS[name](folder)
    named = propose_sources(written.items, [written.events], Hints(form=name))
    assert named.events == propose_sources(written.items, [written.events]).events
    assert name in {named.proposal.forms.get("items"), named.proposal.forms.get("events")}


def test_every_form_that_ships_is_tested() -> None:
    assert {form.name for form in known_forms()} == set(FORMS)
    assert {*preset_names("events"), *preset_names("items")} <= set(FORMS)


def test_the_page_of_forms_is_as_generated() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_a_form_that_the_files_do_not_show_is_refused(folder: Path) -> None:
    written = FORMS["ga4"](folder)
    found = run("init", "--items", str(written.items), "--events", str(written.events), "--format", "shopify")
    assert found.exit_code == 2
    assert found.stderr.startswith(
        "error: --format shopify: expected events with Lineitem quantity, Lineitem name, Created at; items with Handle,"
    )
    found = run("init", "--items", str(written.items), "--events", str(written.events), "--format", "shopifi")
    assert found.stderr.startswith("error: --format: expected one of algolia, bestbuy,")


def test_the_queries_of_ubi_are_no_events(folder: Path) -> None:
    searches = [
        {"query_id": f"q{n}", "user_query": "shoe", "client_id": "c", "timestamp": "2024-01-01T00:00:00Z"}
        for n in range(9)
    ]
    found = run(
        "init", "--items", str(FORMS["ubi"](folder).items), "--events", str(lines(folder / "q.jsonl", searches))
    )
    assert (found.exit_code, found.stderr) == (
        6,
        f"error: {folder / 'q.jsonl'}: expected events, found searches: these are the queries of User Behavior "
        "Insights (ubi_queries)\n"
        "  The events are in the other index, ubi_events; both may stand in one file.\n",
    )
