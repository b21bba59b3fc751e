"""Writes docs/reference/config.md and affinity.schema.json from the model of affinity.yaml; `make docs` runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from affinity_search.config import Config, config_schema

__all__ = ["PAGE", "SCHEMA", "page", "schema_text"]

REFERENCE = Path(__file__).parent / "reference"
PAGE = REFERENCE / "config.md"
SCHEMA = REFERENCE / "affinity.schema.json"
NAME = "the_name"
INTRODUCTION = """\
# affinity.yaml

This page is generated from the model (`make docs`). Keys that are not here are refused. For completion in an editor use
[affinity.schema.json](affinity.schema.json), which `affinity schema` prints. How to get a file with the numbers of your
own shop: [Configure](../how-to/configure.md).
"""


def schema_text() -> str:
    """The JSON Schema as `affinity schema` prints it."""
    return f"{json.dumps(config_schema(), indent=2, ensure_ascii=False)}\n"


def page() -> str:
    """The page as Markdown: a section with a table of keys for each section of the file, in its order."""
    schema = config_schema()
    fields = {"texts": {NAME: "NAME"}, "attributes": {NAME: {"path": "NAME", "pairs": {}}}}
    smallest = {
        "items": {"source": {"fields": fields, "long": {"attribute": "NAME", "value": "NAME"}}},
        "events": {
            "types": {NAME: {"weight": 1}},
            "source": {"fields": {"consent": "NAME", "quantity": "NAME", "price": "NAME"}},
        },
        "attributes": {NAME: {"field": "attrs.NAME"}},
    }
    defaults = Config.model_validate(smallest).model_dump(mode="json", by_alias=True)
    return "\n".join([INTRODUCTION, *_sections("", schema, schema["$defs"], _renamed(defaults))])


def _renamed(defaults: Any) -> Any:
    """The defaults with NAME in place of the name that the model takes."""
    if not isinstance(defaults, dict):
        return defaults
    return {"NAME" if key == NAME else key: _renamed(value) for key, value in defaults.items()}


def _sections(address: str, section: dict[str, Any], defs: dict[str, Any], defaults: Any) -> Iterator[str]:
    keys = [(key, value, *_reference(value)) for key, value in section["properties"].items()]
    plain = [(key, value) for key, value, target, _ in keys if target is None]
    if plain:
        yield "| key | type | default | what it is |\n| --- | --- | --- | --- |"
        required = section.get("required", [])
        yield "\n".join(_row(key, value, None if key in required else defaults[key]) for key, value in plain)
        yield ""
    for key, _, target, named in keys:
        if target is not None:
            inner = defs[target]
            below = f"{address}.{key}{'.NAME' if named else ''}".lstrip(".")
            yield f"## {below}\n\n{_text(inner.get('description', ''))}\n"
            yield from _sections(below, inner, defs, defaults[key]["NAME"] if named else defaults[key])


def _reference(value: dict[str, Any]) -> tuple[str | None, bool]:
    """The section that a key leads to, and if there is one per name."""
    value = _longest_form(value)
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2], False
    inner = _longest_form(_inner(value))
    if "$ref" in inner:
        return inner["$ref"].rpartition("/")[2], True
    return None, False


def _longest_form(value: dict[str, Any]) -> dict[str, Any]:
    """Of a value that may also be absent, or a mere text, the section or the mapping that it may be."""
    forms = [form for option in value.get("anyOf", ()) for form in (option, *option.get("anyOf", ()))]
    return next((form for form in forms if "$ref" in form or form.get("type") == "object"), value)


def _inner(value: dict[str, Any]) -> dict[str, Any]:
    """The schema of a mapping's values, whatever its keys have to look like; empty for all else."""
    found = next(iter(value.get("patternProperties", {}).values()), value.get("additionalProperties"))
    return found if isinstance(found, dict) else {}


def _row(key: str, value: dict[str, Any], default: Any) -> str:
    """The default `None` stands for a key that has to be given, unless the key may be absent."""
    absent = any(option.get("type") == "null" for option in value.get("anyOf", ()))
    shown = "(required)" if default is None and not absent else f"`{json.dumps(default)}`"
    return f"| `{key}` | {_type(value)} | {shown} | {_text(value.get('description', ''))} |"


def _type(value: dict[str, Any]) -> str:
    if "anyOf" in value:
        return " or ".join(_type(option) for option in value["anyOf"])
    if "enum" in value:
        return " or ".join(f"`{json.dumps(option)}`" for option in value["enum"])
    if value.get("type") == "object":
        return f"name: {_type(_inner(value))}"
    names = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "nothing"}
    bounds = {"exclusiveMinimum": ">", "minimum": ">=", "maximum": "<="}
    limits = [f"{sign} {value[name]:g}" for name, sign in bounds.items() if name in value]
    return " ".join([names.get(value.get("type", ""), value.get("type", "any")), ", ".join(limits)]).strip()


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
