"""The forms of files that are known by name, recognised by the paths that only they have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import yaml

from affinity_search.resources import PACKAGE

__all__ = ["KnownForm", "known_forms", "recognised"]

FOLDER = PACKAGE / "presets"
Kind = Literal["events", "items", "queries"]


@dataclass(frozen=True)
class KnownForm:
    """A form of files that ships with the package: what it is, where it is described, and what shows it, by kind."""

    name: str
    about: str
    see: str
    known_by: Mapping[str, tuple[str, ...]]
    kinds: tuple[str, ...]


@cache
def known_forms() -> tuple[KnownForm, ...]:
    """All of them, by name."""
    return tuple(_form(file.stem, yaml.safe_load(file.read_text("utf-8"))) for file in sorted(FOLDER.glob("*.yaml")))


def recognised(paths: Collection[str], kind: Kind) -> str:
    """The name of the form that these paths show, the one with most of them; empty where they show none."""
    parents = {".".join(path.split(".")[:length]) for path in paths for length in range(1, path.count(".") + 2)}
    found = [
        (len(form.known_by[kind]), form.name)
        for form in known_forms()
        if kind in form.known_by and parents | {*paths} >= {*form.known_by[kind]}
    ]
    return max(found, default=(0, ""))[1]


def _form(name: str, data: Mapping[str, object]) -> KnownForm:
    known = data["known_by"]
    shown = {kind: tuple(paths) for kind, paths in known.items()} if isinstance(known, dict) else {}
    kinds = tuple(kind for kind in ("events", "items") if kind in data)
    return KnownForm(name, str(data["about"]), str(data["see"]), shown, kinds)
