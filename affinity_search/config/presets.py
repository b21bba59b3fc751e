"""Forms of files that are known by name: shipped YAML, with a source block for events, for items, or both."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from affinity_search.config.findings import meant
from affinity_search.resources import PACKAGE

__all__ = ["preset", "preset_names", "with_preset"]

FOLDER = PACKAGE / "presets"
Kind = Literal["events", "items"]


def preset_names(kind: Kind) -> list[str]:
    """The names of the presets that have a source block of this kind, in order."""
    return [file.stem for file in sorted(FOLDER.glob("*.yaml")) if kind in _read(file)]


def preset(name: str, kind: Kind) -> dict[str, Any]:
    """The source block of the preset; raises ValueError where there is none of this name for this kind."""
    known = preset_names(kind)
    if name not in known:
        hint = meant(name, known) or f"; known: {', '.join(known) or 'none'}"
        raise ValueError(f"preset: expected the name of a form of {kind} that is known, got {name!r}{hint}")
    found: dict[str, Any] = _read(FOLDER / f"{name}.yaml")[kind]
    return found


def with_preset(data: object, kind: Kind) -> object:
    """The block with what its preset says beneath it; the block itself where it names none."""
    if not isinstance(data, dict) or not isinstance(data.get("preset"), str):
        return data
    beneath = preset(data["preset"], kind)
    fields = data.get("fields")
    if isinstance(fields, dict) and isinstance(beneath.get("fields"), dict):
        return {**beneath, **data, "fields": {**beneath["fields"], **fields}}
    return {**beneath, **data}


@cache
def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return found
