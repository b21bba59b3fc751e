"""Requests that people are told to send themselves, as the consoles of engines take them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from affinity_search.engine.protocol import path

__all__ = ["curl_search_template", "put_mapping", "run_pipeline"]


def put_mapping(index: str, properties: Mapping[str, Any]) -> str:
    """The request that adds these fields to the mapping of an index."""
    return f"PUT {path(index, '_mapping')} {json.dumps({'properties': properties})}"


def run_pipeline(name: str, pipeline: str) -> str:
    """The request that takes every document behind a name through a pipeline once more."""
    return f"POST {path(name, '_update_by_query')}?pipeline={pipeline}&refresh=true"


def curl_search_template(url: str, name: str, template: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """The two lines of a shell that search through a stored template."""
    body = json.dumps({"id": template, "params": dict(parameters)}, ensure_ascii=False).replace("'", "'\\''")
    return (
        f"curl -s '{url}{path(name, '_search', 'template')}?pretty' \\",
        f"-H 'Content-Type: application/json' -d '{body}'",
    )
