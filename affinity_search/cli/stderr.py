"""Lines for people, where they do not mix with what a command prints."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

import click

__all__ = ["progress_of", "say", "warn"]


def say(line: str) -> None:
    """Prints the line on stderr."""
    click.echo(line, err=True)


def warn(warnings: Iterable[str]) -> None:
    """Prints each warning on stderr, named as one."""
    for warning in warnings:
        say(f"warning: {warning}")


def progress_of(unit: str) -> Callable[[int, int], None] | None:
    """Tells on a terminal how many of how many are done, such as "3,000 of 12,000 items"; None elsewhere."""
    if not sys.stderr.isatty():
        return None
    return lambda done, total: click.echo(f"\r{done:,} of {total:,} {unit}", err=True, nl=done >= total)
