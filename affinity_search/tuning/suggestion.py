"""A configuration with its reasons: what `init` and `tune` hand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from affinity_search.config.model import Config

__all__ = ["Suggestion"]


@dataclass(frozen=True)
class Suggestion:
    """A configuration, and reasons by dotted address; `attributes.NAME` is also there for attributes left out.

    The reason under the empty address says what was looked at.
    """

    config: Config
    reasons: Mapping[str, str]
