"""What a configuration wants the engine to hold: indices, an ingest pipeline and stored scripts, as values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from affinity_search.config import names
from affinity_search.config.model import Config
from affinity_search.engine.ownership import marked
from affinity_search.errors import ConfigError
from affinity_search.resources import resource_folder
from affinity_search.surfaces import Template, build_templates
from affinity_search.surfaces.fragment import fragment_name, fragment_source

__all__ = [
    "MAX_SCRIPT_BYTES",
    "Artefact",
    "Kind",
    "artefacts",
    "canonical",
    "digest",
    "keys_artefact",
    "script_artefacts",
]

Kind = Literal["index", "script", "pipeline"]

MAX_SCRIPT_BYTES = 65_535  # default of the engine's script.max_size_in_bytes


@dataclass(frozen=True)
class Artefact:
    """One thing in the engine: `body` is Mustache for a script, canonical JSON for an index or a pipeline.

    `name` of an index is its alias.
    """

    kind: Kind
    name: str
    body: str

    @property
    def digest(self) -> str:
        """SHA-256 of the body, in hex."""
        return digest(self.body)


def canonical(value: object) -> str:
    """JSON text that is the same for equal values: sorted keys, no spaces, no escaped letters."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(body: str) -> str:
    """SHA-256 of the text in UTF-8, in hex."""
    return hashlib.sha256(body.encode()).hexdigest()


def artefacts(config: Config) -> tuple[Artefact, ...]:
    """Everything the configuration wants, in the order in which it is to be made: what others rest on comes first.

    Raises ConfigError where a template is larger than the engine stores.
    """
    templates = build_templates(config)
    return (
        _index(config.lookup_index, "lookup.json", config.engine.prefix),
        _index(config.profile_index, "profiles.json", config.engine.prefix),
        *([keys_artefact(config)] if config.items.keys == "numeric" else []),
        *script_artefacts(templates),
        Artefact("script", fragment_name(config.search.template), fragment_source(config, templates[0].versioned_name)),
    )


def script_artefacts(templates: Iterable[Template]) -> tuple[Artefact, ...]:
    """Two scripts per template: the versioned ids first, then the stable ones that requests name.

    Raises ConfigError where a template is larger than the engine stores.
    """
    checked = [_of_storable_size(template) for template in templates]
    versioned = [Artefact("script", template.versioned_name, template.source) for template in checked]
    return (*versioned, *(Artefact("script", template.name, template.source) for template in checked))


def _of_storable_size(template: Template) -> Template:
    # The engine counts the bytes of the whole request, in which every quote of the source is escaped.
    request = canonical({"script": {"lang": "mustache", "source": template.source}})
    if (size := len(request.encode())) > MAX_SCRIPT_BYTES:
        raise ConfigError(
            f"template {template.name}: expected at most {MAX_SCRIPT_BYTES:,} bytes as stored JSON, got {size:,}",
            hint="Use fewer attributes, fewer levels (search.max_lookups bounds both) or fewer search.facets.",
        )
    return template


def keys_artefact(config: Config) -> Artefact:
    """The ingest pipeline that gives items their keys."""
    from affinity_search.items.pipeline import item_keys_pipeline

    return Artefact("pipeline", names.item_keys_pipeline(config.engine.prefix), canonical(item_keys_pipeline(config)))


def _index(alias: str, file: str, owner: str) -> Artefact:
    body = json.loads((resource_folder("index_mappings") / file).read_text(encoding="utf-8"))
    return Artefact("index", alias, canonical(marked(body, owner)))
