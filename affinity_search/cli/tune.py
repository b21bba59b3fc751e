"""`affinity tune`: the shop's own numbers, found on purchases cut out of the training period."""

from __future__ import annotations

import json
from pathlib import Path

import click

from affinity_search.cli.interrupt import ended_by_exception
from affinity_search.cli.measuring import measuring_engine
from affinity_search.cli.options import FILE, FOLDER
from affinity_search.cli.stderr import say
from affinity_search.config import Config, load_config
from affinity_search.errors import ConfigError
from affinity_search.output import expect_folder, write_whole
from affinity_search.sandbox import Files, find_files
from affinity_search.tuning.acceptance import Objective
from affinity_search.tuning.files import suggest_from_files
from affinity_search.tuning.report import as_json, as_text, proposal
from affinity_search.tuning.tune import tune as tune_shop

__all__ = ["tune"]


@click.command()
@click.option("--data", type=FOLDER, help="Folder with items and events; its queries are not read.")
@click.option("--items", type=FILE, help="The shop's items, in place of --data.")
@click.option("--events", type=FILE, help="The shop's events, in place of --data.")
@click.option("--config", "-c", type=FILE, help="Configuration to begin with; else what `affinity init` chooses.")
@click.option(
    "--objective",
    type=click.Choice(["all", "novel", "mix"]),
    default="mix",
    show_default=True,
    help="What has to gain: all purchases, those of items new to the shopper, or the mean of both gains.",
)
@click.option("--output", type=FILE, help="Write the proposal, a whole affinity.yaml, to this file.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
@click.option("--url", metavar="URL", help="A running engine; else the embedded one, which is left running.")
def tune(
    data: Path | None,
    items: Path | None,
    events: Path | None,
    config: Path | None,
    objective: Objective,
    output: Path | None,
    force: bool,
    as_json_: bool,
    url: str | None,
) -> None:
    """Find the shop's own numbers on its last purchases, and propose them.

    The last fifth of the purchases becomes searches; a number changes only where they surely gain and neither kind of
    purchase falls against the generic order. Nothing of yours is changed in the engine: what is proposed you apply.
    """
    files = _files(data, items, events)
    if output and output.exists() and not force:
        raise ConfigError(f"{output}: expected no such file yet, found one", hint="`--force` replaces it.")
    expect_folder(output)
    before = _relative(load_config(config), config) if config else _suggested(files)
    engine = measuring_engine(url, before.engine if config else None)
    with ended_by_exception():
        found = tune_shop(engine, files, before, objective, say=say)
    if output:
        write_whole(output, proposal(found))
        say(f"{output} written")
    shown = json.dumps(as_json(found), ensure_ascii=False, indent=2, allow_nan=False) if as_json_ else as_text(found)
    click.echo(shown)


def _files(data: Path | None, items: Path | None, events: Path | None) -> Files:
    if data and not (items or events):
        return find_files(data)
    if items and events and not data:
        return Files(items, events, None)
    raise ConfigError("expected --data, or --items and --events", hint="`affinity tune --help` shows both forms.")


def _suggested(files: Files) -> Config:
    say(f"init: looking at {files.items.name} and {files.events.name}")
    return suggest_from_files(files.items, [files.events]).suggestion.config


def _relative(config: Config, file: Path) -> Config:
    """The configuration with the state's path as it stands in the file, so that a proposal can lie beside it."""
    folder = file.parent
    path = config.state.path
    if not path.is_relative_to(folder):
        return config
    return config.model_copy(update={"state": config.state.model_copy(update={"path": path.relative_to(folder)})})
