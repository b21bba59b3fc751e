"""The source blocks for a shop's files, from their first records and the ids of the whole catalogue."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from affinity_search.config.model import Config
from affinity_search.config.presets import preset, preset_names
from affinity_search.config.source_block import EventSource, ItemSource, SourceFile
from affinity_search.errors import ConfigError, DataError
from affinity_search.sniffing.columns import columns_of
from affinity_search.sniffing.events import consent_columns
from affinity_search.sniffing.hints import NO_HINTS, Hints
from affinity_search.sniffing.items import id_columns
from affinity_search.sniffing.propose import Block, Proposal, propose
from affinity_search.sniffing.records import encoding_of, field_values, first_records
from affinity_search.sources import find_form

__all__ = ["Sources", "propose_sources", "seen_in"]


@dataclass(frozen=True)
class Sources:
    """How the files are to be read: the blocks as they are written and as the readers take them, None for none.

    `ids` has the values of every field of the catalogue that may be its id, `encodings` are those of the items and the
    events, `proposal` is what else was seen.
    """

    items: ItemSource | None = None
    events: EventSource | None = None
    proposal: Proposal = field(default_factory=Proposal)
    ids: dict[str, frozenset[str]] = field(default_factory=dict)
    encodings: tuple[str, ...] = ()


def propose_sources(items: Path, events: Sequence[Path], hints: Hints = NO_HINTS) -> Sources:
    """How these files are to be read, as `hints` tell and as their first records show.

    Raises DataError where a file cannot be read, or does not say what is needed; ConfigError for a form that is
    unknown or that no file shows.
    """
    for path in (items, *events):
        if not path.exists():
            raise DataError(f"{path}: expected a file, found none")
    item_file, event_file = _told(items, hints.form, "items"), _told(events[0], hints.form, "events")
    sample = first_records(items, item_file)
    ids = field_values(items, item_file, list(id_columns(sample)))
    found = propose(
        sample,
        first_records(events[0], event_file),
        ids,
        hints,
        names=(str(items), str(events[0])),
        items_file=os.path.relpath(items, events[0].parent),
    )
    blocks = Proposal(_encoded(found.items, item_file), _encoded(found.events, event_file), found.forms, found.consent)
    try:
        return Sources(
            ItemSource.model_validate(blocks.items) if blocks.items else None,
            EventSource.model_validate(blocks.events) if blocks.events else None,
            blocks,
            ids,
            _encodings((items, item_file), (events[0], event_file)),
        )
    except ValidationError as error:
        raise ConfigError(f"{items}: expected a source block that can be used, got {error}") from error


def seen_in(items: Path, events: Sequence[Path], config: Config) -> Sources:
    """How the files are read by a configuration, with the ids of the catalogue and the consent that is not read."""
    item_file, event_file = config.items.source, config.events.source
    ids = field_values(items, item_file, list(id_columns(first_records(items, item_file))))
    columns = columns_of(first_records(events[0], event_file))
    read = event_file and event_file.fields.consent
    unread = () if read else tuple(path for path in consent_columns(columns) if path.lower() != "consent")
    encodings = _encodings((items, item_file), (events[0], event_file))
    return Sources(item_file, event_file, Proposal(consent=unread), ids, encodings)


def _encodings(*files: tuple[Path, SourceFile | None]) -> tuple[str, ...]:
    return tuple(find_form(path, told, ()).encoding or "utf-8" for path, told in files)


def _told(path: Path, form: str, kind: str) -> SourceFile:
    """What is known of the file before it is read: its encoding, and how a form is written."""
    told: dict[str, Any] = {}
    if kind == "items" and form in preset_names("items"):
        told |= {key: value for key, value in preset(form, "items").items() if key in ("format", "delimiter")}
    if path.is_file() and (encoding := encoding_of(path)):
        told["encoding"] = encoding
    return SourceFile.model_validate(told)


def _encoded(block: Block, file: SourceFile) -> Block:
    return {"encoding": file.encoding, **block} if file.encoding else block
