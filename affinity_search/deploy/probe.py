"""One real look before anything is changed: do the searches of the template answer on the item index as it is?

A template that is not stored yet is sent along, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.config import names
from affinity_search.config.model import ITEM, Config
from affinity_search.deploy.item_fields import NUMBERS, ItemMapping, key_fields, misfits, refused_keys
from affinity_search.deploy.own_body import check_own, failures_of_own, notes_on_own, notes_on_query
from affinity_search.deploy.request_fields import request_misfits
from affinity_search.deploy.stale_sample import stale_note
from affinity_search.deploy.store import read
from affinity_search.engine import Engine
from affinity_search.engine.answers import partial
from affinity_search.engine.hints import run_pipeline
from affinity_search.engine.indices import indices_behind
from affinity_search.engine.mappings import read_mappings
from affinity_search.engine.searches import TemplateRef, search, search_template
from affinity_search.engine.settings import read_settings
from affinity_search.errors import ConfigError, EngineFailed, MissingResource, RefusedRequest
from affinity_search.signals import parts
from affinity_search.surfaces import Template

__all__ = ["NOT_PROBED", "Probe", "probe", "refuse_dead_search"]

WORD = "affinity"
NOBODY = "affinity-probe"
PARTIAL = "expected the whole answer, got one in which"
CURES = {
    "allow_expensive_queries": "set search.allow_expensive_queries to true in the cluster",
    "closed": "open the index",
    "max_rescore_window": "lower search.window, or raise index.max_rescore_window of the item index",
    "max_result_window": "lower search.size, or raise index.max_result_window of the item index",
    "max_terms_count": "lower profiles.max_items and profiles.max_values, or raise index.max_terms_count",
    "no such index": "`affinity status` says what is missing",
    "too many clauses": "name fewer text fields or attributes",
}


@dataclass(frozen=True)
class Probe:
    """What the look found: `failures` are searches that do not answer and items that could not be written, `notes` what
    else does not fit.

    Both are lines for people, empty where all is well. `untried` says why nothing was looked at, empty where it was.
    """

    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    untried: str = ""


NOT_PROBED = Probe()


def probe(config: Config, engine: Engine, templates: Iterable[Template]) -> Probe:
    """Searches the item index, generic and personal, through each template, and looks at its mapping.

    Raises EngineError where nobody answers at all.
    """
    alias = config.items.index
    indices = indices_behind(engine, alias)
    if not indices:
        return Probe(untried=f"there is no item index {alias} yet: `affinity items load` makes it")
    mappings = [
        ItemMapping.of(index, found, config.engine.prefix) for index, found in read_mappings(engine, alias).items()
    ]
    failures = [line for template in templates for line in _failures(config, engine, template, mappings)]
    failures += [line for items in mappings for line in refused_keys(config, items)]
    notes = [line for items in mappings for line in misfits(config, items)]
    if config.search.body is None:
        notes += [line for items in mappings for line in request_misfits(config, items)]
    notes += [
        line for template in templates if template.original for line in notes_on_own(config, engine, template, mappings)
    ]
    if config.search.query:
        notes += notes_on_query(config.search.query, mappings)
    notes += _narrow_limits(config, engine)
    if config.items.keys == "numeric":
        notes += _missing_keys(config, engine, mappings)
        notes += stale_note(config, engine)
    return Probe(tuple(failures), tuple(dict.fromkeys(notes)))


def refuse_dead_search(found: Probe) -> None:
    """Raises ConfigError where something failed: what breaks searches or writes is not deployed."""
    if found.failures:
        raise ConfigError(
            "\n".join(found.failures), hint="Nothing was changed. " + " ".join(f"{note}." for note in found.notes)
        )


def _failures(config: Config, engine: Engine, template: Template, mappings: list[ItemMapping]) -> Iterator[str]:
    has_lookups = bool(indices_behind(engine, config.lookup_index))
    sent = _sent(config, engine, template, mappings[0].index if not has_lookups else "")
    if template.original:
        yield from failures_of_own(engine, config.items.index, template, sent)
        if "source" in sent:
            yield from _changed_body(engine, template)
        return
    shopper = _any_shopper(engine, config) if has_lookups else None
    for label, parameters in _searches(config, mappings[0], shopper).items():
        try:
            answer = search_template(engine, config.items.index, sent, parameters)
        except (EngineFailed, MissingResource, RefusedRequest) as error:
            yield f"template {template.name}: {label}: expected an answer, got {error.message}{_cure(error.message)}"
        else:
            if gap := _gap(answer):
                yield f"template {template.name}: {label}: {PARTIAL} {gap}"


def _changed_body(engine: Engine, template: Template) -> Iterator[str]:
    """What is put into the team's own body must leave the rest of it as it is; `apply` would refuse it, too."""
    try:
        check_own(engine, template)
    except ConfigError as error:
        yield error.message


