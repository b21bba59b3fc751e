"""From items and events to a configuration: the search begins with nothing, and what it finds is made a file."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import ceil
from typing import Literal

from affinity_search.config.model import Attribute, Config
from affinity_search.events import Event
from affinity_search.items.item import Item
from affinity_search.offline.candidates import indexed_searches
from affinity_search.offline.changes import MOST_BOOST, changed
from affinity_search.offline.cut import cut
from affinity_search.offline.history import history_state
from affinity_search.offline.profile_weights import ProfileWeights
from affinity_search.offline.scorer import Scorer
from affinity_search.offline.shop import attribute_facts, gather
from affinity_search.offline.text_fields import DEFAULT_TEXT_FIELDS, judge_text_fields
from affinity_search.offline.types import judge_types
from affinity_search.tuning.ascent import Found
from affinity_search.tuning.reasons import Looked, init_reasons
from affinity_search.tuning.search import search
from affinity_search.tuning.start import attribute_names, start_config, why_unfit
from affinity_search.tuning.suggestion import Suggestion

__all__ = ["suggest"]

FILTER_LEVELS = 3
FINEST, FINEST_THERMOMETER = 15, 7


def suggest(
    items: Iterable[Item],
    events: Iterable[Event],
    *,
    time: Literal["date", "sequence"] = "date",
    purchases: Collection[str] = (),
) -> Suggestion:
    """A configuration for this shop: what its own last purchases show to help, and nothing else.

    `purchases` are types that are purchases though their names do not say so exactly. The same input gives the same
    answer. Without events, or with too few to be sure of anything, everything personal is switched off and the reasons
    say so.
    """
    known = list(items)
    text_fields = judge_text_fields(known)
    shop = gather(known, events, time, text_fields=text_fields)
    types = judge_types(shop, purchases)
    facts = {field: attribute_facts(shop, field) for field in shop.values}
    unfit = {field: why for field, found in facts.items() if (why := why_unfit(field, found, shop))}
    names = attribute_names(shop.values)
    fit = {names[field]: (field, facts[field]) for field in facts if field not in unfit}
    start = start_config(types, fit, time, text_fields)
    split = cut(shop, types)
    searches = indexed_searches(shop, split)
    with history_state(shop, split) as history:
        found = search(start, Scorer(searches, ProfileWeights(history, shop, searches)), shop, split, "mix")
    config = _finished(found)
    looked = Looked(shop, searches, types, {names[field]: some for field, some in facts.items()})
    left_out = {f"attributes.{names[field]}": f"left out: {why}" for field, why in unfit.items()}
    if text_fields != DEFAULT_TEXT_FIELDS:
        left_out["items.text_fields"] = "no item has a title or a text; these fields hold words"
    return Suggestion(config, {**left_out, **init_reasons(looked, found, config)})


def _finished(found: Found) -> Config:
    """The configuration as a file has it: what is spare of the lookups spent, idle attributes for filters only."""
    used = [name for step in found.steps if (name := _switched_on(step.address, found.config))]
    attributes = {name: found.config.attributes[name] for name in [*used, *found.config.attributes]}
    config = _finer(found.config.model_copy(update={"attributes": attributes}))
    config = changed(config, {"search.max_boost": float(min(MOST_BOOST, max(1, ceil(config.total_boost))))})
    return config.model_copy(update={"attributes": {name: _for_filters(a) for name, a in config.attributes.items()}})


def _switched_on(address: str, config: Config) -> str | None:
    """The attribute that is on and whose strength stands at this address."""
    return next((name for name in config.active_attributes if address == f"attributes.{name}.strength"), None)


def _finer(config: Config) -> Config:
    """One lookup more for each attribute, again and again while there is room.

    Nothing is measured for it: finer levels only come nearer to the weights.
    """
    while growing := [name for name, a in config.active_attributes.items() if _next_levels(a) > a.levels]:
        for name in growing:
            levels = _next_levels(config.attributes[name])
            more = config.attributes[name].model_copy(update={"levels": levels}).lookups
            if config.lookups + more - config.attributes[name].lookups > config.search.max_lookups:
                return config
            config = changed(config, {f"attributes.{name}.levels": levels})
    return config


def _next_levels(attribute: Attribute) -> int:
    if attribute.multi_valued:
        return min(FINEST_THERMOMETER, attribute.levels + 1)
    return min(FINEST, 2 * attribute.levels + 1)


def _for_filters(attribute: Attribute) -> Attribute:
    """An attribute that does not help to rank as a plain filter; one that does as it is."""
    if attribute.strength:
        return attribute
    levels = {"levels": FILTER_LEVELS} if attribute.multi_valued else {}
    return Attribute(field=attribute.field, multi_valued=attribute.multi_valued, strength=0.0, **levels)
