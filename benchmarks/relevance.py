"""The lift on whole shops: `python -m benchmarks.relevance DIR...` evaluates each folder and commits the figures.

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

from affinity_search.config.model import EngineSettings
from affinity_search.engine.embedded import start, stop
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.evaluation.folder import evaluate_folder
from affinity_search.evaluation.report import as_json
from benchmarks.latency.report import machine_facts

__all__ = ["main", "table"]

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
    parser.add_argument("--output", type=Path, default=RESULTS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        try:
            url = start(Path(home), memory_mb=2000).url
            engine = OpenSearchEngine(url, EngineSettings(timeout_seconds=120))
            facts = machine_facts(engine)
            shops = {folder.resolve().name: _shop(engine, folder, asked.sample) for folder in asked.folders}
        finally:
            stop(Path(home))
    sample = f" --sample {asked.sample}" if asked.sample else ""
    command = f"python -m benchmarks.relevance {' '.join(shops)}{sample}"
    result = {"machine": facts, "command": command, "shops": shops}
    asked.output.write_text(json.dumps(result, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    print(table(result))


def _shop(engine: OpenSearchEngine, folder: Path, sample: int | None) -> dict[str, Any]:
    def say(line: str) -> None:
        print(f"{folder.name}: {line}", file=sys.stderr, flush=True)

    found = as_json(evaluate_folder(engine, folder, sample=sample, say=say))
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
