"""The fields of an item index against what the configuration searches, filters and looks up, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.config.findings import meant
from affinity_search.config.model import ITEM, Config
from affinity_search.engine.hints import put_mapping
from affinity_search.engine.ownership import is_marked_by
from affinity_search.signals import parts

__all__ = ["EXACT", "NUMBERS", "ItemField", "ItemMapping", "key_fields", "misfits", "refused_keys"]

NUMBERS = frozenset({
    "byte", "double", "float", "half_float", "integer", "long", "scaled_float", "short", "unsigned_long",
})  # fmt: skip
EXACT = NUMBERS | {"boolean", "constant_keyword", "date", "date_nanos", "flat_object", "ip", "keyword", "wildcard"}


@dataclass(frozen=True)
class ItemField:
    """One field as mapped.

    `nested` is True inside a nested object, where the search does not look; `derived` for a sub-field or an alias, of
    which an item's JSON, where keys come from, holds nothing.
    """

    type: str
    search_analyzer: str = ""
    doc_values: bool = True
    nested: bool = False
    derived: bool = False


@dataclass(frozen=True)
class ItemMapping:
    """The mapping of one physical item index; `ours` is True where `affinity items load` of this deployment made it."""

    index: str
    fields: Mapping[str, ItemField]
    dynamic: str
    ours: bool

    @classmethod
    def of(cls, index: str, mappings: Mapping[str, Any], owner: str) -> ItemMapping:
        """The mapping in the engine's answer."""
        fields = dict(_fields(mappings.get("properties", {}), "", nested=False))
        dynamic = str(mappings.get("dynamic", "true")).lower()
        return cls(index, fields, dynamic, is_marked_by(mappings, owner))

    def field(self, path: str) -> ItemField | None:
        """The field at the path, through aliases and into flat objects; None where there is none."""
        if path in self.fields:
            return self.fields[path]
        above = path.rpartition(".")[0]
        found = self.field(above) if above else None
        return found if found and found.type == "flat_object" else None

    def of_type(self, *types: str) -> list[str]:
        """The paths of the fields of these types."""
        return [path for path, field in self.fields.items() if field.type in types]


def _fields(
    properties: Mapping[str, Any], above: str, *, nested: bool, derived: bool = False
) -> Iterator[tuple[str, ItemField]]:
    for name, body in properties.items():
        path = f"{above}{name}"
        kind = body.get("type", "object")
        analyzer = body.get("search_analyzer") or body.get("analyzer") or "default"
        inside = nested or kind == "nested"
        if kind != "alias":
            yield path, ItemField(kind, analyzer, body.get("doc_values", True), inside, derived)
        elif target := _at(properties, body["path"]):  # aliases stand beside what they name, or at the top
            yield next(_fields({name: target}, above, nested=nested, derived=True))
        yield from _fields(body.get("properties", {}), f"{path}.", nested=inside)
        yield from _fields(body.get("fields", {}), f"{path}.", nested=inside, derived=True)


def _at(properties: Mapping[str, Any], path: str) -> Any:
    head, _, rest = path.partition(".")
    body = properties.get(head)
    return _at({**body.get("properties", {}), **body.get("fields", {})}, rest) if body and rest else body


def key_fields(config: Config) -> dict[str, str]:
    """Where the items' JSON holds what has keys, by the name of the keys: attributes that count, and `item`."""
    paths = {name: attribute.values_path for name, attribute in config.attributes.items()}
    return {part.keys: paths.get(part.name, part.field) for part in parts(config).values()}


def misfits(config: Config, items: ItemMapping) -> Iterator[str]:
    """What of the index does not fit the configuration, one line each: address, expectation, finding, what to do."""
    if not config.search.body and not config.search.query:
        yield from _text_misfits(config, items)
    yield from _attribute_misfits(config, items)
    if config.items.keys == "numeric":
        yield from _key_misfits(config, items)
    yield from _other_misfits(config, items)


def refused_keys(config: Config, items: ItemMapping) -> Iterator[str]:
    """What of the keys a strict mapping refuses, so that no item could be written any more; one line each."""
    if config.items.keys == "keyword" or not items.dynamic.startswith("strict"):
        return
    for name in dict.fromkeys([*config.attributes, ITEM]):
        if items.field(f"affinity.{name}") is None:
            yield (
                f"{items.index}: affinity.{name}: expected long doc values, found none in a strict mapping, which "
                f"refuses every item with keys: {_mapped(items, _key_mapping(name), exists=False)}"
            )


def _key_mapping(name: str) -> dict[str, Any]:
    return {"affinity": {"properties": {name: {"type": "long", "index": False}}}}


