"""Physical indices: made under names of their own, identified, refreshed and deleted; aliases stand in `aliases`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from affinity_search.engine.answers import part
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import MissingResource

__all__ = [
    "Identity",
    "create_index",
    "delete_index",
    "free_index_name",
    "identify",
    "indices_behind",
    "is_index_of",
    "new_index_name",
    "refresh",
    "unaliased_indices",
]


@dataclass(frozen=True)
class Identity:
    """A physical index: its UUID, which an index made again under the same name does not have, and its `_meta`.

    `mappings` holds nothing but `_meta`, and is empty without.
    """

    index: str
    uuid: str
    mappings: Mapping[str, Any]


def new_index_name(alias: str, now: datetime) -> str:
    """`<alias>-<UTC date>-<time>-<microseconds>`, such as `products-20260131-235959-000123`; later names sort later."""
    return f"{alias}-{now.astimezone(UTC):%Y%m%d-%H%M%S-%f}"


def free_index_name(engine: Engine, alias: str, now: datetime) -> str:
    """The first name of `new_index_name`, from this moment on, that no index has."""
    while indices_behind(engine, name := new_index_name(alias, now)):
        now += timedelta(microseconds=1)
    return name


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


def refresh(engine: Engine, *names: str) -> None:
    """Lets searches and counts see all that was written to these indices or aliases up to now."""
    engine.call("POST", path(",".join(names), "_refresh"))


def identify(engine: Engine, name: str, *, hidden: bool = False) -> list[Identity]:
    """The physical indices that a name, an alias or a pattern stands for; with `hidden` those a pattern passes over.

    None for a pattern that nothing bears; raises MissingResource for a name or an alias that nothing bears.
    """
    params = {"filter_path": "*.settings.index.uuid,*.mappings._meta"}
    found = engine.call("GET", path(name), params={**params, **({"expand_wildcards": "all"} if hidden else {})})
    return [
        Identity(index, part(engine, body, str, "settings", "index", "uuid"), body.get("mappings", {}))
        for index, body in found.items()
    ]


def indices_behind(engine: Engine, name: str) -> list[str]:
    """The physical indices that an alias or index name stands for, sorted; empty where nothing bears the name."""
    try:
        return sorted(engine.call("GET", path(name, "_alias")))
    except MissingResource:
        return []


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
