"""Numeric affinity keys: one number per attribute value or item id, the same in Python and in Painless."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["affinity_key"]

FNV_OFFSET = 14695981039346656037
FNV_PRIME = 1099511628211
MASK_64 = 0xFFFFFFFFFFFFFFFF
MASK_48 = 0xFFFFFFFFFFFF
LONGEST_CACHED = 256  # so that the cache has a bound in bytes


def affinity_key(value: str) -> int:
    """48 bits (0 .. 2^48 - 1, exact in JSON) of the 64-bit FNV-1a hash over the UTF-16 code units of `value`.

    The hash is that of Fowler, Noll and Vo, fed with 16-bit units and folded to 48 bits (h ^ h >>> 48). A lone
    surrogate counts as the unit it is, as it does in Java.
    """
    return _cached(value) if len(value) <= LONGEST_CACHED else _hash(value)


def _hash(value: str) -> int:
    units = memoryview(value.encode("utf-16-le", "surrogatepass")).cast("H")
    h = FNV_OFFSET
    for unit in units:
        h = ((h ^ unit) * FNV_PRIME) & MASK_64
    return (h ^ (h >> 48)) & MASK_48


_cached = lru_cache(maxsize=1 << 18)(_hash)
