"""The connection of opensearch-py with limits of its own: a whole answer within the time, and no error body too odd.

The client's own timeout begins anew with every byte that arrives, and it takes for granted that the body of an error is
a JSON object.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opensearchpy import TransportError, Urllib3HttpConnection
from urllib3 import BaseHTTPResponse, HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

__all__ = ["BoundedConnection"]

CHUNK_BYTES = 1 << 16
MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class _Read:
    """An answer that was read to its end."""

    status: int
    headers: Any
    data: bytes


@dataclass(frozen=True)
class _BoundedPool:
    """A pool of connections whose answers are read whole, within the time limit of the request."""

    pool: HTTPConnectionPool
    seconds: float

    def urlopen(self, method: str, url: str, body: Any = None, **options: Any) -> _Read:
        """The answer. Raises ReadTimeoutError where it takes longer than the limit or does not end."""
        seconds = float(options.get("timeout") or self.seconds)
        end = time.monotonic() + seconds
        response = self.pool.urlopen(method, url, body, preload_content=False, **options)
        try:
            data = b"".join(self._chunks(response, url, end))
        except BaseException:
            response.close()  # the rest of the answer must not be taken for the next one
            raise
        response.release_conn()
        return _Read(response.status, response.headers, data)

    def close(self) -> None:
        """Closes all connections."""
        self.pool.close()

    def _chunks(self, response: BaseHTTPResponse, url: str, end: float) -> Iterator[bytes]:
        read = 0
        while chunk := response.read1(CHUNK_BYTES):
            yield chunk
            read += len(chunk)
            if time.monotonic() > end or read > MOST_BYTES:
                raise ReadTimeoutError(self.pool, url, "the answer did not end in time")


class BoundedConnection(Urllib3HttpConnection):
    """A connection whose every request ends within its timeout."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.pool = _BoundedPool(self.pool, float(self.timeout))

    def _raise_error(self, status_code: int, raw_data: str | bytes, content_type: str | None = None) -> None:
        text = raw_data if isinstance(raw_data, str) else raw_data.decode("utf-8", "replace")
        try:
            info: Any = json.loads(text)
        except (ValueError, RecursionError):
            info = text
        raise TransportError(status_code, text[:300], info)
