"""Brings the engine's jars into a folder: parallel, resumable, every file checked against its SHA-256."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import http
import http.client
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import certifi

from affinity_search.engine.embedded.jars import Jar
from affinity_search.engine.embedded.progress import Progress
from affinity_search.errors import EmbeddedEngineError

__all__ = ["fetch"]

THREADS = 8
TIMEOUT_S = 30
CHUNK = 1 << 16
PAUSES_S = (0.5, 1.0, 2.0, 4.0)  # before the second try, the third, ...

_PASSING = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError)


class _Broken(Exception):
    """A download that ended with other bytes than the lock promises."""


def fetch(jars: Sequence[Jar], folder: Path, mirror: Callable[[], str]) -> list[Path]:
    """The jars' paths in `folder`, in order, after fetching those that are missing or damaged.

    `mirror` is asked for the repository's URL only when something is missing. Downloads go to NAME.part and are
    continued there after an interruption; processes that fetch into one folder take turns. Raises
    EmbeddedEngineError where a jar cannot be had.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if _missing(jars, folder):
            with _turn(folder):
                _fetch_all(_missing(jars, folder), folder, mirror)
    except OSError as error:
        raise EmbeddedEngineError(f"{folder}: the jar cache cannot be written: {error}") from error
    return [folder / jar.name for jar in jars]


def _missing(jars: Sequence[Jar], folder: Path) -> list[Jar]:
    with ThreadPoolExecutor(THREADS) as threads:
        whole = threads.map(lambda jar: _is_whole(folder / jar.name, jar), jars)
        return [jar for jar, good in zip(jars, whole, strict=True) if not good]


def _is_whole(file: Path, jar: Jar) -> bool:
    return file.is_file() and file.stat().st_size == jar.size and _sha256(file) == jar.sha256


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_all(jars: Sequence[Jar], folder: Path, mirror: Callable[[], str]) -> None:
    if not jars:
        return
    base = mirror().rstrip("/")
    stopped = threading.Event()
    progress = Progress(f"OpenSearch: fetching {len(jars)} jars", sum(jar.size for jar in jars))
    threads = ThreadPoolExecutor(THREADS)
    try:
        work = [threads.submit(_fetch_one, f"{base}/{jar.path}", jar, folder, progress, stopped) for jar in jars]
        for one in work:
            one.result()
    finally:
        stopped.set()
        threads.shutdown(cancel_futures=True)
        progress.close()


def _fetch_one(url: str, jar: Jar, folder: Path, progress: Progress, stopped: threading.Event) -> None:
    part = folder / f"{jar.name}.part"
    for pause in (*PAUSES_S, None):
        try:
            if _download(url, jar, part, progress, stopped):
                part.replace(folder / jar.name)
            return
        except (_Broken, *_PASSING) as error:
            if pause is None or not _worth_another_try(error):
                raise _failed(url, error) from error
            stopped.wait(pause)


def _worth_another_try(error: Exception) -> bool:
    if isinstance(error, urllib.error.HTTPError):
        return error.code == http.HTTPStatus.TOO_MANY_REQUESTS or error.code >= 500
    return not isinstance(getattr(error, "reason", None), FileNotFoundError)


def _failed(url: str, error: Exception) -> EmbeddedEngineError:
    return EmbeddedEngineError(
        f"{url}: cannot be fetched: {error}",
        hint="Check the network, or name a Maven repository that is reachable: --mirror URL or AFFINITY_MAVEN_MIRROR "
        "(file:///... for a folder). What has arrived is kept.",
    )


def _download(url: str, jar: Jar, part: Path, progress: Progress, stopped: threading.Event) -> bool:
    """True when the part is the whole jar, False when told to stop; raises _Broken for anything else."""
    have = part.stat().st_size if part.exists() else 0
    have = have if have < jar.size else 0
    with _open(url, have) as response, part.open("r+b" if have else "wb") as out:
        out.seek(have if response.status == http.HTTPStatus.PARTIAL_CONTENT else 0)
        while not stopped.is_set() and (chunk := response.read(CHUNK)):
            out.write(chunk)
            progress.at(jar.name, out.tell())
        have = out.tell()
        out.truncate()
    if stopped.is_set():
        return False
    if _is_whole(part, jar):
        return True
    if have >= jar.size:
        part.unlink()
    raise _Broken(f"expected {jar.size} bytes with SHA-256 {jar.sha256}, got {have} other bytes")


def _open(url: str, start: int) -> Any:
    # The system's certificates; then certifi's, for the systems that come without any.
    for context in (_context(), _context(certifi.where())):
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        opener.addheaders = [("User-Agent", "affinity-search"), *_range(start)]
        try:
            return opener.open(url, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            error.close()
            raise
        except urllib.error.URLError as error:
            refused = error
            if not isinstance(error.reason, ssl.SSLCertVerificationError):
                raise
    raise refused


def _range(start: int) -> Iterable[tuple[str, str]]:
    return [("Range", f"bytes={start}-")] if start else []


@functools.cache
def _context(authorities: str | None = None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authorities)
