"""Publishes the built profiles to the engine: only what changed, and in a way that a killed run is simply run again.

The state's table `published` says, per shopper, what the engine holds: a hash of the levels and their coding, and the
ids of the lookup documents. A shopper enters it once the engine has settled the last of that shopper's documents. All
writes and deletes carry the id of the build as external version, so that sending them twice, or late, changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import OWNED_DEMOTION, Config
from affinity_search.engine.bulk import Action, BulkReport, Refusal, write_bulk
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import MissingResource
from affinity_search.lookups.coding import codings
from affinity_search.profiles.documents import lookup_documents, profile_document, shopper_of
from affinity_search.publish.resync import collect_documents, index_ids
from affinity_search.state.builds import (
    Build,
    checked_build,
    read_meta,
    state_errors,
    transaction,
    write_meta,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["PublishReport", "publish_profiles", "read_profile"]

REASONS_SHOWN = 5
ROWS_READ_AT_ONCE = 50_000
INDEXES = "published.indexes"

PLAN = """
CREATE OR REPLACE TEMP TABLE publish_users AS SELECT unnest($users::VARCHAR[]) AS user_id;
CREATE OR REPLACE TEMP TABLE publish_plan AS
WITH built AS (
    SELECT user_id, $coding || sum(md5_number_lower(concat(attribute, ':', level, ':', role, ':', value))) AS content
    FROM profile_entries WHERE $everyone OR user_id IN (SELECT user_id FROM publish_users) GROUP BY user_id
), before AS (
    SELECT * FROM published WHERE $everyone OR user_id IN (SELECT user_id FROM publish_users)
)
SELECT user_id, built.content, coalesce(before.documents, []) AS documents, built.content = before.content AS unchanged
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
FORGET = "DELETE FROM published WHERE user_id IN (SELECT unnest($users::VARCHAR[]))"
REMEMBER = """
INSERT OR REPLACE INTO published
SELECT unnest($users::VARCHAR[]), unnest($contents::VARCHAR[]), unnest($documents::VARCHAR[][])
"""


ADOPT = """
DELETE FROM published;
INSERT INTO published
    SELECT user_id, '', coalesce(list(document) FILTER (document IS NOT NULL), [])
    FROM found_documents GROUP BY user_id;
DROP TABLE found_documents;
"""


@dataclass(frozen=True)
class PublishReport:
    """What publishing did: shoppers changed, unchanged and removed; documents written, superseded and refused.

    `changed` and `removed` are what there was to do; a shopper with a refused document counts there too and is tried
    again the next time. `superseded` documents stood in the engine with the same or a newer version. `written` counts
    deletes as well. `reasons` are the first refusals, `refused` is how many there were.
    """

    build: int
    changed: int
    unchanged: int
    removed: int
    written: int
    superseded: int
    refused: int
    reasons: tuple[Refusal, ...] = ()


def publish_profiles(
    engine: Engine,
    connection: DuckDBPyConnection,
    config: Config,
    *,
    progress: Callable[[int, int], None] | None = None,
    users: Sequence[str] | None = None,
) -> PublishReport:
    """Makes the engine hold the profiles of the last build; with `users` only those of these shoppers.

    What a shopper no longer has is deleted, and so are shoppers who no longer have a profile. A profile is written
    again when a level, a role or the coding changed; the counts and weights that people read are as of that day. Where
    the aliases point to other indexes than the last time, what those hold is read first. `progress` gets shoppers done
    and in all.

    Raises DataError where there is no build with this configuration, MissingResource where an alias is missing, and the
    other errors of `write_bulk`; the same command again goes on where it stopped.
    """
    with state_errors():
        build = checked_build(connection, config)
        indexes = index_ids(engine, config)
        if read_meta(connection).get(INDEXES) != indexes:
            build = _adopt(engine, connection, config, build, indexes)
        everyone = {"everyone": users is None, "users": list(users or ()), "coding": _coding_hash(config)}
        _plan(connection, everyone)
        changed, unchanged, removed = connection.execute(COUNTS).fetchall()[0]
        desk = _Desk(connection.cursor(), config.profile_index, changed + removed, progress)
        actions = _actions(connection, config, build, desk)
        written = write_bulk(engine, actions, on_written=desk.settle)
        if users is None:
            # Lookups see every write at once; counts and searches among the profiles see them after a refresh.
            engine.call("POST", path(f"{config.lookup_index},{config.profile_index}", "_refresh"))
    return _report(build, (changed, unchanged, removed), written)


def read_profile(engine: Engine, config: Config, user_id: str) -> dict[str, Any] | None:
    """The shopper's profile as published; None for a shopper without one. Raises MissingResource without the index."""
    wanted = {"docs": [{"_index": config.profile_index, "_id": user_id}]}
    found = engine.call("POST", "/_mget", wanted)["docs"][0]
    if "error" in found:
        raise MissingResource(
            f"{engine.url}: {config.profile_index}: {found['error'].get('reason', 'not there')}",
            hint="Run `affinity apply`, then `affinity profiles publish`.",
            status=404,
        )
    return dict(found["_source"]) if found["found"] else None


