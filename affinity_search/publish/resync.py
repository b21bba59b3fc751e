"""Which indexes the profile aliases point to, and what they really hold, set against what the local state believes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import Config
from affinity_search.config.names import first_index
from affinity_search.engine.indices import Identity, identify, refresh
from affinity_search.engine.mappings import add_to_mappings
from affinity_search.engine.ownership import mark_of
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import read_pages
from affinity_search.errors import ConfigError, MissingResource
from affinity_search.profiles.documents import shopper_of
from affinity_search.profiles.publication import Publication, publication_in, with_publication
from affinity_search.state.builds import Build, transaction, write_meta

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Comparison", "Target", "believe", "compare", "read_target", "write_publication"]

FOUND = "CREATE OR REPLACE TEMP TABLE found_documents (user_id VARCHAR, document VARCHAR, version BIGINT)"
ADD = """
INSERT INTO found_documents SELECT unnest($users::VARCHAR[]), unnest($documents::VARCHAR[]), unnest($versions::BIGINT[])
"""
# A shopper's documents all bear the version of the build that wrote them, so that ids and versions tell everything.
DIFFERING = """
CREATE OR REPLACE TEMP TABLE held AS
SELECT user_id, coalesce(list(document ORDER BY document) FILTER (document IS NOT NULL), []) AS documents,
    count(*) FILTER (document IS NULL) AS readable, min(version) AS oldest, max(version) AS newest
FROM found_documents GROUP BY user_id;
CREATE OR REPLACE TEMP TABLE differing AS
SELECT user_id, held.documents FROM held FULL JOIN published USING (user_id)
WHERE (
    readable = 1 AND oldest = newest AND newest = coalesce(published.build, newest)
    AND held.documents = list_sort(published.documents)
) IS NOT TRUE;
"""
BELIEVE = """
DELETE FROM published WHERE user_id IN (SELECT user_id FROM differing);
INSERT INTO published SELECT user_id, '', documents, NULL FROM differing WHERE documents IS NOT NULL;
UPDATE published SET build = held.newest FROM held WHERE held.user_id = published.user_id AND content <> '';
"""
TIDY = "DROP TABLE found_documents; DROP TABLE held; DROP TABLE differing"


@dataclass(frozen=True)
class Target:
    """The two indexes behind the aliases: their UUIDs as one text, and the mappings of the lookup index."""

    indexes: str
    mappings: Mapping[str, Any]

    @property
    def publication(self) -> Publication | None:
        """What the lookup index says of the last publication."""
        return publication_in(self.mappings)


@dataclass(frozen=True)
class Comparison:
    """Documents read, and the shoppers whose documents are not those that the state believed in.

    `newest` is the highest version found, 0 for none. `foreign` are ids of lookup documents that are no shopper's.
    """

    documents: int = 0
    shoppers: int = 0
    newest: int = 0
    foreign: tuple[str, ...] = ()


def read_target(engine: Engine, config: Config) -> Target:
    """The indexes to publish to.

    Raises MissingResource where an alias is missing or is an index itself, ConfigError where others made the index.
    """
    owner = config.engine.prefix
    lookup, profile = (_index(engine, alias, owner) for alias in (config.lookup_index, config.profile_index))
    return Target(f"{lookup.uuid} {profile.uuid}", lookup.mappings)


def _index(engine: Engine, alias: str, owner: str) -> Identity:
    try:
        found = identify(engine, alias)
    except MissingResource as error:
        raise _no_alias(engine, alias, "found nothing") from error
    if alias in {one.index for one in found}:
        raise _no_alias(engine, alias, "found an index of that name")
    if len(found) != 1:
        raise _no_alias(engine, alias, f"found one to {len(found)} indexes")
    _check_owner(engine, alias, found[0].index, mark_of(found[0].mappings).get("owner"), owner)
    return found[0]


def _check_owner(engine: Engine, alias: str, index: str, found: str | None, owner: str) -> None:
    # One without a mark may be ours from before there were marks; it bears the name under which it was created then.
    if found == owner or (found is None and index == first_index(alias)):
        return
    raise ConfigError(
        f"{engine.url}/{alias}: expected an index of the deployment {owner}, got {index}, which "
        f"{found or 'somebody else'} made",
        hint="Point the alias at the index that `affinity apply` made, or take this one: `affinity apply --take-over`.",
    )


def _no_alias(engine: Engine, alias: str, finding: str) -> MissingResource:
    return MissingResource(
        f"{engine.url}: {alias}: expected an alias to one index, {finding}",
        hint="Run `affinity apply` first: it makes the indexes that profiles are published to.",
        status=404,
    )


def write_publication(engine: Engine, config: Config, target: Target, publication: Publication) -> Target:
    """Notes the publication in the lookup index, where it does not say so already; the target afterwards."""
    if target.publication == publication:
        return target
    meta = with_publication(target.mappings, publication)
    add_to_mappings(engine, config.lookup_index, {"_meta": meta})
    return Target(target.indexes, {**target.mappings, "_meta": meta})


def compare(engine: Engine, connection: DuckDBPyConnection, config: Config) -> Comparison:
    """Reads the id and version of every document, and sets them against what the state believes; see `believe`."""
    connection.execute(FOUND)
    foreign: list[str] = []
    for hits in _refreshed(engine, config.lookup_index):
        foreign += [hit["_id"] for hit in hits if not _is_lookup(hit["_id"])]
        ours = [hit for hit in hits if _is_lookup(hit["_id"])]
        _add(connection, [shopper_of(hit["_id"]) for hit in ours], [hit["_id"] for hit in ours], ours)
    for hits in _refreshed(engine, config.profile_index):
        _add(connection, [hit["_id"] for hit in hits], [None] * len(hits), hits)
    connection.execute(DIFFERING)
    documents, newest = _row(connection, "SELECT count(*), coalesce(max(version), 0) FROM found_documents")
    (shoppers,) = _row(connection, "SELECT count(*) FROM differing")
    return Comparison(documents + len(foreign), shoppers, newest, tuple(foreign))


def believe(connection: DuckDBPyConnection, build: Build) -> None:
    """Makes the state believe in what the last `compare` found, and takes this build, whose id is above all versions.

    A shopper whose documents differ is published again by the next plan, or removed where there is no such profile.
    """
    with transaction(connection):
        connection.execute(BELIEVE)
        write_meta(connection, build.meta)
    connection.execute(TIDY)


def _refreshed(engine: Engine, alias: str) -> Iterator[list[dict[str, Any]]]:
    refresh(engine, alias)
    return read_pages(engine, alias, {"_source": False, "version": True})


def _is_lookup(document: str) -> bool:
    return document.count(".") >= 2


def _add(
    connection: DuckDBPyConnection, users: list[str], documents: list[str] | list[None], hits: list[dict[str, Any]]
) -> None:
    versions = [hit["_version"] for hit in hits]
    connection.execute(ADD, {"users": users, "documents": documents, "versions": versions})


def _row(connection: DuckDBPyConnection, statement: str) -> tuple[Any, ...]:
    return tuple(connection.execute(statement).fetchall()[0])
