"""One kept-open HTTP connection: the client of every row."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from affinity_search.errors import EngineFailed

__all__ = ["Connection", "Request"]

HEADERS = {"Content-Type": "application/json"}
TIMEOUT_S = 30


@dataclass(frozen=True)
class Request:
    """One request: `body` is JSON, empty for none."""

    method: str
    path: str
    body: str = ""


class Connection:
    """A connection to the engine at `url`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT_S)

    def ask(self, request: Request) -> Any:
        """The parsed answer; raises EngineFailed for any status but 200, and where a shard is missing."""
        self._http.request(request.method, request.path, request.body.encode() or None, HEADERS)
        answer = self._http.getresponse()
        text = answer.read()
        found = json.loads(text)
        if answer.status != http.HTTPStatus.OK or found.get("_shards", {}).get("failed"):
            raise EngineFailed(f"{request.method} {request.path}: {answer.status} {text[:300]!r}", status=answer.status)
        return found

    def close(self) -> None:
        """Closes it."""
        self._http.close()
