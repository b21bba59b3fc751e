"""A few items, deployed: what the tests of requests search, over HTTP and with the client."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from affinity_search.config import Config
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.search import Client

__all__ = ["Deployed"]


@dataclass(frozen=True)
class Deployed:
    """The configuration, its file, and the engine."""

    config: Config
    path: Path
    engine: OpenSearchEngine

    @property
    def client(self) -> Client:
        return Client.of(self.engine, self.config)

    def answer(self, **parameters: Any) -> Any:
        """What the engine answers to the template with these parameters."""
        body = {"id": self.config.search.template, "params": parameters}
        return self.engine.call("POST", f"/{self.config.items.index}/_search/template", body)
