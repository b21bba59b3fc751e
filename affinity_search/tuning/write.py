"""The suggestion as a commented `affinity.yaml`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from affinity_search.config.model import Config
from affinity_search.tuning.suggestion import Suggestion

__all__ = ["write_yaml"]

WIDTH = 110
WRITTEN: dict[str, Any] = {
    "items": {"index", "text_fields"},
    "events": {"types", "time"},
    "attributes": True,
    "item_affinity": True,
    "popularity": {"all_time", "recent", "recent_days", "newness"},
    "search": {"window", "max_boost", "max_lookups"},
}
SECTIONS = list(Config.model_fields)
HEAD = (
    "Written by `affinity init`, which looked at the shop's data. Every number may be changed; `affinity validate` "
    "checks the file, `affinity schema` describes every key."
)


def write_yaml(suggestion: Suggestion, head: str = HEAD) -> str:
    """YAML with `head` on top and the reason above each number; `parse_config` reads it back as the configuration."""
    config = suggestion.config
    data = _merged(
        config.model_dump(mode="json", exclude_defaults=True),
        config.model_dump(mode="json", include=WRITTEN, exclude_none=True),
    )
    for section in ("items", "events"):
        data[section].pop("source", None)
        if section in suggestion.sources:
            data[section]["source"] = dict(suggestion.sources[section])
    reasons = suggestion.reasons
    lines = [*_comment(head, ""), *_comment(reasons.get("", ""), ""), ""]
    for section in sorted(data, key=SECTIONS.index):
        lines += [*_lines(section, data[section], section, reasons, ""), ""]
    return "\n".join(lines)


def _merged(changed: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """What is always written, and whatever else differs from its default."""
    both = {
        key: _merged(changed[key], value)
        for key, value in written.items()
        if isinstance(value, dict) and key in changed
    }
    return {**written, **changed, **both}


def _lines(key: str, value: Any, address: str, reasons: Mapping[str, str], indent: str) -> Iterator[str]:
    yield from _comment(reasons.get(address, ""), indent)
    if not isinstance(value, dict) or not value:
        yield f"{indent}{_scalar(key)}: {_scalar(value)}"
    else:
        yield f"{indent}{_scalar(key)}:"
        for name, inner in value.items():
            yield from _lines(name, inner, f"{address}.{name}", reasons, f"{indent}  ")
    if address == "attributes":
        for name in _left_out(value, reasons):
            yield from _comment(f"{name}: {reasons[f'attributes.{name}']}", f"{indent}  ")


def _left_out(attributes: Mapping[str, Any], reasons: Mapping[str, str]) -> list[str]:
    names = [address.removeprefix("attributes.") for address in reasons if address.startswith("attributes.")]
    return [name for name in names if name not in attributes and "." not in name]


def _comment(text: str, indent: str) -> list[str]:
    # Attribute and event names come from the data: what YAML does not take even in a comment is not printed.
    plain = "".join(c if c.isprintable() else " " for c in text)
    wrapped = textwrap.wrap(plain, WIDTH - len(indent) - 2, break_long_words=False, break_on_hyphens=False)
    return [f"{indent}# {line}" for line in wrapped]


def _scalar(value: Any) -> str:
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value)
    dumped: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"))
    return dumped.removesuffix("\n").removesuffix("\n...")