def _adopt(engine: Engine, connection: DuckDBPyConnection, config: Config, build: Build, indexes: str) -> Build:
    """Takes what the engine holds as published, with unknown content; the build rises above every version there."""
    newest = collect_documents(engine, connection, config)
    build = Build(max(build.id, newest + 1), build.as_of, build.config)
    with transaction(connection):
        connection.execute(ADOPT)
        write_meta(connection, build.meta | {INDEXES: indexes})
    return build


def _coding_hash(config: Config) -> str:
    coded = codings(config)
    parts: list[list[object]] = [[name, coding.levels, coding.multi_valued] for name, coding in sorted(coded.items())]
    if OWNED_DEMOTION in coded:
        parts.append([config.items.index])  # which stands in the documents
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16] + " "


def _plan(connection: DuckDBPyConnection, parameters: dict[str, Any]) -> None:
    for statement in PLAN.split(";"):
        names = {name: value for name, value in parameters.items() if f"${name}" in statement}
        connection.execute(statement, names)


@dataclass
class _Open:
    """A shopper under way: what will be published, and how many documents are not settled yet."""

    content: str
    documents: list[str]
    waiting: int


@dataclass
class _Desk:
    """Keeps account of the shoppers under way; a shopper is published when all of the documents are settled."""

    connection: DuckDBPyConnection
    profile_index: str
    total: int
    progress: Callable[[int, int], None] | None
    done: int = 0
    under_way: dict[str, _Open] = field(default_factory=dict)

    def open(self, user_id: str, shopper: _Open) -> None:
        """Notes a shopper whose documents are about to be sent; one to be removed has no content."""
        self.under_way[user_id] = shopper

    def settle(self, actions: Sequence[Action]) -> None:
        """Notes settled documents, and in the state the shoppers that are complete with them."""
        complete: dict[str, _Open] = {}
        for action in actions:
            user_id = action.id if action.index == self.profile_index else shopper_of(action.id)
            shopper = self.under_way[user_id]
            shopper.waiting -= 1
            if not shopper.waiting:
                complete[user_id] = self.under_way.pop(user_id)
        kept = {user_id: shopper for user_id, shopper in complete.items() if shopper.content}
        with transaction(self.connection):
            self.connection.execute(FORGET, {"users": [user_id for user_id in complete if user_id not in kept]})
            _remember(
                self.connection,
                list(kept),
                [shopper.content for shopper in kept.values()],
                [shopper.documents for shopper in kept.values()],
            )
        self.done += len(complete)
        if self.progress:
            self.progress(self.done, self.total)


def _remember(
    connection: DuckDBPyConnection, users: list[str], contents: list[str], documents: list[list[str]]
) -> None:
    if users:
        connection.execute(REMEMBER, {"users": users, "contents": contents, "documents": documents})


def _actions(reader: DuckDBPyConnection, config: Config, build: Build, desk: _Desk) -> Iterator[Action]:
    reader.execute(CHANGED)
    for user_id, rows in groupby(_rows(reader), key=itemgetter(0)):
        yield from _writes(config, build, desk, user_id, rows)
    reader.execute(REMOVED)
    for user_id, documents in _rows(reader):
        desk.open(user_id, _Open("", [], len(documents) + 1))
        yield from (Action("delete", config.lookup_index, document, version=build.id) for document in documents)
        yield Action("delete", config.profile_index, user_id, version=build.id)


def _writes(
    config: Config, build: Build, desk: _Desk, user_id: str, rows: Iterator[tuple[Any, ...]]
) -> Iterator[Action]:
    _, _, content, events, _, _, _, before = next(rows)
    affinities = {name: [row[2:7] for row in entries] for name, entries in groupby(rows, key=itemgetter(1))}
    lookups = lookup_documents(user_id, affinities, codings(config), config.items.index)
    gone = [document for document in before if document not in lookups]
    desk.open(user_id, _Open(content, list(lookups), len(lookups) + len(gone) + 1))
    for document, body in lookups.items():
        yield Action("index", config.lookup_index, document, body, build.id)
    for document in gone:
        yield Action("delete", config.lookup_index, document, version=build.id)
    readable = profile_document(user_id, affinities, build=build.id, as_of=build.as_of, events=events)
    yield Action("index", config.profile_index, user_id, readable, build.id)


def _rows(reader: DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := reader.fetchmany(ROWS_READ_AT_ONCE):
        yield from rows


def _report(build: Build, shoppers: tuple[int, int, int], done: BulkReport) -> PublishReport:
    return PublishReport(
        build.id,
        *shoppers,
        written=done.written,
        superseded=done.superseded,
        refused=len(done.refused),
        reasons=done.refused[:REASONS_SHOWN],
    )
