"""Single aliases of an index; how several move in one step stands in `indices`."""

from __future__ import annotations

from typing import Any

from affinity_search.engine.protocol import Engine, path

__all__ = ["add_alias", "alias_filters", "remove_alias"]


def add_alias(engine: Engine, index: str, alias: str) -> None:
    """Lets the alias stand for this index too; it may do so already."""
    _change(engine, "add", index, alias)


def alias_filters(engine: Engine, name: str) -> dict[str, dict[str, Any] | None]:
    """By index that the name stands for, the query which its alias lets through; None where that is everything.

    Raises MissingResource where nothing bears the name.
    """
    found = engine.call("GET", path(name, "_alias"))
    return {index: body["aliases"].get(name, {}).get("filter") for index, body in sorted(found.items())}


def remove_alias(engine: Engine, index: str, alias: str) -> None:
    """Takes the alias from the index; raises MissingResource where it had none of that name."""
    _change(engine, "remove", index, alias)


def _change(engine: Engine, action: str, index: str, alias: str) -> None:
    engine.call("POST", "/_aliases", {"actions": [{action: {"index": index, "alias": alias}}]})
