"""What a publication sends: the documents of every shopper that changed, and what is deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import Config
from affinity_search.engine.bulk import Action
from affinity_search.lookups.coding import Coding, codings
from affinity_search.profiles.documents import lookup_documents, profile_document
from affinity_search.publish.tracker import Pending, Tracker
from affinity_search.state.builds import Build

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["planned_writes"]

ROWS_READ_AT_ONCE = 50_000

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


def planned_writes(reader: DuckDBPyConnection, config: Config, build: Build, tracker: Tracker) -> Iterator[Action]:
    """The writes and deletions of every shopper in `publish_plan` whose profile changed, then of those without one.

    The tracker hears of each shopper before the first action. Drawn as they are sent, so that few are held at once.
    """
    reader.execute(CHANGED)
    coded = codings(config)
    for user_id, rows in groupby(_rows(reader), key=itemgetter(0)):
        yield from _writes(config, coded, build, tracker, user_id, rows)
    reader.execute(REMOVED)
    for user_id, documents in _rows(reader):
        tracker.open(user_id, Pending("", [], len(documents) + 1))
        yield from (Action("delete", config.lookup_index, document, version=build.id) for document in documents)
        yield Action("delete", config.profile_index, user_id, version=build.id)


def _writes(
    config: Config,
    coded: Mapping[str, Coding],
    build: Build,
    tracker: Tracker,
    user_id: str,
    rows: Iterator[tuple[Any, ...]],
) -> Iterator[Action]:
    _, _, content, events, _, _, _, before = next(rows)
    affinities = {name: [row[2:7] for row in entries] for name, entries in groupby(rows, key=itemgetter(1))}
    lookups = lookup_documents(user_id, affinities, coded, config.items.index)
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
