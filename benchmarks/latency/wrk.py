"""The engine alone: `wrk`, a compiled load generator, sends prepared requests and reads no answer."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from affinity_search.errors import EngineFailed
from benchmarks.latency.shapes import Shape

__all__ = ["CONNECTIONS", "engine_alone", "find_wrk", "parse_rate"]

CONNECTIONS = 8
THREADS = 2
ROUNDS = 3
SEARCHES = 6000
SCRIPT = Path(__file__).with_name("search.lua")


def find_wrk() -> str | None:
    """The path of wrk, None where it is not installed."""
    return shutil.which("wrk")


def engine_alone(url: str, shapes: Sequence[Shape], queries: Sequence[str], seconds: float) -> list[dict[str, Any]]:
    """A row per shape: searches per second, the median of rounds that take the shapes in turn; `seconds` for each."""
    with tempfile.TemporaryDirectory() as folder:
        files = [_write(Path(folder) / f"{place}.txt", shape, queries) for place, shape in enumerate(shapes)]
        rates: list[list[float]] = [[] for _ in shapes]
        for _ in range(ROUNDS):
            for place, (file, each) in enumerate(files):
                rates[place].append(_run(url, file, seconds / ROUNDS) / each)
    return [_row(shape, round(median(found), 1)) for shape, found in zip(shapes, rates, strict=True)]


def _row(shape: Shape, rate: float) -> dict[str, Any]:
    return {"shape": shape.name, "profile": shape.profile, "lookups": shape.lookups, "searches_per_s": rate}


def _write(file: Path, shape: Shape, queries: Sequence[str]) -> tuple[Path, int]:
    """The file of prepared requests, and how many of them make one search."""
    lines = []
    for number in range(SEARCHES):
        requests = shape.requests(queries[number % len(queries)], number)
        lines += [f"{request.method}\t{request.path}\t{request.body}\n" for request in requests]
    file.write_text("".join(lines), encoding="utf-8")
    return file, len(lines) // SEARCHES


def _run(url: str, file: Path, seconds: float) -> float:
    # wrk knows whole seconds only.
    options = [f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", str(SCRIPT)]
    command = [find_wrk() or "wrk", *options, url, "--", str(file), str(THREADS)]
    return parse_rate(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def parse_rate(said: str) -> float:
    """Requests per second in what wrk prints; raises EngineFailed where an answer was an error or none came."""
    rate = re.search(r"^Requests/sec:\s*([\d.]+)", said, re.MULTILINE)
    trouble = re.search(r"^\s*(Non-2xx or 3xx responses|Socket errors):.*", said, re.MULTILINE)
    if trouble or not rate:
        raise EngineFailed(f"wrk: expected answers only, got {trouble[0].strip() if trouble else said.strip()!r}")
    return float(rate[1])
