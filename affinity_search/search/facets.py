"""Facets: which to count, and the counts in an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affinity_search.errors import ConfigError
from affinity_search.items.item import value_text
from affinity_search.plain import plain_fields

__all__ = ["FACET_VALUES", "FacetValue", "Facets", "facet_parameters", "read_facets"]

FACET_VALUES = 10
"""How many values a facet has where the request does not say."""

Facets = Sequence[str] | Mapping[str, int]


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet: `count` hits would have it with the filters of all other facets.

    `selected` is True for a value that the request filters by; it is there whatever its count, which may be 0.
    """

    value: str
    count: int
    selected: bool = False

    def as_json(self) -> dict[str, Any]:
        """The value as plain JSON values."""
        return plain_fields(self)


def facet_parameters(facets: Facets, known: Collection[str] | None) -> dict[str, int]:
    """The facets as the template takes them: how many values of each; `known` is None where that is not known.

    Raises ConfigError for an attribute that is no facet, and for a number of values below 1.
    """
    counts = dict(facets) if isinstance(facets, Mapping) else dict.fromkeys(_names(facets), FACET_VALUES)
    for name, count in counts.items():
        if known is not None and name not in known:
            raise ConfigError(
                f"facets.{name}: expected a facet of {', '.join(known) or 'none'}; got an unknown one",
                hint="Name the attribute under search.facets of affinity.yaml, then run `affinity apply`.",
            )
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ConfigError(f"facets.{name}: expected how many values, 1 or more, got {count!r}")
    return counts


def _names(facets: Sequence[str]) -> Sequence[str]:
    if isinstance(facets, str):
        raise ConfigError(f"facets: expected a list of attributes, or how many values of each; got {facets!r}")
    return facets


def read_facets(aggregations: Mapping[str, Any]) -> dict[str, tuple[FacetValue, ...]]:
    """By attribute the commonest values, then those selected that are not among them; empty for other aggregations."""
    return {name: tuple(_values(found)) for name, found in aggregations.items() if _is_facet(found)}


def _is_facet(found: object) -> bool:
    return isinstance(found, Mapping) and isinstance(found.get("values"), Mapping) and "buckets" in found["values"]


def _values(found: Mapping[str, Any]) -> Iterator[FacetValue]:
    common, selected = (_counts(found.get(part, {})) for part in ("values", "selected"))
    for value, count in {**common, **selected}.items():
        yield FacetValue(value, count, value in selected)


def _counts(terms: Mapping[str, Any]) -> dict[str, int]:
    found = {}
    for bucket in terms.get("buckets", ()):
        value = bucket.get("key_as_string") or value_text(bucket["key"])
        if value is not None:
            found[value] = bucket["doc_count"]
    return found
