"""What a build of profiles reports: counts per attribute, what the size guard cut, and what deserves a warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from affinity_search.config.model import ITEM, OWNED_DEMOTION, Config
from affinity_search.lookups.coding import codings
from affinity_search.plain import plain_fields
from affinity_search.profiles.population import Population
from affinity_search.state.heavy import HeavyShoppers
from affinity_search.state.known import NONE_KNOWN, KnownItems

__all__ = ["AttributeReport", "BuildReport", "warnings"]

CLIPPED_SHARE_TO_WARN = 0.05


@dataclass(frozen=True)
class AttributeReport:
    """What became of one attribute; `+` adds two reports.

    `entries` were kept, of `shoppers` shoppers; the size guard cut `entries_cut` entries of `shoppers_cut` shoppers;
    `clipped` of the kept ones weigh more than `saturation_weight`, and so get no more than the highest level.
    """

    entries: int = 0
    shoppers: int = 0
    entries_cut: int = 0
    shoppers_cut: int = 0
    clipped: int = 0

    def __add__(self, other: AttributeReport) -> AttributeReport:
        return AttributeReport(
            self.entries + other.entries,
            self.shoppers + other.shoppers,
            self.entries_cut + other.entries_cut,
            self.shoppers_cut + other.shoppers_cut,
            self.clipped + other.clipped,
        )

    @property
    def clipped_share(self) -> float:
        """Share (0 .. 1) of the kept entries that are clipped; 0 where there are none."""
        return self.clipped / self.entries if self.entries else 0.0


@dataclass(frozen=True)
class BuildReport:
    """What a build made: its id, its day ("" without a calendar), shoppers with a profile, entries of all of them.

    `common` holds by attribute the values that nearly every item or event has, which are left out of profiles; `heavy`
    tells of the shoppers who count for less in the population, None where nobody does.
    `known` says how many of the events held name an item of the catalogue.
    """

    build: int
    as_of: str
    shoppers: int
    attributes: Mapping[str, AttributeReport]
    warnings: Sequence[str] = ()
    common: Mapping[str, Sequence[str]] = field(default_factory=dict)
    heavy: HeavyShoppers | None = None
    known: KnownItems = NONE_KNOWN

    @property
    def entries(self) -> int:
        """Entries of all attributes together."""
        return sum(report.entries for report in self.attributes.values())

    def as_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        return {**plain_fields(self), "entries": self.entries}


def warnings(
    config: Config, attributes: Mapping[str, AttributeReport], p99: Mapping[str, float], population: Population
) -> list[str]:
    """One line per attribute that has no entries at all, or more than 5 % of them clipped; `p99` names the cure.

    Of attributes with values left out `population.warnings` tells.
    """
    lines = (_warning(config, name, attributes[name], p99, population) for name in codings(config))
    return [line for line in lines if line]


def _warning(
    config: Config, name: str, report: AttributeReport, p99: Mapping[str, float], population: Population
) -> str:
    address = "item_affinity" if name == ITEM else f"attributes.{name}"
    if report.clipped_share > CLIPPED_SHARE_TO_WARN:
        return (
            f"{address}.saturation_weight: {report.clipped_share:.0%} of the entries weigh more and get no more than "
            f"the highest level; {p99[name]:.1f} would hold 99 % of them"
        )
    if report.entries or name in population.common:
        return ""
    if name == OWNED_DEMOTION:
        return "item_affinity.owned_demotion: no entries: there is no event of the role purchase"
    return f"{address}: no entries: {_nothing(config, name, population)}"


def _nothing(config: Config, name: str, population: Population) -> str:
    forgotten = "every event is more than six half-lives old"
    if name != ITEM:
        field = config.attributes[name].field
        missing = f"no item with events has a value in `{field}` (are the items loaded?)"
        return forgotten if name in population.valued else missing
    if config.item_affinity.bought_before.weight:
        return forgotten
    if config.item_affinity.related_on:
        return "item_affinity.bought_before.weight is 0, and histories say nothing of related items"
    return "item_affinity.bought_before.weight is 0"
