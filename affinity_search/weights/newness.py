"""How new an item is, as the engine keeps it: a number that halves, in steps."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["STEPS", "newness"]

STEPS = 16
"""A step is 1/16: the engine's `rank_feature` keeps that exactly, and an item is written again 16 times in its life."""


def newness(age_days: Any, half_life_days: Any) -> Any:
    """2^(-age / half-life), rounded down to sixteenths: 1 on the day of the first event, 0 after four half-lives."""
    return np.floor(STEPS * np.power(0.5, age_days / half_life_days)) / STEPS
