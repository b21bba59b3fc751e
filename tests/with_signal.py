"""Lets the package of the signals find one more, which lies in a folder of the tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from affinity_search import signals

ADDED = Path(__file__).parent / "added_signal"


@contextmanager
def with_signal() -> Iterator[None]:
    """Within it `added_signal/lately.py` is one of the signals."""
    signals.all_signals.cache_clear()
    with mock.patch.object(signals, "__path__", [*signals.__path__, str(ADDED)]):
        yield
    signals.all_signals.cache_clear()
    sys.modules.pop("affinity_search.signals.lately", None)
