"""Ingest pipelines: what the engine does to a document before it is indexed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affinity_search.engine.answers import part
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import MissingResource

__all__ = ["delete_pipeline", "indices_using", "read_pipeline", "write_pipeline"]


def read_pipeline(engine: Engine, name: str) -> dict[str, Any] | None:
    """The body of the pipeline; None where there is none."""
    try:
        answer = engine.call("GET", path("_ingest", "pipeline", name))
    except MissingResource:
        return None
    return part(engine, answer, dict, name)


def write_pipeline(engine: Engine, name: str, body: Mapping[str, Any]) -> None:
    """Stores the pipeline under this name, in the place of what was there."""
    engine.call("PUT", path("_ingest", "pipeline", name), body)


def delete_pipeline(engine: Engine, name: str) -> bool:
    """True where the pipeline was there and is deleted, False where there was none.

    Raises RefusedRequest where an index has it as its default or final pipeline.
    """
    try:
        engine.call("DELETE", path("_ingest", "pipeline", name))
    except MissingResource:
        return False
    return True


def indices_using(engine: Engine, pipeline: str) -> list[str]:
    """The indices that have this pipeline as their default or final one, sorted; the engine's own are not asked."""
    settings = engine.call("GET", "/*,-.*/_settings/index.default_pipeline,index.final_pipeline")
    return sorted(index for index, body in settings.items() if pipeline in body["settings"]["index"].values())
