"""The configurations that are measured: one shop, two to five attributes, two shapes of the search template."""

from __future__ import annotations

from typing import Literal

from affinity_search.config import Config, parse_config

__all__ = ["ATTRIBUTES", "LEVELS", "PREFIX", "PRODUCTS", "bench_config", "fresh_config"]

PREFIX = "affinity-bench"
PRODUCTS = f"{PREFIX}-products"
LEVELS = 15  # four lookups an attribute

# Attributes by the number of lookups they make up together with the id list.
ATTRIBUTES: dict[int, tuple[str, ...]] = {
    12: ("brand", "category"),
    16: ("brand", "category", "collection"),
    24: ("brand", "category", "collection", "maker", "theme"),
}

TEXT = """
engine: {{prefix: {prefix}, timeout_seconds: 600}}
items: {{index: {products}}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
{attributes}
item_affinity: {{strength: 0.4, levels: {levels}}}
popularity: {{all_time: {{weight: 1}}, recent: {{weight: 1}}}}
search: {{template: {prefix}-{shape}-{lookups}-{window}, shape: {shape}, window: {window}, max_lookups: 24}}
"""
ATTRIBUTE = "  {name}: {{field: attrs.{name}, levels: {levels}}}"


def bench_config(
    lookups: int = 16, shape: Literal["rescore", "function_score"] = "rescore", window: int = 100, prefix: str = PREFIX
) -> Config:
    """The configuration with that many lookups (12, 16 or 24), its template named after prefix and all the rest."""
    attributes = "\n".join(ATTRIBUTE.format(name=name, levels=LEVELS) for name in ATTRIBUTES[lookups])
    asked = {"lookups": lookups, "shape": shape, "window": window, "prefix": prefix}
    return parse_config(TEXT.format(products=PRODUCTS, attributes=attributes, levels=LEVELS, **asked), name="benchmark")


def fresh_config() -> Config:
    """The main configuration with lookup documents of its own, because publishing deletes those of other shoppers."""
    return bench_config(prefix=f"{PREFIX}-fresh")
