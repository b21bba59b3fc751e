"""The profile of a shopper as people read it, out of the engine."""

from __future__ import annotations

from typing import Any

from affinity_search.config.model import Config
from affinity_search.engine.documents import Wanted, read_documents
from affinity_search.engine.protocol import Engine
from affinity_search.errors import MissingResource

__all__ = ["read_profile"]


def read_profile(engine: Engine, config: Config, user_id: str) -> dict[str, Any] | None:
    """The shopper's profile as published; None for a shopper without one. Raises MissingResource without the index."""
    (found,) = read_documents(engine, [Wanted(config.profile_index, user_id)])
    if found.error:
        raise MissingResource(
            f"{engine.url}: {config.profile_index}: {found.error}",
            hint="Run `affinity apply`, then `affinity profiles publish`.",
            status=404,
        )
    return None if found.source is None else dict(found.source)
