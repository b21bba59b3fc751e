"""Why a shopper sees what they see: the generic order beside the personal one, with the share of every affinity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Unpack

from affinity_search.config.model import OWNED_DEMOTION, Config
from affinity_search.engine.protocol import path
from affinity_search.errors import MissingResource
from affinity_search.items.item import parse_item, values_at
from affinity_search.search.answer import Answer, Hit, Reason
from affinity_search.search.client import Client, Options
from affinity_search.search.sentences import sentence

__all__ = ["ExplainedHit", "Explanation", "explain"]

Liked = Mapping[tuple[str, str], tuple[int, float]]
"""Level and decayed count by attribute and value."""


@dataclass(frozen=True)
class ExplainedHit:
    """A hit, its rank without personalisation (None where that lies beyond the window), and a sentence for people."""

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
            "relevance": hit.relevance,
            "factor": hit.factor,
            "reasons": [asdict(reason) for reason in hit.reasons],
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Explanation:
    """One query for one shopper: `generic` and `personalised` hits, and what the answer said of itself."""

    query: str
    user: str
    generic: tuple[Hit, ...]
    personalised: tuple[ExplainedHit, ...]
    answer: Answer

    def as_json(self) -> dict[str, Any]:
        """The explanation as plain JSON values."""
        return {
            "user": self.user,
            "template": self.answer.template,
            "notes": list(self.answer.notes),
            "generic": [{"rank": hit.rank, "id": hit.id, "score": hit.score} for hit in self.generic],
            "personalised": [hit.as_json() for hit in self.personalised],
        }


def explain(client: Client, config: Config, q: str, user: str, **options: Unpack[Options]) -> Explanation:
    """The explanation of one search; without any reason where the shopper is unknown.

    Sends three requests: the personal search, the generic one over the whole window, and the shopper's profile.
    """
    personal: Options = {**options, "user_id": user}
    answer = client.search(q, **personal)
    first, size = options.get("from_") or 0, options.get("size") or config.search.size
    window = max(config.search.window, first + size)
    whole: Options = {**options, "from_": 0, "size": window}
    generic = client.search(q, **whole).hits
    ranks = {hit.id: hit.rank for hit in generic}
    liked = _liked(client, config, user)
    explained = [_explained(_with_values(hit, config, liked), ranks) for hit in answer.hits]
    return Explanation(q, user, generic[first : first + size], tuple(explained), answer)


def _explained(hit: Hit, ranks: Mapping[str, int]) -> ExplainedHit:
    return ExplainedHit(hit, ranks.get(hit.id), sentence(hit.reasons))


def _liked(client: Client, config: Config, user: str) -> Liked:
    try:
        profile = client.engine.call("GET", path(config.profile_index, "_doc", user))["_source"]
    except MissingResource:
        return {}
    return {
        (attribute, entry["value"]): (entry["level"], entry["count"])
        for attribute, entries in profile["affinities"].items()
        for entry in entries
    }


def _with_values(hit: Hit, config: Config, liked: Liked) -> Hit:
    return replace(hit, reasons=tuple(_with_value(reason, hit, config, liked) for reason in hit.reasons))


def _with_value(reason: Reason, hit: Hit, config: Config, liked: Liked) -> Reason:
    if reason.attribute == OWNED_DEMOTION:
        return reason
    if reason.attribute not in config.attributes:
        _, count = liked.get((reason.attribute, hit.id), (0, 1.0))
        return replace(reason, value=hit.id, related=count == 0)
    values = values_at(parse_item({**hit.source, "id": hit.id}), config.attributes[reason.attribute].field)
    # A value is named only if the profile gives it the very level that the engine found.
    named = [value for value in values if liked.get((reason.attribute, value), (0, 0.0))[0] == reason.level]
    return replace(reason, value=min(named, default=None))
