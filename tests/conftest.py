"""Fixtures for all tests: a real engine for the session, and names in it that no other test uses."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from affinity_search.engine import embedded

ENGINE_URL = "AFFINITY_TEST_ENGINE_URL"
SHARED_ENGINE = pytest.StashKey[Path]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """With several workers (`-n 2`): one engine for all of them, started before they are."""
    config = session.config
    workers = config.getoption("numprocesses", None)
    if workers and not hasattr(config, "workerinput") and ENGINE_URL not in os.environ:
        config.stash[SHARED_ENGINE] = Path(tempfile.mkdtemp(prefix="affinity-test-engine-"))
        with _short_lived_java():
            engine = embedded.start(config.stash[SHARED_ENGINE], memory_mb=1024)
        _compile_freely(engine.url)
        os.environ[ENGINE_URL] = engine.url


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stops the engine of the workers, which have ended by now."""
    if home := session.config.stash.get(SHARED_ENGINE, None):
        running = embedded.stop(home)
        shutil.rmtree(home)
        assert running, "the session's engine was not running any more"


@contextmanager
def _short_lived_java() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
        yield


@pytest.fixture(scope="session", autouse=True)
def short_lived_java() -> Iterator[None]:
    """Engines started by tests compile quickly rather than well: half the CPU at start, which is most of their life."""
    with _short_lived_java():
        yield


@pytest.fixture(scope="session")
def engine_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real OpenSearch, started for this session; AFFINITY_TEST_ENGINE_URL names one to use instead."""
    if given := os.environ.get(ENGINE_URL):
        yield given.rstrip("/")
        return
    home = tmp_path_factory.mktemp("engine")
    engine = embedded.start(home, memory_mb=768)
    _compile_freely(engine.url)
    yield engine.url
    assert embedded.stop(home), "the session's engine was not running any more"


def _compile_freely(url: str) -> None:
    # Tests deploy more templates in five minutes than the 75 that an engine compiles by default.
    rate = {"persistent": {"script.context.template.max_compilations_rate": "10000/1m"}}
    _request("PUT", f"{url}/_cluster/settings", rate)


@pytest.fixture
def prefix(engine_url: str) -> Iterator[str]:
    """The start of every name a test gives in the engine; its indices, stored scripts and templates go afterwards."""
    yield from _names(engine_url)


@pytest.fixture(scope="module")
def module_prefix(engine_url: str) -> Iterator[str]:
    """As `prefix`, for all tests of a module: the engine compiles only so many templates in five minutes."""
    yield from _names(engine_url)


def _names(engine_url: str) -> Iterator[str]:
    start = f"t{secrets.token_hex(3)}-"
    yield start
    _delete(f"{engine_url}/{start}*?expand_wildcards=all")
    _delete(f"{engine_url}/_index_template/{start}*")
    state = _request("GET", f"{engine_url}/_cluster/state/metadata?filter_path=metadata.stored_scripts")
    for name in state.get("metadata", {}).get("stored_scripts", {}):
        if name.startswith(start):
            _delete(f"{engine_url}/_scripts/{name}")


def _delete(url: str) -> None:
    try:
        _request("DELETE", url)
    except urllib.error.HTTPError as error:
        with error:
            if error.code != 404:
                raise


def _request(method: str, url: str, body: Any = None) -> Any:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)
