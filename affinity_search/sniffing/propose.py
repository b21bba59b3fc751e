"""The source blocks for a shop's files: a form known by name where the files show one, else what their values say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from affinity_search.config.presets import preset, preset_names
from affinity_search.errors import ConfigError, DataError
from affinity_search.sniffing.columns import Column, columns_of
from affinity_search.sniffing.events import EventProposal, consent_columns, exploded, joined_share, propose_events
from affinity_search.sniffing.hints import NO_HINTS, Hints
from affinity_search.sniffing.items import propose_items
from affinity_search.sniffing.known import Kind, known_forms, recognised

__all__ = ["Proposal", "propose"]

JOINS = 0.5
Record = Mapping[str, object]
Block = dict[str, Any]


@dataclass(frozen=True)
class Proposal:
    """The keys of `items.source` and `events.source`, each none where the files need no block.

    `forms` are the known forms that were found, by kind. `consent` are paths that may hold a no and are not read.
    """

    items: Block = field(default_factory=dict)
    events: Block = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    consent: tuple[str, ...] = ()


def propose(
    items: Sequence[Record],
    events: Sequence[Record],
    ids: Mapping[str, frozenset[str]],
    hints: Hints = NO_HINTS,
    *,
    names: tuple[str, str] = ("items", "events"),
    items_file: str = "",
) -> Proposal:
    """The blocks for these records, as `hints` tell and as the records show.

    `ids` has the values of all fields of the catalogue that may be its id, likeliest first (see `id_columns`). `names`
    are those of the files for errors, and by `items_file` the events may look their items up. Raises DataError where a
    file does not say what is needed, ConfigError for a form that no file shows.
    """
    item_columns, event_columns, form = columns_of(items), columns_of(events), hints.form
    item_form, event_form = _form(form, item_columns, "items"), _form(form, event_columns, "events")
    if form and form not in (item_form, event_form):
        raise _not_shown(form, item_columns, event_columns)
    items, events = _wanted(items, item_form, "items"), _wanted(events, event_form, "events")
    item_columns = columns_of(items)
    identity = _identity(item_form, ids)
    ids = {**{path: ids[path] for path in identity}, **ids}
    with _about(names[1]):
        found = _events(event_form, events, ids, hints)
    source, join_field = dict(found.source), found.join_field
    if join_field in identity or not identity:
        join_field = ""
    elif join_field and item_columns[identity[0]].repeated:
        source = _looked_up(source, found, identity[0], items_file)
        join_field = ""
    with _about(names[0]):
        block = _items(items, item_form, join_field, hints)
    forms = {kind: name for kind, name in (("items", item_form), ("events", event_form)) if name}
    return Proposal(block, source, forms, _unread(source, event_columns))


@contextmanager
def _about(name: str) -> Iterator[None]:
    """Puts the name of the file before what is wrong with it."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{name}: {error.message}", hint=error.hint) from None


def _wanted(records: Sequence[Record], form: str, kind: Literal["items", "events"]) -> Sequence[Record]:
    """The records that the known form does not pass over; all of them without a form."""
    where = preset(form, kind).get("where", {}) if form else {}
    found = [r for r in records if all(str(r.get(path)) in values for path, values in where.items())]
    return found or records


def _identity(form: str, ids: Mapping[str, frozenset[str]]) -> list[str]:
    """The paths of the item's id, the first that counts first."""
    fields = preset(form, "items").get("fields", {}) if form else {}
    own = [path for path in _listed(fields.get("id", [])) if path in ids]
    return own or list(ids)[:1]


def _events(form: str, records: Sequence[Record], ids: Mapping[str, frozenset[str]], hints: Hints) -> EventProposal:
    if not records:
        return EventProposal({})
    if not form and recognised(list(columns_of(records)), "queries"):
        raise DataError(
            "expected events, found searches: these are the queries of User Behavior Insights (ubi_queries)",
            hint="The events are in the other index, ubi_events; both may stand in one file.",
        )
    if not form:
        return propose_events(records, ids, hints)
    found = _known_events(form, records, ids)
    return replace(found, source=_with_told(found.source, "events", hints))


