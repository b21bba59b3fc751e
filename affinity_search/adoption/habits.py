"""How the writers of an index write, as far as a sample of its documents tells."""

from __future__ import annotations

import re
from dataclasses import dataclass

from affinity_search.engine.survey import Survey

__all__ = ["Habits", "habits"]

SLACK = 1.25
GENERATED = re.compile(r"[A-Za-z0-9_-]{20}")


@dataclass(frozen=True)
class Habits:
    """`external` says why versions must be the writer's own; empty where they are the engine's as far as can be seen.

    `writes` is how often a document was written on average. `routed` and `generated` are True where documents have a
    routing, and where the engine made up their ids.
    """

    external: str
    writes: float
    routed: bool
    generated: bool

    @property
    def lines(self) -> tuple[str, ...]:
        """What is worth knowing of it, one line each."""
        said = [f"each document was written {self.writes:.1f} times on average" if self.writes else "no document yet"]
        said.append(f"the writer's own versions: {self.external}" if self.external else ENGINES_VERSIONS)
        if self.routed:
            said.append("documents have a routing: popularity is written with it")
        if self.generated:
            said.append("the engine makes up the ids: events must name these, and a new item has no key of its own")
        return tuple(said)


ENGINES_VERSIONS = (
    "the engine's own versions, as far as can be seen (a writer with version_type=external wants `items.keys: keyword`)"
)


def habits(found: Survey) -> Habits:
    """The habits of those who write this index."""
    writes = found.writes / found.documents if found.documents else 0.0
    ids = [document.id for document in found.sample]
    return Habits(
        _external(found),
        writes,
        any(document.routing is not None for document in found.sample),
        bool(ids) and all(GENERATED.fullmatch(text) and not text.isdigit() for text in ids),
    )


def _external(found: Survey) -> str:
    """The engine counts a document's writes: no version passes the writes of its shard, nor their sum those of all."""
    for document in found.sample:
        if document.version > document.written + 1:
            return (
                f"document {document.id!r} has the version {document.version:,} after {document.written + 1:,} writes"
            )
    versions = sorted(document.version for document in found.sample)
    return _too_many(versions, found)


def _too_many(versions: list[int], found: Survey) -> str:
    # A document that is written all the time has a high version, too; so not the mean is looked at, but what the
    # least of the upper 100 %, 90 %, ... 10 % of the documents would have cost in writes.
    for tenth in range(10):
        share = 1 - tenth / 10
        if versions and versions[len(versions) * tenth // 10] * share * found.documents > SLACK * found.writes + 1:
            least = versions[len(versions) * tenth // 10]
            return f"{share:.0%} of the documents have the version {least:,} or more after {found.writes:,} writes"
    return ""
