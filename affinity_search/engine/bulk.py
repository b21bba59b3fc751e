"""The bulk writer: every document's own status is looked at, and nothing is lost or left out without being told.

One call should hold at most one action per document, or give the actions versions: an action that the engine has no
room for is sent again after the ones that it took.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from affinity_search.engine.fates import error_of, fate_of, reason_of
from affinity_search.engine.protocol import Engine, path
from affinity_search.errors import EngineError, EngineOverloaded, EngineUnavailable

__all__ = ["Action", "BulkReport", "Refusal", "write_bulk"]

PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0)  # between eight tries
LONGEST_ID_BYTES = 512
RETRIES_ON_CONFLICT = 3
ANSWER = "items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason"


@dataclass(frozen=True)
class Action:
    """One document to write or delete; `body` is the document, or for `update` what the engine's `_update` takes.

    With a `version` (1 .. 2^63 - 1) the engine keeps whichever version of the document is the higher one, and of two
    equal ones the later, so that the same action sent twice is no conflict. A deletion by hand raises the version too.
    """

    op: Literal["index", "create", "update", "delete"]
    index: str
    id: str
    body: Mapping[str, Any] | None = None
    version: int | None = None
    routing: str | None = None


@dataclass(frozen=True)
class Refusal:
    """A document that the engine does not take: HTTP status and reason; 400 also where it cannot be said in JSON."""

    id: str
    status: int
    reason: str


@dataclass(frozen=True)
class BulkReport:
    """What became of the actions; `+` adds two reports.

    `superseded`: a newer version was there already (for `create`: any), and stays. `absent`: nothing there to delete or
    update. `conflicts`: updates that others wrote to the same document too often to get through; nothing was changed.
    The actions given are the sum of all five.
    """

    written: int = 0
    superseded: int = 0
    absent: int = 0
    refused: tuple[Refusal, ...] = ()
    conflicts: int = 0

    @property
    def actions(self) -> int:
        """Every action that was given."""
        return self.written + self.superseded + self.absent + len(self.refused) + self.conflicts

    def __add__(self, other: BulkReport) -> BulkReport:
        return BulkReport(
            self.written + other.written,
            self.superseded + other.superseded,
            self.absent + other.absent,
            self.refused + other.refused,
            self.conflicts + other.conflicts,
        )


def write_bulk(
    engine: Engine,
    actions: Iterable[Action],
    *,
    require_alias: bool = True,
    pipeline: str | None = None,
    on_written: Callable[[Sequence[Action]], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    max_bytes: int = 5_000_000,
    max_actions: int = 2_000,
) -> BulkReport:
    """What became of every action; all zero for no actions. Actions are drawn as they are sent, batch by batch.

    `on_written` gets the settled actions of each answer before the next request goes out: those after which the engine
    holds what was asked for (written, absent). A refused document (4xx) is reported and the rest goes on, and so is an
    update that conflicts with others after four tries by the engine. Where the engine has no room (429), only what it
    did not take is sent again, after pauses that grow. A `pipeline` stands in for the default one of the index.

    Raises EngineOverloaded after eight tries, EngineUnavailable where the answer is missing or broke off, EngineFailed
    where a document met a 5xx, MissingResource where an index is absent or, with `require_alias`, is no alias.
    """
    params = {"filter_path": ANSWER, "require_alias": "true" if require_alias else "false"}
    if pipeline is not None:
        params["pipeline"] = pipeline
    report = BulkReport()
    for batch, unusable in _batches(actions, max_bytes, max_actions):
        report += BulkReport(refused=unusable)
        if require_alias:
            _expect_aliases(engine, batch)
        for outcome in _tries(engine, batch, params, sleep):
            report += outcome.report
            if on_written and outcome.settled:
                on_written(outcome.settled)
            if outcome.error:
                raise outcome.error
    return report


@dataclass(frozen=True)
class _Line:
    action: Action
    text: str
    size: int


@dataclass(frozen=True)
class _Outcome:
    report: BulkReport = BulkReport()
    settled: tuple[Action, ...] = ()
    waiting: tuple[_Line, ...] = ()
    why_waiting: str = ""
    error: EngineError | None = None


_Batch = tuple[tuple[_Line, ...], tuple[Refusal, ...]]


def _batches(actions: Iterable[Action], max_bytes: int, max_actions: int) -> Iterator[_Batch]:
    lines: list[_Line] = []
    unusable: list[Refusal] = []
    size = 0
    for action in actions:
        line = _line(action)
        if isinstance(line, Refusal):
            unusable.append(line)
            continue
        if lines and (size + line.size > max_bytes or len(lines) >= max_actions):
            yield tuple(lines), tuple(unusable)
            lines, unusable, size = [], [], 0
        lines.append(line)
        size += line.size
    yield tuple(lines), tuple(unusable)


def _line(action: Action) -> _Line | Refusal:
    size = len(action.id.encode(errors="replace"))
    if not 0 < size <= LONGEST_ID_BYTES:  # one such id fails the whole request
        return Refusal(action.id, 400, f"expected an id of 1 to {LONGEST_ID_BYTES} bytes, got {size}")
    target: dict[str, Any] = {"_index": action.index, "_id": action.id}
    if action.routing is not None:
        target["routing"] = action.routing
    if action.version is not None:
        target |= {"version": action.version, "version_type": "external_gte"}
    elif action.op == "update":
        target["retry_on_conflict"] = RETRIES_ON_CONFLICT
    try:
        text = _json({action.op: target}) + "\n"
        if action.op != "delete":
            text += _json(action.body or {}) + "\n"
        return _Line(action, text, len(text.encode()))
    except (TypeError, ValueError) as error:  # a lone surrogate, NaN, or no JSON value at all
        return Refusal(action.id, 400, f"expected what JSON and UTF-8 can hold, got {error}")


def _expect_aliases(engine: Engine, batch: Sequence[_Line]) -> None:
    """Raises MissingResource where a delete with a version would make the engine make an index of an absent name."""
    names = {line.action.index for line in batch if line.action.op == "delete" and line.action.version is not None}
    for name in sorted(names):
        engine.call("GET", path("_alias", name))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _tries(
    engine: Engine, batch: tuple[_Line, ...], params: Mapping[str, str], sleep: Callable[[float], None]
) -> Iterator[_Outcome]:
    outcome = _Outcome(waiting=batch)
    for pause in (0.0, *PAUSES_SECONDS):
        if not outcome.waiting:
            return
        if pause:
            sleep(pause)
        outcome = _send(engine, outcome.waiting, params)
        yield outcome
    if outcome.waiting:
        raise EngineOverloaded(
            f"{engine.url}: POST /_bulk: no room for {len(outcome.waiting)} documents after {len(PAUSES_SECONDS) + 1} "
            f"tries: {outcome.why_waiting}",
            hint="Wait, or give the engine more room, and run the same command again.",
            status=429,
        )


def _send(engine: Engine, lines: tuple[_Line, ...], params: Mapping[str, str]) -> _Outcome:
    try:
        answer = engine.call("POST", "/_bulk", "".join(line.text for line in lines), params)
    except EngineOverloaded as error:
        return _Outcome(waiting=lines, why_waiting=error.message)
    items = answer.get("items", []) if isinstance(answer, dict) else []
    if len(items) != len(lines):
        raise EngineUnavailable(
            f"{engine.url}: POST /_bulk: expected the status of {len(lines)} documents, got {len(items)}",
            hint="Run the same command again.",
        )
    return _outcome(engine.url, lines, [next(iter(item.values())) for item in items])


def _outcome(url: str, lines: Sequence[_Line], items: Sequence[Mapping[str, Any]]) -> _Outcome:
    fates: dict[str, list[tuple[_Line, Mapping[str, Any]]]] = defaultdict(list)
    settled = []
    for line, item in zip(lines, items, strict=True):
        fate = fate_of(line.action.op, item)
        fates[fate].append((line, item))
        if fate in ("written", "absent"):
            settled.append(line.action)
    refused = tuple(Refusal(line.action.id, item["status"], reason_of(item)) for line, item in fates["refused"])
    stopped, waiting = fates["stopped"], fates["waiting"]
    return _Outcome(
        BulkReport(
            len(fates["written"]), len(fates["superseded"]), len(fates["absent"]), refused, len(fates["conflict"])
        ),
        tuple(settled),
        tuple(line for line, _ in waiting),
        reason_of(waiting[0][1]) if waiting else "",
        error_of(url, stopped[0][1]) if stopped else None,
    )
