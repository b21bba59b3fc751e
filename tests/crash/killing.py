"""Processes killed with SIGKILL at a place that is named, never at a time: at a request, or before a statement."""

from __future__ import annotations

import http.client
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Moment", "dying_before", "expect_killed", "proxy", "run_and_kill"]

PATIENCE_SECONDS = 120
# A program's beginning: it kills itself right before the n-th statement of the local state that begins with these
# words. `begin`, `commit` and the like are statements too; every statement begins with nothing.
DYING = """
import contextlib, os, signal
import {module} as command

left = {count}

def count(statement):
    global left
    left -= statement.strip().startswith({words!r})
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

class Connection:
    def __init__(self, real):
        self.real = real
    def cursor(self):
        return Connection(self.real.cursor())
    def execute(self, statement, *more):
        count(statement)
        return self.real.execute(statement, *more)
    def __getattr__(self, name):
        count(name)
        return getattr(self.real, name)

@contextlib.contextmanager
def open_state(path, real=command.open_state):
    with real(path) as connection:
        yield Connection(connection)

command.open_state = open_state
"""


def dying_before(module: str, words: str, count: int) -> str:
    """The beginning of a program that dies before the n-th such statement, of whichever of the state's connections.

    `module` is the one that the command stands in.
    """
    return DYING.format(module=module, words=words, count=count)


def expect_killed(process: subprocess.Popen[str]) -> None:
    """Waits for the process to end; a failure where it ends in any other way than by SIGKILL."""
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == -signal.SIGKILL, f"the command ended before the place to kill it at: {errors}"


@dataclass(frozen=True)
class Moment:
    """The n-th request (1: the first) of a method whose path ends in a pattern, before or after the engine got it."""

    method: str
    path: str
    after: bool
    number: int = 1

    def __str__(self) -> str:
        number = f" {self.number}" if self.number > 1 else ""
        return f"{'after' if self.after else 'before'} {self.method} {self.path}{number}"


@contextmanager
def proxy(engine_url: str, moment: Moment, kill: Callable[[], None]) -> Iterator[str]:
    """An address that passes every request on to the engine, and calls `kill` at the moment."""
    target = urlsplit(engine_url)
    left = moment.number

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            nonlocal left
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length) if length else None
            fits = (
                self.command == moment.method and re.search(moment.path + "$", self.path.partition("?")[0]) is not None
            )
            left -= fits
            hit = fits and left == 0
            if hit and not moment.after:
                kill()
                return
            status, answer = self._forward(body)
            if hit:
                kill()
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def _forward(self, body: bytes | None) -> tuple[int, bytes]:
            connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
            try:
                connection.request(self.command, self.path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                return response.status, response.read()
            finally:
                connection.close()

        def log_message(self, *_: Any) -> None:
            """Keeps the test's output clean."""

    for method in ("GET", "PUT", "POST", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.handle_any)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run_and_kill(engine_url: str, moment: Moment, program: str, arguments: Callable[[str], list[str]]) -> None:
    """Runs the program with the arguments for a given engine address until the moment comes, and kills it there.

    A moment that never comes is a failure.
    """
    running: list[subprocess.Popen[bytes]] = []
    with proxy(engine_url, moment, lambda: running[0].kill()) as url:
        command = [sys.executable, "-c", program, *arguments(url)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            running.append(process)
            code = process.wait(timeout=PATIENCE_SECONDS)
            assert code == -signal.SIGKILL, f"the command ended before {moment}"
