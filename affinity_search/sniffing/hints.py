"""What a person says of files beforehand, where looking at them is not enough."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from affinity_search.config.section import Section
from affinity_search.config.source_block import EventFields, ItemFields
from affinity_search.errors import ConfigError, DataError

__all__ = ["NO_HINTS", "Hints", "told_fields"]

UNITS = ("s", "ms", "us", "ns", "days", "excel")
KINDS: Mapping[str, type[Section]] = {"events": EventFields, "items": ItemFields}


@dataclass(frozen=True)
class Hints:
    """The form of the files, types that are purchases, how times are written, and the paths of fields by their name.

    `time` is a unit (`us`) or a format (`%d.%m.%Y`); `fields` has names such as `events.item`.
    """

    form: str = ""
    purchases: Collection[str] = ()
    time: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def purchase(self) -> str:
        """The type of events that have none, empty where none is told."""
        return next(iter(self.purchases), "")

    @property
    def time_keys(self) -> dict[str, str]:
        """The keys beside the path of the time; none where nothing is told."""
        if not self.time:
            return {}
        return {"unit": self.time} if self.time in UNITS else {"format": self.time}

    def path(self, name: str, columns: Collection[str]) -> str:
        """The path told for the field of this name, empty for none; raises DataError where no column is there."""
        path = self.fields.get(name, "")
        if path and path not in columns:
            there = ", ".join(islice(columns, 30))
            raise DataError(f"--field {name}={path}: expected one of the columns {there}, got {path}")
        return path


NO_HINTS = Hints()
"""Nothing is told."""


def told_fields(pairs: Iterable[str]) -> dict[str, str]:
    """The paths by name of texts such as `events.item=SKU`; raises ConfigError for any other text."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, path = pair.partition("=")
        kind, _, of = name.partition(".")
        if not (equals and path and kind in KINDS and of in KINDS[kind].model_fields):
            raise ConfigError(
                f"--field: expected NAME=COLUMN such as events.item=SKU, got {pair}",
                hint="Names are events.user, events.ts, events.type, events.item, items.id, items.title and so on.",
            )
        found[name] = path
    return found
