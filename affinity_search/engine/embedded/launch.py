"""Starts the embedded engine: jars, Java, one JVM with the nodes, and the wait until they answer."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from affinity_search.engine.embedded.fetch import fetch
from affinity_search.engine.embedded.jars import read_lock
from affinity_search.engine.embedded.java import Java, find_java
from affinity_search.engine.embedded.process import birth, end, lives, spawn
from affinity_search.engine.embedded.state import (
    Record,
    RunningEngine,
    cache_home,
    live_record,
    log_file,
    write_record,
)
from affinity_search.errors import EmbeddedEngineError

__all__ = ["JAR", "SOURCE", "Wish", "fetch_jars", "launch"]

LAUNCHER = Path(__file__).with_name("launcher")
SOURCE, JAR, LOGGING = (LAUNCHER / name for name in ("AffinityNode.java", "affinity-node.jar", "log4j2.properties"))
READY, FAILED = "AFFINITY-ENGINE-READY ", "AFFINITY-ENGINE-FAILED "
PORTS = "9200-9299,0"  # the first free one; beyond these any
POLL_S = 0.05
STOP_S = 10
TAIL_LINES = 8


@dataclass(frozen=True)
class Wish:
    """How an engine is to be started; see `affinity_search.engine.embedded.start`."""

    port: int | None
    nodes: int
    memory_mb: int
    mirror: str | None
    timeout_s: float


def launch(home: Path, wish: Wish) -> tuple[RunningEngine, bool]:
    """The engine of `home`, and whether it was started just now (False: it ran already, `wish` does not matter)."""
    with _turn(home):
        record = live_record(home)
        fresh = record is None
        if record is None:
            _check(home, wish)
            record = _spawn(home, wish)
        return _await_ready(home, record, wish.timeout_s), fresh


@contextmanager
def _turn(home: Path) -> Iterator[None]:
    """One start at a time in a home; the operating system ends the turn of a process that dies."""
    try:
        (home / "logs").mkdir(parents=True, exist_ok=True)
        lock = (home / ".start.lock").open("w")
    except OSError as error:
        raise EmbeddedEngineError(f"{home}: the engine's data folder cannot be written: {error}") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _check(home: Path, wish: Wish) -> None:
    known = len(list((home / "data").glob("node-*")))
    if known > wish.nodes:
        raise EmbeddedEngineError(
            f"{home}: expected {known} nodes, as the data there was written by, got {wish.nodes}",
            hint=f"Start with --nodes {known}, or name another folder with --home.",
        )
    for port in _ports(wish):
        _check_free(port)


def _ports(wish: Wish) -> range:
    return range(wish.port, wish.port + wish.nodes) if wish.port is not None else range(0)


def _check_free(port: int) -> None:
    hint = "Choose another with --port, or leave --port out: a free one is then found."
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            message = f"127.0.0.1:{port}: expected a free port, got: {error}"
            raise EmbeddedEngineError(message, hint=hint) from error


def _spawn(home: Path, wish: Wish) -> Record:
    java = find_java()
    jars = fetch_jars(locales=not java.thai, mirror=wish.mirror)
    config = home / "config"
    config.mkdir(exist_ok=True)
    shutil.copyfile(LOGGING, config / LOGGING.name)
    log = log_file(home)
    if log.exists():
        log.replace(log.with_name("engine.previous.log"))
    pid = spawn([*_command(java, home, jars, wish), *_node_ports(wish)], log)
    record = Record(pid, birth(pid))
    write_record(home, record)
    return record


def fetch_jars(*, locales: bool, mirror: str | None) -> list[Path]:
    """The locked jars in this user's cache, fetched if need be; `locales`: those that bring locales too."""
    return fetch(read_lock().needed(locales=locales), cache_home() / "jars", lambda: _mirror(mirror))


def _mirror(named: str | None) -> str:
    mirror = named or os.environ.get("AFFINITY_MAVEN_MIRROR") or _maven_central()
    if not mirror.startswith(("https://", "http://", "file://")):
        raise EmbeddedEngineError(f"mirror: expected a URL (https://, http:// or file://), got {mirror!r}")
    return mirror


def _maven_central() -> str:
    try:
        from jgo.constants import MAVEN_CENTRAL_URL
    except ImportError as error:
        raise EmbeddedEngineError(
            "the embedded engine needs packages that are not installed (jgo)",
            hint="Run: pip install 'affinity-search[engine]', or name a Maven repository with --mirror URL.",
        ) from error
    return str(MAVEN_CENTRAL_URL)


def _command(java: Java, home: Path, jars: list[Path], wish: Wish) -> list[str]:
    return [
        str(java.program),
        f"-Xms{wish.memory_mb}m",
        f"-Xmx{wish.memory_mb}m",
        f"-XX:MaxDirectMemorySize={wish.memory_mb // 2}m",
        "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={home / 'logs' / 'jvm-crash.log'}",
        "--enable-native-access=ALL-UNNAMED",
        *(["--add-modules=jdk.incubator.vector"] if java.vectors else []),
        *([] if java.thai else ["-Djava.locale.providers=CLDR,SPI"]),
        "-Djava.awt.headless=true",
        "-Djna.nosys=true",
        "-Dio.netty.noUnsafe=true",
        "-Dio.netty.noKeySetOptimization=true",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        "-cp",
        os.pathsep.join(str(jar) for jar in (JAR, *jars)),
        "AffinityNode",
        str(home),
    ]


def _node_ports(wish: Wish) -> list[str]:
    return [str(port) for port in _ports(wish)] or [PORTS] * wish.nodes


def _await_ready(home: Path, record: Record, timeout_s: float) -> RunningEngine:
    deadline = time.monotonic() + timeout_s
    while not (running := record.running(home)):
        alive = lives(record.pid, record.born)  # before the log is read: the last words may come in between
        lines = log_file(home).read_text(encoding="utf-8", errors="replace").splitlines()
        record = _after(record, lines)
        if record.urls:
            write_record(home, record)
        elif not alive or time.monotonic() > deadline:
            raise _not_started(home, record, lines, timeout_s if alive else None)
        else:
            time.sleep(POLL_S)
    return running


def _after(record: Record, lines: list[str]) -> Record:
    for line in lines:
        if READY in line:
            version, *urls = line.partition(READY)[2].split()
            return Record(record.pid, record.born, version, tuple(urls))
    return record


def _not_started(home: Path, record: Record, lines: list[str], waited_s: float | None) -> EmbeddedEngineError:
    if waited_s is not None:
        end(record.pid, record.born, STOP_S)
    write_record(home, None)
    what = "the engine ended while starting" if waited_s is None else f"no answer after {waited_s:g} s"
    said = "\n".join(f"    {line}" for line in _last_words(lines))
    hint = f"It said last ({log_file(home)}):\n{said}"
    return EmbeddedEngineError(f"{home}: {what}", hint=hint)


def _last_words(lines: list[str]) -> list[str]:
    """The launcher's own word on the failure; without one the last lines that are no stack frames."""
    if failed := [line.partition(FAILED)[2] for line in lines if FAILED in line]:
        return failed[-1:]
    frames = ("at ", "...")
    told = [line for line in lines if line.strip() and not line.strip().startswith(frames)]
    return told[-TAIL_LINES:]
