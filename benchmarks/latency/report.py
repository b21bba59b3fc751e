"""The results as they stand in the JSON file."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from affinity_search.engine import Engine
from benchmarks.latency.load import percentile
from benchmarks.latency.shapes import Shape

__all__ = ["aims", "machine_facts", "result_rows"]

AIM = {"shape": "rescore 100", "profile": "heavy", "lookups": 16}
MOST_TIMES_GENERIC, LEAST_TIMES_APP = 2.0, 1.5


def machine_facts(engine: Engine) -> dict[str, Any]:
    """Where it was measured, without any name of the machine."""
    nodes = engine.call("GET", "/_nodes/jvm", params={"filter_path": "nodes.*.jvm"})["nodes"]
    jvm = next(iter(nodes.values()))["jvm"]
    info = engine.info()
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "os": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "java": f"{jvm['version']} ({jvm['vm_vendor']}), heap {jvm['mem']['heap_max_in_bytes'] >> 20} MB",
        "engine": f"{info.distribution} {info.version}",
    }


def _cpu() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def result_rows(
    shapes: Sequence[Shape], times: Sequence[Sequence[float]], rates: Sequence[float]
) -> list[dict[str, Any]]:
    """A row per shape: times in ms, searches per second, and both against the generic row (the first one).

    `ratio_generic` compares the median times (above 1 is slower), the others the searches per second (below 1 is
    slower): `throughput_ratio_generic` with the generic row, `ratio_app_side` with the fastest app-side row of the same
    profile, `ratio_app_documents` with the fastest of those that end with documents; None where there is none.
    """
    lean = _fastest_peers((s, rate) for s, rate in zip(shapes, rates, strict=True) if s.family == "app")
    full = _fastest_peers((s, rate) for s, rate in zip(shapes, rates, strict=True) if s.family == "app" and s.documents)
    base_ms, base_rate = percentile(times[0], 0.5), rates[0]
    return [
        {
            "shape": shape.name,
            "profile": shape.profile,
            "lookups": shape.lookups,
            "p50_ms": round(percentile(found, 0.5), 2),
            "p95_ms": round(percentile(found, 0.95), 2),
            "searches_per_s": round(rate, 1),
            "ratio_generic": round(percentile(found, 0.5) / base_ms, 2),
            "throughput_ratio_generic": round(rate / base_rate, 3),
            "ratio_app_side": _ratio(rate, lean.get(shape.profile)),
            "ratio_app_documents": _ratio(rate, full.get(shape.profile)) if shape.documents else None,
        }
        for shape, found, rate in zip(shapes, times, rates, strict=True)
    ]


def _fastest_peers(rows: Iterable[tuple[Shape, float]]) -> dict[str, float]:
    fastest: dict[str, float] = {}
    for shape, rate in rows:
        fastest[shape.profile] = max(rate, fastest.get(shape.profile, 0.0))
    return fastest


def _ratio(rate: float, peer: float | None) -> float | None:
    return round(rate / peer, 2) if peer else None


def aims(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line: what was aimed at for the row that most shops would run, and what was found."""
    row = next(row for row in rows if AIM.items() <= row.items())
    return (
        f"{AIM['shape']}, {AIM['profile']}, {AIM['lookups']} lookups: {row['ratio_generic']:.2f} x generic "
        f"(aim: at most {MOST_TIMES_GENERIC}), {row['ratio_app_side']:.2f} x the best app-side throughput "
        f"(aim: at least {LEAST_TIMES_APP}), {row['ratio_app_documents']:.2f} x where the app ends with documents too"
    )
