"""The `now` that callers give."""

from __future__ import annotations

from datetime import datetime

__all__ = ["checked_moment"]


def checked_moment(now: datetime) -> datetime:
    """The moment itself. Raises ValueError where it has no time zone, and so could be one of many."""
    if now.utcoffset() is None:
        raise ValueError(f"now: expected a datetime with a time zone, such as datetime.now(UTC), got {now!r}")
    return now
