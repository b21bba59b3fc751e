"""Publishes the built profiles to the engine: only what changed, and in a way that a killed run is simply run again.

The state's table `published` says, per shopper, what the engine holds: a hash of the levels and their coding, the ids
of the lookup documents, and the build that wrote them. A shopper enters it once the engine has settled the last of that
shopper's documents. All writes and deletes carry the id of the build as external version, so that sending them twice,
or late, changes nothing. What the state believes is set against the engine each time: see `look` and `resync`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import Config
from affinity_search.engine.bulk import Action, BulkReport, Refusal, write_bulk
from affinity_search.engine.documents import Wanted, read_documents
from affinity_search.engine.protocol import Engine
from affinity_search.errors import EngineFailed, MissingResource
from affinity_search.lookups.coding import Coding, codings
from affinity_search.plain import plain_fields
from affinity_search.profiles.documents import lookup_documents, profile_document, shopper_of
from affinity_search.profiles.publication import Publication
from affinity_search.publish.look import Counts, begin, count_both, finish
from affinity_search.publish.prepare import Mode, Ready, prepare
from affinity_search.publish.resync import read_target, write_publication
from affinity_search.state.builds import Build, state_errors, state_id, transaction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["PublishReport", "publish_profiles", "read_profile"]

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
FORGET = "DELETE FROM published WHERE user_id IN (SELECT unnest($users::VARCHAR[]))"
REMEMBER = """
INSERT OR REPLACE INTO published
SELECT unnest($users::VARCHAR[]), unnest($contents::VARCHAR[]), unnest($documents::VARCHAR[][]), $build
"""
BELIEVED = "SELECT coalesce(sum(len(documents)), 0), count(*) FROM published"


@dataclass(frozen=True)
class PublishReport:
    """What publishing did: shoppers changed, unchanged and removed; documents written, superseded, absent and refused.

    `changed` and `removed` are what there was to do; a shopper with a refused or superseded document counts there too
    and is tried again the next time. `superseded` documents stand in the engine in a newer version, and stay as they
    are. `written` counts deletes as well, `absent` those of documents that were gone already. `reasons` are the first
    refusals, `refused` is how many there were.

    `finding` says why everything was compared with the engine (empty where it was not), `compared` how many documents
    were read for that, and `repaired` how many shoppers' documents were not what the state believed.
    """

    build: int
    changed: int
    unchanged: int
    removed: int
    written: int
    superseded: int
    refused: int
    reasons: tuple[Refusal, ...] = ()
    absent: int = 0
    finding: str = ""
    compared: int = 0
    repaired: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def shoppers(self) -> int:
        """Every shopper who has a profile now, or had one: changed + unchanged + removed."""
        return self.changed + self.unchanged + self.removed

    @property
    def sent(self) -> int:
        """Every document sent: written + superseded + absent + refused."""
        return self.written + self.superseded + self.absent + self.refused

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return plain_fields(self)


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
        desk = _Desk(connection.cursor(), config.profile_index, ready.build.id, changed + removed, progress)
        done = write_bulk(engine, _actions(connection, config, ready.build, desk), on_written=desk.settle)
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


def read_profile(engine: Engine, config: Config, user_id: str) -> dict[str, Any] | None:
    """The shopper's profile as published; None for a shopper without one. Raises MissingResource without the index."""
    (found,) = read_documents(engine, [Wanted(config.profile_index, user_id)])
    if found.error:
        raise MissingResource(
            f"{engine.url}: {config.profile_index}: {found.error}",
            hint="Run `affinity apply`, then `affinity profiles publish`.",
            status=404,
        )
    return None if found.source is None else dict(found.source)


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
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16] + " "


def _plan(connection: DuckDBPyConnection, config: Config, users: Sequence[str] | None, *, force: bool) -> None:
    everyone = users is None
    parameters = {"everyone": everyone, "users": list(users or ()), "coding": _coding_hash(config), "force": force}
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
    build: int
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
                self.build,
            )
        self.done += len(complete)
        if self.progress:
            self.progress(self.done, self.total)


def _remember(
    connection: DuckDBPyConnection, users: list[str], contents: list[str], documents: list[list[str]], build: int
) -> None:
    if users:
        connection.execute(REMEMBER, {"users": users, "contents": contents, "documents": documents, "build": build})


def _actions(reader: DuckDBPyConnection, config: Config, build: Build, desk: _Desk) -> Iterator[Action]:
    reader.execute(CHANGED)
    coded = codings(config)
    for user_id, rows in groupby(_rows(reader), key=itemgetter(0)):
        yield from _writes(config, coded, build, desk, user_id, rows)
    reader.execute(REMOVED)
    for user_id, documents in _rows(reader):
        desk.open(user_id, _Open("", [], len(documents) + 1))
        yield from (Action("delete", config.lookup_index, document, version=build.id) for document in documents)
        yield Action("delete", config.profile_index, user_id, version=build.id)


def _writes(
    config: Config,
    coded: Mapping[str, Coding],
    build: Build,
    desk: _Desk,
    user_id: str,
    rows: Iterator[tuple[Any, ...]],
) -> Iterator[Action]:
    _, _, content, events, _, _, _, before = next(rows)
    affinities = {name: [row[2:7] for row in entries] for name, entries in groupby(rows, key=itemgetter(1))}
    lookups = lookup_documents(user_id, affinities, coded, config.items.index)
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
