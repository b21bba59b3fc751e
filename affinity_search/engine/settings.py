"""Settings of indices and of the cluster, by their flat names such as `index.refresh_interval`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from affinity_search.engine.protocol import Engine, path

__all__ = ["read_cluster_setting", "read_settings", "write_settings"]

FLAT = {"flat_settings": "true"}


def read_settings(engine: Engine, name: str, settings: Iterable[str]) -> dict[str, dict[str, str]]:
    """Those of the settings that somebody set, for every index behind the name, in the order of their names."""
    answer = engine.call("GET", path(name, "_settings", ",".join(settings)), None, FLAT)
    return {index: body["settings"] for index, body in sorted(answer.items())}


def write_settings(engine: Engine, name: str, settings: Mapping[str, str | None]) -> None:
    """Sets these settings, named without `index.`; None is the engine's own value again."""
    engine.call("PUT", path(name, "_settings"), {"index": settings})


def read_cluster_setting(engine: Engine, name: str) -> Any:
    """The value that holds in the cluster: the transient one before the persistent one before the default.

    None where the engine knows no such setting.
    """
    settings = engine.call("GET", "/_cluster/settings", params={**FLAT, "include_defaults": "true"})
    layers = (settings.get(layer, {}) for layer in ("transient", "persistent", "defaults"))
    return next((layer[name] for layer in layers if name in layer), None)
