"""Where an embedded engine lives and what is written down about the one that runs there."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from affinity_search.engine.embedded.process import lives
from affinity_search.errors import EmbeddedEngineError

__all__ = ["Record", "RunningEngine", "cache_home", "default_home", "live_record", "log_file", "write_record"]


@dataclass(frozen=True)
class RunningEngine:
    """An engine that answers: `url` of its first node, `urls` of all, process id, data folder, OpenSearch version."""

    url: str
    urls: tuple[str, ...]
    pid: int
    home: Path
    version: str
    nodes: int


@dataclass(frozen=True)
class Record:
    """What engine.json in a home says: the process, and (once it answers) version and addresses."""

    pid: int
    born: str
    version: str = ""
    urls: tuple[str, ...] = ()

    def running(self, home: Path) -> RunningEngine | None:
        """The engine, or None while it is still starting."""
        if not self.urls:
            return None
        return RunningEngine(self.urls[0], self.urls, self.pid, home, self.version, len(self.urls))


def default_home() -> Path:
    """$AFFINITY_ENGINE_HOME, or `affinity-search/engine` in the user's data folder."""
    if named := os.environ.get("AFFINITY_ENGINE_HOME"):
        return Path(named).expanduser().absolute()
    return _user_folder("XDG_DATA_HOME", ".local/share", "Application Support") / "affinity-search" / "engine"


def cache_home() -> Path:
    """`affinity-search` in the user's cache folder."""
    return _user_folder("XDG_CACHE_HOME", ".cache", "Caches") / "affinity-search"


def log_file(home: Path) -> Path:
    """The log of the engine that runs in `home`, or ran there last."""
    return home / "logs" / "engine.log"


def live_record(home: Path) -> Record | None:
    """The record of the process that runs in `home`; None where none does, whatever a stale file says.

    Raises EmbeddedEngineError where the record may not be read.
    """
    try:
        found = json.loads(_record_file(home).read_text(encoding="utf-8"))
        record = Record(int(found["pid"]), str(found["born"]), str(found["version"]), tuple(found["urls"]))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    except OSError as error:
        raise EmbeddedEngineError(f"{home}: the engine's data folder cannot be read: {error}") from error
    return record if lives(record.pid, record.born) else None


def write_record(home: Path, record: Record | None) -> None:
    """Write `record` down in one piece, or (None) forget what was written."""
    file = _record_file(home)
    if record is None:
        file.unlink(missing_ok=True)
        return
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")
    draft.replace(file)


def _record_file(home: Path) -> Path:
    return home / "engine.json"


def _user_folder(variable: str, linux: str, macos: str) -> Path:
    if named := os.environ.get(variable):
        return Path(named)
    return Path.home() / "Library" / macos if sys.platform == "darwin" else Path.home() / linux
