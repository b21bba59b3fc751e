"""Options that several commands share, the same word and meaning in each."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

__all__ = [
    "FILE",
    "FOLDER",
    "accept_loss_option",
    "config_option",
    "force_option",
    "json_option",
    "mode_of",
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
verify_option = click.option("--verify", is_flag=True, help="Compare everything with the engine, and repair it.")
force_option = click.option("--force", is_flag=True, help="Write everything again, whatever the engine holds.")


def mode_of(verify: bool, force: bool) -> Literal["look", "verify", "force"]:
    """What `--verify` and `--force` ask for; `--force` does all that `--verify` does."""
    return "force" if force else "verify" if verify else "look"
