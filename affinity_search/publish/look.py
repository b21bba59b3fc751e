"""The cheap look before a publication: is what the engine holds still what the last publication left?

It reads no document. Every write and every deletion takes a new sequence number of its shard, so the numbers found now
set against those kept in the state tell whether anybody else wrote; counts and a sample tell of documents lost without
a write. A look that finds something ends in a full comparison.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.engine.documents import read_versions
from affinity_search.engine.indices import refresh
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import count_whole, positions
from affinity_search.publish.resync import Target
from affinity_search.state.builds import read_meta, state_id, transaction, write_meta

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["COPIED", "Counts", "begin", "count_both", "finish", "is_unsound", "knows", "look", "was_interrupted"]

INDEXES, BUILDS, LOOK, COUNTS = "published.indexes", "published.builds", "published.look", "published.counts"
UNDER_WAY, DIFFERS = "", "differs"
COPIED = "a copy of this state file has published since"

SAMPLE = "SELECT user_id, documents, build FROM published USING SAMPLE 50 ROWS"
SAMPLE_OF = "SELECT user_id, documents, build FROM published WHERE user_id IN (SELECT unnest($users::VARCHAR[]))"


@dataclass(frozen=True)
class Counts:
    """Documents in the two indexes."""

    lookups: int
    profiles: int

    def __str__(self) -> str:
        return f"{self.lookups:,} lookup and {self.profiles:,} profile documents"


def count_both(engine: Engine, config: Config) -> Counts:
    """Documents in both indexes, those written a moment ago included."""
    refresh(engine, config.lookup_index, config.profile_index)
    return Counts(count_whole(engine, config.lookup_index), count_whole(engine, config.profile_index))


def was_interrupted(connection: DuckDBPyConnection) -> bool:
    """True where the last publication did not come to its end; what it wrote is made good by the next one."""
    return read_meta(connection).get(LOOK) == UNDER_WAY


def is_unsound(connection: DuckDBPyConnection) -> bool:
    """True where the last publication met newer versions, or found other counts at its end than it should."""
    return read_meta(connection).get(LOOK) == DIFFERS


def knows(connection: DuckDBPyConnection, target: Target) -> bool:
    """True where this state published to these very indexes before."""
    return read_meta(connection).get(INDEXES) == target.indexes


def look(
    engine: Engine, connection: DuckDBPyConnection, config: Config, target: Target, users: Sequence[str] | None
) -> str:
    """Why everything must be compared; empty where the engine holds what the state believes, as far as a look tells.

    With `users` no counts are taken, and these shoppers are the sample.
    """
    meta = read_meta(connection)
    if reason := _other_hands(connection, target, meta):
        return reason
    if meta[LOOK] == UNDER_WAY:
        return ""
    if meta[LOOK] == DIFFERS:
        return "the last publication found newer versions or other counts"
    if meta[LOOK] != _written(engine, config):
        return "somebody else has written to these indexes since"
    if users is None and (counts := meta[COUNTS]) and counts != (found := str(count_both(engine, config))):
        return f"expected {counts}, found {found}"
    return _sampled(engine, connection, config, users)


def _other_hands(connection: DuckDBPyConnection, target: Target, meta: Mapping[str, str]) -> str:
    last = target.publication
    if meta.get(INDEXES) != target.indexes or LOOK not in meta:
        return "the state has not published to these indexes yet"
    if last is None:
        return "the lookup index does not say who published"
    if last.state != state_id(connection):
        return "another state file has published since"
    if str(last.build) not in meta.get(BUILDS, "").split():
        return COPIED
    return ""


def _sampled(engine: Engine, connection: DuckDBPyConnection, config: Config, users: Sequence[str] | None) -> str:
    rows = connection.execute(*((SAMPLE,) if users is None else (SAMPLE_OF, {"users": list(users)}))).fetchall()
    wanted = [(config.lookup_index, name, build) for _, names, build in rows for name in names]
    wanted += [(config.profile_index, user, build) for user, _, build in rows]
    if not wanted:
        return ""
    found = read_versions(engine, [(index, name) for index, name, _ in wanted])
    lost = sum(
        version is None or version != (build or version) for version, (_, _, build) in zip(found, wanted, strict=True)
    )
    return f"of {len(wanted)} documents looked at, {lost} are missing or another's" if lost else ""


def begin(connection: DuckDBPyConnection, target: Target, build: int) -> None:
    """Notes that a publication of this build is under way; the indexes may say this build or the one before."""
    last = target.publication
    builds = f"{last.build} {build}" if last else str(build)
    with transaction(connection):
        write_meta(connection, {INDEXES: target.indexes, BUILDS: builds, LOOK: UNDER_WAY, COUNTS: ""})


def finish(
    engine: Engine, connection: DuckDBPyConnection, config: Config, *, counts: Counts | None, sound: bool
) -> None:
    """Notes what the next look is to find, or, where the publication was not `sound`, that all must be compared."""
    look_for = _written(engine, config) if sound else DIFFERS
    with transaction(connection):
        write_meta(connection, {LOOK: look_for, COUNTS: str(counts) if counts else ""})


def _written(engine: Engine, config: Config) -> str:
    found = positions(engine, f"{config.lookup_index},{config.profile_index}")
    return json.dumps({position.key: position.newest for position in found}, sort_keys=True)
