"""Holds the order of the packages: imports go one way, the pure ones stay pure, one package knows the engine."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "affinity_search"
MOST_LINES = 400

# From the bottom up. A module belongs to the longest name that it begins with, and may import from lower rows and from
# its own name only. Names in one row know nothing of each other.
ORDER = (
    ("errors", "resources"),
    ("columns", "config.names", "config.patterns", "config.roles", "extras", "formulas", "output", "plain"),
    ("config.section", "weights"),
    ("config.profiles",),
    ("signals",),
    ("config", "inputs"),
    ("sources",),
    ("items", "events"),
    ("sniffing",),
    ("lookups",),
    ("surfaces",),
    ("state",),
    ("profiles",),
    ("engine",),
    ("offline", "surfaces.check"),
    ("deploy", "publish", "search"),
    ("adoption", "sandbox"),
    ("tuning",),
    ("evaluation",),
    ("api",),
    ("demo",),
    ("cli",),
)
RANKS = {name: rank for rank, row in enumerate(ORDER) for name in row}

PURE = (
    "config",
    "events",
    "inputs",
    "items",
    "lookups",
    "plain",
    "profiles",
    "signals",
    "sniffing",
    "sources",
    "surfaces",
    "weights",
    *(f"offline.{name}" for name in ("changes", "comparison", "cut", "gains", "measures", "quality", "scorer", "text")),
    *(f"tuning.{name}" for name in ("acceptance", "ascent", "by_category", "parameters", "reasons", "start", "write")),
    "evaluation.breakdown",
)
NETWORK = {"http", "opensearchpy", "requests", "socket", "ssl", "subprocess", "urllib.request", "urllib3"}
CLOCKS = ("date.today", "datetime.now", "datetime.today", "datetime.utcnow", "time.time", "time.time_ns")

REST_PATH = re.compile(
    r"/_[a-z]|^_(aliases|alias|bulk|cat|cluster|count|create|doc|field_caps|ingest|mapping|mget|msearch|nodes|refresh|"
    r"render|scripts|search|settings|stats|update|update_by_query)(/|$)"
)

FILES = sorted(PACKAGE.rglob("*.py"))


def module_name(file: Path) -> str:
    """`search.client` for search/client.py, `search` for search/__init__.py, empty for the package itself."""
    return ".".join(part for part in file.relative_to(PACKAGE).with_suffix("").parts if part != "__init__")


MODULES = {name: file for file in FILES if (name := module_name(file))}
PURE_MODULES = [module for module in MODULES if f"{module}.".startswith(tuple(f"{name}." for name in PURE))]


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imports(file: Path) -> Iterator[str]:
    """Every module that the file imports, anywhere in it; a name that is itself a module stands with its full path."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: relative import"
            parent = node.module or ""
            for alias in node.names:
                full = f"{parent}.{alias.name}".removeprefix("affinity_search.")
                yield f"affinity_search.{full}" if parent.startswith("affinity_search") and full in MODULES else parent


def own_imports(file: Path) -> set[str]:
    """The modules of this package that the file imports."""
    prefix = "affinity_search."
    return {name.removeprefix(prefix) for name in imports(file) if name.startswith(prefix)}


def place(module: str) -> str:
    """The name in ORDER that the module belongs to."""
    fitting = [name for name in RANKS if module == name or module.startswith(f"{name}.")]
    assert fitting, f"affinity_search.{module} has no place in the order of the packages"
    return max(fitting, key=len)


def test_every_module_has_a_place_in_the_order() -> None:
    assert {place(module) for module in MODULES} == set(RANKS)


def test_imports_go_down_the_order() -> None:
    upward = {
        f"{module} -> {name}"
        for module, file in MODULES.items()
        for name in own_imports(file)
        if place(name) != place(module) and RANKS[place(name)] >= RANKS[place(module)]
    }
    assert upward == set(), "imports from above or beside"


def test_pure_modules_have_no_engine_no_clock_and_no_network() -> None:
    impure = set()
    for module in PURE_MODULES:
        file = MODULES[module]
        engine = {name for name in own_imports(file) if name.split(".")[0] == "engine"}
        network = {name for name in imports(file) if NETWORK & {name, name.split(".")[0]}}
        calls = {ast.unparse(node.func) for node in ast.walk(tree(file)) if isinstance(node, ast.Call)}
        clocks = {call for call in calls if call.endswith(CLOCKS)}
        allowed = {"engine.protocol", "engine.searches"} if module == "surfaces.check" else set()
        impure |= {f"{module}: {found}" for found in engine - allowed | network | clocks}
    assert impure == set()


def test_only_the_engine_package_talks_to_engines() -> None:
    talking = {module for module, file in MODULES.items() if "opensearchpy" in {n.split(".")[0] for n in imports(file)}}
    assert {module.split(".")[0] for module in talking} == {"engine"}


def rest_paths(module: ast.Module) -> Iterator[str]:
    """What looks like a part of a REST path, and what sends one; docstrings do not count."""
    said = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            if REST_PATH.search(node.value):
                yield f"{node.lineno}: {node.value!r}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "call":
            yield f"{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("affinity_search.engine"):
            yield from (f"{node.lineno}: imports path" for alias in node.names if alias.name == "path")


def test_only_the_engine_package_builds_rest_paths() -> None:
    built = {
        f"{module}:{found}"
        for module, file in MODULES.items()
        if module.split(".")[0] != "engine"
        for found in rest_paths(tree(file))
    }
    assert built == set()


@pytest.mark.parametrize(
    "source",
    [
        "engine.call('GET', where)",
        "'_search'",
        "f'/{index}/_search'",
        "'/_msearch/template'",
        "f'GET {index}/_mapping'",
        "('_ingest', 'pipeline')",
        "from affinity_search.engine.protocol import Engine, path",
    ],
)
def test_a_rest_path_is_seen_however_it_is_built(source: str) -> None:
    assert len(list(rest_paths(ast.parse(f"x = {source}" if "import" not in source else source)))) == 1


def test_names_of_fields_are_no_rest_paths() -> None:
    source = """def f():
        "Sends `/_search`."
        return {"_source": False, "_id": "_score", "_meta": "a/b", "query": "_name"}"""
    assert list(rest_paths(ast.parse(source))) == []


def test_modules_are_short_and_named_for_what_they_do() -> None:
    lines = {module: len(file.read_text(encoding="utf-8").splitlines()) for module, file in MODULES.items()}
    assert {module: count for module, count in lines.items() if count > MOST_LINES} == {}
    assert [module for module in MODULES if {"common", "helpers", "misc", "util", "utils"} & {*module.split(".")}] == []


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_offers_is_there_and_sorted(module: str) -> None:
    found = importlib.import_module(f"affinity_search.{module}")
    names = getattr(found, "__all__", [])
    defined = {n.name for n in tree(MODULES[module]).body if isinstance(n, ast.ClassDef | ast.FunctionDef)}
    assert names or not {name for name in defined if not name.startswith("_")}, "has no __all__"
    assert [name for name in names if not hasattr(found, name)] == []
    assert list(names) == sorted(set(names), key=kind_then_name)


def kind_then_name(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
