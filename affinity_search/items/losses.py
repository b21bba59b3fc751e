"""Optional fields of items that could not be used: how many, and three of them to look at, by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from affinity_search.items.item import Item

__all__ = ["FieldLosses", "LostField"]

EXAMPLES = 3
MOST_FIELDS = 100


@dataclass(frozen=True)
class LostField:
    """In how many items a field could not be used; `examples` has the first three, each with line and reason."""

    items: int
    examples: tuple[str, ...]


@dataclass
class FieldLosses:
    """Collects what was lost; of more than 100 fields the others are counted under `other fields`."""

    _found: dict[str, LostField] = field(default_factory=dict)

    def add(self, line: int, item: Item) -> None:
        """Counts the lost fields of the item on this line."""
        for name, reason in item.lost.items():
            known = name in self._found or len(self._found) < MOST_FIELDS
            key = name if known else "other fields"
            before = self._found.get(key, LostField(0, ()))
            examples = (*before.examples, f"line {line}: {reason}")[:EXAMPLES]
            self._found[key] = LostField(before.items + 1, examples)

    def by_field(self) -> Mapping[str, LostField]:
        """What was lost, by field in the order of the file."""
        return dict(self._found)
