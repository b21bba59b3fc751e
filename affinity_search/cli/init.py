"""`affinity init`: a starting configuration from the shop's own data."""

from __future__ import annotations

from pathlib import Path

import click

from affinity_search.cli.options import FILE, hint_options
from affinity_search.errors import ConfigError
from affinity_search.output import expect_folder, write_whole
from affinity_search.sniffing.hints import Hints, told_fields
from affinity_search.tuning.files import Looked, suggest_from_files
from affinity_search.tuning.write import write_yaml

__all__ = ["init"]


@click.command()
@click.option("--items", required=True, type=FILE, help="The shop's items, in any form that the docs name.")
@click.option("--events", required=True, multiple=True, type=FILE, help="Events, in any such form; repeatable.")
@hint_options
@click.option("--output", type=FILE, default=Path("affinity.yaml"), show_default=True, help="The file to write.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
def init(
    items: Path,
    events: tuple[Path, ...],
    form: str,
    purchases: tuple[str, ...],
    time: str,
    fields: tuple[str, ...],
    output: Path,
    force: bool,
) -> None:
    """Write a commented affinity.yaml by looking at the data.

    It finds out how the files are to be read, replays the shop's last purchases and keeps only what helps them, each
    number with the reason for it. It ends with an item and an event as it read them, and what `affinity check` says.
    """
    if output.exists() and not force:
        raise ConfigError(f"{output}: expected no such file yet, found one", hint="`--force` replaces it.")
    expect_folder(output)
    looked = suggest_from_files(items, events, Hints(form, purchases, time, told_fields(fields)))
    write_whole(output, write_yaml(looked.suggestion))
    _report(looked)
    for line in looked.checked.lines():
        click.echo(line)
    for kind, bad in (("items", looked.bad_items), ("events", looked.bad_events)):
        if bad:
            click.echo(f"{bad:,} broken lines of the {kind} were passed over", err=True)
    click.echo(f"{output} written")


def _report(looked: Looked) -> None:
    config, reasons = looked.suggestion.config, looked.suggestion.reasons
    click.echo(reasons[""])
    for name in config.attributes:
        click.echo(f"attribute {name}: {reasons[f'attributes.{name}']}")
    click.echo(f"item_affinity.strength {config.item_affinity.strength:g}: {reasons['item_affinity.strength']}")
    for name in ("recent", "newness"):
        address = f"popularity.{name}.weight"
        click.echo(f"{address} {getattr(config.popularity, name).weight:g}: {reasons[address]}")
