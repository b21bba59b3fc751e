"""The forms of files that are known by name, recognised by the paths that only they have."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

import yaml

from affinity_search.config.presets import FOLDER

__all__ = ["KnownForm", "known_forms", "recognised"]

Kind = Literal["events", "items", "queries"]
