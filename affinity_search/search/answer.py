"""What comes back from a search: hits that account for their own score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.lookups.clauses import matched_boosts, matched_levels

__all__ = ["Answer", "Hit", "Reason", "read_answer"]


@dataclass(frozen=True)
class Reason:
    """One affinity that moved a hit.

    `boost` is what it adds to the factor, `share` the part of the score that it makes up (0 to 1). `attribute` is
    `item` for the shopper's id list, `owned_demotion` for an item that the shopper has not bought. `value` is the
    item's value that the shopper likes, None where it was not looked up and for `owned_demotion`.
    `related` is True for an item that the shopper never had, boosted by others that go with it.
    """

    attribute: str
    level: int
    boost: float
    share: float
    value: str | None = None
    related: bool = False


@dataclass(frozen=True)
class Hit:
    """One hit: score = relevance * factor, factor = 1 + the sum of its reasons' boosts; `rank` counts from 1."""

    rank: int
    id: str
    score: float
    relevance: float
    factor: float
    source: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The answer to one search.

    `template` is the version that answered, such as `affinity-search-1a2b3c4d` (None where there is no hit to say so).
    `personalised` tells whether affinities were looked up; `notes` say in words what was done otherwise than asked.
    """

    hits: tuple[Hit, ...]
    template: str | None
    personalised: bool
    took_ms: int
    notes: tuple[str, ...] = ()


def read_answer(body: Mapping[str, Any], *, first_rank: int = 1) -> Answer:
    """The answer in the engine's response body."""
    raw = body["hits"]["hits"]
    names = raw[0].get("matched_queries", []) if raw else []
    return Answer(
        hits=tuple(_hit(hit, rank) for rank, hit in enumerate(raw, first_rank)),
        template=next((name.removeprefix("template|") for name in names if name.startswith("template|")), None),
        personalised="personalised" in names,
        took_ms=body.get("took", 0),
        notes=("personalisation is off because the hits are sorted",) if "sorted" in names else (),
    )


def _hit(raw: Mapping[str, Any], rank: int) -> Hit:
    names = raw.get("matched_queries", [])
    boosts, levels = matched_boosts(names), matched_levels(names)
    factor = 1 + sum(boosts.values())
    reasons = [Reason(name, levels[name], boost, boost / factor) for name, boost in boosts.items()]
    return Hit(
        rank=rank,
        id=raw["_id"],
        score=raw["_score"],
        relevance=raw["_score"] / factor,
        factor=factor,
        source=raw.get("_source", {}),
        reasons=tuple(sorted(reasons, key=lambda reason: (-reason.share, reason.attribute))),
    )
