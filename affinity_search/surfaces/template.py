"""A stored search template as a value."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Template"]


@dataclass(frozen=True)
class Template:
    """A stored template: `source` is Mustache, `version` the first 8 hex digits of its content's SHA-256.

    `filters` are the names by whose values a request may filter, `bounds` those that bound a number, `facets` the
    attributes whose values it may count. `original` is the team's own body, before anything was put into it; empty for
    the ready template.
    """

    name: str
    version: str
    source: str
    filters: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ("price_min", "price_max")
    facets: tuple[str, ...] = ()
    original: str = ""

    @property
    def versioned_name(self) -> str:
        """The id that never changes its content, such as `affinity-search-1a2b3c4d`."""
        return f"{self.name}-{self.version}"
