"""OpenSearch behind the Engine protocol; opensearch-py does the talking, errors are translated here and only here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy import exceptions as client_errors

from affinity_search.config.address import checked_address
from affinity_search.config.model import EngineSettings
from affinity_search.engine.answers import part
from affinity_search.engine.connection import BoundedConnection
from affinity_search.engine.protocol import CONNECTIONS, EngineInfo
from affinity_search.engine.shapes import expect_shape
from affinity_search.errors import (
    BrokenAnswer,
    ConfigError,
    EngineError,
    EngineFailed,
    EngineOverloaded,
    EngineUnavailable,
    MissingResource,
    RefusedRequest,
    UnsupportedEngine,
)

__all__ = ["OpenSearchEngine"]

OLDEST = (3, 2)  # rescore names in matched_queries, on which every explanation rests


class OpenSearchEngine:
    """The engine at `url`."""

    def __init__(self, url: str, settings: EngineSettings | None = None) -> None:
        self._url = _checked(url)
        settings = settings or EngineSettings()
        self._timeout = settings.timeout_seconds
        self._client = OpenSearch(
            hosts=[self._url],
            connection_class=BoundedConnection,
            http_auth=_credentials(settings),
            ca_certs=_authorities(settings.ca_file),
            timeout=settings.timeout_seconds,
            max_retries=0,
            pool_maxsize=CONNECTIONS,
        )

    @property
    def url(self) -> str:
        """The address, without credentials."""
        return self._url

    def info(self) -> EngineInfo:
        """Who answers; raises UnsupportedEngine for anything but OpenSearch 3.2 or later."""
        version = part(self, self.call("GET", "/"), dict, "version")
        info = EngineInfo(str(version.get("distribution", "elasticsearch")), str(version.get("number", "unknown")))
        if info.distribution != "opensearch" or _numbers(info.version) < OLDEST:
            raise UnsupportedEngine(
                f"{self._url}: expected OpenSearch 3.2 or later, got {info.distribution} {info.version}",
                hint="Set engine.url to a supported engine, or use the embedded one: affinity engine start",
            )
        return info

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
        """The parsed JSON answer of one request; see the protocol."""
        try:
            answer = self._client.transport.perform_request(method, path, params=dict(params or {}), body=body)
        except client_errors.OpenSearchException as error:
            raise self._translated(error, f"{method} {path}") from error
        except RecursionError as error:
            raise BrokenAnswer(f"{self._url}: {method} {path}: the answer is nested too deeply") from error
        expect_shape(self, method, path, answer, params or {})
        return answer

    def _translated(self, error: client_errors.OpenSearchException, what: str) -> EngineError:
        if isinstance(error, client_errors.ConnectionTimeout):
            return EngineUnavailable(f"{self._url}: {what}: no answer within {self._timeout:g} s", hint=_HINT_DOWN)
        if isinstance(error, client_errors.SSLError):
            return EngineUnavailable(f"{self._url}: TLS failed: {_short(error.info)}", hint="Check engine.ca_file.")
        if isinstance(error, client_errors.ConnectionError):
            return EngineUnavailable(f"{self._url}: {what}: {_short(error.info)}", hint=_HINT_DOWN)
        if isinstance(error, client_errors.SerializationError):
            return BrokenAnswer(f"{self._url}: {what}: the answer broke off or is no JSON", hint=_HINT_DOWN)
        if isinstance(error, client_errors.TransportError):
            return _by_status(int(error.status_code), f"{self._url}: {what}: {error.status_code} {_reason(error)}")
        return EngineError(f"{self._url}: {what}: {error}")


_HINT_DOWN = "Is the engine running? `affinity engine status` tells; engine.url in affinity.yaml says where to look."


def _by_status(status: int, message: str) -> EngineError:
    if status == 404:
        return MissingResource(message, hint="`affinity status` lists what is missing.", status=status)
    if status == 429:
        return EngineOverloaded(message, hint="Wait and run the same command again.", status=status)
    if status >= 500:
        return EngineFailed(message, hint="See the engine's log, then run the same command again.", status=status)
    if status in (401, 403):
        return RefusedRequest(
            message, hint="Check engine.username_env, engine.password_env and the role.", status=status
        )
    return RefusedRequest(message, status=status)


def _reason(error: client_errors.TransportError) -> str:
    """What the body of an error says, whatever it is: JSON of the engine's kind or of another, or text."""
    info = error.info
    found = info.get("error", info) if isinstance(info, dict) else info
    causes = found.get("root_cause") if isinstance(found, dict) else None
    first = causes[0] if isinstance(causes, list) and causes else None
    for said in (first, found):
        if isinstance(said, dict) and said.get("reason"):
            return _short(said["reason"])
    return _short(found)


def _short(value: object) -> str:
    return " ".join(str(value).split())[:300]


def _numbers(version: str) -> tuple[int, int]:
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def _checked(url: str) -> str:
    try:
        return checked_address(url)
    except ValueError as error:
        raise ConfigError(f"engine.url: {error}") from None


def _authorities(file: Path | None) -> str | None:
    if file is None:
        return None
    if not file.is_file():
        raise ConfigError(f"engine.ca_file: expected a file, found none at {file}")
    return str(file)


def _credentials(settings: EngineSettings) -> tuple[str, str] | None:
    if not settings.username_env:
        return None
    values = []
    for name in (settings.username_env, settings.password_env or ""):
        if name not in os.environ:
            raise ConfigError(f"engine: expected environment variable {name or 'engine.password_env'}, found none")
        values.append(os.environ[name])
    return values[0], values[1]
