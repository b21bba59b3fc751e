"""The source block for a file of items, from its first records: what is searched, what is a taste, what is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from affinity_search.errors import DataError
from affinity_search.inputs.values import plain_number
from affinity_search.sniffing.columns import Column, columns_of, plain_name, simple
from affinity_search.sniffing.hints import NO_HINTS, Hints
from affinity_search.sniffing.separators import hierarchy_of, separators_of
from affinity_search.sniffing.times import guess_time
from affinity_search.sniffing.vocabulary import ATTRIBUTE_WORDS, ITEM_NAMES, KEPT_WORDS, place_of

__all__ = ["ItemProposal", "id_columns", "propose_items"]

LONG_TEXT = 80
SHORT_TEXT = 60
FEWEST_JUDGED = 20
MOST_MEASURED = 20
LANGUAGE = re.compile(r"[a-z]{2}([-_][A-Za-z]{2})?")
NAME_KEYS = ("name", "key", "attribute", "attributecode", "label", "code", "property", "k")
VALUE_KEYS = ("value", "values", "val", "v")
LONG_NAMES = ("property", "attribute", "attributename", "key", "name", "field", "merkmal")
VALUE_ENDING = re.compile(r"value(?:s|\(s\))?$", re.IGNORECASE)
MARKUP = re.compile(r"<[a-zA-Z/][^>]*>|&[a-z]+;")
DECIMAL_COMMA = re.compile(r"\d,\d{1,2}(?!\d)")
DECIMAL_POINT = re.compile(r"\d\.\d{1,2}(?!\d)")


@dataclass(frozen=True)
class ItemProposal:
    """The keys of `items.source`; none where the file is read as it is."""

    source: Mapping[str, Any] = field(default_factory=dict)


def id_columns(records: Sequence[Mapping[str, object]]) -> dict[str, frozenset[str]]:
    """The values of every field that may be the item's id, by path; likeliest first."""
    columns = columns_of(records)
    named = [(place, path) for path in columns if (place := place_of(path, ITEM_NAMES["id"])) is not None]
    ordered = [path for _, path in sorted(named, key=lambda found: (found[1].count("."), *found))]
    other = [path for path, column in columns.items() if path not in ordered and _may_be_id(column)]
    return {path: columns[path].distinct for path in [*ordered, *other] if columns[path].texts}


def propose_items(
    records: Sequence[Mapping[str, object]], join_field: str = "", hints: Hints = NO_HINTS
) -> ItemProposal:
    """The block for these records; `join_field` is the field whose values the events have, empty where none is known.

    What `hints` tell goes before what is found. Raises DataError where no field can be the item's id.
    """
    columns = {path: column for path, column in columns_of(records).items() if column.texts or column.objects}
    identity = hints.path("items.id", columns) or join_field or _identity(columns)
    if long := _long(columns, identity):
        return ItemProposal({"long": long, "fields": {"id": identity}})
    rest = {path: column for path, column in columns.items() if path != identity}
    fields: dict[str, Any] = {"id": identity}
    for name in ("title", "text", "price"):
        if found := hints.path(f"items.{name}", columns) or _field(name, rest):
            fields[name] = found
            used = found["path"] if isinstance(found, dict) else found
            for one in used if isinstance(used, list) else [used]:
                rest = {path: c for path, c in rest.items() if path != one and not path.startswith(f"{one}.")}
    if "title" not in fields and "text" in fields and _is_short(fields["text"], columns):
        fields = {("title" if name == "text" else name): path for name, path in fields.items()}
    attributes, keep = _attributes(rest)
    if _is_native(fields, attributes, columns):
        return ItemProposal()
    merge = {"merge": True} if columns[identity].repeated > 0 else {}
    shown = {"keep": keep} if keep else {}
    return ItemProposal({**merge, "fields": {**fields, "attributes": attributes}, **shown})


def _may_be_id(column: Column) -> bool:
    # Prices and counts have the numbers of many an id by chance.
    return (
        not column.numeric
        and not column.objects
        and not column.several
        and column.filled > 0.9
        and len(column.distinct) > 1
    )


