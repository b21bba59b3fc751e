"""Sends many searches through the deployed template and keeps the orders that come back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from affinity_search.config.model import Config
from affinity_search.engine.answers import expect_whole
from affinity_search.engine.protocol import Engine
from affinity_search.engine.searches import search_templates
from affinity_search.errors import EngineFailed

__all__ = ["Ranking", "Search", "replay"]

BATCH = 100
ANSWER = (
    "responses.hits.hits._id,responses.hits.hits._score,responses.error,responses.status,"
    "responses._shards.failed,responses._shards.total,responses.timed_out"
)


@dataclass(frozen=True)
class Search:
    """What is asked: a text, by a shopper or (None) by nobody in particular."""

    text: str
    user: str | None = None


@dataclass(frozen=True)
class Ranking:
    """What came back, from the top; both are empty where nothing matches."""

    ids: tuple[str, ...]
    scores: tuple[float, ...]


def replay(
    engine: Engine,
    config: Config,
    searches: Sequence[Search],
    depth: int,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[Search, Ranking]:
    """The first `depth` hits of each search, through the stored template of the configuration.

    As in the client, a search that no item matches with all words is asked again for any of them. `progress` gets the
    number of searches done with each batch. Raises EngineFailed where the engine fails one of them.
    """
    found: dict[Search, Ranking] = {}
    asked = list(dict.fromkeys(searches))
    for some in (asked[at : at + BATCH] for at in range(0, len(asked), BATCH)):
        answers = dict(zip(some, _ask(engine, config, some, depth, {}), strict=True))
        empty = [search for search, ranking in answers.items() if not ranking.ids and search.text.strip()]
        if empty:
            answers.update(zip(empty, _ask(engine, config, empty, depth, {"operator": "or"}), strict=True))
        found.update(answers)
        progress(len(some))
    return found


def _ask(engine: Engine, config: Config, searches: Sequence[Search], depth: int, more: dict[str, Any]) -> list[Ranking]:
    asked = [_parameters(search, depth, more) for search in searches]
    template = {"id": config.search.template}
    responses = search_templates(engine, config.items.index, template, asked, only=ANSWER)
    return [_ranking(engine, response) for response in responses]


def _parameters(search: Search, depth: int, more: dict[str, Any]) -> dict[str, Any]:
    by = {} if search.user is None else {"user_id": search.user}
    return {"q": search.text, "size": depth, **more, **by}


def _ranking(engine: Engine, response: Any) -> Ranking:
    if "error" in response:
        error = response["error"]
        raise EngineFailed(f"a search failed: {error.get('reason', error) if isinstance(error, dict) else error}")
    expect_whole(engine, response, "a search")
    hits = response.get("hits", {}).get("hits", [])
    # The same ids come back thousands of times: kept once each.
    return Ranking(tuple(sys.intern(hit["_id"]) for hit in hits), tuple(hit["_score"] for hit in hits))
