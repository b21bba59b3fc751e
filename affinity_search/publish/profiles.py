"""Publishes the built profiles to the engine: only what changed, and in a way that a killed run is simply run again.

The state's table `published` says, per shopper, what the engine holds: a hash of the levels and their coding, the ids
of the lookup documents, and the build that wrote them. A shopper enters it once the engine has settled the last of that
shopper's documents. All writes and deletes carry the id of the build as external version, so that sending them twice,
or late, changes nothing. What the state believes is set against the engine each time: see `look` and `resync`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import OWNED_DEMOTION, Config
from affinity_search.engine.bulk import Action, BulkReport, write_bulk
from affinity_search.engine.protocol import Engine
from affinity_search.errors import EngineFailed
from affinity_search.lookups.coding import codings
from affinity_search.profiles.documents import lookup_documents, profile_document
from affinity_search.profiles.publication import Publication
from affinity_search.publish.look import Counts, begin, count_both, finish
from affinity_search.publish.prepare import Mode, Ready, prepare
from affinity_search.publish.report import PublishReport
from affinity_search.publish.resync import read_target, write_publication
from affinity_search.publish.tracker import Pending, Tracker
from affinity_search.state.builds import Build, state_errors, state_id

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["publish_profiles"]

REASONS_SHOWN = 5
ROWS_READ_AT_ONCE = 50_000

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

# Per shopper a head (content, documents, events), then the entries; no attribute is named "", so the head comes first.
CHANGED = """
WITH changed AS (SELECT * FROM publish_plan WHERE content IS NOT NULL AND unchanged IS NOT TRUE)
SELECT c.user_id, '' AS attribute, c.content AS value, h.events AS count, 0.0 AS weight, 0 AS level, NULL AS role,
       c.documents
FROM changed c JOIN profile_events h USING (user_id)
UNION ALL
SELECT user_id, attribute, value, round(count, 4), round(weight, 4), level, role, NULL
FROM profile_entries WHERE user_id IN (SELECT user_id FROM changed)
ORDER BY user_id, attribute, level DESC, weight DESC, value
"""

REMOVED = "SELECT user_id, documents FROM publish_plan WHERE content IS NULL ORDER BY user_id"
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
        done = write_bulk(engine, _actions(connection, config, ready.build, tracker), on_written=tracker.settle)
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
    if OWNED_DEMOTION in coded:
        parts.append([config.items.index])  # which stands in the documents
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16] + " "


def _plan(connection: DuckDBPyConnection, config: Config, users: Sequence[str] | None, *, force: bool) -> None:
    everyone = users is None
    parameters = {"everyone": everyone, "users": list(users or ()), "coding": _coding_hash(config), "force": force}
    for statement in PLAN.split(";"):
        names = {name: value for name, value in parameters.items() if f"${name}" in statement}
        connection.execute(statement, names)


def _actions(reader: DuckDBPyConnection, config: Config, build: Build, tracker: Tracker) -> Iterator[Action]:
    reader.execute(CHANGED)
    for user_id, rows in groupby(_rows(reader), key=itemgetter(0)):
        yield from _writes(config, build, tracker, user_id, rows)
    reader.execute(REMOVED)
    for user_id, documents in _rows(reader):
        tracker.open(user_id, Pending("", [], len(documents) + 1))
        yield from (Action("delete", config.lookup_index, document, version=build.id) for document in documents)
        yield Action("delete", config.profile_index, user_id, version=build.id)


def _writes(
    config: Config, build: Build, tracker: Tracker, user_id: str, rows: Iterator[tuple[Any, ...]]
) -> Iterator[Action]:
    _, _, content, events, _, _, _, before = next(rows)
    affinities = {name: [row[2:7] for row in entries] for name, entries in groupby(rows, key=itemgetter(1))}
    lookups = lookup_documents(user_id, affinities, codings(config), config.items.index)
    gone = [document for document in before if document not in lookups]
    tracker.open(user_id, Pending(content, list(lookups), len(lookups) + len(gone) + 1))
    for document, body in lookups.items():
        yield Action("index", config.lookup_index, document, body, build.id)
    for document in gone:
        yield Action("delete", config.lookup_index, document, version=build.id)
    readable = profile_document(user_id, affinities, build=build.id, as_of=build.as_of, events=events)
    yield Action("index", config.profile_index, user_id, readable, build.id)


def _rows(reader: DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := reader.fetchmany(ROWS_READ_AT_ONCE):
        yield from rows
