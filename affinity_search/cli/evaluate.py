"""`affinity evaluate`: what personalisation changes for a shop, measured on a real engine."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from affinity_search.cli.interrupt import ended_by_exception
from affinity_search.cli.measuring import measuring_engine
from affinity_search.cli.options import FILE, FOLDER
from affinity_search.cli.stderr import say, warn
from affinity_search.config import load_config
from affinity_search.evaluation.folder import evaluate_folder
from affinity_search.evaluation.report import as_html, as_json, as_markdown, as_text, warnings
from affinity_search.output import expect_folder, write_whole

__all__ = ["evaluate"]

WIDTH = 30


@click.command()
@click.option("--data", type=FOLDER, required=True, help="Folder with items, events and (or else --split) queries.")
@click.option("--config", "-c", type=FILE, help="Configuration to evaluate; else what `affinity init` chooses.")
@click.option("--against", type=FILE, help="Another configuration, asked the same: what would it change?")
@click.option(
    "--against-index",
    "live_items",
    is_flag=True,
    help="Search the live item index of --config, read-only: only profiles and templates are copied.",
)
@click.option(
    "--split",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Train on the events before this day, test on the purchases from then on, whatever queries there are.",
)
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Take N of the queries.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="For the sample, the shuffled profiles and intervals."
)
@click.option("--markdown", type=FILE, help="Write the report to this file, too.")
@click.option("--html", type=FILE, help="Write the report with plots to this file, too.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
@click.option("--url", metavar="URL", help="A running engine; else the embedded one, which is left running.")
def evaluate(
    data: Path,
    config: Path | None,
    against: Path | None,
    live_items: bool,
    split: datetime | None,
    sample: int | None,
    seed: int,
    markdown: Path | None,
    html: Path | None,
    as_json_: bool,
    url: str | None,
) -> None:
    """Measure what personalisation changes for the shop in a folder.

    The shop is loaded under names of its own, which are removed at the end. Its queries are run for nobody, for the
    shopper and with a shuffled profile, somebody else's; what the shopper bought then is what has to be found. Without
    a file of queries the last purchases become queries.
    """
    if live_items and not config:
        raise click.UsageError("--against-index needs --config, which names the index")
    shop = load_config(config) if config else None
    other = (against.name, load_config(against)) if against else None
    expect_folder(markdown)
    expect_folder(html)
    engine = measuring_engine(url, shop.engine if shop else None)
    say(f"engine: {engine.info().distribution} {engine.info().version} at {engine.url}")
    with ended_by_exception():
        found = evaluate_folder(
            engine,
            data,
            config=shop,
            against=other,
            split=split.date() if split else None,
            sample=sample,
            seed=seed,
            live_items=live_items,
            say=say,
            progress=_Progress(),
        )
    if markdown:
        write_whole(markdown, as_markdown(found))
    if html:
        write_whole(html, as_html(found))
    click.echo(
        json.dumps(as_json(found), ensure_ascii=False, indent=2, allow_nan=False) if as_json_ else as_text(found)
    )
    warn(warnings(found))


class _Progress:
    """A bar on a terminal, elsewhere a line when a stage is done."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            full = WIDTH * done // max(total, 1)
            end = "\n" if done >= total else ""
            click.echo(
                f"\r{stage:<24} [{'#' * full}{'.' * (WIDTH - full)}] {done:,} of {total:,} {end}", err=True, nl=False
            )
        elif done >= total:
            click.echo(f"{stage}: {total:,}", err=True)
