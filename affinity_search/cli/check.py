"""`affinity check`: what the files of a shop hold, before anything is done with them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from affinity_search.cli.options import FILE, hint_options
from affinity_search.config import load_config
from affinity_search.sniffing.hints import Hints, told_fields
from affinity_search.tuning.checking import check_files

__all__ = ["check"]


@click.command()
@click.option("--items", required=True, type=FILE, help="The shop's items.")
@click.option("--events", required=True, multiple=True, type=FILE, help="Events; repeatable.")
@click.option("--config", "-c", "config_path", type=FILE, help="Read them as this says; else as `init` would.")
@hint_options
def check(
    items: Path,
    events: tuple[Path, ...],
    config_path: Path | None,
    form: str,
    purchases: tuple[str, ...],
    time: str,
    fields: tuple[str, ...],
) -> None:
    """Say what the files hold: do events and items meet, which types count, what is lost and why.

    Nothing is written. With --config the files are read as that says, and the other options tell nothing.
    """
    config = load_config(config_path) if config_path else None
    now = datetime.now(UTC)
    hints = Hints(form, purchases, time, told_fields(fields))
    for line in check_files(items, events, config, now=now, hints=hints).lines():
        click.echo(line)
