"""What a signal is: the lists that it keeps of a shopper, the rows that it writes into them, and what it says.

A signal stands in one file of this package. It owns lists of a profile (`Part`), each looked up by clauses of its own
in the search template. All that other packages have to know of it are these values; none of them names it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from affinity_search.config.roles import Role
from affinity_search.config.section import Section

if TYPE_CHECKING:
    from affinity_search.config.profiles import ProfileSettings
    from affinity_search.signals.attribute import Attribute
    from affinity_search.signals.item import ItemAffinity

__all__ = ["ITEM_ID", "Evidence", "Part", "Query", "Settings", "Signal", "Term", "own_section"]

ITEM_ID = "_id"
"""The field of a list that holds ids of items."""


class ItemIndex(Protocol):
    """The section `items`."""

    @property
    def index(self) -> str:
        """Alias of the item index."""


class Settings(Protocol):
    """What signals read of a configuration."""

    @property
    def attributes(self) -> Mapping[str, Attribute]:
        """The attributes, by name."""

    @property
    def item_affinity(self) -> ItemAffinity:
        """The section of the id list."""

    @property
    def items(self) -> ItemIndex:
        """The section of the item index."""

    @property
    def profiles(self) -> ProfileSettings:
        """How large profiles may grow."""

    @property
    def signals(self) -> Mapping[str, Section]:
        """The sections of the signals that have one of their own, by the name of the signal."""


Own = TypeVar("Own", bound=Section)


def own_section(settings: Settings, name: str, model: type[Own]) -> Own:
    """The section `signals.<name>`, which is of this model."""
    return model.model_validate(settings.signals[name])


@dataclass(frozen=True)
class Part:
    """One list of a profile, and the lookups that ask for it.

    `name` is that of the list in clauses, documents and answers, `address` where its boost stands in affinity.yaml.
    `field` is the field of the items that holds the values (`ITEM_ID` where they are ids), `keys` what the items' keys
    of them are called. `boost` is what the highest level adds to the factor before `search.max_boost` scales it; with
    `negated` every item is boosted that the list does *not* hold.

    `numbers` are all that its weights depend on of its own section, `limits` all of the section `profiles`. Entries are
    computed with the first of the `half_lives` (days), masses with all. `most` are the entries kept of what a shopper
    had, `longest` is how many keys may be listed in all.
    """

    name: str
    address: str
    field: str
    keys: str
    boost: float
    levels: int
    saturation_weight: float
    half_lives: Sequence[float]
    most: int
    longest: int
    numbers: Mapping[str, Any]
    limits: Mapping[str, Any]
    multi_valued: bool = False
    negated: bool = False

    @property
    def section(self) -> str:
        """The address of the section, or of the only number that there is."""
        return self.address.removesuffix(".strength")

    @property
    def lookups(self) -> int:
        """Terms lookups of one request: one per level (multi-valued) or per bit; twice that where `negated`."""
        slots = self.levels if self.multi_valued else self.levels.bit_length()
        return 2 * slots if self.negated else slots

    @property
    def depends(self) -> str:
        """All that the weights depend on besides the events, as JSON: with another the list has to be built again."""
        return json.dumps({**self.numbers, **self.limits}, sort_keys=True)

    @property
    def hashed(self) -> dict[str, Any]:
        """What entries and levels depend on of the list's own section, as JSON values: no strength."""
        return {**self.numbers, "saturation_weight": self.saturation_weight, "levels": self.levels}


@dataclass(frozen=True)
class Query:
    """A SELECT whose values stand in `parameters`; several are joined, so that their names must differ."""

    select: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Term:
    """A signal that weighs single items and owns no list: its weight is added up in the id list `item`.

    `section` is its section where it is on, `weight` the SQL of its weight, `parameters` what that stands on.
    """

    name: str
    section: Callable[[Settings], Section | None]
    weight: str
    parameters: Callable[[Settings], Mapping[str, Any]]


@dataclass(frozen=True)
class Evidence:
    """What is known of one reason: the list, the values that moved the hit, the strongest role of their events.

    `related` is True where the shopper has no event of the item itself.
    """

    name: str
    values: Sequence[str] = ()
    role: Role | None = None
    related: bool = False


def _hashed(settings: Settings, parts: Sequence[Part]) -> dict[str, Any]:
    return {part.name: part.hashed for part in parts}


@dataclass(frozen=True)
class Signal:
    """One signal; `name` is that of its list, or empty where the configuration names its lists.

    `parts` gives the lists that are switched on. `rows` gives the rows that `profiles build` writes into them, with the
    columns of `weighed` in `profiles.statements`. `say` words a reason, without capital or full stop; with
    `only_if_alone` that is left out where there is anything else to say. `absent` says why a list has no entries; it
    is told whether any item with events has a value. `hashed` is what enters the hash of a configuration by these of
    its lists. `section` is the model of `signals.<name>` in affinity.yaml, where the signal has a section there.
    """

    name: str
    parts: Callable[[Settings], Iterable[Part]]
    rows: Callable[[Settings], Query]
    say: Callable[[Evidence], str]
    absent: Callable[[Settings, Part, bool], str]
    only_if_alone: bool = False
    hashed: Callable[[Settings, Sequence[Part]], Mapping[str, Any]] = _hashed
    section: type[Section] | None = None
