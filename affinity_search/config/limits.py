"""What the engine takes, and what of a configuration cannot stand together: said before anything is deployed.

The numbers are OpenSearch's own (3.8); `affinity plan` tries the very search besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import TYPE_CHECKING

from affinity_search.config.findings import meant
from affinity_search.config.kept_fields import kept_for
from affinity_search.config.names import first_index
from affinity_search.config.requests import request_contradictions
from affinity_search.signals import parts, reserved_names

if TYPE_CHECKING:
    from affinity_search.config.model import Config, Items

__all__ = ["ANALYZERS", "LEAST_BOOST", "MOST_TERMS", "contradictions", "item_contradictions"]

MOST_TERMS = 65_536  # index.max_terms_count: longest list that a terms lookup may find
DEEPEST_FIELD = 20  # index.mapping.depth.limit
LEAST_BOOST = 1e-6  # a 32-bit score times 1 + x is the same score for x below 6e-8
ANALYZERS = (
    "standard", "simple", "whitespace", "stop", "keyword", "pattern", "fingerprint", "snowball", "arabic", "armenian",
    "basque", "bengali", "brazilian", "bulgarian", "catalan", "chinese", "cjk", "czech", "danish", "dutch", "english",
    "estonian", "finnish", "french", "galician", "german", "greek", "hindi", "hungarian", "indonesian", "irish",
    "italian", "latvian", "lithuanian", "norwegian", "persian", "portuguese", "romanian", "russian", "sorani",
    "spanish", "swedish", "thai", "turkish",
)  # fmt: skip
PLUGIN_ANALYZERS = frozenset({"icu_analyzer", "kuromoji", "nori", "polish", "smartcn", "ukrainian"})


def item_contradictions(items: Items) -> Iterator[str]:
    """What the engine refuses of the section `items`, one line each: address below the section, expected, got."""
    for name in items.text_fields:
        if taken := kept_for(name) or ("numbers" if name == "price" else ""):
            yield f"text_fields.{name}: expected a field that holds text, got one for {taken}"
        if (depth := name.count(".") + 1) > DEEPEST_FIELD:
            yield f"text_fields.{name}: expected at most {DEEPEST_FIELD} parts in a path, got {depth}"
    if items.analyzer not in {*ANALYZERS, *PLUGIN_ANALYZERS}:
        hint = meant(items.analyzer, ANALYZERS) or "; such as standard or english"
        yield f"analyzer: expected a built-in analyzer of the engine, got {items.analyzer!r}{hint}"


def contradictions(config: Config) -> Iterator[str]:
    """What the engine refuses, or what does not go together, one line each: address, expected, got, cure."""
    yield from _queries(config)
    yield from _names(config)
    yield from _fields({name: attribute.field for name, attribute in config.attributes.items()}, config)
    yield from request_contradictions(config)
    yield from _references(config)
    yield from _sizes(config)
    yield from _boosts(config)


def _queries(config: Config) -> Iterator[str]:
    search = config.search
    if search.body and search.query:
        yield f"search.query: expected search.body or search.query, got both; the body {search.body} has a query"
    if (search.body or search.query) and search.base != "combined_fields":
        yield f"search.base: expected no choice beside a query of your own, got {search.base}; leave it out"
    if not search.body and not search.query and search.base == "combined_fields":
        yield from _field_boosts(config.items.text_fields)


def _field_boosts(fields: Mapping[str, float]) -> Iterator[str]:
    least = min(fields.values())
    scaled = ", ".join(f"{name}: {boost / least:.3g}" for name, boost in fields.items())
    for name, boost in fields.items():
        if boost < 1:
            yield (
                f"items.text_fields.{name}: expected at least 1 (the engine takes no smaller boost), got {boost:g}; "
                f"as near as can be: {{{scaled}}}"
            )


def _names(config: Config) -> Iterator[str]:
    for name in config.attributes:
        if name in reserved_names():
            yield f"attributes.{name}: expected another name, this one is reserved"
        if name in config.search.bounds:
            bounded = name.rpartition("_")[0]
            yield (
                f"attributes.{name}: expected another name, this one is a filter of every request (a bound of "
                f"{bounded})"
            )
    for alias in (config.lookup_index, config.profile_index, config.ledger_index):
        if config.items.index in (alias, first_index(alias)):
            yield f"items.index: expected another name than that of an index of this product, got {config.items.index}"


def _fields(fields: Mapping[str, str], config: Config) -> Iterator[str]:
    owners: dict[str, str] = {}
    for name, field in fields.items():
        at = f"attributes.{name}.field: expected"
        if (first := owners.setdefault(field, name)) != name:
            yield f"{at} a field of its own, {field} is that of {first}"
        if field in config.items.text_fields:
            yield (
                f"{at} another field than a text field, got {field}; words or exact values, a field holds one of them: "
                f"leave it out of items.text_fields, or name an exact one, such as attrs.{name}"
            )
        if taken := kept_for(field):
            yield f"{at} a field of the items that holds values, got {field}, which is for {taken}"
        if (depth := field.count(".") + 1) > DEEPEST_FIELD:
            yield f"{at} at most {DEEPEST_FIELD} parts in a path, got {depth}"
    for (name, field), (other, above) in permutations(fields.items(), 2):
        if field.startswith(f"{above}."):
            yield (
                f"attributes.{name}.field: expected a field outside {above}, which is that of {other}, got {field}; a "
                "field holds values or further fields, not both"
            )


def _references(config: Config) -> Iterator[str]:
    by_value = config.item_affinity.bought_before.by_value
    if by_value and by_value.attribute not in config.attributes:
        hint = meant(by_value.attribute, config.attributes) or f"; known: {', '.join(config.attributes) or 'none'}"
        address = "item_affinity.bought_before.by_value.attribute"
        yield f"{address}: expected one of attributes, got {by_value.attribute}{hint}"
    if config.item_affinity.owned_demotion and not config.events.purchases:
        yield (
            "item_affinity.owned_demotion: expected an event type of the role purchase, found none "
            "(set events.types.<name>.role: purchase)"
        )
    for name in ("recent", "newness"):
        if config.events.time == "sequence" and getattr(config.popularity, name).weight:
            yield f"popularity.{name}.weight: expected 0 where events.time is sequence (no common calendar)"


def _sizes(config: Config) -> Iterator[str]:
    search, profiles = config.search, config.profiles
    if config.lookups > search.max_lookups:
        yield (
            f"search.max_lookups: expected at least the lookups of all attributes and the item list "
            f"({config.lookups}), got {search.max_lookups}"
        )
    if search.size > search.window:
        yield f"search.size: expected at most search.window ({search.window}), got {search.size}"
    if config.item_affinity.related_on and 2 * profiles.max_items > MOST_TERMS:
        yield (
            f"profiles.max_items: expected at most {MOST_TERMS // 2} with related items, which double the list (the "
            f"engine reads {MOST_TERMS} at most), got {profiles.max_items}"
        )


def _boosts(config: Config) -> Iterator[str]:
    scale = config.boost_scale
    for part in parts(config).values():
        if part.boost * scale < LEAST_BOOST:
            yield (
                f"{part.address}: expected a boost of at least {LEAST_BOOST:g} at the highest level (scores have 32 "
                f"bits), got {part.boost * scale:.3g}; 0 switches it off"
            )
