"""The fields that requests may filter by, bound and count, against what an item index has, in words."""

from __future__ import annotations

from collections.abc import Iterator

from affinity_search.config.findings import meant
from affinity_search.config.model import Config
from affinity_search.config.requests import nested_path
from affinity_search.deploy.item_fields import EXACT, NUMBERS, ItemMapping

__all__ = ["request_misfits"]


def request_misfits(config: Config, items: ItemMapping) -> Iterator[str]:
    """What of `search.filters`, `search.ranges` and `items.nested` does not fit the index, one line each."""
    for path in config.items.nested:
        found = items.field(path)
        if found is None or found.type != "nested":
            kind = found.type if found else f"none{meant(path, items.of_type('nested'))}"
            yield f"items.nested: expected a nested field {path} in {items.index}, found {kind}: filters by it fail"
    for name, field in config.search.filters.items():
        yield from _misfit(
            f"search.filters.{name}", field, EXACT, "exact values (keyword, boolean, number)", config, items
        )
    for name, field in config.search.ranges.items():
        yield from _misfit(f"search.ranges.{name}", field, NUMBERS, "numbers", config, items)


def _misfit(
    address: str, field: str, kinds: frozenset[str], what: str, config: Config, items: ItemMapping
) -> Iterator[str]:
    found = items.field(field)
    if found is None and items.ours and field.startswith("attrs."):
        return  # mapped with the first item that has it
    declared = nested_path(field, config.items.nested) is not None
    if found and found.nested and not declared:
        yield (
            f"{address}: expected the list of objects around {field} under items.nested, found it in none: name it "
            "there, such as items.nested: [" + field.partition(".")[0] + "]"
        )
    elif found is None or found.type not in kinds:
        others = items.of_type(*kinds)
        below = next((path for path in others if path.startswith(f"{field}.")), "")
        do = f"name {below} instead" if below else f"it finds nothing{meant(field, others)}"
        yield f"{address}: expected a field of {what} in {items.index}, found {found.type if found else 'none'}: {do}"
