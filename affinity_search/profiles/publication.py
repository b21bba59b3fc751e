"""What the lookup index says of the last publication in the `_meta` of its mapping, for `publish` and `status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from affinity_search.config.names import OWNER_MARK

__all__ = ["Publication", "publication_in", "with_publication", "without_publication"]

KEY = "published"


@dataclass(frozen=True)
class Publication:
    """Who published and what: the id of the local state, the build, and the hash of the build's configuration.

    `lookups` and `profiles` are the documents that it left. They are None where that is not known: while it is under
    way, after it was interrupted, and after a publication of a few shoppers alone.
    """

    state: str
    build: int
    config: str
    lookups: int | None = None
    profiles: int | None = None


def publication_in(mappings: Mapping[str, Any]) -> Publication | None:
    """The publication that these mappings tell of; None where they tell of none that can be read."""
    own = (mappings.get("_meta") or {}).get(OWNER_MARK)
    found = own.get(KEY) if isinstance(own, dict) else None
    if not isinstance(found, dict):
        return None
    texts, numbers = (found.get("state"), found.get("config")), (found.get("lookups"), found.get("profiles"))
    build = found.get("build")
    if not isinstance(build, int) or not all(isinstance(text, str) for text in texts):
        return None
    counts = [number if isinstance(number, int) else None for number in numbers]
    return Publication(str(texts[0]), build, str(texts[1]), *counts)


def with_publication(mappings: Mapping[str, Any], publication: Publication) -> dict[str, Any]:
    """The `_meta` of these mappings with this publication in it; all else that stands there stays."""
    meta = mappings.get("_meta") or {}
    own = meta.get(OWNER_MARK)
    return {**meta, OWNER_MARK: {**(own if isinstance(own, dict) else {}), KEY: asdict(publication)}}


def without_publication(mappings: Mapping[str, Any]) -> dict[str, Any]:
    """The mappings as they would be had nobody published yet: what a deployment compares."""
    meta = dict(mappings.get("_meta") or {})
    if isinstance(own := meta.get(OWNER_MARK), dict):
        meta[OWNER_MARK] = {key: value for key, value in own.items() if key != KEY}
    meta = {key: value for key, value in meta.items() if value != {}}
    rest = {key: value for key, value in mappings.items() if key != "_meta"}
    return {**rest, "_meta": meta} if meta else rest
