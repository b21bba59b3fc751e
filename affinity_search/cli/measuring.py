"""The engine on which `evaluate` and `tune` measure a shop, under names of its own."""

from __future__ import annotations

from affinity_search.config.model import EngineSettings
from affinity_search.engine.embedded import start
from affinity_search.engine.opensearch import OpenSearchEngine

__all__ = ["measuring_engine"]

PATIENCE_SECONDS = 120.0
"""How long one request may take: many searches travel in one, and nobody waits for a single one."""


def measuring_engine(url: str | None, settings: EngineSettings | None) -> OpenSearchEngine:
    """The engine at `url` with these settings, or this user's embedded one, started where it does not run."""
    own = settings if url and settings else EngineSettings()
    return OpenSearchEngine(url or start().url, own.model_copy(update={"timeout_seconds": PATIENCE_SECONDS}))
