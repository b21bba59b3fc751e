"""`affinity validate` and `affinity schema`: is the configuration right, and what may stand in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import click

from affinity_search.cli.options import config_option
from affinity_search.config import Config, config_schema, load_config, parse_config
from affinity_search.signals import parts

__all__ = ["schema", "validate"]


@click.command()
@config_option
@click.option("--example", is_flag=True, help="Print and check the example that ships with the package instead.")
def validate(config_path: Path, example: bool) -> None:
    """Check affinity.yaml and say in one line what it asks for; exit 2 with every finding where it is wrong."""
    if example:
        text = files("affinity_search.config").joinpath("example.yaml").read_text(encoding="utf-8")
        click.echo(text)
        click.echo(f"# {_summary('example.yaml', parse_config(text, 'example.yaml'))}")
        return
    from affinity_search.deploy import artefacts

    config = load_config(config_path)
    artefacts(config)  # refuses a template that the engine would not store
    click.echo(_summary(str(config_path), config))
    for note in _notes(config):
        click.echo(f"note: {note}")


@click.command()
def schema() -> None:
    """Print the JSON Schema of affinity.yaml, for editors."""
    click.echo(json.dumps(config_schema(), indent=2, ensure_ascii=False))


def _notes(config: Config) -> Iterator[str]:
    from affinity_search.surfaces import build_templates
    from affinity_search.surfaces.own import own_notes

    if config.search.body:
        for template in build_templates(config):
            yield from own_notes(template.original, f"search.body: {config.search.body.name}")


def _summary(name: str, config: Config) -> str:
    active = config.active_attributes
    counted = "1 attribute" if len(active) == 1 else f"{len(active)} attributes"
    tastes = f"{counted} ({', '.join(active)})" if active else "no attribute"
    items = "on" if config.item_affinity.strength else "off"
    items += ", owned-item demotion on" if config.item_affinity.owned_demotion else ""
    items += "".join(f", {name} on" for name in parts(config) if name in config.signals)
    return (
        f"{name}: valid; {tastes}, item list {items}; {config.lookups} of {config.search.max_lookups} lookups; "
        f"an item is boosted to at most {1 + min(config.total_boost, config.search.max_boost):.2f} times its relevance"
    )
