"""Options that several commands share, the same word and meaning in each."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["accept_loss_option", "config_option", "json_option"]

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
