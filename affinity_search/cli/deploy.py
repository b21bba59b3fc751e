"""`affinity plan`, `apply`, `rollback` and `status`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from affinity_search import deploy
from affinity_search.cli.options import config_option, json_option
from affinity_search.config import load_config
from affinity_search.deploy.report import plan_json, plan_text, status_json, status_text
from affinity_search.engine import Engine, connect

__all__ = ["apply", "plan", "rollback", "status"]

EXIT_DRIFT = 3


def _print_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


@click.command()
@config_option
@json_option
@click.option("--check", is_flag=True, help="Exit with 3 where somebody changed by hand what was applied (drift).")
def plan(config_path: Path, as_json: bool, check: bool) -> None:
    """Show what `apply` would change in the engine, and what was changed by hand. Nothing is written."""
    shop = load_config(config_path)
    found = deploy.plan(shop, connect(shop.engine))
    if as_json:
        _print_json(plan_json(found))
    else:
        click.echo(plan_text(found))
    if check and found.drift:
        raise click.exceptions.Exit(EXIT_DRIFT)


@click.command()
@config_option
def apply(config_path: Path) -> None:
    """Give the engine what affinity.yaml wants. Run it again where it was interrupted."""
    shop = load_config(config_path)
    engine = connect(shop.engine)
    found = deploy.plan(shop, engine)
    _carry_out(found, engine)


@click.command()
@config_option
@click.option(
    "--to", type=click.IntRange(min=0), metavar="N", help="Go back to the state after ledger entry N (0: before all)."
)
def rollback(config_path: Path, to: int | None) -> None:
    """Reverse the last apply that is not yet reversed; repeated, go further back."""
    shop = load_config(config_path)
    engine = connect(shop.engine)
    _carry_out(deploy.plan_rollback(shop, engine, to), engine)


def _carry_out(found: deploy.Plan, engine: Engine) -> None:
    click.echo(plan_text(found))
    entry = deploy.apply(found, engine, datetime.now(UTC))
    if found.recorded:
        click.echo(f"nothing to do, as of ledger entry {entry.number}")
        return
    planned = {change.note for change in found.changes}
    for change in entry.changes:
        if change.note and change.note not in planned:
            click.echo(f"{change.kind} {change.name}: {change.note}")
    click.echo(f"done: ledger entry {entry.number}")


@click.command()
@config_option
@json_option
def status(config_path: Path, as_json: bool) -> None:
    """Show the engine, what it holds of this configuration, and what to do about the rest."""
    shop = load_config(config_path)
    found = deploy.status(shop, connect(shop.engine))
    if as_json:
        _print_json(status_json(found))
    else:
        click.echo(status_text(found))
