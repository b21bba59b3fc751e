"""Fixtures of the tests on a real engine."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.live.shop import Shop, open_shop


@pytest.fixture(scope="session")
def shop(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop of `tests.live.shop`, deployed for the whole session; tests read it and leave it as it is."""
    with open_shop(engine_url, tmp_path_factory.mktemp("shop"), f"shop-{os.getpid()}") as found:
        yield found
