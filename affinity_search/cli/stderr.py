"""Lines for people, where they do not mix with what a command prints."""

from __future__ import annotations

from collections.abc import Iterable

import click

__all__ = ["say", "warn"]


def say(line: str) -> None:
    """Prints the line on stderr."""
    click.echo(line, err=True)


def warn(warnings: Iterable[str]) -> None:
    """Prints each warning on stderr, named as one."""
    for warning in warnings:
        say(f"warning: {warning}")
