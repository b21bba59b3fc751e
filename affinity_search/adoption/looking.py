"""One look at an index of others: the fields that it offers, and the sections of `affinity.yaml` that ask for them."""

from __future__ import annotations

from affinity_search.adoption.fields import find_fields
from affinity_search.adoption.habits import habits
from affinity_search.adoption.planning import free_popularity
from affinity_search.adoption.proposal import propose
from affinity_search.adoption.record import read_adoption
from affinity_search.config.load import parse_config
from affinity_search.config.model import Config
from affinity_search.config.names import ledger_index
from affinity_search.deploy.item_fields import ItemMapping
from affinity_search.engine.protocol import Engine
from affinity_search.engine.survey import survey

__all__ = ["as_config", "propose_for"]

EVENTS = "events: {types: {purchase: {weight: 1}}}\n"


def propose_for(engine: Engine, name: str, prefix: str, address: str | None) -> str:
    """YAML of the sections `engine`, `items`, `attributes` and `popularity` for this index or alias.

    Of several indices behind an alias the mapping of the largest counts. Raises MissingResource where there is none.
    """
    found = survey(engine, name)
    largest = max(found, key=lambda one: one.documents)
    mappings = tuple(ItemMapping.of(one.index, one.mappings, prefix) for one in found)
    items = next(one for one in mappings if one.index == largest.index)
    sources = [document.source for document in largest.sample if document.source]
    external = next((reason for one in found if (reason := habits(one).external)), "")
    ours = {field for one in read_adoption(engine, ledger_index(prefix)).values() for field in one.fields}
    return propose(
        name,
        find_fields(items, sources),
        free_popularity(mappings, ours),
        address=address,
        prefix=prefix,
        external=external,
    )


def as_config(proposal: str) -> Config:
    """The proposal as a configuration, for events that count for nothing here."""
    return parse_config(f"{proposal}\n{EVENTS}", name="the proposal")
