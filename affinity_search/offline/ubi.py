"""Real queries out of User Behavior Insights: what somebody typed, and what they then bought or clicked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from affinity_search.config.presets import preset
from affinity_search.config.roles import PURCHASE, default_role
from affinity_search.inputs.lines import UnreadableFile
from affinity_search.offline.query import Query
from affinity_search.sources import find_form, first_at, open_source

__all__ = ["is_ubi", "ubi_queries"]

LOOKED_AT = 50
SIGNS = ("user_query", "query_id")


def is_ubi(source: Path) -> bool:
    """Whether the file has queries of User Behavior Insights among its first records; False where it cannot be read."""
    try:
        return any(all(sign in record for sign in SIGNS) for record in islice(_records(source), LOOKED_AT))
    except UnreadableFile:
        return False


def ubi_queries(source: Path) -> list[Query]:
    """The queries in the file, which has the events of their `query_id`, too; those that led to nothing are left out.

    What was bought is relevant; where nothing was, what was clicked or put into a basket.
    """
    fields = preset("ubi", "events")["fields"]
    typed: dict[str, tuple[str, str]] = {}
    bought: dict[str, set[str]] = {}
    clicked: dict[str, set[str]] = {}
    for record in _records(source):
        identity = str(record.get("query_id") or "")
        user, item = _text(record, fields["user"]), _text(record, fields["item"])
        if identity and record.get("user_query") and user:
            typed[identity] = user, str(record["user_query"])
        elif identity and item:
            action = str(record.get("action_name"))
            role = default_role(fields["type"]["values"].get(action, action))
            if role in (PURCHASE, "click", "add_to_cart"):
                (bought if role == PURCHASE else clicked).setdefault(identity, set()).add(item)
    found = ((qid, user, text, bought.get(qid) or clicked.get(qid)) for qid, (user, text) in typed.items())
    return [Query(qid, user, text, "", frozenset(items), None) for qid, user, text, items in found if items]


def _records(source: Path) -> Iterator[Mapping[str, Any]]:
    for record in open_source(source, find_form(source, None, ()), ()).records():
        if isinstance(record.value, dict):
            yield record.value


def _text(record: Mapping[str, Any], paths: list[str]) -> str:
    found = first_at((record,), paths)
    return "" if found is None else str(found)
