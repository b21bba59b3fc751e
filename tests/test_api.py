"""The public names: there, documented, quickly imported, in one order, with results that JSON takes."""

from __future__ import annotations

import ast
import inspect
import json
import math
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import affinity_search as a
from affinity_search.config import parse_config
from affinity_search.events import Accounting
from affinity_search.plain import plain
from affinity_search.search.answer import read_answer
from affinity_search.state.ingested import FileReport, HeldChange, IngestReport
from docs.generate_python import PAGE, page
from tests.contract.fake_engine import FakeEngine
from tests.test_architecture import PACKAGE, kind_then_name, tree

NAMES = [
    "AsyncClient",
    "Client",
    "State",
    "apply",
    "build_profiles",
    "connect",
    "evaluate",
    "explain",
    "ingest",
    "load_config",
    "load_items",
    "plan",
    "publish_profiles",
    "rollback",
    "status",
    "tune",
]
HEAVY = ("click", "duckdb", "elasticsearch_dsl", "jinja2", "numpy", "opensearchpy", "pydantic", "yaml")
ORDER = ("client", "engine", "state", "plan", "folder", "items", "events", "config", "paths", "path", "q", "user")
CONFIG = parse_config("events: {types: {purchase: {weight: 1}}}")
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def ran(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_the_public_names_are_these() -> None:
    assert a.__all__ == NAMES == sorted(NAMES, key=kind_then_name)
    assert {*NAMES} <= {*dir(a)}


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_documented_and_can_be_called(name: str) -> None:
    found = getattr(a, name)
    assert callable(found)
    assert found.__name__ == name
    assert inspect.getdoc(found)


def test_type_checkers_see_the_names_where_programs_find_them() -> None:
    (checked,) = (node for node in tree(PACKAGE / "__init__.py").body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in checked.body for alias in node.names}
    assert seen == {name: f"affinity_search.api.{module}" for name, module in a._HOMES.items()}
    assert sorted(seen, key=kind_then_name) == NAMES


def test_another_name_is_none() -> None:
    with pytest.raises(AttributeError, match="module 'affinity_search' has no attribute 'nonsense'"):
        attrgetter("nonsense")(a)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = f"import sys, affinity_search; print(sorted(set(sys.modules) & set({HEAVY})))"
    assert ran(code) == "[]"


def test_a_client_needs_no_extra() -> None:
    code = (
        "import sys, affinity_search as a\n"
        "a.Client, a.AsyncClient, a.explain, a.load_config, a.connect, a.plan, a.apply, a.rollback, a.status\n"
        "print({'duckdb', 'numpy'} & {*sys.modules})"
    )
    assert ran(code) == "set()"


def test_a_name_whose_extra_is_missing_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['numpy'] = None\n"
        "import affinity_search as a\n"
        "try: a.tune\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    assert ran(code).splitlines() == [
        "ConfigError expected the package numpy, found none",
        "  Run: pip install 'affinity-search[profiles]'",
    ]


@pytest.mark.parametrize("module", ["evaluation.folder", "state", "deploy.planning", "search.explain", "tuning.tune"])
def test_a_name_is_what_it_is_whatever_was_imported_before(module: str) -> None:
    wrong = "print([name for name in a.__all__ if not callable(getattr(a, name))])"
    code = f"import affinity_search.{module}, affinity_search as a; {wrong}"
    assert ran(code) == "[]"


@pytest.mark.parametrize("name", [name for name in NAMES if name[0].islower()])
def test_arguments_stand_in_one_order(name: str) -> None:
    parameters = inspect.signature(getattr(a, name)).parameters.values()
    given_first = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    if name in ("evaluate", "tune"):  # they may choose the configuration themselves, so it stands behind the files
        assert given_first.pop() == "config"
    if name != "load_config":
        assert given_first == sorted(given_first, key=ORDER.index)
    if "now" in inspect.signature(getattr(a, name)).parameters:
        now = inspect.signature(getattr(a, name)).parameters["now"]
        assert (now.kind, now.annotation, now.default) == (now.KEYWORD_ONLY, "datetime", now.empty)


def test_a_moment_without_a_time_zone_is_refused(tmp_path: Path) -> None:
    naive = datetime(2026, 3, 1)
    config = CONFIG.model_copy(update={"state": CONFIG.state.model_copy(update={"path": tmp_path / "state.duckdb"})})
    expected = "now: expected a datetime with a time zone"
    with a.State(config) as state:
        for call in (
            lambda: a.ingest(state, config, [], now=naive),
            lambda: a.load_items(FakeEngine(), state, config, "items.jsonl", now=naive),
            lambda: a.build_profiles(state, config, now=naive),
            lambda: a.rollback(FakeEngine(), config, now=naive),
        ):
            with pytest.raises(ValueError, match=expected):
                call()


