"""Why a shopper sees what they see: the generic order beside the personal one, with the share of every affinity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack, cast

from affinity_search.config.model import Config
from affinity_search.engine.searches import search
from affinity_search.search import sentences
from affinity_search.search.answer import SORTED, Answer, Hit
from affinity_search.search.client import Client, Options
from affinity_search.search.deployed import other_configuration
from affinity_search.search.moving_values import read_shopper, with_values

__all__ = ["MOST_RANKS", "ExplainedHit", "Explanation", "explain", "generic_options", "said_of"]

MOST_RANKS = 10_000
"""How many hits an engine gives at most."""
ONLY_SHOWN = frozenset({"facets", "fields", "highlight"})
"""Options that have no say in the order; an explanation needs the fields that hold an item's values."""
RANKS_OF_ALL = 1_000
"""How far the generic order is read where every hit is re-ranked."""


@dataclass(frozen=True)
class ExplainedHit:
    """A hit, its rank without personalisation (None where that is beyond the hits read), and a sentence for people."""

    hit: Hit
    generic_rank: int | None
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """The hit as plain JSON values."""
        hit = self.hit
        return {
            "rank": hit.rank,
            "generic_rank": self.generic_rank,
            "id": hit.id,
            "score": hit.score,
            "accounted": hit.accounted,
            "relevance": hit.relevance,
            "factor": hit.factor,
            "reasons": [reason.as_json() for reason in hit.reasons],
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Explanation:
    """One query for one shopper: `generic` and `personalised` hits, and what the answer said of itself.

    `generic_depth` is how many generic hits were read to find ranks in. `notes` are those of the answer, and one more
    where the configuration is not the deployed one.
    """

    query: str
    user: str
    generic: tuple[Hit, ...]
    personalised: tuple[ExplainedHit, ...]
    answer: Answer
    generic_depth: int = 0
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The explanation as plain JSON values."""
        return {
            "query": self.query,
            "user": self.user,
            "template": self.answer.template,
            "window": self.answer.window,
            "total": self.answer.total,
            "notes": list(self.notes),
            "generic": [{"rank": hit.rank, "id": hit.id, "score": hit.score} for hit in self.generic],
            "personalised": [hit.as_json() for hit in self.personalised],
        }


def explain(client: Client, config: Config, q: str, user: str, **options: Unpack[Options]) -> Explanation:
    """The explanation of one search; without any reason where the shopper is unknown, or beyond the window.

    Sends three requests: the personal search, the same one without the shopper, and one for what the engine holds of
    the shopper; a fourth for the whole items where the body is the team's own, which may ask for a part of them.
    The window is the one that the answer tells, whatever `config` says.
    """
    personal = cast(Options, {n: v for n, v in options.items() if n not in ONLY_SHOWN} | {"user_id": user})
    answer = client.search(q, **personal)
    first = options.get("from_") or 0
    size = options.get("size") or max(config.search.size, len(answer.hits))
    depth = _depth(answer, first + size)
    everybody: Options = {**generic_options(options, answer), "from_": 0, "size": depth}
    generic = client.search(q, **everybody).hits
    ranks = {hit.id: hit.rank for hit in generic}
    shopper = read_shopper(client.engine, config, user, answer.hits)
    hits = [with_values(hit, config, shopper) for hit in _whole(client, answer.hits)]
    explained = tuple(ExplainedHit(hit, ranks.get(hit.id), said_of(hit, answer, q)) for hit in hits)
    notes = (*answer.notes, *other_configuration(answer, config))
    return Explanation(q, user, generic[first : first + size], explained, answer, depth, notes)


def _whole(client: Client, hits: Sequence[Hit]) -> Sequence[Hit]:
    """The hits with all fields of their items, from which the values that moved them are told."""
    if client.any_word or not hits:
        return hits
    found = search(client.engine, client.index, {"query": {"ids": {"values": [h.id for h in hits]}}, "size": len(hits)})
    sources = {raw["_id"]: raw.get("_source", {}) for raw in found["hits"]["hits"]}
    return [replace(hit, source={**sources.get(hit.id, {}), **hit.source}) for hit in hits]


def generic_options(options: Mapping[str, Any], answer: Answer) -> Options:
    """The options that ask for the order of everybody just as the answer was asked for, its words included."""
    operator = options.get("operator") or ("or" if answer.any_word else "and")
    kept = {name: value for name, value in options.items() if name not in {*ONLY_SHOWN, "user_id"}}
    return cast(Options, kept | {"operator": operator})


def said_of(hit: Hit, answer: Answer, q: str) -> str:
    """The sentence for a hit of this answer."""
    if SORTED in answer.notes:
        return sentences.SORTED
    if not hit.accounted:
        return sentences.BEYOND
    return sentences.sentence(hit.reasons) if hit.reasons or q else sentences.POPULAR


def _depth(answer: Answer, wanted: int) -> int:
    """How many generic hits there are to look through: every shard has a window of its own."""
    if not answer.personalised:
        return min(MOST_RANKS, wanted)
    window = RANKS_OF_ALL if answer.window is None else answer.window * answer.shards
    return min(MOST_RANKS, max(window, wanted))
