"""`python -m benchmarks.adoption`: an index of 300,000 items adopted and left while others write and search it.

The index has three shards, nested fields, synonyms, a default pipeline and `dynamic: strict`. Writes
`benchmarks/results/adoption.json`: the commands with their seconds, what failed of the others' requests (nothing, or
the run fails), bytes against the estimate, and whether every score of the others' own query is what it was.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from affinity_search.cli import main as affinity
from affinity_search.engine import embedded
from tests.live import foreign
from tests.live.foreign import Others, drop_replaced_copies, load, others_at_work, request, scores

ALIAS, INDEX, CLEAN = "goods", "goods-v7", "goods-clean"
RESULTS = Path("benchmarks/results/adoption.json")
MEMORY_MB = 1500
PATIENCE_SECONDS = 120  # two cores do everything here: engine, others, and this
SCORED = range(10_000)
SECTIONS = """
events: {types: {purchase: {weight: 1}}}
item_affinity: {strength: 0.3}
"""


def main() -> None:
    """Plays the adoption and the leaving, and writes the result down; fails where anything of the others' failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.adoption", description=__doc__)
    parser.add_argument("--items", type=int, default=300_000, help="items of the index (default %(default)s)")
    parser.add_argument("--per-second", type=int, default=5_000, help="items rewritten in a second (%(default)s)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="JSON file (default %(default)s)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-adoption-") as folder, _engine(Path(folder)) as url:
        found = measure(url, Path(folder), asked.items, asked.per_second)
    machine = {"processor": platform.machine(), "python": platform.python_version()}
    asked.output.write_text(json.dumps({"machine": machine, **found}, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


@contextmanager
def _engine(folder: Path) -> Iterator[str]:
    home = folder / "engine"
    try:
        yield embedded.start(home, memory_mb=MEMORY_MB).url
    finally:
        embedded.stop(home)


def measure(url: str, folder: Path, items: int, per_second: int) -> dict[str, Any]:
    """All numbers of one adoption and leaving."""
    _create(url, items)
    before, relevance, held = _index(url), scores(url, ALIAS, SCORED), _bytes(url)
    with others_at_work(url, ALIAS, items) as others:
        commands = _adopt(url, folder, items, per_second)
    adopting = _told(others)
    drop_replaced_copies(url, INDEX, 300)
    added, same = _bytes(url) - held, scores(url, ALIAS, SCORED) == relevance
    with others_at_work(url, ALIAS, items) as others:
        words = ["adopt", "--leave", "--apply", "--per-second", str(per_second)]
        leaving = _run([*words, "-c", str(folder / "affinity.yaml")])["seconds"]
    drop_replaced_copies(url, INDEX, 300)
    after = _index(url)
    return {
        "items": items,
        "shards": 3,
        "items_per_second_at_most": per_second,
        "commands": commands,
        "others_while_adopting": adopting,
        "scores_compared": len(relevance),
        "scores_identical": same,
        "bytes_before": held,
        "bytes_added": added,
        "leaving_seconds": leaving,
        "others_while_leaving": _told(others),
        "scores_identical_after_leaving": scores(url, ALIAS, SCORED) == relevance,
        "settings_as_before": after["settings"] == before["settings"],
        "fields_left": sorted(after["mappings"]["properties"].keys() - before["mappings"]["properties"].keys()),
    }


def _create(url: str, items: int) -> None:
    clean = {"processors": [{"trim": {"field": "name"}}]}
    request(url, "PUT", f"/_ingest/pipeline/{CLEAN}", clean)
    request(url, "PUT", f"/{INDEX}", {**foreign.body(3, default_pipeline=CLEAN), "aliases": {ALIAS: {}}})
    load(url, INDEX, range(items))
    drop_replaced_copies(url, INDEX)


def _adopt(url: str, folder: Path, items: int, per_second: int) -> list[dict[str, Any]]:
    config, events = folder / "affinity.yaml", folder / "events.csv"
    events.write_text(_events(items), encoding="utf-8")
    shown = _run(["adopt", ALIAS, "--url", url, "-c", str(config)])
    proposal = shown.pop("output").partition("beside its section `events`:")[2]
    patient = proposal.replace("engine:\n", f"engine:\n  timeout_seconds: {PATIENCE_SECONDS}\n")
    config.write_text(patient + SECTIONS, encoding="utf-8")
    rest = [
        ["adopt", "--apply", "--per-second", str(per_second)],
        ["items", "catalogue", "--from-index"],
        ["events", "ingest", str(events)],
        ["profiles", "build"],
        ["apply", "--yes"],
        ["profiles", "publish"],
        ["items", "signals"],
    ]
    done = [_run([*words, "-c", str(config)]) for words in rest]
    return [shown, *({name: value for name, value in one.items() if name != "output"} for one in done)]


def _events(items: int) -> str:
    rows = [f"u{k % 500},2026-02-{1 + k % 27:02},purchase,p{k * 7919 % items}" for k in range(20_000)]
    return "\n".join(["user,ts,type,item", *rows]) + "\n"


def _run(words: list[str]) -> dict[str, Any]:
    began = time.monotonic()
    result = CliRunner().invoke(affinity, words)
    if result.exit_code:
        sys.exit(f"affinity {' '.join(words)}: {result.output}")
    name = " ".join(word for word in words[:-2] if "/" not in word)
    print(f"affinity {name}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return {"command": f"affinity {name}", "seconds": round(time.monotonic() - began, 1), "output": result.stdout}


def _told(others: Others) -> dict[str, int]:
    if others.failures:
        sys.exit(f"expected no failure of others, got {len(others.failures)}: {others.failures[:3]}")
    return {"items_written": others.written, "searches": others.searched, "failures": 0}


def _index(url: str) -> dict[str, Any]:
    body: dict[str, Any] = request(url, "GET", f"/{INDEX}?flat_settings=true")[INDEX]
    return body


def _bytes(url: str) -> int:
    return int(request(url, "GET", f"/{INDEX}/_stats/store")["_all"]["primaries"]["store"]["size_in_bytes"])


if __name__ == "__main__":
    main()