def test_a_state_is_used_inside_its_block_only(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"state": CONFIG.state.model_copy(update={"path": tmp_path / "state.duckdb"})})
    state = a.State(config)
    assert not config.state.path.exists()
    with pytest.raises(
        RuntimeError, match=r"state.duckdb: expected an open state: use it inside `with State\(config\)"
    ):
        a.build_profiles(state, config, now=NOW)
    with state:
        assert a.ingest(state, config, [], now=NOW).as_json() == {
            "files": [],
            "total": dict.fromkeys(Accounting().counts(), 0),
            "held": {"before": 0, "applied": 0, "removed": 0, "after": 0},
            "near_misses": [],
        }
        with pytest.raises(RuntimeError, match="expected a state that is not open yet"):
            state.__enter__()
    with state, pytest.raises(Exception, match="profiles: expected events, found none"):
        a.build_profiles(state, config, now=NOW)


def test_the_asynchronous_client_searches_with_the_same_arguments() -> None:
    assert inspect.iscoroutinefunction(a.AsyncClient.search)
    assert inspect.signature(a.AsyncClient.search) == inspect.signature(a.Client.search)


@dataclass(frozen=True)
class Value:
    number: float
    inner: Any


def test_plain_values() -> None:
    value = Value(math.nan, {"day": date(2026, 3, 1), 3: (Path("a/b"), None, True), "set": frozenset("ba")})
    assert plain(value) == {
        "number": None,
        "inner": {"day": "2026-03-01", "3": ["a/b", None, True], "set": ["a", "b"]},
    }
    assert plain(NOW) == "2026-03-01T00:00:00+00:00"
    assert plain([math.inf, -math.inf, 0.5]) == [None, None, 0.5]
    with pytest.raises(TypeError, match="expected a value that JSON can say, got complex"):
        plain([1j])


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.builds(Value, st.floats(), inner),
)


@given(JSON_VALUES)
def test_json_takes_every_plain_value_and_gives_it_back(value: Any) -> None:
    said = plain(value)
    assert json.loads(json.dumps(said, allow_nan=False)) == said


def test_aggregations_highlights_and_totals_reach_the_caller() -> None:
    hit = {"_id": "s01", "_score": 2.0, "_source": {"title": "Shoes"}, "highlight": {"title": ["<em>Shoes</em>"]}}
    plain_hit = {"_id": "s02", "_score": 1.0, "_source": {}}
    aggregations = {"brand": {"buckets": [{"key": "Alder", "doc_count": 3}]}}
    total = {"value": 12, "relation": "gte"}

    answer = read_answer({"hits": {"total": total, "hits": [hit, plain_hit]}, "aggregations": aggregations})

    assert [found.highlight for found in answer.hits] == [{"title": ["<em>Shoes</em>"]}, {}]
    assert answer.aggregations == aggregations
    assert (answer.total, answer.total_exact) == (12, False)
    said = answer.as_json()
    assert (said["aggregations"], said["total"], said["hits"][0]["highlight"]) == (aggregations, 12, hit["highlight"])


def test_highlights_reach_the_caller_beyond_the_window_too() -> None:
    marked = {"name": ["<b>x</b>"]}
    names = ["template|t-1a2b3c4d", "personalised", "window|1"]
    hits = [{"_id": n, "_score": 1.0, "matched_queries": names, "highlight": marked} for n in "ab"]
    answer = read_answer({"hits": {"hits": hits}})
    assert [(hit.accounted, hit.highlight) for hit in answer.hits] == [(True, marked), (False, marked)]


def test_an_ingest_says_itself_as_json() -> None:
    file = FileReport(Path("e.csv"), Accounting(read=1, applied=1), None, None)
    report = IngestReport((file,), HeldChange(0, 1, 0, 1))
    said = report.as_json()
    assert said["files"] == [
        {
            "file": "e.csv",
            **file.accounting.counts(),
            "known_items_share": None,
            "quarantine": None,
            "error": None,
            "consent_not_mapped": {},
            "facts": plain(file.facts),
        }
    ]
    assert json.loads(json.dumps(said, allow_nan=False)) == said


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"
    assert [f"## {name}\n" in page() for name in NAMES] == [True] * len(NAMES)
