"""A file of items as it is read twice: first every line is judged, then the line that counts for each id is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from affinity_search.config.model import Config
from affinity_search.errors import DataError
from affinity_search.events.quarantine import Quarantine
from affinity_search.items.item import Item
from affinity_search.items.losses import FieldLosses, LostField
from affinity_search.items.read import BrokenLine, read_items

__all__ = ["ItemFile", "last_of_each", "survey_items"]


@dataclass(frozen=True)
class ItemFile:
    """What a file of items holds: records read and quarantined, by id the place of the last one, and lost fields."""

    read: int
    lines: Mapping[str, int]
    quarantined: int
    quarantine: Path | None
    lost: Mapping[str, LostField]

    @property
    def replaced(self) -> int:
        """Items whose id stands on a later line again."""
        return self.read - self.quarantined - len(self.lines)


def survey_items(source: Path, config: Config) -> ItemFile:
    """One reading of the whole file before anything is written; what is no item goes to the quarantine of the state.

    Raises DataError where no line is an item.
    """
    folder = config.state.path.parent / "quarantine"
    lines: dict[str, int] = {}
    losses = FieldLosses()
    read = quarantined = 0
    with Quarantine(folder, source) as quarantine:
        for number, item in read_items(source, config.items.source):
            read += 1
            if isinstance(item, BrokenLine):
                quarantined += 1
                quarantine.add(item.line, item.reason, item.text.encode(errors="surrogateescape"))
            else:
                lines[item.id] = read
                losses.add(number, item)
        written = quarantine.written
    if not lines:
        where = f"Each of them, with the reason, is in {written}." if written else "Is it the right file?"
        raise DataError(f"{source}: expected items, got {read} lines that are none", hint=where)
    return ItemFile(read, lines, quarantined, written, losses.by_field())


def last_of_each(source: Path, lines: Mapping[str, int], config: Config) -> Iterator[Item]:
    """The items at these places, in the order of the file."""
    for place, (_, item) in enumerate(read_items(source, config.items.source), start=1):
        if isinstance(item, Item) and lines.get(item.id) == place:
            yield item
