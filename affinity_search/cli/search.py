"""`affinity search` and `affinity explain`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from affinity_search.cli.asked import search_options
from affinity_search.cli.options import config_option, json_option
from affinity_search.config import Config, load_config
from affinity_search.engine import connect
from affinity_search.search import (
    Answer,
    Client,
    ExplainedHit,
    Explanation,
    Hit,
    Placement,
    other_configuration,
    place_item,
)
from affinity_search.search import explain as explain_search
from affinity_search.search.explain import MOST_RANKS

__all__ = ["explain", "search"]


def _request_options(command: Any) -> Any:
    for option in (
        config_option,
        click.option(
            "--filter",
            "filters",
            multiple=True,
            metavar="NAME=VALUE",
            help="An attribute's value, or price_min or price_max; given several times, any value of a name will do.",
        ),
        click.option(
            "--range",
            "ranges",
            multiple=True,
            metavar="NAME=FROM..TO",
            help="Bounds of price or of a number under search.ranges; either end may be left out.",
        ),
        click.option("--size", type=click.IntRange(1), help="Hits to return."),
        click.option("--from", "from_", type=click.IntRange(0), help="Hits to leave out at the top."),
        click.option("--total", "track_total_hits", is_flag=True, default=None, help="Count all hits."),
        click.option(
            "--sort",
            multiple=True,
            help="price, another field of the items, or _score; -price: the largest first. Given several times, the "
            "next decides between equals. By a field, personalisation is off.",
        ),
        click.option("--order", type=click.Choice(["asc", "desc"]), help="Direction of --sort; asc, for _score desc."),
        click.option(
            "--param",
            "params",
            multiple=True,
            metavar="NAME=VALUE",
            help="A parameter of your own search body; a value in [ ] or { } is read as JSON.",
        ),
        json_option,
    ):
        command = option(command)
    return command


@click.command()
@click.argument("query")
@click.option("--user", help="The shopper; without one the order is generic.")
@click.option("--generic", is_flag=True, help="The order without personalisation, whoever asks.")
@click.option(
    "--facet", "facets", multiple=True, metavar="NAME[=COUNT]", help="Count the values of an attribute; at most COUNT."
)
@click.option("--highlight", is_flag=True, default=None, help="Show where the words were found.")
@click.option("--fields", metavar="NAME,...", help="Fields of an item to return; all without it.")
@_request_options
def search(query: str, user: str | None, generic: bool, config_path: Path, as_json: bool, **given: Any) -> None:
    """Search through the deployed template."""
    config = load_config(config_path)
    options = search_options(config, given)
    if user and not generic:
        options["user_id"] = user
    answer = Client.of(connect(config.engine), config).search(query, **options)
    answer = replace(answer, notes=(*answer.notes, *other_configuration(answer, config)))
    click.echo(json.dumps(answer.as_json(), ensure_ascii=False, indent=2) if as_json else _answer_text(answer, config))


@click.command()
@click.argument("query")
@click.option("--user", required=True, help="The shopper.")
@click.option("--item", help="One item, on the page or not: where it stands, and why not higher.")
@_request_options
def explain(query: str, user: str, item: str | None, config_path: Path, as_json: bool, **given: Any) -> None:
    """Say for each hit why this shopper sees it where it stands.

    Beyond the window (`search.window` of the deployed template) no hit is accounted for.
    """
    config = load_config(config_path)
    client, options = Client.of(connect(config.engine), config), search_options(config, given)
    if item is None:
        explained = explain_search(client, config, query, user, **options)
        _print(explained.as_json() if as_json else _explanation_text(explained, config))
    else:
        placed = place_item(client, config, query, user, item, **options)
        _print(placed.as_json() if as_json else _placement_text(placed, config))


def _print(found: str | dict[str, Any]) -> None:
    click.echo(found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, indent=2))


def _answer_text(answer: Answer, config: Config) -> str:
    head = f"{answer.template or 'no hit'} · {'personalised' if answer.personalised else 'generic'}{_total(answer)}"
    hits = [line for hit in answer.hits for line in (_hit_text(hit, config), *_fragments(hit))]
    return "\n".join([head, *_notes(answer.notes), *hits, *_facet_lines(answer)])


def _fragments(hit: Hit) -> list[str]:
    return [f"     {field}: {fragment}" for field, found in hit.highlight.items() for fragment in found]


def _facet_lines(answer: Answer) -> list[str]:
    """A line for each facet, with a mark at what was selected."""
    said = {
        name: ", ".join(f"{'*' if one.selected else ''}{one.value} {one.count:,}" for one in values)
        for name, values in answer.facets.items()
    }
    return [f"{name}: {values or 'none'}" for name, values in said.items()]


def _total(answer: Answer) -> str:
    if answer.total is None:
        return ""
    return f" · {answer.total:,} hits" if answer.total_exact else f" · at least {answer.total:,} hits"


def _notes(notes: Iterable[str]) -> list[str]:
    return [f"note: {note}" for note in notes]


def _hit_text(hit: Hit, config: Config) -> str:
    factor = f"x{hit.factor:<5.2f}" if hit.factor is not None else f"{'-':<6}"
    return f"{hit.rank:>3}  {_score(hit):>9}  {factor} {_title(hit.source, config)}"


def _score(hit: Hit) -> str:
    return "-" if hit.score is None else f"{hit.score:.4f}"


def _explanation_text(found: Explanation, config: Config) -> str:
    head = f'"{found.query}" for {found.user} · {found.answer.template or "no hit"}{_total(found.answer)}'
    rest = f"beyond {found.generic_depth:,}"
    return "\n".join([head, *_notes(found.notes), *(_explained_text(hit, config, rest) for hit in found.personalised)])


def _explained_text(explained: ExplainedHit, config: Config, rest: str) -> str:
    hit, was = explained.hit, explained.generic_rank or rest
    lines = [f"\n{hit.rank:>3}. {_title(hit.source, config)}   [{hit.id}]"]
    if hit.relevance is None or hit.factor is None:
        lines.append(f"     generic rank {was} · score {_score(hit)}")
    else:
        lines += [
            f"     generic rank {was} · score {_score(hit)} = relevance {hit.relevance:.4f} x {hit.factor:.4f}",
            f"     {'relevance':<16} {'':<28} {'':>9}  {1 / hit.factor:6.1%}",
        ]
    lines += [
        f"     {reason.attribute:<16} {', '.join(reason.values)[:28]:<28} level {reason.level:>3}"
        f"  {reason.share:6.1%}  (+{reason.boost:.3f})"
        for reason in hit.reasons
    ]
    return "\n".join([*lines, f"     {explained.sentence}"])


def _placement_text(found: Placement, config: Config) -> str:
    head = f'[{found.item}] for "{found.query}" and {found.user} · {found.answer.template or "no hit"}'
    rest = f"beyond {MOST_RANKS:,}"
    hit = [_explained_text(found.found, config, rest)] if found.found else []
    return "\n".join([head, *_notes(found.notes), *hit, "", *found.why])


def _title(source: Any, config: Config) -> str:
    return str(source.get(next(iter(config.items.text_fields)), ""))
