"""Which indexes the profile aliases point to, and what an index that this state did not fill holds already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import Config
from affinity_search.engine.ownership import mark_of
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import ConfigError, MissingResource
from affinity_search.profiles.documents import shopper_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["collect_documents", "index_ids"]

PAGE = 10_000
KEEP_ALIVE = "2m"


FOUND = "CREATE OR REPLACE TEMP TABLE found_documents (user_id VARCHAR, document VARCHAR)"
ADD = "INSERT INTO found_documents SELECT unnest($users::VARCHAR[]), unnest($documents::VARCHAR[])"


def index_ids(engine: Engine, config: Config) -> str:
    """The UUIDs of the lookup and the profile index behind their aliases, as one text.

    Raises MissingResource where an alias is missing or is an index itself, ConfigError where others made the index.
    """
    aliases = config.lookup_index, config.profile_index
    return " ".join(_uuid(engine, alias, config.engine.prefix) for alias in aliases)


def _uuid(engine: Engine, alias: str, owner: str) -> str:
    try:
        answer = engine.call("GET", path(alias), params={"filter_path": "*.settings.index.uuid,*.mappings._meta"})
    except MissingResource as error:
        raise _no_alias(engine, alias, "found nothing") from error
    if alias in answer:
        raise _no_alias(engine, alias, "found an index of that name")
    if len(answer) != 1:
        raise _no_alias(engine, alias, f"found one to {len(answer)} indexes")
    ((index, body),) = answer.items()
    _check_owner(engine, alias, index, mark_of(body.get("mappings", {})).get("owner"), owner)
    return str(body["settings"]["index"]["uuid"])


def _check_owner(engine: Engine, alias: str, index: str, found: str | None, owner: str) -> None:
    # One without a mark may be ours from before there were marks; it bears the name under which it was created then.
    if found == owner or (found is None and index == f"{alias}-000001"):
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


def collect_documents(engine: Engine, connection: DuckDBPyConnection, config: Config) -> int:
    """The newest version of all profile documents in the engine, 0 for none; refreshes and reads both indexes.

    Fills the temporary table `found_documents` with the id and the shopper of every lookup document, and with each
    shopper who has a readable profile and the document NULL.
    """
    connection.execute(FOUND)
    newest = 0
    for hits in _pages(engine, config.lookup_index):
        ids = [hit["_id"] for hit in hits]
        connection.execute(ADD, {"users": [shopper_of(i) for i in ids], "documents": ids})
        newest = max(newest, *(hit["_version"] for hit in hits))
    for hits in _pages(engine, config.profile_index):
        connection.execute(ADD, {"users": [hit["_id"] for hit in hits], "documents": [None] * len(hits)})
        newest = max(newest, *(hit["_version"] for hit in hits))
    return newest


def _pages(engine: Engine, alias: str) -> Iterator[list[dict[str, Any]]]:
    engine.call("POST", path(alias, "_refresh"))
    first = {"size": PAGE, "sort": ["_doc"], "_source": False, "version": True}
    answer = engine.call("POST", path(alias, "_search"), first, {"scroll": KEEP_ALIVE})
    while hits := answer["hits"]["hits"]:
        yield hits
        again = {"scroll": KEEP_ALIVE, "scroll_id": answer["_scroll_id"]}
        answer = engine.call("POST", "/_search/scroll", again)
    engine.call("DELETE", "/_search/scroll", {"scroll_id": [answer["_scroll_id"]]})
