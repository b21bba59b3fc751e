"""The client for event loops: the same requests and answers, made in threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar, Unpack

from affinity_search.config.model import Config
from affinity_search.engine import CONNECTIONS, Engine
from affinity_search.search.answer import Answer
from affinity_search.search.client import Client, Options

__all__ = ["AsyncClient"]

Result = TypeVar("Result")


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="affinity-search")


@dataclass(frozen=True)
class AsyncClient:
    """Searches as `client` does, awaitable; one serves a whole app, and threads end when it is no longer used.

    Eight searches run at once, as many as the engine's connections; further ones wait for their turn. A task that is
    cancelled while it waits sends nothing. One cancelled later ends at once, while its request runs to its end (at most
    `engine.timeout_seconds`) and its answer is dropped.
    """

    client: Client
    threads: ThreadPoolExecutor = field(default_factory=_threads, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, engine: Engine, config: Config) -> AsyncClient:
        """The client for the search surface of a configuration."""
        return cls(Client.of(engine, config))

    async def search(self, q: str, **options: Unpack[Options]) -> Answer:
        """The answer that `Client.search` gives."""
        return await self._run(lambda: self.client.search(q, **options))

    async def personalise(self, body: Mapping[str, Any], user_id: str) -> dict[str, Any]:
        """The body that `Client.personalise` gives."""
        return await self._run(lambda: self.client.personalise(body, user_id))

    async def _run(self, call: Callable[[], Result]) -> Result:
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(self.threads, lambda: context.run(call))