def _other_misfits(config: Config, items: ItemMapping) -> Iterator[str]:
    for name, weight in zip(config.popularity.every_field, config.popularity.weights, strict=True):
        found = items.field(name)
        if config.search.body is None and weight and (found is None or found.type != "rank_feature"):
            do = _mapped(items, {name: {"type": "rank_feature"}}, exists=found is not None)
            if config.items.keys == "keyword" and not items.ours:
                do = "set its weight to 0: with items.keys: keyword no popularity is written to the items"
            yield f"{items.index}: {name}: expected a rank_feature, found {_kind(found)}: {do}"
    price = items.field("price")
    if price and price.type not in NUMBERS:
        yield f"{items.index}: price: expected a number for price_min and price_max, found {_kind(price)}"


def _text_misfits(config: Config, items: ItemMapping) -> Iterator[str]:
    analyzers: dict[str, list[str]] = {}
    for name in config.items.text_fields:
        found = items.field(name)
        if found is None or found.type != "text" or found.nested:
            yield f"items.text_fields.{name}: expected a text field in {items.index}, found {_kind(found)}: " + (
                _text_cure(name, items)
            )
        else:
            analyzers.setdefault(found.search_analyzer, []).append(name)
    if len(analyzers) > 1 and config.search.base == "combined_fields":
        said = " and ".join(f"{analyzer} ({', '.join(names)})" for analyzer, names in analyzers.items())
        yield (
            f"items.text_fields: expected one search analyzer for all of them in {items.index}, found {said}: name "
            "only fields of one analyzer, or sub-fields that share one, or set search.base: multi_match"
        )


def _text_cure(name: str, items: ItemMapping) -> str:
    texts = items.of_type("text")
    below = [path for path in texts if path.startswith(f"{name}.")]
    if below:
        return f"name {below[0]} instead"
    if items.ours:
        return "`affinity items load` makes it; until then leave it out"
    return f"leave it out, or add a sub-field of type text to the index, such as {name}.text{meant(name, texts)}"


def _attribute_misfits(config: Config, items: ItemMapping) -> Iterator[str]:
    for name, attribute in config.attributes.items():
        found = items.field(attribute.field)
        if found and found.nested and config.items.keys == "keyword" and name in config.active_attributes:
            yield (
                f"attributes.{name}.field: expected a field outside nested objects in {items.index}, where lookups by "
                f"keyword do not look, found {attribute.field}: set items.keys: numeric, or strength: 0"
            )
            continue
        if found and found.type in EXACT and not found.nested:
            source = items.field(attribute.path) if attribute.path else found
            is_read = name in config.active_attributes and config.items.keys == "numeric"
            if is_read and (source is None or source.derived):
                yield _no_source(name, attribute.field, items)
            continue
        if items.ours and found is None and attribute.field.startswith("attrs."):
            continue  # mapped with the first item that has it
        exact = [path for path in items.of_type("keyword") if path.startswith(f"{attribute.field}.")]
        do = f"filters alone (strength: 0) can name {exact[0]}" if exact else "filters by it find nothing"
        hint = "" if found else meant(attribute.field, items.of_type(*EXACT))
        yield (
            f"attributes.{name}.field: expected a field of exact values (keyword, boolean, number) in {items.index}, "
            f"found {_kind(found)} at {attribute.field}: {do}{hint}"
        )


def _no_source(name: str, field: str, items: ItemMapping) -> str:
    above = field.rpartition(".")[0] or field
    return (
        f"attributes.{name}.field: expected a field of the items' JSON, which keys are made from, found a sub-field or "
        f"alias at {field} in {items.index}: name the field of the JSON beside it, such as `path: {above}`, or set "
        "strength: 0 for filters alone"
    )


def _key_misfits(config: Config, items: ItemMapping) -> Iterator[str]:
    for name in key_fields(config):
        found = items.field(f"affinity.{name}")
        if found is None and items.dynamic != "false":
            continue  # mapped with the first item that has keys; a strict mapping is told by `refused_keys`
        if found is None or found.type != "long" or not found.doc_values:
            yield (
                f"{items.index}: affinity.{name}: expected long doc values, found {_kind(found)}: "
                f"{_mapped(items, _key_mapping(name), exists=found is not None)}"
            )


def _mapped(items: ItemMapping, properties: Mapping[str, Any], *, exists: bool) -> str:
    if items.ours:
        return "`affinity items load` makes the index anew"
    if exists:
        return "its type cannot change: copy the items to an index with that mapping (_reindex)"
    return f"`{put_mapping(items.index, properties)}` before items are written"


def _kind(found: ItemField | None) -> str:
    if found is None:
        return "none"
    if found.nested:
        return f"{found.type} inside a nested object"
    return found.type if found.doc_values or found.type == "text" else f"{found.type} without doc values"
