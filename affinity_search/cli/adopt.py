"""`affinity adopt`: an index that others made and write, taken into use as it stands, and left again."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from affinity_search.adoption.leaving import leave, plan_leaving
from affinity_search.adoption.looking import as_config, propose_for
from affinity_search.adoption.pace import Pace
from affinity_search.adoption.report import adoption_text, leaving_text
from affinity_search.adoption.taking import adopt as take
from affinity_search.adoption.taking import plan_adoption
from affinity_search.cli.options import config_option, json_option
from affinity_search.config import Config, load_config, patterns
from affinity_search.config.engine import EngineSettings
from affinity_search.engine import Engine, connect
from affinity_search.errors import ConfigError
from affinity_search.plain import plain

__all__ = ["adopt"]


@click.command()
@click.argument("index", required=False)
@click.option("--apply", "carry_out", is_flag=True, help="Do it; without, nothing is written.")
@click.option("--leave", "is_leaving", is_flag=True, help="Take away what was added, and the whole deployment.")
@click.option("--url", help="Address of the engine, where there is no configuration yet.")
@click.option(
    "--per-second",
    type=click.FloatRange(min=1),
    default=2_000.0,
    show_default=True,
    help="Items rewritten in a second at most.",
)
@config_option
@json_option
def adopt(
    index: str | None,
    carry_out: bool,
    is_leaving: bool,
    url: str | None,
    per_second: float,
    config_path: Path,
    as_json: bool,
) -> None:
    """Use an index that others make and write: show what to configure, and what would be added to it.

    INDEX may be an alias. Nothing is written without `--apply`. Searches and writes of others go on meanwhile. Run it
    again where it was interrupted.
    """
    if index is not None and not re.fullmatch(patterns.INDEX_NAME, index):
        raise ConfigError(
            f"INDEX: expected the name of one index or alias, got {index!r}",
            hint="An alias may stand for several indices.",
        )
    shop = load_config(config_path) if config_path.exists() or carry_out or is_leaving else None
    if shop is None and index is None:
        raise ConfigError("INDEX: expected the index or alias to adopt, got none")
    engine = connect(shop.engine if shop else EngineSettings(url=url))
    pace = Pace(per_second, _progress())
    if is_leaving:
        _leave(engine, _expected(shop), pace, carry_out=carry_out, as_json=as_json)
    else:
        _adopt(engine, shop, index, pace, carry_out=carry_out, as_json=as_json)


def _expected(shop: Config | None) -> Config:
    if shop is None:
        raise ConfigError("affinity.yaml: expected a configuration, found none")
    return shop


def _adopt(
    engine: Engine, shop: Config | None, index: str | None, pace: Pace, *, carry_out: bool, as_json: bool
) -> None:
    name = index or _expected(shop).items.index
    is_configured = shop is not None and shop.items.index == name
    if carry_out and not is_configured:
        raise ConfigError(
            f"items.index: expected {name}, which is to be adopted, got {_expected(shop).items.index}",
            hint=f"`affinity adopt {name}` without --apply shows the sections for affinity.yaml.",
        )
    settings = shop.engine if shop else EngineSettings()
    proposal = propose_for(engine, name, settings.prefix, engine.url if shop is None else settings.url)
    config = shop if shop and is_configured else as_config(proposal)
    plans = plan_adoption(engine, config)
    is_keyword = config.items.keys == "keyword"
    if not as_json:
        click.echo(adoption_text(name, plans, pace.per_second, keyword=is_keyword))
    done = take(engine, config, plans, datetime.now(UTC), pace) if carry_out else ()
    if as_json:
        click.echo(json.dumps({"plans": plain(plans), "proposal": proposal, "done": plain(done)}, indent=2))
        return
    for one in done:
        left = f", {one.left:,} have a value of which no key can be made" if one.left else ""
        click.echo(f"{one.index}: {one.written:,} items rewritten{left}")
    if not is_configured:
        click.echo(f"\nfor affinity.yaml, beside its section `events`:\n\n{proposal}")


def _leave(engine: Engine, shop: Config, pace: Pace, *, carry_out: bool, as_json: bool) -> None:
    found = plan_leaving(engine, shop)
    if not as_json:
        click.echo(leaving_text(found))
    done = leave(engine, shop, found, datetime.now(UTC), pace) if carry_out else {}
    if as_json:
        click.echo(json.dumps({"plan": plain(found), "done": done}, indent=2))
    for index, items in done.items() if not as_json else ():
        click.echo(f"{index}: {items:,} items rewritten")


def _progress() -> Callable[[str, int, int], None]:
    """A bar on a terminal, else a line for every tenth of the way."""
    tenths: dict[str, int] = {}

    def show(index: str, done: int, total: int) -> None:
        tenth = 10 * done // total
        if sys.stderr.isatty():
            click.echo(
                f"\r{index} [{'#' * tenth}{'-' * (10 - tenth)}] {done:,} of {total:,}", nl=done == total, err=True
            )
        elif tenth > tenths.get(index, 0):
            click.echo(f"{index}: {done:,} of {total:,} items", err=True)
        tenths[index] = tenth

    return show
