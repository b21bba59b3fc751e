"""Searching through the deployed template, and explaining what came back."""

from affinity_search.search.answer import Answer, Hit, Reason, read_answer
from affinity_search.search.client import Client, Options
from affinity_search.search.explain import ExplainedHit, Explanation, explain

__all__ = ["Answer", "Client", "ExplainedHit", "Explanation", "Hit", "Options", "Reason", "explain", "read_answer"]
