"""What stops a load of items before anything is written: too many lines that are none, or a catalogue that shrinks."""

from __future__ import annotations

from pathlib import Path

from affinity_search.engine.indices import indices_behind
from affinity_search.engine.protocol import Engine
from affinity_search.engine.reading import count_whole
from affinity_search.errors import DataError

__all__ = ["expect_few_bad_lines", "expect_no_shrinking"]

FEW = 2  # of a handful of lines two may be bad
LARGEST_BAD_SHARE = 0.1
LARGEST_SHRINKAGE = 0.3


def expect_few_bad_lines(source: Path, bad: int, read: int, quarantine: Path | None) -> None:
    """Raises DataError where over 10 % of the lines (and over two) are no items."""
    if bad > max(FEW, LARGEST_BAD_SHARE * read):
        raise DataError(
            f"{source}: expected at least 90 % of {read:,} lines to be items, {bad:,} are none",
            hint=f"Nothing was changed. The reasons are in {quarantine}; to load the rest, run again with "
            "--accept-loss.",
        )


def expect_no_shrinking(engine: Engine, alias: str, source: Path, items: int) -> None:
    """Raises DataError where the file has over 30 % (and over two) items fewer than the index in use.

    Raises EngineFailed where a shard of that index does not answer: a part of the count would hide a loss.
    """
    if not indices_behind(engine, alias):
        return
    held = count_whole(engine, alias)
    if held - items > max(FEW, LARGEST_SHRINKAGE * held):
        raise DataError(
            f"{source}: expected at least 70 % of the {held:,} items in use, got {items:,}",
            hint="Nothing was changed. Is the file whole? If so many items are gone, run again with --accept-loss.",
        )
