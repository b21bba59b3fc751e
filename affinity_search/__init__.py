"""Personalisation that runs inside a shop's search engine.

The public names are here; each is imported when it is first asked for, so that `import affinity_search` is quick and a
name whose extra is not installed breaks only itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = [
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

if TYPE_CHECKING:
    from affinity_search.api.deployment import apply, connect, load_config, plan, rollback, status
    from affinity_search.api.measures import evaluate, tune
    from affinity_search.api.searching import AsyncClient, Client, explain
    from affinity_search.api.state import State, build_profiles, ingest, load_items, publish_profiles
else:
    _MODULES = {
        "deployment": ("apply", "connect", "load_config", "plan", "rollback", "status"),
        "measures": ("evaluate", "tune"),
        "searching": ("AsyncClient", "Client", "explain"),
        "state": ("State", "build_profiles", "ingest", "load_items", "publish_profiles"),
    }
    _HOMES = {name: module for module, names in _MODULES.items() for name in names}

    def __getattr__(name):
        """The public name, from the module that has it; a ConfigError says which extra is missing."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib

        try:
            found = getattr(importlib.import_module(f"{__name__}.api.{_HOMES[name]}"), name)
        except ModuleNotFoundError as error:
            from affinity_search.extras import missing_extra

            raise missing_extra(error) from error
        globals()[name] = found
        return found

    def __dir__():
        """The public names, imported or not."""
        return sorted({*globals(), *__all__})
