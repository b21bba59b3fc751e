"""How a command that has loaded something is ended from outside."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

__all__ = ["ended_by_exception"]


@contextmanager
def ended_by_exception() -> Iterator[None]:
    """Lets SIGTERM end the command as Ctrl-C does: what was loaded is removed on the way out."""

    def stop(number: int, _: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
