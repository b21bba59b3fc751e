"""A server on this machine that answers every request with the same bytes: what an engine would never say."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat


@dataclass(frozen=True)
class Odd:
    """Status, content type and body; `drip_seconds` passes before each further byte of a body without an end."""

    status: int = 200
    kind: str = "application/json"
    body: bytes = b"{}"
    drip_seconds: float = 0.0


@contextmanager
def serving(odd: Odd) -> Iterator[str]:
    """The address of the server while it runs."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(odd.status)
            self.send_header("Content-Type", odd.kind)
            if not odd.drip_seconds:
                self.send_header("Content-Length", str(len(odd.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(odd.body)
            if odd.drip_seconds:
                self.drip()

        def drip(self) -> None:
            try:
                for byte in repeat(b" "):
                    time.sleep(odd.drip_seconds)
                    self.wfile.write(byte)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "POST", "PUT", "HEAD", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
