"""The search engine: the protocol the package knows, its adapters, and the embedded engine."""

from __future__ import annotations

from affinity_search.config.model import EngineSettings
from affinity_search.engine.protocol import CONNECTIONS, Engine, EngineInfo, path
from affinity_search.errors import EngineUnavailable

__all__ = ["CONNECTIONS", "Engine", "EngineInfo", "connect", "path"]


def connect(settings: EngineSettings) -> Engine:
    """The engine at `settings.url`, or this user's embedded one where no url is given.

    Nothing is sent yet. Raises EngineUnavailable where no url is given and no embedded engine runs.
    """
    from affinity_search.engine.embedded import url_of_running
    from affinity_search.engine.opensearch import OpenSearchEngine

    if url := settings.url or url_of_running():
        return OpenSearchEngine(url, settings)
    raise EngineUnavailable(
        "no engine: engine.url is not set and no embedded engine runs",
        hint="Start one with `affinity engine start`, or set engine.url in affinity.yaml.",
    )
