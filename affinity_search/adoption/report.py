"""Adoption and leaving for people: what would be done, what it costs, and what stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from affinity_search.adoption.leaving import Leaving
from affinity_search.adoption.planning import IndexPlan

__all__ = ["adoption_text", "leaving_text", "size_text"]


def adoption_text(name: str, plans: Sequence[IndexPlan], per_second: float, *, keyword: bool) -> str:
    """What `adopt` found and would add, a step a line, in its order."""
    return "\n".join(line for plan in plans for line in _lines(name, plan, per_second, keyword=keyword))


def _lines(name: str, plan: IndexPlan, per_second: float, *, keyword: bool) -> Iterator[str]:
    behind = f" (behind {name})" if name != plan.index else ""
    yield (
        f"{plan.index}{behind}: {plan.documents:,} items, {plan.shards} shard{'s' if plan.shards > 1 else ''}, "
        f"{size_text(plan.bytes)}, dynamic: {plan.dynamic}"
    )
    yield from (f"  {line}" for line in plan.habits.lines)
    if keyword:
        yield "= nothing to add: with items.keys: keyword the lookups compare the fields as they are"
        return
    yield from (f"! {line}" for line in plan.refusals)
    if not plan.refusals:
        yield from _steps(plan, per_second)
    yield f"= untouched: {', '.join(_untouched(plan))}"


def _steps(plan: IndexPlan, per_second: float) -> Iterator[str]:
    yield from (f"+ field    {path}  {json.dumps(mapping)}" for path, mapping in plan.fields.items())
    if plan.pipeline:
        first = f", which runs {plan.after} first" if plan.after else ""
        yield f"+ pipeline {plan.pipeline} as index.final_pipeline{first}"
    if plan.lacking:
        minutes = plan.lacking / per_second / 60
        yield (
            f"~ items    {plan.lacking:,} lack keys: rewritten by _update_by_query, at most {per_second:,.0f} a "
            f"second, at least {minutes:.1f} minutes"
        )
        each = f"{plan.bytes_per_item:.0f} bytes an item"
        yield f"  cost     up to about {size_text(plan.bytes_added)} on disk in every copy, {each}"
        if plan.after:
            yield f"  note     {plan.after} runs over every item that is rewritten, as it does over every write"
    if not (plan.fields or plan.pipeline or plan.lacking):
        yield "= nothing to do: everything is there"


def _untouched(plan: IndexPlan) -> Iterator[str]:
    if plan.default:
        yield f"the default pipeline {plan.default} (it runs first, and not over what is rewritten)"
    yield from ("all other fields and their values", "analyzers", "aliases", "all other settings")


def leaving_text(plan: Leaving) -> str:
    """What `leave` would take away, a step a line, in its order; what cannot be taken away last."""
    return "\n".join(_leaving(plan)) or "nothing to leave: no index is adopted, and nothing is deployed"


def _leaving(plan: Leaving) -> Iterator[str]:
    for one in plan.indices:
        if one.is_set:
            yield f"- setting  {one.index}: index.final_pipeline is {one.before or 'none'} again"
        elif one.now != one.before:
            yield f"= setting  {one.index}: index.final_pipeline was set to {one.now} by somebody else since, and stays"
        yield f"- values   {one.index}: {', '.join(one.fields)} of {one.items:,} items"
    for kind, name, documents in plan.own:
        held = "" if documents is None else f"  ({documents:,} documents)"
        yield f"- {kind:<8} {name}{held}"
    yield from (f"~ script   {name} is again what it was before" for name in plan.restored)
    yield from (f"= pipeline {name} stays: it is set for {', '.join(users)}" for name, users in plan.kept)
    if plan.indices:
        yield (
            "No engine can remove a field from a mapping: the fields above stay, without values, until the index is "
            "made anew. Where that may not be, `items.keys: keyword` adds nothing in the first place."
        )


def size_text(size: int) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    value, units = float(size), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "B" else f"{value:.1f} {units[0]}"
