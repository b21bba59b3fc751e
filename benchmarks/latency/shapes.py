"""What is compared: each shape turns a query and a shopper into requests, and the answers into the best ten ids.

This is the product's own, one request to the stored template; what an app would do instead is in `rivals`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from benchmarks.latency.connection import Request
from benchmarks.latency.settings import PRODUCTS
from benchmarks.latency.shoppers import Crowd

__all__ = ["NO_CACHE", "Answers", "InEngine", "Shape"]

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

    @property
    def documents(self) -> bool:
        """Whether it ends with the documents of the best ten, not with their ids alone."""
        ...

    def requests(self, query: str, number: int) -> list[Request]:
        """The requests of one search for the shopper of that number, to be sent one after the other."""
        ...

    def best(self, answers: Answers) -> list[str]:
        """The ids of the best ten, from the parsed answers to the requests."""
        ...

    def afterwards(self, best: Sequence[str]) -> list[Request]:
        """What is still to be asked when the best ten are known, for rows that end with documents and have none yet."""
        ...


@dataclass(frozen=True)
class InEngine:
    """One request to the stored template; without a crowd the shoppers are unknown, or (anonymous) not named."""

    name: str
    template: str
    lookups: int = 0
    crowd: Crowd | None = None
    anonymous: bool = False
    documents: bool = True

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

    def afterwards(self, best: Sequence[str]) -> list[Request]:
        """Nothing."""
        return []
