"""Before a publication: whose indexes these are, and what must be written because the engine does not hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from affinity_search.config.model import Config
from affinity_search.engine.protocol import Engine
from affinity_search.errors import DataError
from affinity_search.publish.look import COPIED, Counts, count_both, is_unsound, knows, look, was_interrupted
from affinity_search.publish.resync import Comparison, Target, believe, compare, read_target
from affinity_search.state.builds import Build, checked_build, state_id

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Mode", "Ready", "prepare"]

Mode = Literal["look", "verify", "force"]

FOREIGN_SHOWN = 3
NOT_COMPARED = Comparison()
ROOM = 1_000
"""Versions that a repair leaves free. Each change by hand raises the version of a document by one, and so does a
deletion, which the engine remembers for a minute without showing it."""


@dataclass(frozen=True)
class Ready:
    """What to publish and where to; `known` is True where the state knows all that the engine holds.

    `finding` says why everything was compared, and is empty where it was not.
    """

    target: Target
    build: Build
    known: bool
    finding: str = ""
    compared: Comparison = NOT_COMPARED

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found that a publication cannot mend."""
        said = []
        if self.finding == COPIED:
            said.append(f"{COPIED}: keep one state file for each engine.prefix, or the two overwrite each other")
        if foreign := self.compared.foreign:
            first = ", ".join(repr(name) for name in foreign[:FOREIGN_SHOWN])
            said.append(
                f"{len(foreign):,} lookup documents belong to no shopper (first: {first}) and are left as they are: "
                "delete them if nobody needs them"
            )
        return tuple(said)


def prepare(
    engine: Engine,
    connection: DuckDBPyConnection,
    config: Config,
    users: Sequence[str] | None,
    mode: Mode,
    *,
    take_over: bool,
) -> Ready:
    """The last build and the indexes it goes to, after the state was set right by what the engine really holds.

    Raises DataError where there is no build with this configuration, or where the indexes hold what another state file
    published and are not to be taken over; MissingResource where an alias is missing.
    """
    build = checked_build(connection, config)
    target = read_target(engine, config)
    if not take_over:
        _refuse_another_state(engine, connection, config, target)
    finding = "asked for" if mode != "look" else look(engine, connection, config, target, users)
    if not finding:
        return Ready(target, build, known=not was_interrupted(connection))
    compared = compare(engine, connection, config)
    if compared.shoppers or is_unsound(connection):
        # The last publication may have deleted what it did not write: such versions are in no document.
        newest = max(compared.newest, target.publication.build if target.publication else 0)
        build = Build(_above(build.id, newest, known=knows(connection, target)), build.as_of, build.config)
    believe(connection, build)
    return Ready(target, build, True, finding, compared)


def _refuse_another_state(engine: Engine, connection: DuckDBPyConnection, config: Config, target: Target) -> None:
    last = target.publication
    if last is None or last.state == state_id(connection) or count_both(engine, config) == Counts(0, 0):
        return
    raise DataError(
        f"{engine.url}/{config.lookup_index}: expected profiles published from this state file "
        f"({state_id(connection)[:8]}), found build {last.build} of another one ({last.state[:8]})",
        hint="Publish from that file, or give this shop another engine.prefix. To have this state file take the place "
        "of the other from now on: affinity profiles publish --take-over",
    )


def _above(build: int, newest: int, *, known: bool) -> int:
    """An id above every version in the indexes, those of deletions included; new indexes remember no deletion."""
    return max(build, newest) + ROOM if known else max(build, newest + 1)
