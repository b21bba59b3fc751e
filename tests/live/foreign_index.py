"""An item index of somebody else on a real engine: an alias over two indices of three shards, with nested values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.config import Config, load_config
from affinity_search.engine.bulk import Action, write_bulk
from affinity_search.engine.indices import create_index
from affinity_search.engine.opensearch import OpenSearchEngine

__all__ = ["Foreign", "open_foreign"]

CONFIG = """
engine: {{url: "{url}", prefix: "{prefix}"}}
item_affinity: {{strength: 0.4, saturation_weight: 2}}
search: {{template: "{prefix}-search"}}
items: {{index: "{alias}", text_fields: {{name: 1}}}}
events: {{types: {{purchase: {{weight: 1}}}}}}
attributes:
  brand: {{field: brand.name, saturation_weight: 2}}
  size: {{field: variants.size, multi_valued: true, levels: 3}}
"""
MAPPINGS = {
    "properties": {
        "name": {"type": "text"},
        "brand": {"properties": {"name": {"type": "keyword"}}},
        "variants": {"type": "nested", "properties": {"size": {"type": "keyword"}}},
        "sold": {"type": "boolean"},
        "affinity": {
            "properties": {name: {"type": "long", "index": False} for name in ("brand", "size", "colour", "item")}
        },
    }
}


@dataclass(frozen=True)
class Foreign:
    """The shop's folder and configuration, the alias, and the two indices behind it."""

    folder: Path
    config: Config
    engine: OpenSearchEngine
    alias: str

    @property
    def first(self) -> str:
        """The index of which the alias shows all."""
        return f"{self.alias}-first"

    @property
    def second(self) -> str:
        """The index of which the alias shows only what is sold."""
        return f"{self.alias}-second"

    def write(self, index: str, items: Mapping[str, Any], **options: Any) -> None:
        """Writes these documents as their owner would."""
        actions = (Action("index", index, name, body) for name, body in items.items())
        report = write_bulk(self.engine, actions, require_alias=False, **options)
        assert report.written == len(items), report

    def command(self, *arguments: str) -> Result:
        """What `affinity` says to these arguments."""
        return CliRunner().invoke(main, [*arguments, "-c", str(self.folder / "affinity.yaml")])

    def json(self, *arguments: str) -> Any:
        """What it says as JSON; it must have gone well."""
        result = self.command(*arguments, "--json")
        assert result.exit_code == 0, (result.output, result.exception)
        return json.loads(result.stdout)

    def documents(self, index: str, ids: Iterable[str]) -> dict[str, Any]:
        """The documents as the engine holds them at this moment, by id."""
        return {name: self.engine.call("GET", f"/{index}/_doc/{name}") for name in ids}


def open_foreign(url: str, folder: Path, prefix: str, ours: str | None = None) -> Foreign:
    """Two empty indices behind one alias, and beside them a configuration whose own names begin with `ours`."""
    alias = f"{prefix}catalogue"
    folder.mkdir(parents=True, exist_ok=True)
    text = CONFIG.format(url=url, prefix=ours or f"{prefix}ours", alias=alias)
    (folder / "affinity.yaml").write_text(text, encoding="utf-8")
    foreign = Foreign(folder, load_config(folder / "affinity.yaml"), OpenSearchEngine(url), alias)
    settings = {"number_of_shards": 3, "refresh_interval": "-1"}
    for index, properties in ((foreign.first, {}), (foreign.second, {"filter": {"term": {"sold": True}}})):
        body = {"settings": settings, "mappings": MAPPINGS, "aliases": {alias: properties}}
        create_index(foreign.engine, index, body)
    return foreign
