"""What is compared: each shape turns a query and a shopper into requests, and the answers into the best ten ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter
from typing import Any, Literal, Protocol

from affinity_search.profiles.encode import ITEM
from benchmarks.latency.connection import Request
from benchmarks.latency.settings import PRODUCTS
from benchmarks.latency.shoppers import APP_PROFILES, Crowd

__all__ = ["AppBest", "AppNaive", "InEngine", "Shape"]

SIZE = 10
QUERY = "q-placeholder"
NO_CACHE = "request_cache=false"

Answers = Sequence[Any]


class Shape(Protocol):
    """A way to search; `family` is `generic`, `ours` or `app`, `profile` and `lookups` what the shopper has."""

    @property
    def name(self) -> str:
        """How it is called in the results."""
        ...

    @property
    def family(self) -> Literal["generic", "ours", "app"]:
        """Whose it is."""
        ...

    @property
    def profile(self) -> str:
        """Kind of profile of its shoppers: `none`, `mid` or `heavy`."""
        ...

    @property
    def lookups(self) -> int:
        """Lookup clauses in its request."""
        ...

    def requests(self, query: str, number: int) -> list[Request]:
        """The requests of one search for the shopper of that number, to be sent one after the other."""
        ...

    def best(self, answers: Answers) -> list[str]:
        """The ids of the best ten, from the parsed answers to the requests."""
        ...


@dataclass(frozen=True)
class InEngine:
    """One request to the stored template; without a crowd the shoppers are unknown, or (anonymous) not named."""

    name: str
    template: str
    lookups: int = 0
    crowd: Crowd | None = None
    anonymous: bool = False

    @property
    def family(self) -> Literal["generic", "ours"]:
        """Ours, but for the anonymous request."""
        return "generic" if self.anonymous else "ours"

    @property
    def profile(self) -> str:
        """Kind of profile of its shoppers."""
        return self.crowd.profile if self.crowd else "none"

    def requests(self, query: str, number: int) -> list[Request]:
        """One."""
        params = {"q": query}
        if not self.anonymous:
            params["user_id"] = self.crowd.shopper(number) if self.crowd else f"unknown-{number}"
        body = json.dumps({"id": self.template, "params": params})
        return [Request("POST", f"/{PRODUCTS}/_search/template?{NO_CACHE}", body)]

    def best(self, answers: Answers) -> list[str]:
        """The order is the engine's."""
        return [hit["_id"] for hit in answers[0]["hits"]["hits"]]


@dataclass(frozen=True)
class AppNaive:
    """Fetch the profile, fetch the best `window` hits as they are, re-rank: what one writes first.

    `steps` is what one level adds to the factor, by attribute.
    """

    name: str
    template: str
    window: int
    crowd: Crowd
    steps: Mapping[str, float]
    profile_index: str
    family: Literal["app"] = "app"
    lookups: int = 0

    @property
    def profile(self) -> str:
        """Kind of profile of its shoppers."""
        return self.crowd.profile

    def requests(self, query: str, number: int) -> list[Request]:
        """The profile that people read, and the anonymous search through the same stored template."""
        body = json.dumps({"id": self.template, "params": {"q": query, "size": self.window}})
        return [
            Request("GET", f"/{self.profile_index}/_source/{self.crowd.shopper(number)}"),
            Request("POST", f"/{PRODUCTS}/_search/template?{NO_CACHE}", body),
        ]

    def best(self, answers: Answers) -> list[str]:
        """Relevance * (1 + sum of lifts), highest first."""
        profile, found = answers
        lifts = {
            name: {entry["value"]: entry["level"] * self.steps[name] for entry in entries}
            for name, entries in profile["affinities"].items()
        }
        liked = lifts.pop(ITEM)
        scored = []
        for hit in found["hits"]["hits"]:
            attrs = hit["_source"]["attrs"]
            lift = liked.get(hit["_id"], 0.0) + sum(of.get(attrs[name][0], 0.0) for name, of in lifts.items())
            scored.append((hit["_score"] * (1 + lift), hit["_id"]))
        return [identity for _, identity in nlargest(SIZE, scored, key=itemgetter(0))]


@dataclass(frozen=True)
class AppBest:
    """The same as lean as an app can be: one small profile, doc values instead of documents, no stored field at all.

    `body` is the generic search as the template renders it, with QUERY in place of the query.
    """

    name: str
    body: str
    crowd: Crowd
    attributes: tuple[str, ...]
    family: Literal["app"] = "app"
    lookups: int = 0

    @property
    def profile(self) -> str:
        """Kind of profile of its shoppers."""
        return self.crowd.profile

    @classmethod
    def of(cls, name: str, generic: Mapping[str, Any], window: int, crowd: Crowd, attributes: Sequence[str]) -> AppBest:
        """The shape over a rendered generic body; the ids come from doc values too."""
        fields = ["sku", *(f"affinity.{attribute}" for attribute in attributes)]
        lean = {"size": window, "_source": False, "stored_fields": "_none_", "docvalue_fields": fields}
        return cls(name, json.dumps({**generic, **lean}), crowd, tuple(attributes))

    def requests(self, query: str, number: int) -> list[Request]:
        """The small profile, and the search."""
        return [
            Request("GET", f"/{APP_PROFILES}/_source/{self.crowd.shopper(number)}"),
            Request("POST", f"/{PRODUCTS}/_search?{NO_CACHE}", self.body.replace(QUERY, query)),
        ]

    def best(self, answers: Answers) -> list[str]:
        """Relevance * (1 + sum of lifts), highest first."""
        profile, found = answers
        lifts = [
            (f"affinity.{name}", dict(zip(profile[name]["k"], profile[name]["w"], strict=True)).get)
            for name in self.attributes
        ]
        liked = dict(zip(profile[ITEM]["k"], profile[ITEM]["w"], strict=True)).get
        scored = []
        for hit in found["hits"]["hits"]:
            fields = hit["fields"]
            identity = fields["sku"][0]
            lift = liked(identity, 0.0)
            for name, of in lifts:
                lift += of(fields[name][0], 0.0)
            scored.append((hit["_score"] * (1 + lift), identity))
        return [identity for _, identity in nlargest(SIZE, scored, key=itemgetter(0))]
