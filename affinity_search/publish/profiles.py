"""Publishes the built profiles to the engine: only what changed, and in a way that a killed run is simply run again.

The state's table `published` says, per shopper, what the engine holds: a hash of the levels and their coding, the ids
of the lookup documents, and the build that wrote them. A shopper enters it once the engine has settled the last of that
shopper's documents. All writes and deletes carry the id of the build as external version, so that sending them twice,
or late, changes nothing. What the state believes is set against the engine each time: see `look` and `resync`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.engine.bulk import BulkReport, write_bulk
from affinity_search.engine.protocol import Engine
from affinity_search.errors import EngineFailed
from affinity_search.lookups.coding import codings
from affinity_search.profiles.publication import Publication
from affinity_search.publish.look import Counts, begin, count_both, finish
from affinity_search.publish.prepare import Mode, Ready, prepare
from affinity_search.publish.report import PublishReport
from affinity_search.publish.resync import read_target, write_publication
from affinity_search.publish.tracker import Tracker
from affinity_search.publish.writes import planned_writes
from affinity_search.state.builds import Build, state_errors, state_id

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["publish_profiles"]

REASONS_SHOWN = 5

PLAN = """
CREATE OR REPLACE TEMP TABLE publish_users AS SELECT unnest($users::VARCHAR[]) AS user_id;
CREATE OR REPLACE TEMP TABLE publish_plan AS
WITH built AS (
    SELECT user_id, $coding || sum(md5_number_lower(concat(attribute, ':', level, ':', role, ':', value))) AS content
    FROM profile_entries WHERE $everyone OR user_id IN (SELECT user_id FROM publish_users) GROUP BY user_id
), before AS (
    SELECT * FROM published WHERE $everyone OR user_id IN (SELECT user_id FROM publish_users)
)
SELECT user_id, built.content, coalesce(before.documents, []) AS documents,
    built.content = before.content AND NOT $force AS unchanged
FROM built FULL JOIN before USING (user_id)
"""

COUNTS = """
SELECT count(*) FILTER (content IS NOT NULL AND unchanged IS NOT TRUE), count(*) FILTER (unchanged),
       count(*) FILTER (content IS NULL)
FROM publish_plan
"""

BELIEVED = "SELECT coalesce(sum(len(documents)), 0), count(*) FROM published"


def publish_profiles(
    engine: Engine,
    connection: DuckDBPyConnection,
    config: Config,
    *,
    progress: Callable[[int, int], None] | None = None,
    users: Sequence[str] | None = None,
    mode: Mode = "look",
    take_over: bool = False,
) -> PublishReport:
    """Makes the engine hold the profiles of the last build; with `users` only those of these shoppers.

    What a shopper no longer has is deleted, and so are shoppers who no longer have a profile. A profile is written
    again when a level, a role or the coding changed; the counts and weights that people read are as of that day.
    `progress` gets shoppers done and in all.

    With the mode `look` the engine is looked at, and everything there is compared where the look finds something;
    `verify` compares in any case, `force` writes every profile again besides. What is not as the state believes is
    written again. With `take_over` indexes that another state file published to are published to from this one.

    Raises DataError where there is no build with this configuration, or where another state file published last;
    MissingResource where an alias is missing, and the other errors of `write_bulk`; the same command again goes on
    where it stopped.
    """
    with state_errors():
        ready = prepare(engine, connection, config, users, mode, take_over=take_over)
        _plan(connection, config, users, force=mode == "force")
        changed, unchanged, removed = connection.execute(COUNTS).fetchall()[0]
        if changed or removed or users is None:
            _claim(engine, connection, config, ready, users, writing=bool(changed or removed))
        tracker = Tracker(connection.cursor(), config.profile_index, ready.build.id, changed + removed, progress)
        done = write_bulk(engine, planned_writes(connection, config, ready.build, tracker), on_written=tracker.settle)
        warnings = [*ready.warnings, *_superseded(done, ready.build)]
        if users is None:
            warnings += _conclude(engine, connection, config, ready, done)
        elif ready.known and (changed or removed or ready.finding):
            finish(engine, connection, config, counts=None, sound=not done.superseded)
    said = mode != "look" or ready.compared.documents or ready.compared.shoppers
    return PublishReport(
        ready.build.id,
        changed,
        unchanged,
        removed,
        written=done.written,
        superseded=done.superseded,
        refused=len(done.refused),
        reasons=done.refused[:REASONS_SHOWN],
        absent=done.absent,
        finding=ready.finding if said else "",
        compared=ready.compared.documents,
        repaired=ready.compared.shoppers,
        warnings=tuple(warnings),
    )


def _claim(
    engine: Engine,
    connection: DuckDBPyConnection,
    config: Config,
    ready: Ready,
    users: Sequence[str] | None,
    *,
    writing: bool,
) -> None:
    """Notes on both sides that this state publishes, before anything is written."""
    begin(connection, ready.target, ready.build.id)
    own, last = state_id(connection), ready.target.publication
    publication = Publication(own, ready.build.id, ready.build.config)
    if users is not None and last and last.state == own:
        publication = replace(last, lookups=None, profiles=None)
    if writing:
        write_publication(engine, config, ready.target, publication)


def _conclude(
    engine: Engine, connection: DuckDBPyConnection, config: Config, ready: Ready, done: BulkReport
) -> list[str]:
    """Warnings, after what the engine holds in the end is noted on both sides."""
    # Lookups see every write at once; counts and searches among the profiles see them after a refresh.
    counts = count_both(engine, config)
    target = read_target(engine, config)
    if target.indexes != ready.target.indexes:
        raise EngineFailed(
            f"{engine.url}/{config.lookup_index}: expected the same indexes as at the beginning, found others",
            hint="Somebody moved the alias or made the index again meanwhile. Run the same command again.",
        )
    believed = Counts(*connection.execute(BELIEVED).fetchall()[0])
    foreign = len(ready.compared.foreign)
    as_believed = counts == replace(believed, lookups=believed.lookups + foreign)
    publication = Publication(state_id(connection), ready.build.id, ready.build.config, counts.lookups, counts.profiles)
    write_publication(engine, config, target, publication)
    unexplained = not (as_believed or done.refused or done.superseded)
    finish(engine, connection, config, counts=counts, sound=not (done.superseded or unexplained))
    if not unexplained:
        return []
    return [f"expected {believed}, found {counts}: run the same command again, it compares and repairs everything"]


def _superseded(done: BulkReport, build: Build) -> list[str]:
    if not done.superseded:
        return []
    return [
        f"{done.superseded:,} documents are newer in the engine than build {build.id}: somebody else wrote or deleted "
        "them, and they are left as they are. Run the same command again: it compares everything and writes over them"
    ]


def _coding_hash(config: Config) -> str:
    coded = codings(config)
    parts: list[list[object]] = [[name, coding.levels, coding.multi_valued] for name, coding in sorted(coded.items())]
    if any(coding.negated for coding in coded.values()):
        parts.append([config.items.index])  # which stands in the documents
    if config.items.keys == "keyword":
        parts.append(["keyword"])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16] + " "


def _plan(connection: DuckDBPyConnection, config: Config, users: Sequence[str] | None, *, force: bool) -> None:
    everyone = users is None
    parameters = {"everyone": everyone, "users": list(users or ()), "coding": _coding_hash(config), "force": force}
    for statement in PLAN.split(";"):
        names = {name: value for name, value in parameters.items() if f"${name}" in statement}
        connection.execute(statement, names)
