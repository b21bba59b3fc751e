"""`affinity demo`: the same query, generic and personal, side by side for two shoppers."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from affinity_search.cli.options import FOLDER
from affinity_search.cli.stderr import say
from affinity_search.demo import Comparison, Demo, compare, deploy_demo
from affinity_search.engine.embedded import default_home, start
from affinity_search.engine.hints import curl_search_template
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.search import ExplainedHit, Explanation

__all__ = ["demo"]

WIDTH = 44


@click.command()
@click.option("--data", type=FOLDER, help="Folder with items and events (and queries); else a synthetic shop is made.")
@click.option("--query", help="What both shoppers search for; else the most frequent query of the folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--url", metavar="URL", help="A running engine; else the embedded one, which is left running.")
def demo(data: Path | None, query: str | None, as_json: bool, url: str | None) -> None:
    """Take a shop into a real engine and show one query for two shoppers.

    The demonstration keeps to names of its own in the engine and replaces those of its last run.
    """
    engine = OpenSearchEngine(url or start().url)
    say(f"engine: {engine.info().distribution} {engine.info().version} at {engine.url}")
    name = f"demo-{re.sub('[^a-z0-9]+', '-', data.resolve().name.lower()).strip('-')}" if data else "demo-shop"
    work = default_home().parent / name
    with tempfile.TemporaryDirectory() as made:
        deployed = deploy_demo(engine, data or _synthetic(Path(made)), work, name, say)
        found = compare(deployed, query)
    click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if as_json else _text(found, deployed))


def _synthetic(folder: Path) -> Path:
    from affinity_search.demo.shop import write_shop

    say("shop: a synthetic catalogue with planted tastes")
    write_shop(folder)
    return folder


def _text(found: Comparison, deployed: Demo) -> str:
    return "\n".join([*(_shopper(shopper, deployed) for shopper in found.shoppers), _next(found, deployed)])


def _shopper(found: Explanation, deployed: Demo) -> str:
    titles = {hit.id: hit.source for hit in found.generic} | {e.hit.id: e.hit.source for e in found.personalised}
    field = next(iter(deployed.config.items.text_fields))
    names = {identity: str(source.get(field, identity)) for identity, source in titles.items()}
    lines = [f'\n"{found.query}" for shopper {found.user}', f"  {'generic':<{WIDTH + 4}} personalised"]
    for generic, explained in zip(found.generic, found.personalised, strict=False):
        left = f"{generic.rank:>2}. {_cut(names[generic.id])}"
        lines.append(
            f"  {left:<{WIDTH + 4}} {explained.hit.rank:>2}. {_cut(names[explained.hit.id])} {_move(explained)}"
        )
        lines.append(f"  {'':<{WIDTH + 4}}     {explained.sentence}")
    return "\n".join(lines)


def _move(explained: ExplainedHit) -> str:
    if explained.generic_rank is None:
        return "(new)"
    moved = explained.generic_rank - explained.hit.rank
    return f"({'up' if moved > 0 else 'down'} {abs(moved)})" if moved else ""


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _program() -> str:
    """How this very command was called, so that the line to try next works where it is not on the PATH."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "affinity" and not shutil.which("affinity") else "affinity"


def _next(found: Comparison, deployed: Demo) -> str:
    config = deployed.config
    parameters: dict[str, Any] = {"q": found.query, "user_id": found.shoppers[0].user}
    first, second = curl_search_template(deployed.engine.url, config.items.index, config.search.template, parameters)
    return (
        f"\nThe engine is still running, and so is the shop. One request does it all:\n\n"
        f"  {first}\n"
        f"    {second}\n\n"
        f"Why an item stands where it stands:\n\n"
        f"  {_program()} explain '{found.query}' --user {found.shoppers[0].user} -c {deployed.config_path}\n\n"
        f"`make demo-stop` stops the engine."
    )
