"""The item index in use, what of it survives a load, and the step in which another index takes its place.

Aliases and settings belong to whoever runs the engine: a load hands on their filters, routing, replicas and so on.
Analysis and mappings are made anew. An index that others made is never deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from affinity_search.engine.aliases import Standing, move_aliases, standing_behind
from affinity_search.engine.mappings import read_mappings
from affinity_search.engine.ownership import is_marked_by, mark_of
from affinity_search.engine.protocol import Engine
from affinity_search.errors import ConfigError, EngineFailed

__all__ = ["InUse", "Owner", "find_in_use", "settings_at_once", "settings_at_the_end", "swap"]

IDENTITY = (
    "uuid",
    "creation_date",
    "provided_name",
    "version.",
    "history.",
    "resize.",
    "remote_store.",
    "verified_before_close",
    "routing.allocation.initial_recovery.",
)
"""Settings that say which index this is; the engine gives every index its own."""
DISTURBING = ("refresh_interval", "default_pipeline", "final_pipeline", "blocks.", "hidden")
"""Settings that would hinder the load, or change the items while they are written; they come at its end."""
TAKEN_OVER = ("number_of_shards", "number_of_replicas", "auto_expand_replicas", "refresh_interval")
"""Settings of an index of others that fit any index; the rest may name its fields or pipelines."""


@dataclass(frozen=True)
class Owner:
    """Whose loads these are: the prefix of the deployment, and the id of the local state."""

    prefix: str
    state: str

    def owns(self, mappings: object) -> bool:
        """True for the mark of this prefix; a mark of older versions names only the state."""
        mark = mark_of(mappings)
        return is_marked_by(mappings, self.prefix) or ("owner" not in mark and mark.get("state") == self.state)


@dataclass(frozen=True)
class InUse:
    """The index behind the alias; `is_ours` where this deployment made it."""

    standing: Standing
    is_ours: bool


def find_in_use(engine: Engine, alias: str, owner: Owner, *, take_over: bool) -> InUse | None:
    """The index behind the alias, None where there is no such alias.

    Raises ConfigError where the alias stands for several indices or bears the name of an index or a data stream, and,
    without `take_over`, where others made the index.
    """
    behind = standing_behind(engine, alias)
    if len(behind) > 1:
        raise ConfigError(
            f"{engine.url}/{alias}: expected an alias of one index, got one of "
            f"{', '.join(standing.index for standing in behind)}",
            hint="Take the alias from all but the index that the load shall replace, or choose another items.index.",
        )
    if not behind:
        return None
    found = InUse(behind[0], owner.owns(behind[0].mappings))
    if not (found.is_ours or take_over):
        raise _foreign(engine, alias, found.standing)
    return found


def settings_at_once(in_use: InUse | None) -> dict[str, str]:
    """The settings with which the new index is created, such as {"number_of_replicas": "2"}."""
    return {name: value for name, value in _handed_on(in_use).items() if not name.startswith(DISTURBING)}


def settings_at_the_end(in_use: InUse | None) -> dict[str, str | None]:
    """The settings that the new index gets when it is filled; a refresh interval of None is the engine's own."""
    late = {name: value for name, value in _handed_on(in_use).items() if name.startswith(DISTURBING)}
    return {"refresh_interval": None, **late}


def swap(engine: Engine, alias: str, new: str, owner: Owner, *, take_over: bool) -> InUse | None:
    """The index that was in use until now; in one atomic step the alias stands for `new`, with its properties.

    The other aliases of a replaced index of ours move along; those of others stay where they are. Raises like
    `find_in_use`, and EngineFailed where `new` is not the index that was created.
    """
    if not owner.owns(read_mappings(engine, new)[new]):
        raise EngineFailed(
            f"{engine.url}/{new}: expected the index as it was created, found another one",
            hint="Somebody deleted it during the load. Run the same command again.",
        )
    in_use = find_in_use(engine, alias, owner, take_over=take_over)
    held = in_use.standing.aliases if in_use else {}
    moved = {name: held[name] for name in held if name != alias and in_use and in_use.is_ours}
    main = {"is_write_index": True, **held.get(alias, {})}
    move_aliases(engine, in_use.standing.index if in_use else None, new, {alias: main, **moved})
    return in_use


def _handed_on(in_use: InUse | None) -> Mapping[str, str]:
    if in_use is None:
        return {}
    flat = {name.removeprefix("index."): value for name, value in in_use.standing.settings.items()}
    if in_use.is_ours:
        return {name: value for name, value in flat.items() if not name.startswith((*IDENTITY, "analysis."))}
    return {name: value for name, value in flat.items() if name in TAKEN_OVER}


def _foreign(engine: Engine, alias: str, standing: Standing) -> ConfigError:
    mark = mark_of(standing.mappings)
    whose = f"of the deployment {mark['owner']}" if "owner" in mark else "that this deployment did not make"
    return ConfigError(
        f"{engine.url}/{alias}: expected an alias of an index that `affinity items load` made, got one of "
        f"{standing.index}, an index {whose}",
        hint="Choose another items.index, or let the alias stand for the loaded items from now on: "
        "`affinity items load --take-over`. The index itself stays as it is.",
    )
