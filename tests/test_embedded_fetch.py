"""Fetching from a server that behaves, breaks off, lies and fails."""

from __future__ import annotations

import hashlib
import multiprocessing
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certifi
import pytest

from affinity_search.engine.embedded import fetch as fetching
from affinity_search.engine.embedded.fetch import fetch
from affinity_search.engine.embedded.jars import Jar
from affinity_search.errors import EmbeddedEngineError

DATA = {"a-1.jar": b"a" * 200_000, "b-1.jar": bytes(range(256)) * 700, "c-1.jar": b"c"}
JARS = [Jar(f"org/{name[0]}/1/{name}", hashlib.sha256(data).hexdigest(), len(data)) for name, data in DATA.items()]


class Repository:
    """A Maven repository on loopback; `faults` holds, per path, what goes wrong with the next requests."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.faults: dict[str, list[str]] = {}
        repository = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                repository.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/maven"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        span = handler.headers["Range"]
        self.asked.append((handler.path, span))
        faults = self.faults.get(handler.path, [])
        fault = faults.pop(0) if faults else ""
        if fault.isdigit():
            handler.send_error(int(fault))
            return
        whole = DATA[handler.path.rpartition("/")[2]]
        start = int(span.removeprefix("bytes=").removesuffix("-")) if span and fault != "no ranges" else 0
        body = b"?" * len(whole) if fault == "lies" else whole[start:]
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if fault == "breaks off" else body)


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    monkeypatch.setattr(fetching, "PAUSES_S", (0.0, 0.0, 0.0))
    found = Repository()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


def never() -> str:
    raise AssertionError("the mirror was asked for although nothing was missing")


def assert_complete(folder: Path) -> None:
    assert {file.name: file.read_bytes() for file in folder.glob("*.jar*")} == DATA


def test_all_arrive_in_order_and_are_not_asked_for_again(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "jars"
    paths = [folder / "a-1.jar", folder / "b-1.jar", folder / "c-1.jar"]
    assert fetch(JARS, folder, lambda: f"{repository.url}/") == paths
    assert_complete(folder)
    assert sorted(repository.asked) == [
        ("/maven/org/a/1/a-1.jar", None),
        ("/maven/org/b/1/b-1.jar", None),
        ("/maven/org/c/1/c-1.jar", None),
    ]
    assert fetch(JARS, folder, never) == paths


@pytest.mark.parametrize("damage", [b"x" * 200_000, b"short", b""])
def test_a_damaged_jar_is_fetched_anew_and_nothing_else(repository: Repository, tmp_path: Path, damage: bytes) -> None:
    fetch(JARS, tmp_path, lambda: repository.url)
    (tmp_path / "a-1.jar").write_bytes(damage)
    repository.asked.clear()
    fetch(JARS, tmp_path, lambda: repository.url)
    assert repository.asked == [("/maven/org/a/1/a-1.jar", None)]
    assert_complete(tmp_path)


@pytest.mark.parametrize("name", ["a-1.jar", "b-1.jar"])
def test_what_an_interrupted_fetch_left_is_continued(repository: Repository, tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.part").write_bytes(DATA[name][:70_001])
    fetch(JARS, tmp_path, lambda: repository.url)
    assert (f"/maven/org/{name[0]}/1/{name}", "bytes=70001-") in repository.asked
    assert_complete(tmp_path)


def test_a_server_without_ranges_sends_the_whole_again(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "a-1.jar.part").write_bytes(DATA["a-1.jar"][:70_001])
    repository.faults["/maven/org/a/1/a-1.jar"] = ["no ranges"]
    fetch(JARS[:1], tmp_path, lambda: repository.url)
    assert repository.asked == [("/maven/org/a/1/a-1.jar", "bytes=70001-")]
    fetch(JARS, tmp_path, lambda: repository.url)
    assert_complete(tmp_path)


@pytest.mark.parametrize("left", [b"z" * 5, b"z" * 200_000, b"z" * 300_000])
def test_a_wrong_rest_is_thrown_away(repository: Repository, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "a-1.jar.part").write_bytes(left)
    fetch(JARS, tmp_path, lambda: repository.url)
    assert_complete(tmp_path)


@pytest.mark.parametrize("fault", ["500", "503", "429", "breaks off", "lies"])
def test_a_passing_fault_is_tried_again(repository: Repository, tmp_path: Path, fault: str) -> None:
    repository.faults["/maven/org/a/1/a-1.jar"] = [fault, fault]
    fetch(JARS, tmp_path, lambda: repository.url)
    assert_complete(tmp_path)
    spans = [span for path, span in repository.asked if path.endswith("a-1.jar")]
    assert spans == ([None, "bytes=100000-", "bytes=150000-"] if fault == "breaks off" else [None, None, None])


def test_a_lasting_fault_is_told_after_the_last_try_and_the_rest_is_kept(
    repository: Repository, tmp_path: Path
) -> None:
    repository.faults["/maven/org/a/1/a-1.jar"] = ["503"] * 4
    with pytest.raises(EmbeddedEngineError) as failed:
        fetch(JARS, tmp_path, lambda: repository.url)
    assert str(failed.value) == (
        f"{repository.url}/org/a/1/a-1.jar: cannot be fetched: HTTP Error 503: Service Unavailable\n"
        "  Check the network, or name a Maven repository that is reachable: --mirror URL or AFFINITY_MAVEN_MIRROR "
        "(file:///... for a folder). What has arrived is kept."
    )
    fetch(JARS, tmp_path, lambda: repository.url)
    assert_complete(tmp_path)


def test_a_missing_jar_is_not_asked_for_twice(repository: Repository, tmp_path: Path) -> None:
    repository.faults["/maven/org/c/1/c-1.jar"] = ["404"]
    with pytest.raises(EmbeddedEngineError, match=r"c-1\.jar: cannot be fetched: HTTP Error 404: Not Found"):
        fetch(JARS, tmp_path, lambda: repository.url)


def test_a_jar_that_never_has_the_right_bytes_is_refused(repository: Repository, tmp_path: Path) -> None:
    repository.faults["/maven/org/c/1/c-1.jar"] = ["lies"] * 4
    digest = hashlib.sha256(b"c").hexdigest()
    with pytest.raises(EmbeddedEngineError, match=f"expected 1 bytes with SHA-256 {digest}, got 1 other bytes"):
        fetch(JARS, tmp_path, lambda: repository.url)
    assert not list(tmp_path.glob("c-1.jar*"))


def test_nobody_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSES_S", ())
    with pytest.raises(EmbeddedEngineError, match=r"cannot be fetched: <urlopen error .*Connection refused>"):
        fetch(JARS, tmp_path, lambda: "http://127.0.0.1:1")


def test_a_folder_is_a_mirror_too(tmp_path: Path) -> None:
    for jar in JARS:
        (tmp_path / "mirror" / jar.path).parent.mkdir(parents=True)
        (tmp_path / "mirror" / jar.path).write_bytes(DATA[jar.name])
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "a-1.jar.part").write_bytes(b"a")
    fetch(JARS, tmp_path / "jars", (tmp_path / "mirror").as_uri)
    assert_complete(tmp_path / "jars")


def test_a_folder_without_the_jar_says_so_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSES_S", (60.0,))
    with pytest.raises(EmbeddedEngineError, match="No such file or directory"):
        fetch(JARS, tmp_path / "jars", (tmp_path / "mirror").as_uri)


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(EmbeddedEngineError, match=r"file/jars: the jar cache cannot be written: .*Not a directory"):
        fetch(JARS, tmp_path / "file" / "jars", never)


def test_two_processes_at_once_fetch_each_jar_once(repository: Repository, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_fetch_here, args=(tmp_path, repository.url)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
        assert one.exitcode == 0
    assert_complete(tmp_path)
    assert sorted(path for path, _ in repository.asked) == [f"/maven/{jar.path}" for jar in JARS]


def _fetch_here(folder: Path, url: str) -> None:
    fetch(JARS, folder, lambda: url)


def test_certificates_of_the_system_first_then_certifis(monkeypatch: pytest.MonkeyPatch) -> None:
    class Opener:
        addheaders: list[tuple[str, str]]

        def open(self, url: str, timeout: float) -> str:
            tried.append(url)
            if len(tried) == 1:
                raise urllib.error.URLError(ssl.SSLCertVerificationError("unable to get local issuer certificate"))
            return f"opened {url}"

    tried: list[str] = []
    trusted: list[str | None] = []
    monkeypatch.setattr(fetching, "_context", lambda authorities=None: authorities)
    monkeypatch.setattr(urllib.request, "HTTPSHandler", lambda context: trusted.append(context))
    monkeypatch.setattr(urllib.request, "build_opener", lambda handler: Opener())
    assert fetching._open("https://example.org/a", 0) == "opened https://example.org/a"
    assert trusted == [None, certifi.where()]
