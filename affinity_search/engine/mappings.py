"""The mappings of indices: which fields there are and of which type, and `_meta`, where indices are marked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from affinity_search.engine.protocol import Engine, path

__all__ = ["add_to_mappings", "aggregatable_fields", "read_mappings", "read_metas"]


def read_mappings(engine: Engine, name: str) -> dict[str, dict[str, Any]]:
    """The mappings of every index that the name stands for, by index, in the order of their names.

    Raises MissingResource where nothing bears the name.
    """
    answer = engine.call("GET", path(name, "_mapping"))
    return {index: body.get("mappings", {}) for index, body in sorted(answer.items())}


def read_metas(engine: Engine, name: str) -> dict[str, dict[str, Any]]:
    """Mappings with nothing but their `_meta`, by index; an index without one is left out."""
    answer = engine.call("GET", path(name, "_mapping"), params={"filter_path": "*.mappings._meta"})
    return {index: body["mappings"] for index, body in answer.items()}


def add_to_mappings(engine: Engine, name: str, mappings: Mapping[str, Any]) -> None:
    """Adds these fields; what else there is stays, but `_meta` is replaced as a whole.

    Raises RefusedRequest where a field is there with another type.
    """
    engine.call("PUT", path(name, "_mapping"), mappings)


def aggregatable_fields(engine: Engine, name: str) -> list[str]:
    """Fields that every index behind the name can sort and aggregate by, those inside objects dotted."""
    asked = {"fields": "*", "filter_path": "fields.*.*.aggregatable"}
    fields = engine.call("GET", path(name, "_field_caps"), params=asked).get("fields", {})
    return [field for field, kinds in fields.items() if all(kind["aggregatable"] for kind in kinds.values())]
