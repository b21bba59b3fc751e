"""`python -m benchmarks.latency`: measures, writes the JSON file and the tables, and says which aims were met."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from affinity_search.engine import embedded
from benchmarks.latency.measure import Wish, measure
from benchmarks.latency.report import aims
from benchmarks.latency.tables import markdown

MEMORY_MB = 2500
RESULTS = Path("benchmarks/results/latency.json")
TABLES = Path("docs/reference/latency.md")


def main() -> None:
    """Measures what the command line asks for; raises AffinityError where the engine cannot be started or fails."""
    asked = options()
    with _engine(asked.engine_url) as url:
        wish = Wish(asked.items, asked.seconds_per_row, asked.shoppers)
        found = measure(url, wish, lambda line: print(line, file=sys.stderr, flush=True))
    result = {"machine": found.pop("machine"), "command": command_line(asked), **found}
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if asked.output == RESULTS:
        TABLES.write_text(markdown(result), encoding="utf-8")
    print(markdown(result), aims(result["rows"]), sep="\n")


def options() -> argparse.Namespace:
    """What stands on the command line."""
    usual = Wish()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    add = parser.add_argument
    add("--items", type=int, default=usual.items, help="items of the shop (default %(default)s)")
    add("--seconds-per-row", type=float, default=usual.seconds_per_row, help="for each measurement (%(default)s)")
    add("--shoppers", type=int, default=usual.shoppers, help="of each kind (default %(default)s)")
    add("--output", type=Path, default=RESULTS, help="JSON file (default %(default)s)")
    add("--engine-url", help="an engine that runs already (default: one started for this)")
    return parser.parse_args()


def command_line(asked: argparse.Namespace) -> str:
    """The command that measures the same again, as far as it differs from the default."""
    usual = vars(Wish())
    changed = {name: value for name, value in vars(asked).items() if name in usual and value != usual[name]}
    given = [f"--{name.replace('_', '-')} {value:g}" for name, value in changed.items()]
    return " ".join(["python -m benchmarks.latency", *given])


@contextmanager
def _engine(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="affinity-bench-") as folder:
        home = Path(folder)
        try:
            yield embedded.start(home, memory_mb=MEMORY_MB).url
        finally:
            embedded.stop(home)


if __name__ == "__main__":
    main()
