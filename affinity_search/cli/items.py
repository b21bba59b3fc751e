"""`affinity items`: the catalogue and its popularity, from files and events into the engine."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import click

from affinity_search.cli.options import (
    accept_loss_option,
    config_option,
    force_option,
    json_option,
    mode_of,
    verify_option,
)
from affinity_search.cli.stderr import warn
from affinity_search.config import load_config
from affinity_search.deploy.items import LoadReport, load_items
from affinity_search.engine import connect
from affinity_search.publish.popularity import SignalReport, refresh_signals
from affinity_search.state import open_state

__all__ = ["items"]

REFUSALS_SHOWN = 5


@click.group()
def items() -> None:
    """Load the items and refresh their popularity."""


@items.command()
@click.argument("file", type=click.Path(path_type=Path))
@accept_loss_option
@config_option
@json_option
@click.option("--take-over", is_flag=True, help="Let the alias stand for these items though others made its index.")
def load(file: Path, accept_loss: bool, take_over: bool, config_path: Path, as_json: bool) -> None:
    """Load the items of FILE (JSONL or CSV, also gzip) in place of those in the engine, without downtime."""
    shop = load_config(config_path)
    with open_state(shop.state.path) as connection:
        report = load_items(connect(shop.engine), connection, file, shop, accept_loss=accept_loss, take_over=take_over)
    click.echo(json.dumps(report.as_json()) if as_json else _load_text(report, shop.items.index))
    warn(f"{name}: {lost.items:,} items lose it: {'; '.join(lost.examples)}" for name, lost in report.lost.items())


@items.command()
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Last day that counts; without it the newest one.")
@config_option
@json_option
@verify_option
@force_option
def signals(as_of: datetime | None, config_path: Path, as_json: bool, verify: bool, force: bool) -> None:
    """Bring the items' popularity in the engine up to date with the events."""
    shop = load_config(config_path)
    day = (as_of.date() - date(1970, 1, 1)).days if as_of else None
    with open_state(shop.state.path) as connection:
        report = refresh_signals(connect(shop.engine), connection, shop, day, mode=mode_of(verify, force))
    click.echo(json.dumps(report.as_json()) if as_json else _signals_text(report))
    warn(report.warnings)


def _load_text(report: LoadReport, alias: str) -> str:
    lines = [
        f"read {report.read:,} = loaded {report.loaded:,} + replaced {report.replaced:,} "
        f"+ quarantined {report.quarantined:,} + refused {report.refused:,}",
        *(f"  refused {refusal.id}: {refusal.reason}" for refusal in report.refusals),
    ]
    if report.quarantine:
        lines.append(f"quarantined lines: {report.quarantine}")
    for name, found in report.coverage.items():
        several = f", {found.several:,} of them with several" if found.several else ""
        lines.append(f"{name}: {found.items:,} items have a value{several}")
    if report.known.events:
        lines.append(f"events held: {report.known}")
    if report.left:
        lines.append(f"{report.left} stays as it is: it was not made by `affinity items load`")
    return "\n".join([*lines, f"{alias} -> {report.index}"])


def _signals_text(report: SignalReport) -> str:
    lines = [
        f"{report.items:,} items = unchanged {report.unchanged:,} + written {report.written:,} "
        f"+ absent {report.absent:,} + conflicts {report.conflicts:,} + refused {len(report.refused):,}",
        *(f"  refused {refusal.id}: {refusal.reason}" for refusal in report.refused[:REFUSALS_SHOWN]),
    ]
    if report.repaired:
        lines.append(f"{report.repaired:,} items had lost their popularity, or had another than was last written")
    return "\n".join(lines)
