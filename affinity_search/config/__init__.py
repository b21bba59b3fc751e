"""The shop's configuration: its model, its limits, its loading, and the names that it gives in the engine.

The public names are imported when they are first asked for: signals bring sections of their own, which stand on the
modules here that say what a section is, and the whole configuration stands on the signals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Attribute", "Config", "ItemAffinity", "config_schema", "load_config", "parse_config"]

if TYPE_CHECKING:
    from affinity_search.config.load import config_schema, load_config, parse_config
    from affinity_search.config.model import Attribute, Config, ItemAffinity
else:
    _HOMES = dict.fromkeys(("config_schema", "load_config", "parse_config"), "load")
    _HOMES |= dict.fromkeys(("Attribute", "Config", "ItemAffinity"), "model")

    def __getattr__(name):
        """The public name, from the module that has it."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