def _identity(columns: Mapping[str, Column]) -> str:
    named = [(place, path) for path in columns if (place := place_of(path, ITEM_NAMES["id"])) is not None]
    top = [(place, path) for place, path in named if not columns[path].objects and columns[path].filled > 0.5]
    if top:
        return min(top, key=lambda found: (found[1].count("."), found[0]))[1]
    unique = [path for path, column in columns.items() if _may_be_id(column) and not column.repeated]
    if unique and len(columns[unique[0]].texts) >= FEWEST_JUDGED:
        return unique[0]
    names = ", ".join(islice(columns, 30)) or "no columns"
    raise DataError(
        f"expected a column with the id of the item, found none such in: {names}",
        hint="Say which it is: `--field items.id=COLUMN`.",
    )


def _long(columns: Mapping[str, Column], identity: str) -> dict[str, str]:
    """The columns of a table with a line for each item and attribute; none where it is another table."""
    names = [path for path in columns if simple(path) in LONG_NAMES]
    values = [path for path in columns if simple(path) in VALUE_KEYS or simple(path) in ("wert", "valeur")]
    few = len(columns) <= 5 and not any(simple(path) in ITEM_NAMES["price"] for path in columns)
    return {"attribute": names[0], "value": values[0]} if names and values and few and names[0] != identity else {}


def _field(name: str, columns: Mapping[str, Column]) -> str | list[str] | dict[str, Any] | None:
    named = [(place, path) for path in columns if (place := _place(path, name)) is not None]
    usable = [(place, path) for place, path in named if not columns[path].objects and _fits(name, columns[path])]
    if not usable:
        return None
    _, found = min(usable, key=lambda one: (one[1].count(".") > 1, one[0], one[1]))
    if name == "price":
        return _price([found, *(p for _, p in usable if p.startswith(f"{found}."))], columns[found])
    root, languages = _languages(found, columns)
    keys: dict[str, Any] = {"language": "en" if "en" in languages else languages[0]} if languages else {}
    if any(MARKUP.search(text) for text in columns[found].texts):
        keys["html"] = True
    return {"path": root, **keys} if keys else root


def _is_short(text: str | dict[str, Any], columns: Mapping[str, Column]) -> bool:
    """Whether what is called a description is as short as a title."""
    path = text["path"] if isinstance(text, dict) else text
    return path in columns and path != "text" and columns[path].length <= SHORT_TEXT


def _languages(path: str, columns: Mapping[str, Column]) -> tuple[str, list[str]]:
    """The path of the object by language that a text is in, and its languages; the path itself and none for no such."""
    parent, _, last = path.rpartition(".")
    root = parent if parent and LANGUAGE.fullmatch(last) else path
    below = [p.removeprefix(f"{root}.") for p in columns if p.startswith(f"{root}.")]
    return root, [name for name in below if LANGUAGE.fullmatch(name)]


def _place(path: str, name: str) -> int | None:
    """Where the path stands among the names of the field; a text by language is looked up by the name of its object."""
    parent, _, last = path.rpartition(".")
    if parent and LANGUAGE.fullmatch(last):
        return place_of(parent, ITEM_NAMES[name])
    if parent and not parent.startswith("attrs") and name in ("title", "text") and "." not in parent:
        # brand.name is the name of the brand, product.name that of the item.
        return place_of(last, ITEM_NAMES[name]) if simple(parent) in ("product", "item", "source", "doc") else None
    return None if parent and name != "price" else place_of(path, ITEM_NAMES[name], loose=name == "price")


def _fits(name: str, column: Column) -> bool:
    if name == "price":
        return sum(1 for text in column.texts if re.search(r"\d", text)) > len(column.texts) / 2
    return not column.addresses


def _price(paths: list[str], column: Column) -> str | list[str] | dict[str, Any]:
    """Where the price stands; an amount within an object goes before the object."""
    path = paths[0] if len(paths) == 1 else [*paths[1:], paths[0]]
    commas = sum(1 for text in column.texts if DECIMAL_COMMA.search(text))
    points = sum(1 for text in column.texts if DECIMAL_POINT.search(text))
    return {"path": path, "decimal": ","} if commas > points else path


