"""`affinity search` and `affinity explain`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import click

from affinity_search.cli.options import config_option, json_option
from affinity_search.config import Config, load_config
from affinity_search.engine import connect
from affinity_search.errors import ConfigError
from affinity_search.items.item import value_text
from affinity_search.search import (
    Answer,
    Client,
    ExplainedHit,
    Explanation,
    Hit,
    Options,
    Placement,
    other_configuration,
    place_item,
)
from affinity_search.search import explain as explain_search
from affinity_search.search.explain import MOST_RANKS
from affinity_search.search.request import PRICE_BOUNDS

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
        click.option("--size", type=click.IntRange(1), help="Hits to return."),
        click.option("--from", "from_", type=click.IntRange(0), help="Hits to leave out at the top."),
        click.option("--total", "track_total_hits", is_flag=True, default=None, help="Count all hits."),
        click.option(
            "--sort", help="price, another field of the items, or _score. By a field, personalisation is off."
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
@_request_options
def search(query: str, user: str | None, generic: bool, config_path: Path, as_json: bool, **given: Any) -> None:
    """Search through the deployed template."""
    config = load_config(config_path)
    options = _options(config, given)
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
    client, options = Client.of(connect(config.engine), config), _options(config, given)
    if item is None:
        explained = explain_search(client, config, query, user, **options)
        _print(explained.as_json() if as_json else _explanation_text(explained, config))
    else:
        placed = place_item(client, config, query, user, item, **options)
        _print(placed.as_json() if as_json else _placement_text(placed, config))


def _print(found: str | dict[str, Any]) -> None:
    click.echo(found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, indent=2))


def _options(config: Config, given: dict[str, Any]) -> Options:
    filters: dict[str, list[str]] = {}
    params = dict(_parameter(text) for text in given.pop("params"))
    for text in given.pop("filters"):
        name, _, value = text.partition("=")
        if name not in {*config.attributes, *PRICE_BOUNDS} or not value:
            known = ", ".join([*config.attributes, *PRICE_BOUNDS])
            raise ConfigError(f"--filter: expected NAME=VALUE with a name of {known}; got {text!r}")
        filters.setdefault(name, []).extend([value] if name in PRICE_BOUNDS else _readings(value))
    options = cast(Options, {name: value for name, value in given.items() if value is not None})
    if params:
        options["params"] = params
    if filters:
        options["filters"] = {name: values if len(values) > 1 else values[0] for name, values in filters.items()}
    return options


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigError(f"--param: expected NAME=VALUE, got {text!r}")
    if not value.startswith(("[", "{")):
        return name, value
    try:
        return name, json.loads(value)
    except ValueError as error:
        raise ConfigError(f"--param: expected JSON in {name}, got {value!r} ({error})") from None


def _readings(value: str) -> list[str]:
    """The text itself, and the number that it may stand for as the catalogue writes it: `2.0` is `2` there."""
    try:
        number = value_text(json.loads(value))
    except ValueError:
        number = None
    return [value] if number in (None, value) else [value, str(number)]


def _answer_text(answer: Answer, config: Config) -> str:
    head = f"{answer.template or 'no hit'} · {'personalised' if answer.personalised else 'generic'}{_total(answer)}"
    return "\n".join([head, *_notes(answer.notes), *(_hit_text(hit, config) for hit in answer.hits)])


def _total(answer: Answer) -> str:
    if answer.total is None:
        return ""
    return f" · {answer.total:,} hits" if answer.total_exact else f" · at least {answer.total:,} hits"


def _notes(notes: Iterable[str]) -> list[str]:
    return [f"note: {note}" for note in notes]


def _hit_text(hit: Hit, config: Config) -> str:
    factor = f"x{hit.factor:<5.2f}" if hit.factor is not None else f"{'-':<6}"
    return f"{hit.rank:>3}  {hit.score:9.4f}  {factor} {_title(hit.source, config)}"


def _explanation_text(found: Explanation, config: Config) -> str:
    head = f'"{found.query}" for {found.user} · {found.answer.template or "no hit"}{_total(found.answer)}'
    rest = f"beyond {found.generic_depth:,}"
    return "\n".join([head, *_notes(found.notes), *(_explained_text(hit, config, rest) for hit in found.personalised)])


def _explained_text(explained: ExplainedHit, config: Config, rest: str) -> str:
    hit, was = explained.hit, explained.generic_rank or rest
    lines = [f"\n{hit.rank:>3}. {_title(hit.source, config)}   [{hit.id}]"]
    if hit.relevance is None or hit.factor is None:
        lines.append(f"     generic rank {was} · score {hit.score:.4f}")
    else:
        lines += [
            f"     generic rank {was} · score {hit.score:.4f} = relevance {hit.relevance:.4f} x {hit.factor:.4f}",
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
