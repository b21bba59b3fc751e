"""Search templates stored in the engine: Mustache texts that the cluster holds under a name."""

from __future__ import annotations

from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import MissingResource

__all__ = ["delete_script", "read_script", "script_names", "write_script"]


def read_script(engine: Engine, name: str) -> str | None:
    """The source stored under this name; None where there is none."""
    try:
        return str(engine.call("GET", path("_scripts", name))["script"]["source"])
    except MissingResource:
        return None


def script_names(engine: Engine) -> tuple[str, ...]:
    """The names of all stored scripts, in the order of the alphabet; raises EngineError where they are not told."""
    wanted = {"filter_path": "metadata.stored_scripts.*.lang"}
    found = engine.call("GET", "/_cluster/state/metadata", params=wanted).get("metadata", {})
    return tuple(sorted(found.get("stored_scripts", {})))


def write_script(engine: Engine, name: str, source: str) -> None:
    """Stores the Mustache source under this name, in the place of what was there."""
    engine.call("PUT", path("_scripts", name), {"script": {"lang": "mustache", "source": source}})


def delete_script(engine: Engine, name: str) -> bool:
    """True where the script was there and is deleted, False where there was none."""
    try:
        engine.call("DELETE", path("_scripts", name))
    except MissingResource:
        return False
    return True
