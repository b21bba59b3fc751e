"""A real OpenSearch on this machine, without an installation: fetched once, started and stopped from here.

Importing this costs next to nothing; what fetches and starts is imported by `start`.
"""

from __future__ import annotations

from pathlib import Path

from affinity_search.engine.embedded.process import end
from affinity_search.engine.embedded.state import RunningEngine, default_home, live_record, write_record
from affinity_search.errors import EmbeddedEngineError

__all__ = ["RunningEngine", "default_home", "ensure", "start", "status", "stop", "url_of_running"]


def start(
    home: Path | None = None,
    *,
    port: int | None = None,
    nodes: int = 1,
    memory_mb: int = 1024,
    mirror: str | None = None,
    timeout_s: float = 120,
) -> RunningEngine:
    """The engine whose data is in `home` (None: the user's own), started if it does not run; see `ensure`."""
    engine, _ = ensure(home, port=port, nodes=nodes, memory_mb=memory_mb, mirror=mirror, timeout_s=timeout_s)
    return engine


def ensure(
    home: Path | None = None,
    *,
    port: int | None = None,
    nodes: int = 1,
    memory_mb: int = 1024,
    mirror: str | None = None,
    timeout_s: float = 120,
) -> tuple[RunningEngine, bool]:
    """The engine of `home`, and whether this call started it; the options say nothing to one that runs already.

    `port`: HTTP port of the first node, the others get the next ones (None: free ports from 9200 on).
    `memory_mb`: heap of the whole JVM. `mirror`: Maven repository to fetch from. `timeout_s`: from the start of
    the JVM until it answers. Raises EmbeddedEngineError where it cannot be fetched or started.
    """
    from affinity_search.engine.embedded.launch import Wish, launch

    return launch(_home(home), Wish(port, nodes, memory_mb, mirror, timeout_s))


def status(home: Path | None = None) -> RunningEngine | None:
    """The engine of `home` if it runs and has answered once."""
    home = _home(home)
    record = live_record(home)
    return record.running(home) if record else None


def stop(home: Path | None = None, timeout_s: float = 30) -> bool:
    """End the engine of `home`, one that is still starting too; False when none runs.

    It is asked (SIGTERM), after `timeout_s` seconds forced (SIGKILL); no other process is ever signalled.
    """
    home = _home(home)
    record = live_record(home)
    if record is None:
        return False
    try:
        ended = end(record.pid, record.born, timeout_s)
    except PermissionError as error:
        raise EmbeddedEngineError(f"process {record.pid}: it belongs to another user: {error}") from error
    if not ended:
        raise EmbeddedEngineError(f"process {record.pid}: it does not end, not even by force")
    write_record(home, None)
    return True


def url_of_running() -> str | None:
    """The address of this user's embedded engine, None when it does not run."""
    found = status()
    return found.url if found else None


def _home(home: Path | None) -> Path:
    return default_home() if home is None else home.expanduser().absolute()
