"""Packages of extras: imported, or named with the command that installs them."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.errors import ConfigError
from affinity_search.extras import EXTRAS, extra_module, missing_extra


def without(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """From here on the module cannot be imported, as where nobody installed it."""
    real: Callable[..., Any] = builtins.__import__

    def find(module: str, *rest: Any) -> Any:
        if module.split(".")[0] == name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(module, *rest)

    for module in [m for m in sys.modules if m.split(".")[0] == name or m.startswith("affinity_search.offline")]:
        monkeypatch.delitem(sys.modules, module)
    for module in [m for m in sys.modules if m.startswith(("affinity_search.tuning", "affinity_search.cli.init"))]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", find)


def test_a_module_that_is_there_is_imported() -> None:
    assert extra_module("duckdb").__name__ == "duckdb"


def test_one_that_is_absent_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(ConfigError, match="expected the package ir-measures, found none") as raised:
        extra_module("ir_measures")
    assert raised.value.hint == "Run: pip install 'affinity-search[evaluate]'"


def test_what_belongs_to_no_extra_stays_what_it_is() -> None:
    error = ModuleNotFoundError("No module named 'colour'", name="colour")
    assert missing_extra(error) is error
    assert set(EXTRAS) == {"duckdb", "ir_measures", "numpy"}


def test_init_without_its_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "numpy")
    found = CliRunner().invoke(main, ["init", "--items", "i.jsonl", "--events", "e.csv"])
    assert (found.exit_code, found.output.splitlines()) == (
        2,
        [
            "error: expected the package numpy, found none",
            "  Run: pip install 'affinity-search[profiles]'",
        ],
    )
