"""What the engine makes of a stored template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affinity_search.engine.protocol import Engine

__all__ = ["render_stored"]


def render_stored(engine: Engine, name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What the stored template of this id becomes with these parameters; raises EngineError where there is none."""
    answer = engine.call("POST", "/_render/template", {"id": name, "params": dict(parameters)})
    found: dict[str, Any] = answer["template_output"]
    return found
