"""The jars the embedded engine is made of, as the lock file beside this module lists them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["LOCK_FILE", "Jar", "Lock", "read_lock", "write_lock"]

LOCK_FILE = Path(__file__).with_name("jars.lock.json")


@dataclass(frozen=True)
class Jar:
    """One file of a Maven repository: its path there, what it must hash to, its size in bytes.

    `locales`: only needed on a Java without the Thai locale, whose word breaking one of the analysers asks for.
    """

    path: str
    sha256: str
    size: int
    locales: bool = False

    @property
    def name(self) -> str:
        """The file name, unique in the lock."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Lock:
    """The OpenSearch version and its jars, in class path order."""

    opensearch: str
    jars: tuple[Jar, ...]

    def needed(self, *, locales: bool) -> tuple[Jar, ...]:
        """The jars for one Java: all, or all but those that bring locales."""
        return tuple(jar for jar in self.jars if locales or not jar.locales)


def read_lock(file: Path = LOCK_FILE) -> Lock:
    """The lock as shipped; a missing or malformed file raises what reading it raises (the package is broken)."""
    found = json.loads(file.read_text(encoding="utf-8"))
    return Lock(found["opensearch"], tuple(Jar(**jar) for jar in found["jars"]))


def write_lock(lock: Lock, file: Path = LOCK_FILE) -> None:
    """Write the lock, one line a jar, so that a change reads well in a diff."""
    lines = ",\n".join("    " + json.dumps(asdict(jar)) for jar in lock.jars)
    head = f'{{\n  "opensearch": {json.dumps(lock.opensearch)},\n  "jars": [\n'
    file.write_text(f"{head}{lines}\n  ]\n}}\n", encoding="utf-8")
