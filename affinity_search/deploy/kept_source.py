"""Whether the item index keeps the JSON of its items, which values are read from and a rewritten item is made of."""

from __future__ import annotations

from affinity_search.engine.mappings import read_mappings
from affinity_search.engine.protocol import Engine
from affinity_search.errors import ConfigError

__all__ = ["expect_kept_source", "expect_whole_source"]


def expect_kept_source(engine: Engine, name: str, instead: str) -> None:
    """Raises ConfigError where an index behind the name keeps no `_source`; `instead` says what to do.

    Raises MissingResource where nothing bears the name.
    """
    for index, mappings in read_mappings(engine, name).items():
        if mappings.get("_source", {}).get("enabled") is False:
            raise ConfigError(
                f"{engine.url}/{index}: expected items with their _source, found a mapping that does not keep it",
                hint=instead,
            )


def expect_whole_source(engine: Engine, name: str) -> None:
    """Raises ConfigError where an index keeps only parts of the `_source`: a rewrite would lose the others."""
    for index, mappings in read_mappings(engine, name).items():
        if rules := {key: value for key, value in mappings.get("_source", {}).items() if value not in (True, [])}:
            raise ConfigError(
                f"{engine.url}/{index}: expected items with all of their _source, found a mapping with _source "
                f"{rules}: an item written again would lose what is not kept",
                hint="Index these items again from where they come from; the pipeline gives them their keys.",
            )
