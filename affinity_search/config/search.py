"""The section `search`: the search surface."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from affinity_search.config import patterns
from affinity_search.config.section import Positive, Section, Whole

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
