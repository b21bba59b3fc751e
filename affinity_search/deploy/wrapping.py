"""`affinity wrap`: a template that others stored, personalised beside it or in place, as a plan like any other."""

from __future__ import annotations

import difflib
from dataclasses import replace

from affinity_search.config.model import Config
from affinity_search.deploy.changes import TAKEN_OVER, Change
from affinity_search.deploy.planned import Plan
from affinity_search.deploy.planning import plan_with
from affinity_search.deploy.store import read
from affinity_search.deploy.twins import twin
from affinity_search.engine import Engine
from affinity_search.errors import ConfigError
from affinity_search.surfaces import Template

__all__ = ["plan_wrap", "wrap_diff"]


def plan_wrap(config: Config, engine: Engine, name: str, *, in_place: bool = False) -> Plan:
    """What `apply` would do now, and the stored template `name` personalised besides; nothing is written.

    With `in_place` the template itself is changed; a rollback takes out what was put in, byte for byte. Raises
    ConfigError where there is no such template, where it cannot be personalised, and where others made what bears the
    twin's name.
    """
    if name in (config.search.template, f"{config.search.template}-rescore"):
        raise ConfigError(f"wrap: expected a template of yours, got {name}, which this deployment makes itself")
    wrapped = twin(config, engine, name, in_place=in_place)
    found = plan_with(config, engine, wrapped)
    if in_place:
        return _taken_over(found, wrapped)
    if ("script", wrapped.name) in {one.key for one in found.foreign}:
        raise ConfigError(
            f"{engine.url}: expected nothing, or what this deployment made, as {wrapped.name}, found a template of "
            "others",
            hint="Delete it, or personalise the template itself: `affinity wrap --in-place`.",
        )
    return found


def wrap_diff(engine: Engine, found: Plan, name: str) -> str:
    """What the twin has beside what is stored as `name`, as a unified diff; empty where that itself is changed."""
    made = next(template for template in reversed(found.templates) if template.original)
    if made.name == name:
        return ""
    before, after = (read(engine, "script", name) or "").split("\n"), made.source.split("\n")
    return "\n".join(difflib.unified_diff(before, after, name, made.name, n=2, lineterm=""))


def _taken_over(found: Plan, wrapped: Template) -> Plan:
    key = ("script", wrapped.name)
    foreign = tuple(one for one in found.foreign if one.key != key)
    if len(foreign) == len(found.foreign):
        return found
    return replace(found, foreign=foreign, changes=tuple(_owned(change, wrapped) for change in found.changes))


def _owned(change: Change, wrapped: Template) -> Change:
    return replace(change, note=TAKEN_OVER) if change.key == ("script", wrapped.name) else change
