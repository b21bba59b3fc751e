"""Packages that only an extra installs: there, or a clear word on how to get them."""

from __future__ import annotations

import importlib
from types import ModuleType

from affinity_search.errors import ConfigError

__all__ = ["EXTRAS", "extra_module", "missing_extra"]

EXTRAS = {"duckdb": "profiles", "ir_measures": "evaluate", "numpy": "profiles"}
"""The extra that installs a module."""


def extra_module(name: str) -> ModuleType:
    """The module, imported. Raises ConfigError, with the command that installs it, where it is not there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise missing_extra(error) from error


def missing_extra(error: ModuleNotFoundError) -> Exception:
    """What to say of a module that was not found: a ConfigError for one of an extra, else the error itself."""
    if error.name not in EXTRAS:
        return error
    return ConfigError(
        f"expected the package {error.name.replace('_', '-')}, found none",
        hint=f"Run: pip install 'affinity-search[{EXTRAS[error.name]}]'",
    )
