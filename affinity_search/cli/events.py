"""`affinity events`: shopper events into the local state, and what it holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from affinity_search.cli.options import (
    accept_loss_option,
    config_option,
    extension_option,
    json_option,
    one_of_both,
    sql_option,
)
from affinity_search.cli.stderr import say, warn
from affinity_search.config import Config, load_config
from affinity_search.events import Accounting
from affinity_search.sources import query_result, read_as_rows
from affinity_search.state import open_state
from affinity_search.state.buckets import Held, held, ingest
from affinity_search.state.ingested import IngestFailed, IngestReport

__all__ = ["events"]

EPOCH = date(1970, 1, 1)


@click.group()
def events() -> None:
    """Take shopper events in, and see what is held."""


@events.command("ingest")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@sql_option
@extension_option
@accept_loss_option
@config_option
@json_option
def ingest_command(
    files: tuple[Path, ...],
    sql: str | None,
    extensions: tuple[str, ...],
    accept_loss: bool,
    config_path: Path,
    as_json: bool,
) -> None:
    """Add the events of FILES (CSV, JSON, bulk lines or Parquet, gzip too) or of --sql to the daily buckets.

    Bad lines go to a quarantine file beside the state, the rest goes on. Ingesting a file again changes nothing.
    """
    one_of_both(bool(files), sql, extensions)
    config = load_config(config_path)
    if not sql:
        _ingest(files, config, accept_loss, as_json)
        return
    told = config.events.model_copy(update={"source": read_as_rows(config.events.source)})
    with query_result(sql, extensions, config.state.path.parent) as rows:
        _ingest((rows,), config.model_copy(update={"events": told}), accept_loss, as_json)


def _ingest(files: tuple[Path, ...], config: Config, accept_loss: bool, as_json: bool) -> None:
    folder = config.state.path.parent / "quarantine"
    with open_state(config.state.path) as connection:
        try:
            report = ingest(
                connection,
                files,
                config,
                now=datetime.now(UTC),
                quarantine_folder=folder,
                accept_loss=accept_loss,
                progress=_print_progress,
            )
        except IngestFailed as failure:
            _print_report(failure.report, as_json, config)
            raise
    _print_report(report, as_json, config)
    warn(report.problems)


@events.command("status")
@config_option
@json_option
def status_command(config_path: Path, as_json: bool) -> None:
    """Print how many events, buckets, users, items and days are held, and the newest day."""
    config = load_config(config_path)
    found = Held(0, 0, 0, 0, 0, None)
    if config.state.path.exists():
        with open_state(config.state.path) as connection:
            found = held(connection)
    newest = _newest_date(found, config)
    if as_json:
        click.echo(json.dumps({**asdict(found), "newest_date": newest}))
        return
    for name, value in asdict(found).items():
        shown = newest if name == "newest_day" and newest else value
        click.echo(f"{name.replace('_', ' '):<10}  {'none' if shown is None else shown}")


def _newest_date(found: Held, config: Config) -> str | None:
    if found.newest_day is None or config.events.time == "sequence":
        return None
    return (EPOCH + timedelta(days=found.newest_day)).isoformat()


def _print_progress(path: Path, accounting: Accounting) -> None:
    say(f"{path}: {accounting.read} read")


def _print_report(report: IngestReport, as_json: bool, config: Config) -> None:
    warn(report.warnings)
    if as_json:
        click.echo(json.dumps(report.as_json()))
        return
    for file in report.files:
        click.echo(f"{file.path}: {file.accounting}")
        if file.known.events:
            click.echo(f"  {file.known}")
        for line in file.facts.lines(config.events.retention_days):
            click.echo(f"  {line}")
        if file.quarantine:
            click.echo(f"  bad lines, each with its reason: {file.quarantine}")
    if len(report.files) > 1:
        click.echo(f"total: {report.total}")
    click.echo(str(report.held))
