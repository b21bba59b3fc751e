"""Packages that only an extra installs: there, or a clear word on how to get them."""

from __future__ import annotations

import importlib
from types import ModuleType

from affinity_search.errors import ConfigError

__all__ = ["extra_module"]


def extra_module(name: str, extra: str) -> ModuleType:
    """The module, imported. Raises ConfigError, with the command that installs it, where it is not there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"expected the package {name.replace('_', '-')}, found none",
            hint=f"Run: pip install 'affinity-search[{extra}]'",
        ) from error
