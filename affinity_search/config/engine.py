"""The section `engine`: where the search engine is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from affinity_search.config.address import checked_address
from affinity_search.config.section import IndexName, Positive, Section

__all__ = ["EngineSettings"]


class EngineSettings(Section):
    """Where the search engine is; without `url` the embedded engine that runs for this user."""

    url: Annotated[str, AfterValidator(checked_address)] | None = Field(
        None,
        description="Address of the engine. Absent: the embedded engine started by `affinity engine start`.",
    )
    username_env: str | None = Field(None, description="Environment variable that holds the user name.")
    password_env: str | None = Field(None, description="Environment variable that holds the password.")
    ca_file: Path | None = Field(None, description="Certificate authority file for https.")
    timeout_seconds: Positive = Field(10.0, description="How long one request may take.")
    prefix: IndexName = Field(
        "affinity", description="First part of the name of every index this product makes for itself."
    )
