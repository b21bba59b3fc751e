"""A configuration with its reasons: what `init` and `tune` hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from affinity_search.config.model import Config

__all__ = ["Suggestion"]


@dataclass(frozen=True)
class Suggestion:
    """A configuration, and reasons by dotted address; `attributes.NAME` is also there for attributes left out.

    The reason under the empty address says what was looked at. `sources` are the source blocks as they are to be
    written, by section, for they are shorter than what the configuration makes of them.
    """

    config: Config
    reasons: Mapping[str, str]
    sources: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
