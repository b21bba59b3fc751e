"""What a request may filter by, bound and count, in the form that the template writes down."""

from __future__ import annotations

from dataclasses import dataclass

from affinity_search.config.model import Config
from affinity_search.config.requests import nested_path

__all__ = ["Bound", "Declared", "Filter", "Together", "declared"]


@dataclass(frozen=True)
class Filter:
    """A filter by exact values: `filters.<name>` in requests, `field` in the items."""

    name: str
    field: str

    @property
    def parameter(self) -> str:
        """What a request calls it."""
        return f"filters.{self.name}"


@dataclass(frozen=True)
class Bound:
    """A bound of a number: `comparison` is `gte` or `lte`."""

    name: str
    field: str
    comparison: str

    @property
    def parameter(self) -> str:
        """What a request calls it."""
        return f"filters.{self.name}"


@dataclass(frozen=True)
class Together:
    """Filters and bounds that hold for the same object (of a nested list), or for the item itself."""

    filters: tuple[Filter, ...]
    bounds: tuple[Bound, ...]

    @property
    def parameters(self) -> list[str]:
        """All parameters that ask for one of them."""
        return [*(one.parameter for one in self.filters), *(one.parameter for one in self.bounds)]


@dataclass(frozen=True)
class Declared:
    """All of it: `filters` are the names of the filters by exact values, `item` those of the item itself (with bounds),
    `nested` those of the objects in a list, by its path.

    `facets` are the attributes whose values may be counted; these filters stand in neither of the other two.
    """

    filters: tuple[str, ...]
    item: Together
    nested: dict[str, Together]
    facets: tuple[Filter, ...]

    @property
    def bounds(self) -> tuple[str, ...]:
        """Names of the bounds."""
        parts = [self.item, *self.nested.values()]
        return tuple(one.name for part in parts for one in part.bounds)


def declared(config: Config) -> Declared:
    """What the configuration declares, in its order: attributes, further filters, bounds."""
    search, nested = config.search, config.items.nested
    attributes = {name: attribute.field for name, attribute in config.attributes.items()}
    facets = tuple(Filter(name, attributes[name]) for name in search.facets)
    fields = {**attributes, **search.filters}
    filters = [Filter(name, field) for name, field in fields.items() if name not in search.facets]
    bounds = [Bound(name, *bound) for name, bound in search.bounds.items()]

    def within(path: str | None) -> Together:
        return Together(
            tuple(one for one in filters if nested_path(one.field, nested) == path),
            tuple(one for one in bounds if nested_path(one.field, nested) == path),
        )

    groups = {path: found for path in nested if (found := within(path)).parameters}
    return Declared(tuple(fields), within(None), groups, facets)
