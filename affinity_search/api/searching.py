"""Searching, and explaining what came back."""

from affinity_search.search import AsyncClient, Client, explain

__all__ = ["AsyncClient", "Client", "explain"]
