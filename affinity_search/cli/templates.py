"""`affinity render`: the template as the engine keeps it, or the query that it becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from affinity_search.cli.options import config_option
from affinity_search.config import Config, load_config
from affinity_search.engine import connect
from affinity_search.errors import ConfigError, RefusedRequest
from affinity_search.surfaces import build_templates
from affinity_search.surfaces.check import refuses
from affinity_search.surfaces.check import render as render_on_engine
from affinity_search.surfaces.fragment import USER, fragment_source
from affinity_search.surfaces.mustache import render as render_here

__all__ = ["render"]


@click.command()
@config_option
@click.option("--params", metavar="JSON", help="Parameters of a request; the engine then renders the query.")
@click.option("--fragment", type=click.Choice(["rescore"]), help="Only the part for a body that your app builds.")
@click.option("--user", help="The shopper of the --fragment; without one it is printed as Mustache.")
def render(config_path: Path, params: str | None, fragment: str | None, user: str | None) -> None:
    """Print the search template, or with --params the query that the engine makes of it.

    Nothing is deployed and nothing is searched.
    """
    config = load_config(config_path)
    (template,) = build_templates(config)
    if fragment:
        click.echo(_fragment(config, template.versioned_name, user))
        return
    if params is None:
        click.echo(template.source, nl=False)
        return
    body = render_on_engine(connect(config.engine), template.source, _parameters(params))
    if body is None or refuses(body):
        raise RefusedRequest(f"--params: expected parameters that give a query, got {params}")
    click.echo(json.dumps(body, ensure_ascii=False, indent=2))


def _fragment(config: Config, label: str, user: str | None) -> str:
    source = fragment_source(config, label)
    if user is None:
        return source
    return json.dumps(json.loads(render_here(source, {USER: user}, "fragment")), ensure_ascii=False, indent=2)


def _parameters(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"--params: expected a JSON object, got {text!r} ({error})") from None
    if not isinstance(found, dict):
        raise ConfigError(f"--params: expected a JSON object, got {text!r}")
    return found