def _attributes(columns: Mapping[str, Column]) -> tuple[dict[str, Any], list[str]]:
    """What may be a taste, by the name of the attribute, and what is only shown."""
    attributes: dict[str, Any] = {}
    keep: list[str] = []
    done: set[str] = set()
    named = {path: name for path in columns if (name := _name_column(path, columns))}
    for path, column in columns.items():
        if any(path.startswith(f"{parent}.") for parent in done) or path in named.values():
            continue
        if column.objects and (pairs := _pairs(path, columns)):
            attributes[_free(plain_name(path), attributes)] = {"path": path, "pairs": pairs}
            done.add(path)
        elif path in named:
            attributes[_free(plain_name(path), attributes)] = {"path": path, "pairs": {"name": named[path]}}
        elif column.objects or not column.texts or _named_beside(path, columns):
            continue
        elif _is_taste(column):
            attributes[_free(plain_name(path), attributes)] = _attribute(path, column)
        else:
            keep.append(path)
    return attributes, keep


def _pairs(path: str, columns: Mapping[str, Column]) -> dict[str, str]:
    """The keys of name and value in an array of such pairs; none where its objects are others."""
    keys = [p.removeprefix(f"{path}.") for p in columns if p.startswith(f"{path}.")]
    if any("." in key and simple(key.partition(".")[0]) not in VALUE_KEYS for key in keys):
        return {}
    keys = list(dict.fromkeys(key.partition(".")[0] for key in keys))
    names = [key for wanted in NAME_KEYS for key in keys if simple(key) == wanted]
    values = [key for wanted in VALUE_KEYS for key in keys if simple(key) == wanted]
    return {"name": names[0], "value": values[0]} if names and values else {}


def _name_column(path: str, columns: Mapping[str, Column]) -> str:
    """The column with the name of what stands here, as `Option1 Name` beside `Option1 Value`; empty for none."""
    stem = VALUE_ENDING.sub("", path).lower()
    if "." in path or stem == path.lower():
        return ""
    return next((other for other in columns if other.lower() == f"{stem}name"), "")


def _named_beside(path: str, columns: Mapping[str, Column]) -> bool:
    """Whether this is the id of something whose name stands beside it."""
    parent, _, last = path.rpartition(".")
    return bool(parent) and simple(last) in ("id", "code", "slug") and f"{parent}.name" in columns


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[:31]}_{number}"
    return free


def _attribute(path: str, column: Column) -> str | dict[str, Any]:
    if column.numeric:
        return path
    if sign := hierarchy_of(path, column.texts):
        lists = [found for found in separators_of(path, column.texts) if found != sign]
        if lists:
            return {"path": path, "separator": lists[0] if len(lists) == 1 else lists, "hierarchy": sign}
        return {"path": path, "separator": sign, "hierarchy": True}
    if signs := separators_of(path, column.texts):
        return {"path": path, "separator": signs[0] if len(signs) == 1 else signs}
    return path


def _is_taste(column: Column) -> bool:
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column.path.removeprefix("attrs.")).lower())
    declared = column.path.startswith("attrs.")
    if "." not in column.path and place_of(column.path, ITEM_NAMES["id"]) is not None:
        return False
    if not declared and (set(words) & set(KEPT_WORDS) or column.addresses or column.length > LONG_TEXT):
        return False
    if column.numeric and not declared and not (words and words[-1] in ATTRIBUTE_WORDS):
        return _is_scale(column)
    if not column.numeric and all(re.match(r"\d", text) for text in column.texts) and guess_time(column.texts):
        return False
    lists = bool(separators_of(column.path, column.texts) or hierarchy_of(column.path, column.texts))
    return declared or column.several or lists or len(column.texts) < FEWEST_JUDGED or column.repeated > 0.2


def _is_scale(column: Column) -> bool:
    """Whether the numbers are few and come again and again, as sizes do."""
    return len(column.distinct) <= MOST_MEASURED and (len(column.texts) < FEWEST_JUDGED or column.repeated > 0.5)


def _is_native(fields: Mapping[str, Any], attributes: Mapping[str, Any], columns: Mapping[str, Column]) -> bool:
    """Whether the parser finds everything by itself: plain names, plain prices, and no taste beside `attrs`."""
    plain = all(path == name for name, path in fields.items())
    prices = columns["price"].texts if "price" in columns else ()
    readable = all(plain_number(text) is not None for text in prices)
    listed = {"separator": "|"}
    return (
        plain
        and readable
        and all(
            path == f"attrs.{name}" or (isinstance(path, dict) and path == {"path": f"attrs.{name}", **listed})
            for name, path in attributes.items()
        )
    )
