"""`affinity plan`, `apply`, `rollback` and `status`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from affinity_search import deploy
from affinity_search.cli.confirm import is_confirmed, yes_option
from affinity_search.cli.options import config_option, json_option
from affinity_search.config import load_config
from affinity_search.deploy.report import plan_text, status_text
from affinity_search.engine import Engine, connect

__all__ = ["apply", "plan", "rollback", "status", "wrap"]

EXIT_DRIFT = 3


def _print_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


@click.command()
@config_option
@json_option
@click.option("--check", is_flag=True, help="Exit with 3 where somebody changed by hand what was applied (drift).")
def plan(config_path: Path, as_json: bool, check: bool) -> None:
    """Show what `apply` would change in the engine, and what was changed by hand. Nothing is written.

    Refuses (exit code 2) where others made something under the names of this deployment.
    """
    shop = load_config(config_path)
    engine = connect(shop.engine)
    found = deploy.plan(shop, engine)
    if as_json:
        _print_json(found.as_json())
    else:
        click.echo(plan_text(found))
    deploy.refuse_foreign(found, engine)
    if check and found.drift:
        raise click.exceptions.Exit(EXIT_DRIFT)


@click.command()
@config_option
@yes_option
@click.option("--take-over", is_flag=True, help="Also change what others made under the names of this deployment.")
def apply(config_path: Path, yes: bool, take_over: bool) -> None:
    """Give the engine what affinity.yaml wants. Run it again where it was interrupted.

    Prints the list, and on a terminal asks. Nothing is deleted; what is replaced is kept in the ledger.
    """
    shop = load_config(config_path)
    engine = connect(shop.engine)
    found = deploy.plan(shop, engine, take_over=take_over)
    click.echo(plan_text(found))
    deploy.refuse_foreign(found, engine)
    _carry_out(found, engine, ask=not yes and sys.stdin.isatty())


@click.command()
@click.argument("name", metavar="ID")
@config_option
@yes_option
@click.option("--in-place", is_flag=True, help="Change the template itself; the ledger keeps what it was.")
@click.option("--apply", "carry_out", is_flag=True, help="Do it; without this nothing is written.")
def wrap(name: str, config_path: Path, yes: bool, in_place: bool, carry_out: bool) -> None:
    """Personalise a stored template of yours, beside it or in place.

    The twin of ID is ID-personalised. Shows what is put into it, and what else `apply` would do; everything that is
    there stays. `affinity rollback` takes it back.
    """
    shop = load_config(config_path)
    engine = connect(shop.engine)
    found = deploy.plan_wrap(shop, engine, name, in_place=in_place)
    if difference := deploy.wrap_diff(engine, found, name):
        click.echo(difference)
    click.echo(plan_text(found))
    deploy.refuse_foreign(found, engine)
    if carry_out:
        _carry_out(found, engine, ask=not yes and sys.stdin.isatty())
    elif found.pending:
        click.echo(f"nothing was changed; to do it: affinity wrap {name}{' --in-place' if in_place else ''} --apply")


@click.command()
@config_option
@yes_option
@click.option(
    "--to", type=click.IntRange(min=0), metavar="N", help="Go back to the state after ledger entry N (0: before all)."
)
def rollback(config_path: Path, yes: bool, to: int | None) -> None:
    """Reverse the last apply that is not yet reversed; repeated, go further back.

    Prints the list and asks. The template that requests name is deleted only where `--to` says so.
    """
    shop = load_config(config_path)
    engine = connect(shop.engine)
    found = deploy.plan_rollback(shop, engine, to)
    click.echo(plan_text(found))
    _carry_out(found, engine, ask=not yes)


def _carry_out(found: deploy.Plan, engine: Engine, *, ask: bool) -> None:
    if ask and found.pending and not is_confirmed(f"Carry out this {found.kind}?"):
        click.echo("nothing was changed")
        raise click.exceptions.Exit(1)
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
        _print_json(found.as_json())
    else:
        click.echo(status_text(found))
