"""Reads `affinity.yaml` and says what is wrong with it: place in the file, address, expectation, finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from affinity_search.config.findings import findings
from affinity_search.config.model import Config
from affinity_search.config.source import parse_source, read_text
from affinity_search.errors import ConfigError

__all__ = ["config_schema", "load_config", "parse_config"]


def load_config(path: Path) -> Config:
    """The configuration in the file; the relative paths in it are taken from the file's folder.

    Raises ConfigError where the file cannot be read, is no YAML or does not fit the model.
    """
    return _from_folder(parse_config(read_text(path), name=path.name), path.parent)


def _from_folder(config: Config, folder: Path) -> Config:
    state = config.state.model_copy(update={"path": folder / config.state.path})
    file = config.engine.ca_file
    engine = config.engine.model_copy(update={"ca_file": folder / file}) if file else config.engine
    files = {name: folder / own for name in ("body", "query") if (own := getattr(config.search, name))}
    search = config.search.model_copy(update=files)
    return config.model_copy(update={"state": state, "engine": engine, "search": search})


def parse_config(text: str, name: str = "affinity.yaml") -> Config:
    """The configuration in the YAML text; `name` stands in the messages of the ConfigError that it may raise.

    What a single value or key gets wrong is said for the whole file at once; only then what does not go together.
    """
    source = parse_source(text, name)
    try:
        return Config.model_validate(source.data)
    except ValidationError as error:
        raise ConfigError(findings(error, source, Config)) from None


def config_schema() -> dict[str, Any]:
    """JSON Schema of `affinity.yaml`, for editors."""
    schema = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "affinity.yaml", **schema}
