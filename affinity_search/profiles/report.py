"""What a build of profiles reports: counts per attribute, what the size guard cut, and what deserves a warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from affinity_search.config.model import Config
from affinity_search.plain import plain_fields
from affinity_search.profiles.population import Population
from affinity_search.signals import Part, parts, signal_of
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
    lines = (_warning(config, part, attributes[part.name], p99, population) for part in parts(config).values())
    return [line for line in lines if line]


def _warning(
    config: Config, part: Part, report: AttributeReport, p99: Mapping[str, float], population: Population
) -> str:
    if report.clipped_share > CLIPPED_SHARE_TO_WARN:
        return (
            f"{part.section}.saturation_weight: {report.clipped_share:.0%} of the entries weigh more and get no more "
            f"than the highest level; {p99[part.name]:.1f} would hold 99 % of them"
        )
    if report.entries or part.name in population.common:
        return ""
    why = signal_of(part.name).absent(config, part, part.name in population.valued)
    return f"{part.section}: no entries: {why}"
