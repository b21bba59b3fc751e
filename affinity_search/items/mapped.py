"""Items in another form: from records to records as `parse_item` takes them, those of one id united where told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from affinity_search.config.source_block import ItemFields, ItemSource, TextPath
from affinity_search.inputs.values import kind_of
from affinity_search.items.attribute_values import attribute_values, in_language, pairs_of
from affinity_search.items.item import value_text
from affinity_search.items.markup import text_of_html
from affinity_search.items.prices import lowest_price
from affinity_search.items.united import id_text, united
from affinity_search.sources import PathCheck, RawRecord, first_at, matches, values_at_path

__all__ = ["KEEP", "OWN_NAMES", "ItemMapping"]

OWN_NAMES = ("id", "title", "text", "price")
KEEP = "keep"
ENGINE_NAMES = ("_id", "_index")  # of the line around a document: no field of it can be called so
COLUMN = "attrs."
IN_A_CELL = "|"


class ItemMapping:
    """How records are items, as `told` in the configuration."""

    def __init__(self, told: ItemSource) -> None:
        self._told, self._cells = told, False
        self._fields = told.fields or ItemFields()

    @property
    def paths(self) -> frozenset[str]:
        """All paths at which fields are looked for."""
        fields = self._fields
        single = (fields.id.path, fields.title.path, fields.text.path, fields.price.path)
        texts = (field.path for field in fields.texts.values())
        attributes = (field.path for field in (fields.attributes or {}).values())
        return frozenset(path for paths in (*single, *texts, *attributes) for path in paths)

    def read(
        self, path: Path, records: Iterator[RawRecord], *, cells: bool = False
    ) -> Iterator[tuple[RawRecord, dict[str, Any]]]:
        """Each record with the item that it holds, as `parse_item` takes it; a broken one with an empty item.

        Where records hold `cells` of CSV, the columns `attrs.NAME` are attributes, their values parted by `|`.

        Those that `where` leaves out are passed over. Raises UnreadableFile where nothing is where the mapping says.
        """
        self._cells = cells
        checked = self._check(path).checked(records)
        if self._told == ItemSource():
            return self._ours(checked)
        pairs = self._pairs(checked)
        found = united(pairs) if self._unites else pairs
        return ((record, _with_text(item)) for record, item in found) if self._told.long else found

    @property
    def _unites(self) -> bool:
        return self._told.merge or self._told.long is not None

    def _ours(self, records: Iterator[RawRecord]) -> Iterator[tuple[RawRecord, dict[str, Any]]]:
        for record in records:
            value = record.value
            if record.problem or not isinstance(value, dict):
                yield _broken(record)
            else:
                known = own_columns(value) if self._cells else value
                yield record, _without(known, ENGINE_NAMES) if ENGINE_NAMES[0] in known else known

    def _pairs(self, records: Iterator[RawRecord]) -> Iterator[tuple[RawRecord, dict[str, Any]]]:
        first: dict[str, Any] = {}
        for record in records:
            if record.problem or not isinstance(record.value, dict):
                yield _broken(record)
                continue
            # What stands in the first row of a product only, such as the names of its options, holds for all.
            again = self._told.merge and self._same(first, record.value)
            first = first if again else dict(record.value)
            for values in self._elements(record.value):
                if matches(self._told, values):
                    yield record, self.item((*values, first) if again else values)

    def _same(self, one: dict[str, Any], other: dict[str, Any]) -> bool:
        identity = id_text(first_at([one], self._fields.id.path))
        return bool(identity) and identity == id_text(first_at([other], self._fields.id.path))

    def _elements(self, value: dict[str, Any]) -> list[tuple[object, ...]]:
        if not self._told.each:
            return [(value,)]
        return [(element, value) for element in values_at_path(value, self._told.each)]

    def _check(self, path: Path) -> PathCheck:
        fields, given = self._fields, self._fields.model_fields_set
        if self._told.preset:  # which names also what only some of its files have
            return PathCheck(path, self._told, "items", {"id": fields.id.path})
        named = {
            "id": fields.id.path,
            "title": fields.title.path,
            "text": fields.text.path,
            "price": fields.price.path,
        }
        asked = {name: paths for name, paths in named.items() if name == "id" or name in given}
        asked |= {f"texts.{name}": field.path for name, field in fields.texts.items()}
        asked |= {f"attributes.{name}": field.path for name, field in (fields.attributes or {}).items()}
        return PathCheck(path, self._told, "items", asked)

    def item(self, values: Sequence[object]) -> dict[str, Any]:
        """The item in these values, of which the first that has a field counts.

        A mapping that names the attributes takes only what it names; another one leaves all other fields as they are.
        """
        fields = self._fields
        record: dict[str, Any] = {"attrs": self._attributes(values)}
        if fields.attributes is None:
            record = self._as_it_is(values)
        if self._told.fields is not None:
            texts = {"title": fields.title, "text": fields.text, **fields.texts}
            record |= {name: _text(values, told) for name, told in texts.items()}
            record["price"] = self._price(values)
        record["id"] = first_at(values, fields.id.path)
        self._add_long(values, record)
        _own_from_attributes(record)
        if self._told.keep:
            kept = {path: found for path in self._told.keep if (found := _kept(values, path)) is not None}
            record[KEEP] = kept or None
        return {name: value for name, value in record.items() if value is not None}

    def _as_it_is(self, values: Sequence[object]) -> dict[str, Any]:
        records = [value for value in reversed(values) if isinstance(value, dict)]
        merged = {name: part for value in records for name, part in value.items()}
        return _without(own_columns(merged) if self._cells else merged, (*ENGINE_NAMES, *self._told.keep))

    def _add_long(self, values: Sequence[object], record: dict[str, Any]) -> None:
        if long := self._told.long:
            # Only this row's own: what the first row of the item says is another value.
            name = value_text(first_at(values[:1], [long.attribute]))
            found = values_at_path(values[0], long.value)
            given = record.get("attrs")
            attrs = given if isinstance(given, dict) else {}
            record["attrs"] = {**attrs, name: found} if name and found else attrs
            for path in (long.attribute, long.value):
                record.pop(path, None)

    def _attributes(self, values: Sequence[object]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, told in (self._fields.attributes or {}).items():
            if told.pairs is None:
                found.setdefault(name, []).extend(attribute_values(values, told))
                continue
            for pair, value in pairs_of(values, told, told.pairs):
                found.setdefault(pair, []).append(value)
        return {name: parts for name, parts in found.items() if parts}

    def _price(self, values: Sequence[object]) -> object:
        """The lowest of the prices at the first path that holds one; where none can be read, the first as it stands."""
        told = self._fields.price
        for path in told.path:
            if found := [part for value in values for part in values_at_path(value, path) if part != ""]:
                prices = [lowest_price(p, told.decimal) if isinstance(p, str) else p for p in found]
                plain = [p for p in prices if isinstance(p, int | float) and not isinstance(p, bool)]
                return min(plain) if plain else found[0]
        return None


def _with_text(item: dict[str, Any]) -> dict[str, Any]:
    """The item of a long table, whose values are its text where it has neither a title nor a text to be found by."""
    attrs = item.get("attrs")
    if "title" in item or "text" in item or not isinstance(attrs, dict):
        return item
    return {**item, "text": [value for values in attrs.values() for value in values]}


def _own_from_attributes(record: dict[str, Any]) -> None:
    """Moves a title, a text or a price that stands among pairs or in a long table to its place, where that is empty."""
    attrs = record.get("attrs")
    if not isinstance(attrs, dict):
        return
    for name in OWN_NAMES[1:]:
        if record.get(name) is None and name in attrs:
            found = attrs.pop(name)
            record[name] = found[0] if isinstance(found, list) and len(found) == 1 else found


def _broken(record: RawRecord) -> tuple[RawRecord, dict[str, Any]]:
    problem = record.problem or f"expected an object, got {kind_of(record.value)}"
    return record._replace(problem=problem), {}


def _without(record: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: part for name, part in record.items() if name not in names}


def own_columns(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its columns `attrs.NAME` (values parted by `|`) in place under `attrs`."""
    columns = {name: cell for name, cell in record.items() if name.startswith(COLUMN) and name != COLUMN}
    if not columns:
        return dict(record)
    attrs = {name.removeprefix(COLUMN): _cell_values(cell) for name, cell in columns.items()}
    given = record.get("attrs")
    rest = {name: value for name, value in record.items() if name not in columns}
    return {**rest, "attrs": {**(given if isinstance(given, dict) else {}), **attrs}}


def _cell_values(cell: object) -> object:
    return [part.strip() for part in cell.split(IN_A_CELL)] if isinstance(cell, str) else cell


def _kept(values: Sequence[object], path: str) -> object:
    found = [part for value in values for part in values_at_path(value, path)]
    return (found[0] if len(found) == 1 else found) if found else None


def _text(values: Sequence[object], told: TextPath) -> object:
    """The texts at the first path that holds one; a value that is no text stays as it is, to be refused by name."""
    for path in told.path:
        found = [in_language(part, told.language) for value in values[:1] for part in values_at_path(value, path)]
        found = found or [in_language(p, told.language) for value in values[1:] for p in values_at_path(value, path)]
        parts = [part for part in found if part is not None and part != ""]
        if told.html:
            parts = [text for part in parts if (text := text_of_html(part) if isinstance(part, str) else part) != ""]
        if parts:
            return parts[0] if len(parts) == 1 else parts
    return None
