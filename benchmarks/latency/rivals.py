"""What an app would do without the product: fetch the profile, fetch candidates, re-rank them itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter
from typing import Any, Literal

from affinity_search.config.model import ITEM
from benchmarks.latency.connection import Request
from benchmarks.latency.settings import PRODUCTS
from benchmarks.latency.shapes import NO_CACHE, Answers
from benchmarks.latency.shoppers import APP_PROFILES, Crowd

__all__ = ["QUERY", "AppBest", "AppNaive"]

SIZE = 10
QUERY = "q-placeholder"
LEFT_OUT = "affinity,popularity,popularity_recent"  # what the template leaves out of a document


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
    documents: bool = True

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
        """Relevance * (1 + sum of boosts), highest first."""
        profile, found = answers
        boosts = {
            name: {entry["value"]: entry["level"] * self.steps[name] for entry in entries}
            for name, entries in profile["affinities"].items()
        }
        liked = boosts.pop(ITEM)
        scored = []
        for hit in found["hits"]["hits"]:
            attrs = hit["_source"]["attrs"]
            boost = liked.get(hit["_id"], 0.0) + sum(of.get(attrs[name][0], 0.0) for name, of in boosts.items())
            scored.append((hit["_score"] * (1 + boost), hit["_id"]))
        return [identity for _, identity in nlargest(SIZE, scored, key=itemgetter(0))]

    def afterwards(self, best: Sequence[str]) -> list[Request]:
        """Nothing."""
        return []


@dataclass(frozen=True)
class AppBest:
    """The same as lean as an app can be: one small profile, doc values instead of documents, no stored field at all.

    `body` is the generic search as the template renders it, with QUERY in place of the query.
    """

    name: str
    body: str
    crowd: Crowd
    attributes: tuple[str, ...]
    documents: bool = False
    family: Literal["app"] = "app"
    lookups: int = 0

    @property
    def profile(self) -> str:
        """Kind of profile of its shoppers."""
        return self.crowd.profile

    @classmethod
    def of(cls, name: str, generic: Mapping[str, Any], window: int, crowd: Crowd, attributes: Sequence[str]) -> AppBest:
        """The shape over a rendered generic body, for ids alone; they come from doc values too."""
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
        """Relevance * (1 + sum of boosts), highest first."""
        profile, found = answers
        boosts = [
            (f"affinity.{name}", dict(zip(profile[name]["k"], profile[name]["w"], strict=True)).get)
            for name in self.attributes
        ]
        liked = dict(zip(profile[ITEM]["k"], profile[ITEM]["w"], strict=True)).get
        scored = []
        for hit in found["hits"]["hits"]:
            fields = hit["fields"]
            identity = fields["sku"][0]
            boost = liked(identity, 0.0)
            for name, of in boosts:
                boost += of(fields[name][0], 0.0)
            scored.append((hit["_score"] * (1 + boost), identity))
        return [identity for _, identity in nlargest(SIZE, scored, key=itemgetter(0))]

    def afterwards(self, best: Sequence[str]) -> list[Request]:
        """The documents of the best ten, where they are wanted."""
        body = json.dumps({"ids": best})
        return [Request("POST", f"/{PRODUCTS}/_mget?_source_excludes={LEFT_OUT}", body)] if self.documents else []
