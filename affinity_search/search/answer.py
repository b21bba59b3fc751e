"""What comes back from a search: hits that account for their own score, as far as the window goes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from affinity_search.config.roles import Role
from affinity_search.engine.answers import partial
from affinity_search.lookups.clauses import matched_boosts, matched_levels, matched_slots
from affinity_search.plain import plain_fields
from affinity_search.search.facets import FacetValue, read_facets

__all__ = ["Answer", "Hit", "Reason", "read_answer"]

SORTED = "personalisation is off because the hits are sorted"
NOTHING_PERSONAL = "personalisation is off because the deployed template looks nothing up"
WINDOW_UNTOLD = "no hit is accounted for because the deployed template does not tell its window: run `affinity apply`"


@dataclass(frozen=True)
class Reason:
    """One affinity that moved a hit.

    `boost` is what it adds to the factor, `share` the part of the score that it makes up (0 to 1). `attribute` is
    `item` for the shopper's id list, `owned_demotion` for an item that the shopper has not bought. `slots` are the
    lookups that found it.

    The rest is told by `explain`: `values` are those of the item that the shopper's lists hold, the strongest first,
    `value` the first of them (None where none was found and for `owned_demotion`). `role` is the most that the
    shopper's events say, such as `purchase` or `view` (None where no profile says so). `related` is True for an item
    that the shopper never had, boosted by others that go with it; `role` is then the least that a history may rest on.
    """

    attribute: str
    level: int
    boost: float
    share: float
    value: str | None = None
    related: bool = False
    values: tuple[str, ...] = ()
    role: Role | None = None
    slots: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The reason as plain JSON values."""
        return plain_fields(self)


@dataclass(frozen=True)
class Hit:
    """One hit; `rank` counts from 1, `score` is None where the engine made none: hits that a field of the body sorts.

    Where `accounted` is True, score = relevance * factor and factor = 1 + the sum of the reasons' boosts. It is False
    where there is no score, and beyond the window of a personal search: whether that hit was re-ranked is not known, so
    that `relevance` and `factor` are None and there are no reasons. `highlight` holds by field the fragments that the
    engine marked, empty where the template asks for none.
    """

    rank: int
    id: str
    score: float | None
    relevance: float | None
    factor: float | None
    source: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()
    accounted: bool = True
    highlight: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The hit as plain JSON values."""
        return plain_fields(self)


@dataclass(frozen=True)
class Answer:
    """The answer to one search.

    `template` is the version that answered, such as `affinity-search-1a2b3c4d` (None where there is no hit to say so).
    `personalised` tells whether affinities were looked up; `notes` say in words what was done otherwise than asked.
    `window` is the last rank that is accounted for, as the template tells it; None where all hits are, or none came.
    `total` is the number of hits in all, where it was asked for; it is a lower limit where `total_exact` is False.
    `any_word` is True where no hit has every word and those with any of them were taken. `shards` is how many parts
    of the index answered, each of which has a window of its own. `facets` are the values of the attributes that were
    asked for. `aggregations` are the engine's own, empty where the template asks for none.
    """

    hits: tuple[Hit, ...]
    template: str | None
    personalised: bool
    took_ms: int
    notes: tuple[str, ...] = ()
    window: int | None = None
    total: int | None = None
    total_exact: bool = True
    any_word: bool = False
    shards: int = 1
    aggregations: Mapping[str, Any] = field(default_factory=dict)
    facets: Mapping[str, tuple[FacetValue, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The answer as plain JSON values."""
        return plain_fields(self)


def read_answer(body: Mapping[str, Any], *, first_rank: int = 1, personal: bool = False) -> Answer:
    """The answer in the engine's response body; `personal` says that a shopper was named in the request."""
    found = body["hits"]
    raw = found["hits"]
    names = raw[0].get("matched_queries", []) if raw else []
    last = _last_accounted(names)
    total = found.get("total") or {}
    return Answer(
        hits=tuple(_hit(hit, rank, accounted=rank <= last) for rank, hit in enumerate(raw, first_rank)),
        template=_told(names, "template"),
        personalised="personalised" in names,
        took_ms=body.get("took", 0),
        notes=(*_partial(body), *(_notes(names, personal=personal) if raw else ())),
        window=None if math.isinf(last) else int(last),
        total=total.get("value"),
        total_exact=total.get("relation", "eq") == "eq",
        shards=body.get("_shards", {}).get("total", 1),
        aggregations=body.get("aggregations", {}),
        facets=read_facets(body.get("aggregations", {})),
    )


def _partial(body: Mapping[str, Any]) -> list[str]:
    finding = partial(body)
    return [f"a part of the hits may be missing: {finding}"] if finding else []


def _told(names: Sequence[str], what: str) -> str | None:
    """What stands behind `what|`; a name of three parts is a clause of an attribute, whatever that is called."""
    return next(
        (name.partition("|")[2] for name in names if name.startswith(f"{what}|") and name.count("|") == 1), None
    )


def _last_accounted(names: Sequence[str]) -> float:
    """The last rank that is accounted for; 0 where a personal answer does not tell its window."""
    window = _told(names, "window")
    if "personalised" not in names or window == "all":
        return math.inf
    return int(window) if window and window.isdecimal() else 0


def _notes(names: Sequence[str], *, personal: bool) -> list[str]:
    if "sorted" in names:
        return [SORTED]
    if "personalised" not in names:
        return [NOTHING_PERSONAL] if personal else []
    return [] if _told(names, "window") else [WINDOW_UNTOLD]


def _hit(raw: Mapping[str, Any], rank: int, *, accounted: bool) -> Hit:
    source, highlight = raw.get("_source", {}), raw.get("highlight", {})
    score = raw.get("_score")
    if not accounted or score is None:
        return Hit(rank, raw["_id"], score, None, None, source, accounted=False, highlight=highlight)
    names = raw.get("matched_queries", [])
    boosts, levels, slots = matched_boosts(names), matched_levels(names), matched_slots(names)
    factor = 1 + sum(boosts.values())
    reasons = [Reason(name, levels[name], boost, boost / factor, slots=slots[name]) for name, boost in boosts.items()]
    return Hit(
        rank=rank,
        id=raw["_id"],
        score=score,
        relevance=score / factor,
        factor=factor,
        source=source,
        reasons=tuple(sorted(reasons, key=lambda reason: (-reason.share, reason.attribute))),
        highlight=highlight,
    )
