"""Options that several commands share, the same word and meaning in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")

__all__ = [
    "FILE",
    "FOLDER",
    "accept_loss_option",
    "config_option",
    "extension_option",
    "force_option",
    "hint_options",
    "json_option",
    "mode_of",
    "one_of_both",
    "sql_option",
    "verify_option",
]

FILE = click.Path(path_type=Path, dir_okay=False)
"""A file to read or to write, which may be absent."""
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
"""A folder that is there."""
config_option = click.option(
    "--config",
    "-c",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("affinity.yaml"),
    show_default=True,
    help="The shop's configuration.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
accept_loss_option = click.option(
    "--accept-loss", is_flag=True, help="Go on though much of the data is unusable, missing or too new to believe."
)
sql_option = click.option(
    "--sql", help="Take the rows of this DuckDB query in place of a file; nothing is written by it."
)
extension_option = click.option(
    "--extension", "extensions", multiple=True, help="Load this DuckDB extension for --sql; repeatable."
)
verify_option = click.option("--verify", is_flag=True, help="Compare everything with the engine, and repair it.")
force_option = click.option("--force", is_flag=True, help="Write everything again, whatever the engine holds.")


def one_of_both(files: bool, sql: str | None, extensions: Sequence[str]) -> None:
    """Raises UsageError unless there are either files or a query, and extensions beside a query only."""
    if files == bool(sql):
        raise click.UsageError("expected either a FILE or --sql, got " + ("both" if files else "neither"))
    if extensions and not sql:
        raise click.UsageError("expected --extension beside --sql only")


def mode_of(verify: bool, force: bool) -> Literal["look", "verify", "force"]:
    """What `--verify` and `--force` ask for; `--force` does all that `--verify` does."""
    return "force" if force else "verify" if verify else "look"


def hint_options(command: Callable[P, R]) -> Callable[P, R]:
    """The options by which a person says what looking at files does not show."""
    for option in reversed(HINTS):
        command = option(command)
    return command


HINTS = (
    click.option("--format", "form", metavar="NAME", default="", help="The form of the files: ga4, shopify, ubi ..."),
    click.option(
        "--purchase", "purchases", multiple=True, metavar="TYPE", help="A type that is a purchase; repeatable."
    ),
    click.option(
        "--time", metavar="HOW", default="", help="How times are written: us, excel ..., or %d/%m/%Y and such."
    ),
    click.option("--field", "fields", multiple=True, metavar="NAME=COLUMN", help="Where a field is: events.item=SKU."),
)
