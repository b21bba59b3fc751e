"""Aliases: what they stand for, and how they move from one index to another in one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import ConfigError, MissingResource

__all__ = ["Standing", "add_alias", "alias_filters", "move_aliases", "remove_alias", "resolve_alias", "standing_behind"]


@dataclass(frozen=True)
class Standing:
    """A physical index behind an alias: all of its aliases with their properties, its mappings and flat settings."""

    index: str
    aliases: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    settings: Mapping[str, str]


def resolve_alias(engine: Engine, alias: str) -> list[str]:
    """The physical indices behind the alias, sorted; empty where there is no such alias.

    Raises ConfigError where an index itself, or a data stream, bears the name: an alias cannot take its place.
    """
    return [standing.index for standing in standing_behind(engine, alias)]


def standing_behind(engine: Engine, alias: str) -> list[Standing]:
    """The indices behind the alias, sorted by name, with what they bear; raises like `resolve_alias`."""
    try:
        found = engine.call("GET", path(alias), params={"flat_settings": "true"})
    except MissingResource:
        return []
    if any(alias not in body["aliases"] for body in found.values()):
        article, kind = ("an", "index") if alias in found else ("a", "data stream")
        raise ConfigError(
            f"{engine.url}/{alias}: expected an alias or nothing, got {article} {kind} of that name",
            hint=f"Choose another name in affinity.yaml, or delete that {kind} if its documents are no longer needed.",
        )
    return [
        Standing(index, body["aliases"], body.get("mappings", {}), body.get("settings", {}))
        for index, body in sorted(found.items())
    ]


def move_aliases(engine: Engine, old: str | None, new: str, aliases: Mapping[str, Mapping[str, Any]]) -> None:
    """In one atomic step the aliases, with these properties, stand for `new` and no longer for `old`.

    Raises MissingResource, and changes nothing, where `old` no longer bears one of them.
    """
    remove = [{"remove": {"index": old, "alias": name, "must_exist": True}} for name in aliases if old]
    add = [{"add": {"index": new, "alias": name, **properties}} for name, properties in aliases.items()]
    engine.call("POST", "/_aliases", {"actions": [*remove, *add]})


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
