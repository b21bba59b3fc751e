"""A progress bar on stderr: redrawn in place on a terminal, a line per quarter elsewhere."""

from __future__ import annotations

import sys
import threading
from typing import TextIO

__all__ = ["Progress"]

WIDTH = 30


class Progress:
    """Shows how many bytes of `total` the files have together, told from several threads; `close` ends the line."""

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self._label, self._total = label, total
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._bytes: dict[str, int] = {}
        self._shown = -1
        self._lock = threading.Lock()

    def at(self, file: str, count: int) -> None:
        """Say that `file` now has `count` bytes (fewer than before where it had to start again)."""
        with self._lock:
            self._bytes[file] = count
            done = sum(self._bytes.values())
            step = done * (100 if self._live else 4) // max(self._total, 1)
            if step > self._shown:
                self._shown = step
                self._show(done)

    def close(self) -> None:
        """End the line of a live bar."""
        if self._live:
            self._stream.write("\n")
            self._stream.flush()

    def _show(self, done: int) -> None:
        figures = f"{done / 1e6:.0f} of {self._total / 1e6:.0f} MB"
        if self._live:
            full = WIDTH * done // max(self._total, 1)
            self._stream.write(f"\r{self._label} [{'#' * full}{'.' * (WIDTH - full)}] {figures} ")
        else:
            self._stream.write(f"{self._label}: {figures}\n")
        self._stream.flush()
