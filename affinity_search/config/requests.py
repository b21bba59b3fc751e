"""What of the declared filters, ranges and facets of a request does not go together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from affinity_search.config.findings import meant
from affinity_search.config.kept_fields import kept_for

if TYPE_CHECKING:
    from affinity_search.config.model import Config

__all__ = ["nested_path", "request_contradictions"]

NUMBER = ".number"


def nested_path(field: str, nested: list[str]) -> str | None:
    """The innermost of the nested lists that holds the field; None where none does.

    >>> nested_path("variants.stores.stock", ["variants", "variants.stores"]), nested_path("variant", ["variants"])
    ('variants.stores', None)
    """
    return max((path for path in nested if field.startswith(f"{path}.")), key=len, default=None)


def request_contradictions(config: Config) -> Iterator[str]:
    """What cannot be asked for as declared, one line each: address, expected, got, cure."""
    yield from _filters(config)
    yield from _ranges(config)
    yield from _facets(config)
    yield from _nested(config)


def _filters(config: Config) -> Iterator[str]:
    for name, field in config.search.filters.items():
        if name in config.attributes:
            yield f"search.filters.{name}: expected another name, every attribute is a filter, {name} among them"
        if name in config.search.bounds:
            yield f"search.filters.{name}: expected another name, this one is a bound of {name.rpartition('_')[0]}"
        yield from _unfit(f"search.filters.{name}", field, config)


def _ranges(config: Config) -> Iterator[str]:
    for name, field in config.search.ranges.items():
        if name == "price":
            yield "search.ranges.price: expected another name, price_min and price_max are always there"
        if field.startswith("attrs.") and not field.endswith(NUMBER):
            yield (
                f"search.ranges.{name}: expected a field of numbers, got {field}, which holds texts; its numbers are "
                f"{field}{NUMBER}"
            )
        yield from _unfit(f"search.ranges.{name}", field, config)


def _unfit(address: str, field: str, config: Config) -> Iterator[str]:
    if field in config.items.text_fields:
        yield f"{address}: expected another field than a text field, got {field}"
    if kept := kept_for(field):
        yield f"{address}: expected a field of the items that holds values, got {field}, which is for {kept}"


def _facets(config: Config) -> Iterator[str]:
    for name, times in Counter(config.search.facets).items():
        if name not in config.attributes:
            hint = meant(name, config.attributes) or f"; known: {', '.join(config.attributes) or 'none'}"
            yield f"search.facets: expected names of attributes, got {name}{hint}"
        if times > 1:
            yield f"search.facets: expected each attribute once, got {name} {times} times"


def _nested(config: Config) -> Iterator[str]:
    fields = {f"attributes.{name}.field": attribute.field for name, attribute in config.attributes.items()}
    fields |= {f"items.text_fields.{name}": name for name in config.items.text_fields}
    for address, field in fields.items():
        if path := nested_path(field, [*config.items.nested]):
            yield (
                f"{address}: expected a field outside of items.nested, got {field} below {path}: only search.filters "
                "and search.ranges look into nested lists"
            )
    for path in config.items.nested:
        if kept := kept_for(path):
            yield f"items.nested: expected a list of objects in the items, got {path}, which is for {kept}"
        if path in fields.values():
            yield f"items.nested: expected a list of objects, got {path}, which holds values"
