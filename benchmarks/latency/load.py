"""Clients: one that takes the shapes in turn, and several at once that search as fast as they can."""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from multiprocessing.synchronize import Barrier
from statistics import median
from types import TracebackType
from typing import Self

from benchmarks.latency.connection import Connection
from benchmarks.latency.shapes import Shape

__all__ = ["CLIENTS", "ROUNDS", "Clients", "latencies", "percentile", "search", "throughputs"]

CLIENTS = 8
ROUNDS = 3
LEAST_TURNS = 10
SPREAD = 1009  # between the shoppers that two clients begin with


def search(connection: Connection, shape: Shape, query: str, number: int) -> list[str]:
    """The best ten ids of one search, when all that the shape ends with is there."""
    found = shape.best([connection.ask(request) for request in shape.requests(query, number)])
    for request in shape.afterwards(found):
        connection.ask(request)
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` (0 < share <= 1) of them do not exceed; there is at least one."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def latencies(url: str, shapes: Sequence[Shape], queries: Sequence[str], seconds: float) -> list[list[float]]:
    """Milliseconds of every search, a list per shape: one client, a fresh shopper in every search.

    The shapes take turns at the same query, every turn beginning with another one, for `seconds` in all and at least
    ten turns.
    """
    found: list[list[float]] = [[] for _ in shapes]
    connection = Connection(url)
    end = time.perf_counter() + seconds
    for turn in count():
        if turn >= LEAST_TURNS and time.perf_counter() > end:
            break
        for step in range(len(shapes)):
            place = (turn + step) % len(shapes)
            start = time.perf_counter()
            search(connection, shapes[place], queries[turn % len(queries)], turn)
            found[place].append((time.perf_counter() - start) * 1000)
    connection.close()
    return found


def throughputs(clients: Clients, shapes: Sequence[Shape], seconds: float) -> list[float]:
    """Searches per second of each shape with all clients at work, the median of the rounds; `seconds` for each shape.

    A round takes all shapes one after the other, so that a machine that slows down slows down all of them.
    """
    rates: list[list[float]] = [[] for _ in shapes]
    for turn in range(ROUNDS):
        for place, shape in enumerate(shapes):
            rates[place].append(clients.run(shape, seconds / ROUNDS, first=turn * SPREAD * CLIENTS))
    return [median(found) for found in rates]


@dataclass(frozen=True)
class _Worker:
    connection: Connection
    queries: Sequence[str]
    number: int
    barrier: Barrier


_worker: _Worker | None = None


class Clients:
    """Processes that each keep one connection to the engine open, on the engine's own cores."""

    def __init__(self, url: str, queries: Sequence[str], processes: int = CLIENTS) -> None:
        context = multiprocessing.get_context("spawn")
        numbers = context.SimpleQueue()
        for number in range(processes):
            numbers.put(number)
        self._processes = processes
        self._pool = context.Pool(processes, _begin, (url, list(queries), numbers, context.Barrier(processes)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error:
            self._pool.terminate()
        self._pool.close()
        self._pool.join()

    def run(self, shape: Shape, seconds: float, first: int = 0) -> float:
        """Searches per second of all clients together; the shoppers' numbers begin at `first`."""
        done = self._pool.starmap(_work, [(shape, seconds, first)] * self._processes, chunksize=1)
        return sum(searches / elapsed for searches, elapsed in done)


def _begin(url: str, queries: Sequence[str], numbers: multiprocessing.SimpleQueue[int], barrier: Barrier) -> None:
    global _worker
    _worker = _Worker(Connection(url), queries, numbers.get(), barrier)


def _work(shape: Shape, seconds: float, first: int) -> tuple[int, float]:
    worker = _worker
    if worker is None:
        raise RuntimeError("a client works before it has begun")
    worker.barrier.wait()  # all at once, and one task for each
    start = time.perf_counter()
    number = first + worker.number * SPREAD
    done, elapsed = 0, 0.0
    while elapsed < seconds:
        search(worker.connection, shape, worker.queries[(number + done) % len(worker.queries)], number + done)
        done, elapsed = done + 1, time.perf_counter() - start
    return done, elapsed
