"""The section `search`: the search surface."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from affinity_search.config import patterns
from affinity_search.config.section import FieldName, Name, Positive, Section, Whole

__all__ = ["Search"]


class Search(Section):
    """The search surface."""

    template: Annotated[str, Field(pattern=patterns.TEMPLATE_NAME)] = Field(
        "affinity-search", description="Stable id of the template."
    )
    body: Path | None = Field(
        None,
        description="File with your own whole search body (Mustache), relative to affinity.yaml; the personal part is "
        "put into it.",
    )
    query: Path | None = Field(
        None, description="File with your own query (Mustache) in place of the one over `items.text_fields`."
    )
    base: Literal["combined_fields", "multi_match", "simple_query_string"] = Field(
        "combined_fields", description="Query over `items.text_fields`, without `body` and `query`."
    )
    shape: Literal["rescore", "function_score"] = Field(
        "rescore", description="`rescore`: the best `window` hits; `function_score`: all."
    )
    window: Annotated[Whole, Field(gt=0, le=10000)] = Field(
        100, description="Hits that a rescore looks at; the last page personalised ends here."
    )
    size: Annotated[Whole, Field(gt=0, le=1000)] = Field(10, description="Hits returned where a request does not say.")
    max_boost: Positive = Field(5.0, description="Bound: a score is at most relevance * (1 + max_boost).")
    max_lookups: Annotated[Whole, Field(gt=0, le=64)] = Field(16, description="Lookup budget of one request.")
    filters: dict[Name, FieldName] = Field(
        default_factory=dict,
        description="Fields of exact values by which a request may filter besides the attributes, each by its name in "
        "requests: `shoe_size: variants.size`.",
    )
    ranges: dict[Name, FieldName] = Field(
        default_factory=dict,
        description="Fields of numbers that a request may bound besides `price`: `rating: rating` gives the filters "
        "`rating_min` and `rating_max`.",
    )
    facets: list[Name] = Field(
        default_factory=list,
        description="Attributes whose values a request may count. The template grows with the square of their number.",
    )

    @property
    def bounds(self) -> Mapping[str, tuple[str, str]]:
        """The filters that bound a number, those of `price` first: field and comparison by name."""
        fields = {"price": "price", **self.ranges}
        ends = {"min": "gte", "max": "lte"}
        return {f"{name}_{end}": (field, ends[end]) for name, field in fields.items() for end in ends}
