"""Whether an item's keys are those of its values: a partial update changes values past the pipeline that makes keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.items.item import record_values
from affinity_search.items.keys import affinity_key

__all__ = ["StaleKeys", "stale_keys"]

VALUES_SHOWN = 3


@dataclass(frozen=True)
class StaleKeys:
    """An attribute whose keys are not those of its `values` (none where it has no value); `found` keys are there."""

    attribute: str
    values: tuple[str, ...]
    found: int

    def __str__(self) -> str:
        shown = ", ".join(repr(value) for value in self.values[:VALUES_SHOWN])
        more = ", ..." if len(self.values) > VALUES_SHOWN else ""
        expected = f"the keys of {shown}{more}" if self.values else "no keys"
        return f"affinity.{self.attribute}: expected {expected}, found {'others' if self.found else 'none'}"


def stale_keys(identity: str, source: Mapping[str, Any], paths: Mapping[str, str]) -> Iterator[StaleKeys]:
    """The attributes of an indexed item with other keys than its values have; none where all of them fit.

    `paths` says where the values are, by attribute; `_id` stands for the id itself. In which order keys stand does not
    matter, nor how often.
    """
    held = source.get("affinity")
    for name, at in paths.items():
        values = (identity,) if at == "_id" else record_values(source, at)
        found = held.get(name) if isinstance(held, Mapping) else None
        keys = found if isinstance(found, list) else [] if found is None else [found]
        if {*map(affinity_key, values)} != {key for key in keys if isinstance(key, int)}:
            yield StaleKeys(name, values, len(keys))
