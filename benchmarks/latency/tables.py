"""The results as the tables of the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["markdown"]

# Heading: key of the row, and how its number is written.
ROW = {
    "shape": ("shape", ""),
    "profile": ("profile", ""),
    "lookups": ("lookups", ""),
    "p50 ms": ("p50_ms", ".2f"),
    "p95 ms": ("p95_ms", ".2f"),
    "p50, generic = 1": ("ratio_generic", ".2f"),
    "searches/s": ("searches_per_s", ",.0f"),
    "searches/s, generic = 1": ("throughput_ratio_generic", ".2f"),
    "app-side = 1": ("ratio_app_side", ".2f"),
    "with documents = 1": ("ratio_app_documents", ".2f"),
}
ALONE = {name: ROW[name] for name in ("shape", "profile", "lookups", "searches/s")}
STEP = {"step": ("step", ""), "ms": ("ms", ".1f")}

TEXT = """# Latency and throughput

Made by `{command}`: {items:,} items in one shard of {segments} segments, {queries} queries that find {hits_p10:,} to
{hits_p90:,} items (the middle one {hits_median:,}), a fresh shopper in every request, no cache of queries.
{cpu}, {cores} cores, {memory_gb} GB; {engine}, Java {java}; Python {python}.

- Milliseconds: one client, which takes the rows in turn.
- Searches per second: {clients} client processes on the engine's own cores, their work counted.
- `mid`: {mid} entries in a profile, `heavy`: {heavy}.
- Our rows end with ten documents and their reasons, the naive app with ten documents, the best app with ten ids unless
  its row says otherwise. The last columns compare searches per second with the fastest app-side row of the same
  profile, and with the fastest of those that end with documents.
- The app and the engine agree on the best ten, in their order, in {agreement:.1%} of the searches.

{rows}

## The engine alone

{alone}

## From an event to the next search

No refresh is waited for; medians.

{steps}
"""


def markdown(result: Mapping[str, Any]) -> str:
    """The text of docs/reference/latency.md, from the result."""
    settings = result["settings"]
    alone = "\n".join(_table(result["engine_alone"], ALONE))
    about = f"`wrk` with 8 connections sends prepared requests and reads no answer.\n\n{alone}"
    return TEXT.format(
        **result["machine"],
        **settings | settings["entries"] | {"agreement": settings["same_best_ten_as_app_side"]},
        command=result["command"],
        rows="\n".join(_table(result["rows"], ROW)),
        alone=about if result["engine_alone"] else f"Not measured: {settings['engine_alone']}.",
        steps="\n".join(_table([{"step": s, "ms": ms} for s, ms in result["event_to_search_ms"].items()], STEP)),
    )


def _table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(_cell(row[key], shape) for key, shape in columns.values())} |"


def _cell(value: object, shape: str) -> str:
    return "" if value is None else format(value, shape)
