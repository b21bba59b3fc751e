"""What the rest of the package knows of a search engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

__all__ = ["CONNECTIONS", "Engine", "EngineInfo", "path"]

CONNECTIONS = 8
"""Requests that an engine is sent at once by one process; each has a connection of its own."""


@dataclass(frozen=True)
class EngineInfo:
    """Who answers: `distribution` is `opensearch` or `elasticsearch`, `version` as in "3.8.0"."""

    distribution: str
    version: str


class Engine(Protocol):
    """A search engine that answers JSON."""

    @property
    def url(self) -> str:
        """The address, without credentials."""
        ...

    def info(self) -> EngineInfo:
        """Who answers at the address."""
        ...

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
        """The parsed JSON answer of one request.

        `body` is sent as JSON, a str as it is (newline-delimited JSON for `_bulk` and `_msearch`). Raises EngineError:
        EngineUnavailable, EngineOverloaded, EngineFailed, MissingResource or RefusedRequest.
        """
        ...


def path(*parts: str) -> str:
    """A request path whose parts are escaped one by one: path("products", "_doc", "a/b") is "/products/_doc/a%2Fb"."""
    return "/" + "/".join(quote(part, safe=",*") for part in parts)
