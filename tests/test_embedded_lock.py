"""The lock's maker against a small Maven repository served here: closure, exclusions, hashes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from affinity_search.engine.embedded import lock as maker
from affinity_search.engine.embedded.jars import Jar, Lock, read_lock

POM = """<project><modelVersion>4.0.0</modelVersion>
<groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>1</version>
<dependencies>{dependencies}</dependencies></project>"""
DEPENDENCY = (
    "<dependency><groupId>{0}</groupId><artifactId>{1}</artifactId><version>1</version>"
    "<classifier>{2}</classifier><scope>{3}</scope></dependency>"
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests look at what is fetched, not at how."""


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "repository"
    publish(folder, "org.codelibs", "curl4j")
    publish(folder, "org.shop", "library")
    publish(folder, "org.shop", "only-for-tests")
    publish(folder, "com.ibm.icu", "icu4j")
    publish(folder, "org.shop", "native", classifiers=("", "linux-x86_64"))
    needs = [
        ("org.shop", "library", "", "compile"),
        ("org.shop", "only-for-tests", "", "test"),
        ("org.codelibs", "curl4j", "", "compile"),
        ("org.shop", "native", "", "compile"),
        ("org.shop", "native", "linux-x86_64", "runtime"),
    ]
    publish(folder, "org.shop", "engine", needs)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def publish(
    folder: Path,
    group: str,
    artifact: str,
    needs: list[tuple[str, str, str, str]] | None = None,
    classifiers: tuple[str, ...] = ("",),
) -> None:
    home = folder / group.replace(".", "/") / artifact / "1"
    home.mkdir(parents=True)
    dependencies = "".join(DEPENDENCY.format(*need) for need in needs or [])
    pom = POM.format(group=group, artifact=artifact, dependencies=dependencies.replace("<classifier></classifier>", ""))
    for classifier in classifiers:
        write(home / f"{artifact}-1{'-' * bool(classifier)}{classifier}.jar", artifact.encode())
    write(home / f"{artifact}-1.pom", pom.encode())


def write(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    file.with_name(f"{file.name}.sha1").write_text(hashlib.sha1(data, usedforsecurity=False).hexdigest())


ROOTS = ("org.shop:engine:1", "com.ibm.icu:icu4j:1")
MADE = Lock(
    "3.8.0",
    (
        Jar("org/shop/engine/1/engine-1.jar", hashlib.sha256(b"engine").hexdigest(), 6),
        Jar("com/ibm/icu/icu4j/1/icu4j-1.jar", hashlib.sha256(b"icu4j").hexdigest(), 5, locales=True),
        Jar("org/shop/library/1/library-1.jar", hashlib.sha256(b"library").hexdigest(), 7),
        Jar("org/shop/native/1/native-1.jar", hashlib.sha256(b"native").hexdigest(), 6),
    ),
)


def test_the_closure_without_what_is_left_out(repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maker, "ROOTS", ROOTS)
    assert maker.make_lock(f"{repository}/", tmp_path / "work") == MADE


def test_the_command_writes_the_file_it_is_told(
    repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(maker, "ROOTS", ROOTS)
    out = tmp_path / "made.json"
    monkeypatch.setattr("sys.argv", ["lock", "--mirror", repository, "--out", str(out)])
    maker.main()
    assert capsys.readouterr().out == f"{out}: 4 jars, 0.0 MB\n"
    assert read_lock(out) == MADE
