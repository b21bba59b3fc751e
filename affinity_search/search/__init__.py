"""Searching through the deployed template, and explaining what came back."""

from affinity_search.search.answer import Answer, Hit, Reason, read_answer
from affinity_search.search.asynchronous import AsyncClient
from affinity_search.search.client import Client, Options
from affinity_search.search.deployed import other_configuration
from affinity_search.search.explain import ExplainedHit, Explanation, explain
from affinity_search.search.facets import FacetValue
from affinity_search.search.placed import Placement, place_item

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "ExplainedHit",
    "Explanation",
    "FacetValue",
    "Hit",
    "Options",
    "Placement",
    "Reason",
    "explain",
    "other_configuration",
    "place_item",
    "read_answer",
]
