"""`affinity items`: the catalogue and its popularity, from files and events into the engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import click

from affinity_search.cli.options import (
    accept_loss_option,
    config_option,
    extension_option,
    force_option,
    json_option,
    mode_of,
    one_of_both,
    sql_option,
    verify_option,
)
from affinity_search.cli.stderr import progress_of, warn
from affinity_search.config import Config, load_config
from affinity_search.deploy.catalogue import CatalogueReport, catalogue_from_file, catalogue_from_index
from affinity_search.deploy.items import LoadReport, load_items
from affinity_search.deploy.verify import Verification, verify_items
from affinity_search.engine import connect
from affinity_search.publish.popularity import SignalReport, refresh_signals
from affinity_search.sources import query_result, read_as_rows
from affinity_search.state import open_state

__all__ = ["items"]

REFUSALS_SHOWN = 5


@click.group()
def items() -> None:
    """Load the items, take in their values, check their keys, refresh their popularity."""


@items.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@sql_option
@extension_option
@accept_loss_option
@config_option
@json_option
@click.option("--take-over", is_flag=True, help="Let the alias stand for these items though others made its index.")
def load(
    file: Path | None,
    sql: str | None,
    extensions: tuple[str, ...],
    accept_loss: bool,
    take_over: bool,
    config_path: Path,
    as_json: bool,
) -> None:
    """Load the items of FILE (CSV, JSON, bulk lines or Parquet, gzip too) or of --sql in place of those in the engine.

    Searches go on meanwhile.
    """
    one_of_both(file is not None, sql, extensions)
    shop = load_config(config_path)
    if file is not None:
        _load(file, shop, accept_loss, take_over, as_json)
    elif sql:
        told = shop.items.model_copy(update={"source": read_as_rows(shop.items.source)})
        with query_result(sql, extensions, shop.state.path.parent) as rows:
            _load(rows, shop.model_copy(update={"items": told}), accept_loss, take_over, as_json)


def _load(file: Path, shop: Config, accept_loss: bool, take_over: bool, as_json: bool) -> None:
    with open_state(shop.state.path) as connection:
        report = load_items(connect(shop.engine), connection, file, shop, accept_loss=accept_loss, take_over=take_over)
    click.echo(json.dumps(report.as_json()) if as_json else _load_text(report, shop.items.index))
    warn(f"{name}: {lost.items:,} items lose it: {'; '.join(lost.examples)}" for name, lost in report.lost.items())


@items.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--from-index", is_flag=True, help="Read the item index, whoever fills it; nothing is written to it.")
@click.option("--whole", is_flag=True, help="Read all of the index, not only what was written since the last time.")
@accept_loss_option
@config_option
@json_option
def catalogue(
    file: Path | None, from_index: bool, whole: bool, accept_loss: bool, config_path: Path, as_json: bool
) -> None:
    """Take the items' values into the state for the profiles; nothing is loaded into the engine.

    They come from FILE (as for `load`), or with --from-index from the index that others fill: all of it the first time,
    later what was written since. An item that was deleted there stays; only --whole counts such items.
    """
    if (file is None) != from_index or (whole and not from_index):
        raise click.UsageError("expected either FILE, or --from-index (with --whole or without)")
    shop = load_config(config_path)
    with open_state(shop.state.path) as connection:
        if file is not None:
            report = catalogue_from_file(connection, file, shop, accept_loss=accept_loss)
        else:
            report = catalogue_from_index(
                connect(shop.engine), connection, shop, whole=whole, progress=progress_of("items")
            )
    click.echo(json.dumps(report.as_json()) if as_json else _catalogue_text(report))
    warn(f"{name}: {lost.items:,} items lose it: {'; '.join(lost.examples)}" for name, lost in report.lost.items())


@items.command()
@click.option("--repair", is_flag=True, help="Write the items with stale keys again; what others write meanwhile wins.")
@config_option
@json_option
def verify(repair: bool, config_path: Path, as_json: bool) -> None:
    """Compare the affinity keys of all items with their values, and count those that are stale.

    A partial update changes a value past the pipeline that makes keys. Without --repair nothing is written.
    """
    shop = load_config(config_path)
    report = verify_items(connect(shop.engine), shop, repair=repair, progress=progress_of("items"))
    click.echo(json.dumps(report.as_json(), ensure_ascii=False) if as_json else _verify_text(report))


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
    lines += _held_lines(report)
    if report.left:
        lines.append(f"{report.left} stays as it is: it was not made by `affinity items load`")
    return "\n".join([*lines, f"{alias} -> {report.index}"])


def _verify_text(report: Verification) -> str:
    lines = [f"{report.items:,} items: {report.stale:,} have stale keys, {report.without:,} of these have none"]
    lines += [f"  affinity.{name}: {count:,} items" for name, count in report.attributes.items()]
    lines += [f"  such as {item}" for item in report.examples]
    if report.repair:
        lines.append(
            f"stale {report.stale:,} = repaired {report.repaired:,} + overtaken {report.overtaken:,} "
            f"+ refused {report.refused:,}"
        )
        lines += [f"  refused {refusal.id}: {refusal.reason}" for refusal in report.refusals]
    elif report.stale:
        lines.append("`affinity items verify --repair` writes these items again, through the pipeline.")
    return "\n".join(lines)


def _catalogue_text(report: CatalogueReport) -> str:
    if report.whole:
        others = f"; {report.others:,} others that are not in it stay" if report.others else ""
    else:
        others = f" that were written since the last time; {report.others:,} others are as they were"
    lines = [f"{report.source}: {report.stored:,} items{others}"]
    if report.replaced or report.quarantined:
        lines = [
            f"read {report.read:,} = stored {report.stored:,} + replaced {report.replaced:,} "
            f"+ quarantined {report.quarantined:,}",
            *lines,
        ]
    if report.quarantine:
        lines.append(f"quarantined lines: {report.quarantine}")
    return "\n".join([*lines, *_held_lines(report)])


def _held_lines(report: LoadReport | CatalogueReport) -> Iterator[str]:
    for name, found in report.coverage.items():
        several = f", {found.several:,} of them with several" if found.several else ""
        yield f"{name}: {found.items:,} items have a value{several}"
    if report.known.events:
        yield f"events held: {report.known}"


def _signals_text(report: SignalReport) -> str:
    lines = [
        f"{report.items:,} items = unchanged {report.unchanged:,} + written {report.written:,} "
        f"+ absent {report.absent:,} + conflicts {report.conflicts:,} + refused {len(report.refused):,}",
        *(f"  refused {refusal.id}: {refusal.reason}" for refusal in report.refused[:REFUSALS_SHOWN]),
    ]
    if report.repaired:
        lines.append(f"{report.repaired:,} items had lost their popularity, or had another than was last written")
    return "\n".join(lines)
