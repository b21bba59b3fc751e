"""What a build of profiles reports: counts per attribute, what the size guard cut, and what deserves a warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from affinity_search.config.model import ITEM, OWNED_DEMOTION, Config
from affinity_search.lookups.coding import codings

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
    """What a build made: its id, its day ("" without a calendar), shoppers with a profile, entries of all of them."""

    build: int
    as_of: str
    shoppers: int
    attributes: Mapping[str, AttributeReport]
    warnings: Sequence[str] = ()

    @property
    def entries(self) -> int:
        """Entries of all attributes together."""
        return sum(report.entries for report in self.attributes.values())


def warnings(config: Config, attributes: Mapping[str, AttributeReport], p99: Mapping[str, float]) -> list[str]:
    """One line per attribute that has no entries at all, or more than 5 % of them clipped; `p99` names the cure."""
    return [line for name in codings(config) if (line := _warning(config, name, attributes[name], p99))]


def _warning(config: Config, name: str, report: AttributeReport, p99: Mapping[str, float]) -> str:
    if not report.entries:
        if name == ITEM:
            return f"item_affinity: no entries: {_no_items(config)}"
        if name == OWNED_DEMOTION:
            return "item_affinity.owned_demotion: no entries: there is no event of the role purchase"
        field = config.attributes[name].field
        return f"attributes.{name}: no entries: no item with events has a value in `{field}` (are the items loaded?)"
    if report.clipped_share > CLIPPED_SHARE_TO_WARN:
        address = "item_affinity" if name == ITEM else f"attributes.{name}"
        return (
            f"{address}.saturation_weight: {report.clipped_share:.0%} of the entries weigh more and get no more than the "
            f"highest level; {p99[name]:.1f} would hold 99 % of them"
        )
    return ""


def _no_items(config: Config) -> str:
    if config.item_affinity.related_on:
        return "item_affinity.bought_before.weight is 0, and histories say nothing of related items"
    return "item_affinity.bought_before.weight is 0"
