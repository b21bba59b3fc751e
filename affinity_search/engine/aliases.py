"""Single aliases of an index; how several move in one step stands in `indices`."""

from __future__ import annotations

from affinity_search.engine.protocol import Engine

__all__ = ["add_alias", "remove_alias"]


def add_alias(engine: Engine, index: str, alias: str) -> None:
    """Lets the alias stand for this index too; it may do so already."""
    _change(engine, "add", index, alias)


def remove_alias(engine: Engine, index: str, alias: str) -> None:
    """Takes the alias from the index; raises MissingResource where it had none of that name."""
    _change(engine, "remove", index, alias)


def _change(engine: Engine, action: str, index: str, alias: str) -> None:
    engine.call("POST", "/_aliases", {"actions": [{action: {"index": index, "alias": alias}}]})