def _known_events(form: str, records: Sequence[Record], ids: Mapping[str, frozenset[str]]) -> EventProposal:
    """The block of a known form; of the paths that it has for the item the one that the catalogue knows best first."""
    known = preset(form, "events")
    each = known.get("each", [])
    columns: dict[str, Column] = columns_of(records)
    for path in _listed(each):
        columns |= columns_of(exploded(records, path))
    paths = [path for path in _listed(known["fields"]["item"]) if path in columns and columns[path].texts]
    joins = [(joined_share(columns[path], values), path, name) for path in paths for name, values in ids.items()]
    share, path, name = max(joins, key=lambda join: round(join[0], 2), default=(0.0, "", ""))
    first = share >= JOINS and path != paths[0]
    ordered = {"fields": {"item": [path, *(p for p in _listed(known["fields"]["item"]) if p != path)]}} if first else {}
    return EventProposal({"preset": form, **ordered}, False, name if share >= JOINS else "", share, path)


def _looked_up(source: Block, found: EventProposal, identity: str, items_file: str) -> Block:
    """The block with the item looked up among the rows of variants: the events name a field that is not the id."""
    join = {"file": items_file, "by": {found.item: found.join_field}}
    return {**source, "join": join, "fields": {**source.get("fields", {}), "item": identity}}


def _with_told(block: Mapping[str, Any], kind: str, hints: Hints) -> Block:
    """The block of a known form with the fields that were told."""
    told = {name.partition(".")[2]: path for name, path in hints.fields.items() if name.startswith(f"{kind}.")}
    return {**block, "fields": {**block.get("fields", {}), **told}} if told else dict(block)


def _items(records: Sequence[Record], form: str, join_field: str, hints: Hints) -> Block:
    if not form:
        return dict(propose_items(records, join_field, hints).source) if records else {}
    known = preset(form, "items")
    fields = {"id": join_field} if join_field else {}
    if known.get("fields", {}).get("attributes") or "long" in known:
        return _with_told({"preset": form, **({"fields": fields} if fields else {})}, "items", hints)
    sniffed = dict(propose_items(records, join_field, hints).source)
    own = {name: path for name, path in sniffed.pop("fields", {}).items() if name not in known.get("fields", {})}
    return {"preset": form, **{k: v for k, v in sniffed.items() if k not in known}, "fields": {**own, **fields}}


def _unread(source: Block, columns: Mapping[str, Column]) -> tuple[str, ...]:
    """The paths that may hold a no to consent, where the block reads none of them."""
    known = preset(source["preset"], "events") if "preset" in source else {}
    read = {**known.get("fields", {}), **source.get("fields", {})}.get("consent")
    return () if read else tuple(path for path in consent_columns(columns) if path.lower() != "consent")


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _form(named: str, columns: Mapping[str, Column], kind: Kind) -> str:
    """The form of this file: the named one where it has no signs or the file shows them, else the one it shows."""
    shown = recognised(list(columns), kind)
    if not named or named not in preset_names("items" if kind == "items" else "events"):
        return shown
    signs = next(form.known_by.get(kind, ()) for form in known_forms() if form.name == named)
    return named if not signs or shown == named else shown


def _not_shown(form: str, items: Mapping[str, Column], events: Mapping[str, Column]) -> ConfigError:
    known = {known.name: known for known in known_forms()}
    if form not in known:
        return ConfigError(f"--format: expected one of {', '.join(known)}, got {form}")
    signs = "; ".join(f"{kind} with {', '.join(paths)}" for kind, paths in known[form].known_by.items())
    there = f"items have {', '.join(list(items)[:12])}, the events {', '.join(list(events)[:12])}"
    return ConfigError(
        f"--format {form}: expected {signs}; the {there}",
        hint="Without --format the files are looked at as they are.",
    )
