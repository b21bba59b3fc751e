"""`affinity init`: a starting configuration from the shop's own data."""

from __future__ import annotations

from pathlib import Path

import click

from affinity_search.cli.options import FILE
from affinity_search.errors import ConfigError
from affinity_search.output import expect_folder, write_whole
from affinity_search.tuning.files import Looked, suggest_from_files
from affinity_search.tuning.write import write_yaml

__all__ = ["init"]


@click.command()
@click.option("--items", required=True, type=FILE, help="The shop's items: JSONL or CSV, gzip too.")
@click.option("--events", required=True, multiple=True, type=FILE, help="Events: CSV or JSONL, gzip too; repeatable.")
@click.option("--output", type=FILE, default=Path("affinity.yaml"), show_default=True, help="The file to write.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
def init(items: Path, events: tuple[Path, ...], output: Path, force: bool) -> None:
    """Write a commented affinity.yaml by looking at the data.

    It replays the shop's last purchases and keeps only what helps them, each number with the reason for it.
    """
    if output.exists() and not force:
        raise ConfigError(f"{output}: expected no such file yet, found one", hint="`--force` replaces it.")
    expect_folder(output)
    looked = suggest_from_files(items, events)
    write_whole(output, write_yaml(looked.suggestion))
    _report(looked, output)


def _report(looked: Looked, output: Path) -> None:
    config, reasons = looked.suggestion.config, looked.suggestion.reasons
    click.echo(reasons[""])
    for name in config.attributes:
        click.echo(f"attribute {name}: {reasons[f'attributes.{name}']}")
    click.echo(f"item_affinity.strength {config.item_affinity.strength:g}: {reasons['item_affinity.strength']}")
    recent = config.popularity.recent.weight
    click.echo(f"popularity.recent.weight {recent:g}: {reasons['popularity.recent.weight']}")
    for kind, bad in (("items", looked.bad_items), ("events", looked.bad_events)):
        if bad:
            click.echo(f"{bad:,} broken lines of the {kind} were passed over", err=True)
    click.echo(f"{output} written")
