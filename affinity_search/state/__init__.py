"""The local state: one DuckDB file with buckets, the catalogue, the built profiles and what was published."""

from affinity_search.columns import given
from affinity_search.state.database import open_state

__all__ = ["given", "open_state"]
