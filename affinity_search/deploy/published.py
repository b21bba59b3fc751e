"""What `status` says of the profile documents: how many there are, set against what the last publication left."""

from __future__ import annotations

from affinity_search.config.model import Config
from affinity_search.engine import Engine
from affinity_search.engine.mappings import read_mappings
from affinity_search.errors import MissingResource
from affinity_search.profiles.publication import Publication, publication_in
from affinity_search.state.builds import config_hash

__all__ = ["advice_on_documents", "is_outdated", "last_publication", "remedy"]

PUBLISH = "`affinity profiles publish`"
BUILD = "`affinity profiles build`"
INGEST = "`affinity events ingest FILE`"
LOAD = "`affinity items load FILE`"


def last_publication(engine: Engine, config: Config) -> Publication | None:
    """What the lookup index says of the last publication; None where it says nothing, or is not there."""
    try:
        found = read_mappings(engine, config.lookup_index)
    except MissingResource:
        return None
    return next((publication_in(mappings) for mappings in found.values()), None)


def remedy(publication: Publication | None, config: Config) -> str:
    """The commands that bring the profile documents up to date on this machine, in their order."""
    if not config.state.path.is_file():
        return f"{LOAD}, {INGEST}, {BUILD} and {PUBLISH}"
    if publication is None:
        return f"{INGEST}, {BUILD} and {PUBLISH}"
    return f"{BUILD} and {PUBLISH}" if is_outdated(publication, config) else PUBLISH


def is_outdated(publication: Publication | None, config: Config) -> bool:
    """True where the profiles were built with another configuration; False where nobody published yet."""
    return publication is not None and publication.config != config_hash(config)


def advice_on_documents(name: str, count: int, left: int | None, remedy: str) -> str:
    """What to do about an index of so many documents where the last publication `left` so many; empty for nothing.

    Where that number is not known (None), only an empty index needs something.
    """
    if count == left or (left is None and count):
        return ""
    if not count:
        return f"{name} is empty. To fill it: {remedy}."
    return f"{name}: expected the {left:,} documents of the last publication, found {count:,}. To repair it: {remedy}."
