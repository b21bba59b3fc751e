"""The lift on whole shops: `python -m benchmarks.relevance DIR...` evaluates each folder and commits the figures.

With `--own-query` each is measured once more with a body of its own (`search.body`): dis_max, a phrase, functions,
facets and highlights around the relevance of the ready query. The lift has to be the same within its interval.

Every folder has items, events of the training period and queries of a later one; the configuration is the one that
`affinity init` chooses from the training events. The engine is started for this and stopped at the end.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from affinity_search.config.model import Config, EngineSettings
from affinity_search.engine.embedded import start, stop
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.evaluation.folder import evaluate_folder
from affinity_search.evaluation.report import as_json
from affinity_search.sandbox import find_files
from affinity_search.surfaces.search import popularity_query, text_query
from affinity_search.tuning.files import suggest_from_files
from benchmarks.latency.report import machine_facts

__all__ = ["main", "own_body", "table"]

RESULTS = Path(__file__).parent / "results" / "relevance.json"
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
            shops = {folder.resolve().name: _shop(engine, folder, asked.sample) for folder in asked.folders}
            if asked.own_query:
                own = {
                    folder.resolve().name: _own(engine, folder, asked.sample, Path(home)) for folder in asked.folders
                }
                shops |= {f"{name}, own query": shop for name, shop in own.items()}
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


def _own(engine: OpenSearchEngine, folder: Path, sample: int | None, home: Path) -> dict[str, Any]:
    files, file = find_files(folder), home / f"{folder.resolve().name}.mustache"
    chosen = suggest_from_files(files.items, [files.events]).suggestion.config
    file.write_text(own_body(chosen), encoding="utf-8")
    search = chosen.search.model_copy(update={"body": file})
    return _shop(engine, folder, sample, chosen.model_copy(update={"search": search}))


def _shop(engine: OpenSearchEngine, folder: Path, sample: int | None, config: Config | None = None) -> dict[str, Any]:
    def say(line: str) -> None:
        print(f"{folder.name}: {line}", file=sys.stderr, flush=True)

    found = as_json(evaluate_folder(engine, folder, config=config, sample=sample, say=say))
    return {name: found[name] for name in KEPT}


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table: nDCG@10 of both sides, and the lift with its 95 % interval."""
    lines = [
        "| shop | targets | queries | generic | personalised | lift | a shuffled profile |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, shop in result["shops"].items():
        for kind, shuffled in (("all", "shuffled_profile"), ("novel", "shuffled_profile_novel")):
            side = shop[kind]
            lines.append(
                f"| {name} | {kind} | {side['queries']:,} | {side['generic']['ndcg@10']:.3f} "
                f"| {side['personalised']['ndcg@10']:.3f} | {_lift(side)} | {_lift(shop[shuffled])} |"
            )
    return "\n".join(lines)


def _lift(found: dict[str, Any]) -> str:
    if found["lift_percent"] is None:
        return "unknown"
    interval = found.get("ci_percent")
    return f"{found['lift_percent']:+.1f} %" + (f" ({interval[0]:+.1f} to {interval[1]:+.1f})" if interval else "")


if __name__ == "__main__":
    main()
