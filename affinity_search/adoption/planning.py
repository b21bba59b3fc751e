"""What taking an index of others into use adds to it, in order, with its cost; and what stands against it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affinity_search.adoption.habits import Habits, habits
from affinity_search.config import names
from affinity_search.config.model import ITEM, Config
from affinity_search.deploy.item_fields import ItemField, ItemMapping
from affinity_search.engine.survey import Survey
from affinity_search.items.item import record_values

__all__ = ["IndexPlan", "free_popularity", "missing_keys", "plan_index"]

DEFAULT, FINAL = "index.default_pipeline", "index.final_pipeline"
# Measured on 60,000 and 300,000 items: doc values and what the item's JSON grows by, compressed. A key of few values
# repeats so often that hardly anything of it is left.
BYTES_PER_ITEM, BYTES_PER_KEY, BYTES_PER_REPEATED_KEY, BYTES_PER_POPULARITY = 8, 21, 5, 13
FEW = 50
OURS = "affinity."
INSTEAD = "`items.keys: keyword` needs no field, no pipeline and no write"
BLOCKS = ("index.blocks.write", "index.blocks.read_only", "index.blocks.read_only_allow_delete")


@dataclass(frozen=True)
class IndexPlan:
    """One index: the mapping fields to add, the pipeline to set, and the keys that items lack.

    `filled` are all fields whose values are ours to write and to take away, `fields` those that the mapping lacks.
    `refusals` say why nothing may be done, empty where all may. `pipeline` is the final pipeline to set, with the one
    of others that it runs first (`after`); empty where it is set already. `before` is the final pipeline in use now.
    `lacking` is the number of items that the query `missing` finds.
    """

    index: str
    uuid: str
    documents: int
    shards: int
    bytes: int
    dynamic: str
    habits: Habits
    filled: tuple[str, ...]
    fields: Mapping[str, Any]
    pipeline: str
    after: str | None
    before: str | None
    default: str | None
    missing: Mapping[str, Any]
    bytes_per_item: float
    refusals: tuple[str, ...]
    lacking: int = 0

    @property
    def bytes_added(self) -> int:
        """Estimate of what all keys take on disk in the primaries, and popularity where every item has some."""
        return round(self.documents * self.bytes_per_item)


def plan_index(config: Config, found: Survey, known: Collection[str] | None = None) -> IndexPlan:
    """What would be added to this index for numeric keys of this configuration.

    `known` are the fields that an adoption of this index has noted as ours, None without one.
    """
    items = ItemMapping.of(found.index, found.mappings, config.engine.prefix)
    ours = names.item_keys_pipeline(config.engine.prefix)
    final = _pipeline(found, FINAL)
    wrapped = f"{ours}-after-{final}"
    is_set = final == ours or (final or "").startswith(f"{ours}-after-")
    fields = {path: body for path, body in _wanted(config).items() if items.field(path) is None}
    kept = habits(found)
    return IndexPlan(
        found.index,
        found.uuid,
        found.documents,
        found.shards,
        found.bytes,
        items.dynamic,
        kept,
        tuple(_wanted(config)),
        fields,
        "" if is_set else wrapped if final else ours,
        final if final and not is_set else None,
        final,
        _pipeline(found, DEFAULT),
        missing_keys(config, items),
        _bytes_per_item(config, found),
        (
            *_refusals(found, items, kept, final if not is_set else None),
            *_taken(_wanted(config), items, known),
            *_too_many_fields(found, items, len(fields)),
        ),
    )


def free_popularity(mappings: tuple[ItemMapping, ...], ours: Collection[str]) -> str:
    """`popularity`, or a name that no index has taken; `ours` are fields that were added by an adoption."""
    for name in ("popularity", "affinity_popularity", "affinity_popularity_weight"):
        both = (name, f"{name}_recent")
        if all(items.field(one) is None or one in ours for items in mappings for one in both):
            return name
    return "popularity_rank_feature"


def _pipeline(found: Survey, setting: str) -> str | None:
    value = found.settings.get(setting)
    return value if value not in (None, "_none") else None


def _wanted(config: Config) -> dict[str, Any]:
    """The mapping of each field that is to be filled, by path."""
    wanted: dict[str, Any] = {
        f"{OURS}{name}": {"type": "long", "index": False} for name in dict.fromkeys([*config.attributes, ITEM])
    }
    return wanted | {name: {"type": "rank_feature"} for name in config.popularity.fields}


def missing_keys(config: Config, items: ItemMapping) -> dict[str, Any]:
    """The query that finds the items that lack keys."""
    lacking: list[dict[str, Any]] = [{"bool": {"must_not": [_exists(f"affinity.{ITEM}", items)]}}]
    for name, attribute in config.attributes.items():
        having, key = _exists(attribute.values_path, items), _exists(f"affinity.{name}", items)
        lacking.append({"bool": {"filter": [having], "must_not": [key]}})
    return {"bool": {"should": lacking, "minimum_should_match": 1}}


def _exists(field: str, items: ItemMapping) -> dict[str, Any]:
    query: dict[str, Any] = {"exists": {"field": field}}
    parts = field.split(".")
    for length in range(len(parts) - 1, 0, -1):
        above = ".".join(parts[:length])
        if (found := items.field(above)) and found.type == "nested":
            query = {"nested": {"path": above, "query": query}}
    return query


def _bytes_per_item(config: Config, found: Survey) -> float:
    sources = [document.source for document in found.sample if document.source]
    keys = [_bytes_of_keys(sources, attribute.values_path) for attribute in config.attributes.values()]
    return BYTES_PER_ITEM + BYTES_PER_KEY + sum(keys) + len(config.popularity.fields) * BYTES_PER_POPULARITY


def _bytes_of_keys(sources: Sequence[Mapping[str, Any]], at: str) -> float:
    """Bytes for the keys of one attribute, of an average item; without a sample those of one value."""
    if not sources:
        return BYTES_PER_KEY
    values = [value for source in sources for value in record_values(source, at)]
    each = BYTES_PER_REPEATED_KEY if len(set(values)) <= FEW else BYTES_PER_KEY
    return each * len(values) / len(sources)


def _refusals(found: Survey, items: ItemMapping, kept: Habits, final: str | None) -> Iterator[str]:
    at = f"{found.index}:"
    if items.ours:
        yield f"{at} expected an index of others, got one that `affinity items load` made: there is nothing to adopt"
    if found.mappings.get("_source", {}).get("enabled") is False:
        yield f"{at} _source: expected documents that the engine keeps, found them switched off: {INSTEAD}"
    if kept.external:
        yield (
            f"{at} expected versions that the engine counts, {kept.external}: rewriting an item would raise the "
            f"version that its writer gave, and refuse the writer's next one: {INSTEAD}"
        )
    for block in BLOCKS:
        if found.settings.get(block) == "true":
            yield f"{at} {block}: expected an index that takes writes, found true: {INSTEAD}"
    if final and final.endswith("-item-keys"):
        yield (
            f"{at} {FINAL}: expected none of another deployment, found {final}: one index takes the keys of one "
            f"deployment; leave that one first, or {INSTEAD}"
        )


def _taken(wanted: Mapping[str, Any], items: ItemMapping, known: Collection[str] | None) -> Iterator[str]:
    """Fields of others that we would write into, and take away when we leave.

    Fields that an earlier adoption left, and those of a copy of an adopted index, are told by the keys of the items.
    """
    at = f"{items.index}:"
    if (above := items.field("affinity")) and above.type != "object":
        yield f"{at} affinity: expected an object or nothing, found {above.type} of others"
        return
    has_keys = (key := items.field(f"{OURS}{ITEM}")) is not None and key.type == "long"
    for path in dict.fromkeys([*wanted, *(path for path in items.fields if path.startswith(OURS))]):
        is_key = path.startswith(OURS)
        is_ours = has_keys if is_key or known is None else path in known
        if (field := items.field(path)) and (said := _finding(wanted.get(path), field, is_ours=is_ours)):
            yield f"{at} {path}: {said}: {_cure(path, wanted)}"


def _finding(wanted: Mapping[str, Any] | None, field: ItemField, *, is_ours: bool) -> str:
    if wanted and (field.type != wanted["type"] or field.nested):
        return f"expected {wanted['type']} or nothing, found {field.type}"
    return "" if is_ours else f"expected nothing, found {field.type} of others"


def _cure(path: str, wanted: Mapping[str, Any]) -> str:
    if not path.startswith(OURS):
        return "set popularity.field to a name that is free"
    return "rename the attribute" if path in wanted and path != f"{OURS}{ITEM}" else INSTEAD


def _too_many_fields(found: Survey, items: ItemMapping, added: int) -> Iterator[str]:
    limit = int(found.settings.get("index.mapping.total_fields.limit", "1000"))
    total = len(items.fields) + added + 1
    if added and total > limit:
        yield f"{found.index}: index.mapping.total_fields.limit: expected at least {total}, found {limit}: raise it"
