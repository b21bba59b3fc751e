"""Where one item stands for a query and a shopper, and why not higher: also for an item that is on no page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Unpack

from affinity_search.config.model import Config
from affinity_search.engine.searches import render_template, search, search_template
from affinity_search.errors import MissingResource
from affinity_search.search.answer import SORTED, Answer, Hit, read_answer
from affinity_search.search.client import Client, Options
from affinity_search.search.deployed import other_configuration
from affinity_search.search.explain import MOST_RANKS, ExplainedHit, generic_options, said_of
from affinity_search.search.moving_values import read_shopper, with_values

__all__ = ["Placement", "place_item"]

RANKED_PARTS = "took,_shards,hits.hits._id,hits.hits._score,hits.hits.matched_queries"
Verdict = Literal["on_page", "below_page", "beyond_window", "filtered", "no_match"]


@dataclass(frozen=True)
class Placement:
    """Where an item stands: `found` is its hit with both ranks, None where it is no hit at all.

    `verdict` is `on_page` (of the page asked for), `below_page` (or above it), `beyond_window` (no account is given),
    `filtered` (`filters` name those that leave it out) or `no_match` (of the query's words). `ahead` is the hit that it
    would have to pass: the one above it, or the last of the page. `why` says all of it in words.
    """

    query: str
    user: str
    item: str
    verdict: Verdict
    found: ExplainedHit | None
    ahead: Hit | None
    filters: tuple[str, ...]
    why: tuple[str, ...]
    answer: Answer
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The placement as plain JSON values."""
        return {
            "query": self.query,
            "user": self.user,
            "item": self.item,
            "template": self.answer.template,
            "window": self.answer.window,
            "notes": list(self.notes),
            "verdict": self.verdict,
            "found": self.found.as_json() if self.found else None,
            "ahead": {"rank": self.ahead.rank, "id": self.ahead.id, "score": self.ahead.score} if self.ahead else None,
            "filters": list(self.filters),
            "why": list(self.why),
        }


@dataclass(frozen=True)
class _Desk:
    """One query of one shopper: the page as answered, and the parameters that give everybody's order of the same."""

    client: Client
    config: Config
    q: str
    user: str
    options: Options
    answer: Answer

    @property
    def everybody(self) -> dict[str, Any]:
        return self.client.parameters(self.q, generic_options(self.options, self.answer))

    @property
    def page(self) -> range:
        """The ranks of the page asked for."""
        first = self.options.get("from_") or 0
        size = self.options.get("size") or max(self.config.search.size, len(self.answer.hits))
        return range(first + 1, first + size + 1)

    def search(self, body: Mapping[str, Any]) -> Any:
        return search(self.client.engine, self.client.index, body)

    def query(self, parameters: Mapping[str, Any]) -> Any:
        """The query that the deployed template makes of these parameters."""
        return render_template(self.client.engine, {"id": self.client.template}, parameters)["query"]

    def matches(self, item: str, parameters: Mapping[str, Any]) -> bool:
        one = {"bool": {"must": [self.query(parameters)], "filter": [{"ids": {"values": [item]}}]}}
        return bool(self.search({"query": one, "size": 1, "_source": False})["hits"]["hits"])

    def order(self, parameters: Mapping[str, Any]) -> Answer:
        """The first 10,000 hits, without their sources."""
        template, wanted = {"id": self.client.template}, {**parameters, "from": 0, "size": MOST_RANKS}
        found = search_template(self.client.engine, self.client.index, template, wanted, only=RANKED_PARTS)
        return read_answer({"hits": {"hits": []}, **found})


def place_item(client: Client, config: Config, q: str, user: str, item: str, **options: Unpack[Options]) -> Placement:
    """Where the item stands among the hits of this search, and why not higher.

    Ranks are read from the first 10,000 hits. Raises MissingResource where the item index has no such item.
    """
    personal: Options = {**options, "user_id": user}
    desk = _Desk(client, config, q, user, options, client.search(q, **personal))
    source = _source(desk, item)
    notes = (*desk.answer.notes, *other_configuration(desk.answer, config))
    if not desk.matches(item, desk.everybody):
        verdict, filters, why = _left_out(desk, item)
        return Placement(q, user, item, verdict, None, None, filters, why, desk.answer, notes)
    generic = desk.order(desk.everybody)
    order = desk.order({**desk.everybody, "user_id": user}) if desk.answer.personalised else generic
    ranks = {hit.id: hit.rank for hit in generic.hits}
    mine = next((hit for hit in order.hits if hit.id == item), None)
    if mine is None:
        why = (f"It matches, but stands beyond the first {MOST_RANKS:,} hits, further than ranks are read.",)
        return Placement(q, user, item, "beyond_window", None, None, (), why, desk.answer, notes)
    hit = _named(desk, replace(mine, source=source))
    ahead = _ahead(order.hits, hit.rank, desk.page)
    found = ExplainedHit(hit, ranks.get(item), said_of(hit, desk.answer, q))
    why = _why(found, ahead, order, desk)
    return Placement(q, user, item, _verdict(hit, desk.page), found, ahead, (), why, desk.answer, notes)


def _source(desk: _Desk, item: str) -> Mapping[str, Any]:
    wanted = {"query": {"ids": {"values": [item]}}, "size": 1}
    if hits := desk.search(wanted)["hits"]["hits"]:
        return dict(hits[0].get("_source", {}))
    raise MissingResource(
        f"{desk.client.engine.url}: {desk.client.index}: expected an item {item!r}, found none",
        hint="Ids are compared exactly. `affinity items load` brings the catalogue into the engine.",
        status=404,
    )


def _named(desk: _Desk, hit: Hit) -> Hit:
    return with_values(hit, desk.config, read_shopper(desk.client.engine, desk.config, desk.user, [hit]))


def _left_out(desk: _Desk, item: str) -> tuple[Verdict, tuple[str, ...], tuple[str, ...]]:
    """Why the item is no hit: by the filters, or by the words."""
    plain = {name: value for name, value in desk.everybody.items() if name != "filters"}
    if not desk.matches(item, plain):
        return "no_match", (), (_words(desk, item, plain),)
    filters = {name: value for name, value in (desk.options.get("filters") or {}).items() if value is not None}
    names = tuple(n for n, value in filters.items() if not desk.matches(item, {**plain, "filters": {n: value}}))
    said = ", ".join(f"{name} ({_text(filters[name])})" for name in names)
    return "filtered", names, (f"It matches the query, but a filter leaves it out: {said}.",)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _words(desk: _Desk, item: str, plain: Mapping[str, Any]) -> str:
    if plain["operator"] == "and" and desk.matches(item, {**plain, "operator": "or"}):
        return "It does not match the query: it has some of the words, but not every one of them."
    return "It does not match the query: its text fields have none of the words."


def _ahead(hits: Sequence[Hit], rank: int, page: range) -> Hit | None:
    """The hit to be passed: of an item below the page the last one on it, else the one above."""
    place = min(rank - 1, page.stop - 1)
    return hits[place - 1] if place else None


def _verdict(hit: Hit, page: range) -> Verdict:
    if hit.rank in page:
        return "on_page"
    return "below_page" if hit.accounted else "beyond_window"


def _why(found: ExplainedHit, ahead: Hit | None, order: Answer, desk: _Desk) -> tuple[str, ...]:
    hit = found.hit
    if SORTED in desk.answer.notes:
        return ("The hits are sorted by a field, so neither relevance nor personalisation moves it.",)
    if not hit.accounted:
        shards = f" of each of the {order.shards} shards" if order.shards > 1 else ""
        return (
            f"It stands beyond the window: the best {order.window} hits{shards} are re-ranked, and of what stands "
            f"after rank {order.window} it is not known whether it was.",
        )
    if ahead is None:
        return ("It stands first.",)
    return tuple(_compared(hit, ahead))


def _compared(hit: Hit, ahead: Hit) -> list[str]:
    said = [f"{ahead.id} at rank {ahead.rank} has {_sum(ahead)}; this item has {_sum(hit)}."]
    if hit.relevance is not None and ahead.relevance is not None and hit.relevance < ahead.relevance:
        said.append("Its relevance is lower, for every shopper.")
    if hit.factor is not None and ahead.factor is not None and hit.factor < ahead.factor:
        said.append("The shopper's boosts for it are smaller." if hit.reasons else "Nothing in the profile boosts it.")
    return said


def _sum(hit: Hit) -> str:
    if hit.score is None:
        return "no score"
    if hit.relevance is None or hit.factor is None:
        return f"the score {hit.score:.4f}"
    return f"the score {hit.score:.4f} = relevance {hit.relevance:.4f} x {hit.factor:.4f}"
