"""What does not fit the model, in words: file, line and column, address, expectation, finding, and what was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from affinity_search.config.patterns import in_words
from affinity_search.config.section import MadeSection
from affinity_search.config.source import Source

__all__ = ["findings", "known_keys", "meant", "shown"]

LONGEST_SHOWN = 60
SECRETS = re.compile(r"auth|credential|key$|pass|secret|token|user", re.IGNORECASE)
RENAMED = {"full_weight": "saturation_weight", "max_lift": "max_boost", "step_back": "owned_demotion"}
"""Keys of older versions, and what they are called now."""
ADDRESSED = re.compile(r"([^\s:]+): (?=expected )")
EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping (`key: value`)",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of usual size",
    "int_type": "a whole number",
    "model_attributes_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
    "path_type": "a path",
    "string_type": "text",
}


def findings(error: ValidationError, source: Source, model: type[BaseModel]) -> str:
    """One line per finding, in the order of the file's model."""
    found = error.errors(include_url=False)
    return "\n".join(dict.fromkeys(line for one in found for line in _lines(one, source, model)))


def _lines(error: Any, source: Source, model: type[BaseModel]) -> Iterator[str]:
    parts = [str(part) for part in error["loc"] if part != "[key]"]
    address = ".".join(parts)
    if error["type"] == "value_error":
        for said in str(error["ctx"]["error"]).splitlines():
            yield _addressed(address, said, source)
        return
    is_key = "[key]" in error["loc"] or error["type"] == "extra_forbidden"
    said = _unknown_key(parts, model) if error["type"] == "extra_forbidden" else _said(error, parts)
    yield f"{source.where(address, key=is_key)}: {address}: {said}" if address else f"{source.name}: {said}"


def _addressed(address: str, said: str, source: Source) -> str:
    """The line of a check of ours, which may name an address below: `levels: expected 1, got 2`."""
    if below := ADDRESSED.match(said):
        address = f"{address}.{below[1]}" if address else below[1]
        said = said[below.end() :]
    return f"{source.where(address)}: {address}: {said}" if address else f"{source.name}: {said}"


def _said(error: Any, parts: list[str]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    got = "a value that may be secret" if any(SECRETS.search(part) for part in parts[:2]) else shown(value)
    if kind == "missing":
        return "expected a value, got none"
    if kind == "string_pattern_mismatch":
        return f"expected {in_words(context['pattern'])}, got {got}"
    if kind == "too_short":
        return f"expected at least {context['min_length']} entry, got none"
    if kind == "string_too_long":
        return f"expected at most {context['max_length']} characters, got {len(value)}"
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        return f"expected {context['expected']}, got {got}{meant(value, choices)}"
    expected = EXPECTED.get(kind) or error["msg"].removeprefix("Input should be ")
    quotes = " (put it in quotes)" if kind == "string_type" and not isinstance(value, dict | list | None) else ""
    return f"expected {expected}, got {got}{quotes}"


def _unknown_key(parts: list[str], model: type[BaseModel]) -> str:
    here, key = known_keys(model, parts[:-1]), parts[-1]
    hint = _renamed(key, here, model) or meant(key, here) or _elsewhere(key, model)
    hint = hint or f"; known here: {', '.join(here) or 'none'}"
    return f"expected a known key, got {shown(key)}{hint}"


def _renamed(key: str, here: list[str], model: type[BaseModel]) -> str:
    new = RENAMED.get(key)
    if new is None:
        return ""
    return f"; renamed to {new if new in here else ' or '.join(_places(new, model)) or new}"


def _elsewhere(key: str, model: type[BaseModel]) -> str:
    places = _places(key, model)
    return f"; did you mean {' or '.join(places)}?" if places else ""


def _places(key: str, model: type[BaseModel]) -> list[str]:
    return [f"{name}.{key}" for name in model.model_fields if key in known_keys(model, [name])]


def known_keys(model: type[BaseModel], parts: Iterable[str]) -> list[str]:
    """The keys of the section at this address, in the order of the model; empty where no section is there."""
    kind: Any = model
    for part in parts:
        kind = _below(kind, part)
    section = _section(kind)
    return list(section.model_fields) if section else []


def _below(kind: Any, part: str) -> Any:
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    section = _section(kind)
    field = section.model_fields.get(part) if section else None
    made = next((one for one in field.metadata if isinstance(one, MadeSection)), None) if field else None
    if made:
        return made.model()
    return field.annotation if field else None


def _section(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    choices = () if get_origin(kind) is dict else get_args(kind)
    return next((section for choice in choices if (section := _section(choice))), None)


def meant(value: object, known: Iterable[str]) -> str:
    """`; did you mean half_life_days?` where a known name resembles the value, else an empty text."""
    if not isinstance(value, str):
        return ""
    names = list(known)
    asked = value.lower().replace("-", "_")
    longer = [name for name in names if name.startswith(f"{asked}_")]
    found = longer or difflib.get_close_matches(asked, names, n=1)
    return f"; did you mean {found[0]}?" if found else ""


def shown(value: object) -> str:
    """The value in a few words, however large it is, without what stands before an @ (a URL may hold a password)."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**30 else "a number of over 30 digits"
    if isinstance(value, str):
        value = f"...@{value.rpartition('@')[2]}" if "@" in value else value
        return repr(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}...")
    kinds = {type(None): "nothing", dict: "a mapping", list: "a list"}
    return kinds.get(type(value)) or str(value)[:LONGEST_SHOWN]
