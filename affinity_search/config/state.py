"""The section `state`: where the local state is kept."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from affinity_search.config.section import Section

__all__ = ["State"]


class State(Section):
    """Where the local state (buckets, weights, what was published) is kept."""

    path: Path = Field(Path(".affinity/state.duckdb"), description="DuckDB file, relative to affinity.yaml.")
