"""The lift on whole shops: `python -m benchmarks.relevance DIR...` evaluates each folder and commits the figures.

With `--own-query` each is measured once more with a body of its own (`search.body`): dis_max, a phrase, functions,
facets and highlights around the relevance of the ready query. The lift has to be the same within its interval.

Every folder has items, events of the training period and queries of a later one; the configuration is the one that
`affinity init` chooses from the training events. Beside its own generic side the personalised one is set against text
and all-time popularity alone: what a shop has that counts purchases and does nothing else. The engine is started for
this and stopped at the end.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from affinity_search.config.model import Config, EngineSettings, ItemAffinity
from affinity_search.engine.embedded import start, stop
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.evaluation.against import Contrast
from affinity_search.evaluation.folder import FolderEvaluation, evaluate_folder
from affinity_search.evaluation.report import as_json
from affinity_search.evaluation.sides import MAIN
from affinity_search.offline.comparison import compare
from affinity_search.sandbox import find_files
from affinity_search.surfaces.search import popularity_query, text_query
from affinity_search.tuning.files import suggest_from_files
from benchmarks.latency.report import machine_facts

__all__ = ["main", "over_plain", "own_body", "plain", "table"]

RESULTS = Path(__file__).parent / "results" / "relevance.json"
PLAIN = "text and all-time popularity"
KEPT = (
    "all",
    "novel",
    "shuffled_profile",
    "shuffled_profile_novel",
    "queries",
    "parts",
    "empty_profile_changed",
    "formula_error",
    "origin",
    "config",
)


def main() -> None:
    """Evaluates the folders, writes the results and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relevance", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, help="queries per shop; else all")
    parser.add_argument("--own-query", action="store_true", help="each shop with a body of its own, too")
    parser.add_argument("--output", type=Path, default=RESULTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        try:
            url = start(Path(home), memory_mb=2000).url
            engine = OpenSearchEngine(url, EngineSettings(timeout_seconds=120))
            facts = machine_facts(engine)
            body = Path(home) / "own.mustache" if asked.own_query else None
            shops: dict[str, dict[str, Any]] = {}
            for folder in asked.folders:
                shops |= _shop(engine, folder, asked.sample, body)
        finally:
            stop(Path(home))
    options = f" --sample {asked.sample}" if asked.sample else ""
    options += " --own-query" if asked.own_query else ""
    command = f"python -m benchmarks.relevance {' '.join(folder.resolve().name for folder in asked.folders)}{options}"
    result = {"machine": facts, "command": command, "shops": shops}
    asked.output.write_text(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    print(table(result))


def own_body(config: Config) -> str:
    """A body as a team may have it, of the same relevance as the ready query of the configuration."""
    words = json.loads(json.dumps(text_query(config)).replace("{{.}}", "{{q}}"))
    field = next(iter(config.items.text_fields))
    phrase = {"match_phrase": {field: {"query": "{{q}}", "boost": 0.01}}}
    clauses = {"must": [{"dis_max": {"queries": [words, phrase]}}], "should": popularity_query(config.popularity)}
    body = {
        "query": {"function_score": {"query": {"bool": clauses}, "functions": [{"weight": 1}]}},
        "size": "{{size}}{{^size}}10{{/size}}",
        "aggs": {name: {"terms": {"field": attribute.field}} for name, attribute in config.attributes.items()},
        "highlight": {"fields": {field: {}}},
    }
    return json.dumps(body, indent=2)


def _shop(
    engine: OpenSearchEngine, folder: Path, sample: int | None, own_query: Path | None
) -> dict[str, dict[str, Any]]:
    """What is measured of one folder, by the name of its row; `own_query` is where the team's own body is kept."""
    files, name = find_files(folder), folder.resolve().name
    if not files.queries:  # a log that is cut would let the configuration be chosen from what it is tested with
        raise SystemExit(f"{folder}: expected items, events and queries, found no queries")
    config = suggest_from_files(files.items, [files.events]).suggestion.config

    def evaluated(row: str, config: Config, against: tuple[str, Config] | None = None) -> FolderEvaluation:
        def say(line: str) -> None:
            print(f"{row}: {line}", file=sys.stderr, flush=True)

        return evaluate_folder(engine, folder, config=config, against=against, sample=sample, say=say)

    found = evaluated(name, config, (PLAIN, plain(config)))
    rows = {name: _kept(found) | {PLAIN: over_plain(found)}}
    if own_query:
        own_query.write_text(own_body(config), encoding="utf-8")
        search = config.search.model_copy(update={"body": own_query})
        row = f"{name}, own query"
        kept = _kept(evaluated(row, config.model_copy(update={"search": search})))
        kept["config"]["search"]["body"] = own_query.name
        rows[row] = kept
    return rows


def _kept(found: FolderEvaluation) -> dict[str, Any]:
    printed = as_json(found)
    return {name: printed[name] for name in KEPT}


def plain(config: Config) -> Config:
    """The same shop with text and all-time popularity alone: nothing recent, nothing new, nothing personal."""
    recent = config.popularity.recent.model_copy(update={"weight": 0.0})
    newness = config.popularity.newness.model_copy(update={"weight": 0.0})
    popularity = config.popularity.model_copy(update={"recent": recent, "newness": newness})
    nothing = {"attributes": {}, "item_affinity": ItemAffinity(), "popularity": popularity}
    return config.model_copy(update=nothing)


def over_plain(found: FolderEvaluation) -> dict[str, Any]:
    """By kind of target, what the personalised side gains over the plain configuration, as the other rows say it."""
    return {kind: _gain(getattr(found.against, kind), found.outcome.seed) for kind in ("all", "novel")}


def _gain(contrast: Contrast, seed: int) -> dict[str, Any]:
    before, after = contrast.other[MAIN], contrast.this[MAIN]
    difference = compare(before, after, {query.qid: query.user for query in contrast.queries}, seed=seed)
    return {
        "generic": {MAIN: mean(before.values())},
        "personalised": {MAIN: mean(after.values())},
        "lift_percent": difference.percent,
        "ci_percent": list(difference.interval) if difference.interval else None,
        "queries": len(contrast.queries),
    }


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table: nDCG@10 of both sides, and the lift with its 95 % interval."""
    lines = [
        "| shop | targets | queries | generic | personalised | lift | a shuffled profile |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, shop in result["shops"].items():
        for kind, shuffled in (("all", "shuffled_profile"), ("novel", "shuffled_profile_novel")):
            lines.append(_row(f"{name} | {kind}", shop[kind], _lift(shop[shuffled])))
        for kind, side in shop.get(PLAIN, {}).items():
            lines.append(_row(f"{name} | {kind}, over {PLAIN}", side, ""))
    return "\n".join(lines)


def _row(what: str, side: dict[str, Any], shuffled: str) -> str:
    sides = " | ".join(f"{side[name][MAIN]:.3f}" for name in ("generic", "personalised"))
    return f"| {what} | {side['queries']:,} | {sides} | {_lift(side)} | {shuffled} |"


def _lift(found: dict[str, Any]) -> str:
    if found["lift_percent"] is None:
        return "unknown"
    interval = found.get("ci_percent")
    return f"{found['lift_percent']:+.1f} %" + (f" ({interval[0]:+.1f} to {interval[1]:+.1f})" if interval else "")


if __name__ == "__main__":
    main()
