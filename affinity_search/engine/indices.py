"""Physical indices behind aliases: a new one is filled beside the old one, then the alias moves in one step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import ConfigError, MissingResource

__all__ = [
    "create_index",
    "delete_index",
    "indices_behind",
    "is_index_of",
    "new_index_name",
    "point_alias",
    "resolve_alias",
    "unaliased_indices",
]


def new_index_name(alias: str, now: datetime) -> str:
    """`<alias>-<UTC date>-<time>-<microseconds>`, such as `products-20260131-235959-000123`; later names sort later."""
    return f"{alias}-{now.astimezone(UTC):%Y%m%d-%H%M%S-%f}"


def is_index_of(alias: str, index: str) -> bool:
    """True where the index bears a name that `new_index_name` gives for this alias."""
    return re.fullmatch(re.escape(alias) + r"-\d{8}-\d{6}-\d{6}", index) is not None


def create_index(engine: Engine, index: str, body: Mapping[str, Any]) -> None:
    """Creates the index with these settings and mappings; raises RefusedRequest where it is there already."""
    engine.call("PUT", path(index), body)


def delete_index(engine: Engine, index: str) -> bool:
    """True where the index was there and is deleted, False where there was none."""
    try:
        engine.call("DELETE", path(index))
    except MissingResource:
        return False
    return True


def indices_behind(engine: Engine, name: str) -> list[str]:
    """The physical indices that an alias or index name stands for, sorted; empty where nothing bears the name."""
    try:
        return sorted(engine.call("GET", path(name, "_alias")))
    except MissingResource:
        return []


def resolve_alias(engine: Engine, alias: str) -> list[str]:
    """The physical indices behind the alias, sorted; empty where there is no such alias.

    Raises ConfigError where an index itself bears the name: an alias cannot take its place without losing it.
    """
    found = indices_behind(engine, alias)
    if found == [alias]:
        raise ConfigError(
            f"{engine.url}/{alias}: expected an alias or nothing, got an index of that name",
            hint="Choose another name in affinity.yaml, or delete that index if its documents are no longer needed.",
        )
    return found


def point_alias(engine: Engine, alias: str, new_index: str) -> list[str]:
    """The indices that the alias stood for until now; in one atomic step it stands for `new_index` alone."""
    old = [index for index in resolve_alias(engine, alias) if index != new_index]
    remove = [{"remove": {"index": index, "alias": alias}} for index in old]
    add = {"add": {"index": new_index, "alias": alias, "is_write_index": True}}
    engine.call("POST", "/_aliases", {"actions": [*remove, add]})
    return old


def unaliased_indices(engine: Engine, alias: str) -> dict[str, dict[str, Any]]:
    """Indices named by `new_index_name` for this alias that no alias stands for, each with the `_meta` of its mappings.

    Such an index is either being filled at this moment or was left behind.
    """
    found = engine.call("GET", path(f"{alias}-*"), params={"filter_path": "*.aliases,*.mappings._meta"})
    return {
        index: body.get("mappings", {}).get("_meta", {})
        for index, body in found.items()
        if is_index_of(alias, index) and not body.get("aliases")
    }