def _sent(config: Config, engine: Engine, template: Template, instead_of_lookups: str) -> TemplateRef:
    """The template by its id where the engine holds this very version, which spares it to compile, else its text."""
    if instead_of_lookups:  # not deployed yet; a list that is not found does for a shopper whom nobody knows
        at = f'"index": "{config.lookup_index}"'
        return {"source": template.source.replace(at, f'"index": "{instead_of_lookups}"')}
    if read(engine, "script", template.versioned_name) == template.source:
        return {"id": template.versioned_name}
    return {"source": template.source}


def _searches(config: Config, items: ItemMapping, shopper: str | None) -> dict[str, dict[str, Any]]:
    searches: dict[str, dict[str, Any]] = {
        "a generic search": {"q": WORD},
        "a browse": {},
        "a personal search": {"q": WORD, "user_id": NOBODY},
        "a personal browse": {"user_id": NOBODY},
    }
    if shopper is not None:
        searches["the browse of a known shopper"] = {"user_id": shopper}
    if filters := _filters(config, items):
        searches["a filtered browse"] = {"filters": filters}
    if config.search.facets:
        searches["a browse with facets"] = {"facets": dict.fromkeys(config.search.facets, 1)}
    return searches


def _filters(config: Config, items: ItemMapping) -> dict[str, str]:
    """A value for every filter whose kind of value is known."""
    samples = {
        "keyword": WORD,
        "text": WORD,
        "constant_keyword": WORD,
        "boolean": "true",
        **dict.fromkeys(NUMBERS, "1"),
    }
    fields = {name: attribute.field for name, attribute in config.attributes.items()} | dict(config.search.filters)
    fields |= {name: field for name, (field, comparison) in config.search.bounds.items() if comparison == "gte"}
    kinds = {name: field.type for name, at in fields.items() if (field := items.field(at))}
    return {name: samples[kind] for name, kind in kinds.items() if kind in samples}


def _any_shopper(engine: Engine, config: Config) -> str | None:
    try:
        answer = search(engine, config.profile_index, {"size": 1, "_source": False})
    except (EngineFailed, MissingResource, RefusedRequest):
        return None  # the profiles are looked at elsewhere; here they are only a better example
    hits = answer["hits"]["hits"]
    return str(hits[0]["_id"]) if hits else None


def _gap(answer: Mapping[str, Any]) -> str:
    """What is missing of the answer; empty for a whole one."""
    gap = partial(answer)
    causes = [failure.get("reason", {}).get("reason") for failure in answer.get("_shards", {}).get("failures", [])]
    return f"{gap} ({causes[0]})" if gap and causes else gap


def _cure(message: str) -> str:
    return next((f"; {cure}" for said, cure in CURES.items() if said in message), "")


def _narrow_limits(config: Config, engine: Engine) -> Iterator[str]:
    """Limits that somebody set on the item index below what the configuration may need."""
    needed = {
        "index.max_result_window": ("search.window", config.search.window),
        "index.max_terms_count": (
            "profiles.max_items (twice with related items, four times with owned_demotion) and profiles.max_values",
            max((part.longest for part in parts(config).values()), default=0),
        ),
    }
    for index, settings in read_settings(engine, config.items.index, needed).items():
        for name, (address, least) in needed.items():
            if (limit := int(settings.get(name, least))) < least:
                yield f"{index}: {name}: expected at least {least} for {address}, found {limit}: raise it"


def _missing_keys(config: Config, engine: Engine, mappings: list[ItemMapping]) -> Iterator[str]:
    alias = config.items.index
    wanted = {
        name: at
        for name, at in key_fields(config).items()
        if not any((found := items.field(at)) and found.derived for items in mappings)  # no keys can be made of it
    }
    if not wanted:
        return
    counts = {name: {"filter": _without_keys(name, field)} for name, field in wanted.items()}
    try:
        answer = search(engine, alias, {"size": 0, "track_total_hits": False, "aggs": counts})
    except (EngineFailed, RefusedRequest) as error:
        yield f"{alias}: expected to count the items without keys, got {error.message}"
        return
    update = run_pipeline(alias, names.item_keys_pipeline(config.engine.prefix))
    ours = all(items.ours for items in mappings)
    cure = "`affinity items load` writes them" if ours else f"`affinity apply`, then `{update}`"
    for name, field in wanted.items():
        if number := answer["aggregations"][name]["doc_count"]:
            having = "" if name == ITEM else f" with {field}"
            yield f"{alias}: affinity.{name}: expected keys in every item{having}, {number:,} lack them: {cure}"


def _without_keys(name: str, field: str) -> dict[str, Any]:
    has_keys = {"exists": {"field": f"affinity.{name}"}}
    if name == ITEM:
        return {"bool": {"must_not": [has_keys]}}
    return {"bool": {"filter": [{"exists": {"field": field}}], "must_not": [has_keys]}}
