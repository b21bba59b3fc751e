"""The bulk writer against an engine that answers what it is told to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from affinity_search.engine.bulk import PAUSES_SECONDS, Action, BulkReport, Refusal, write_bulk
from affinity_search.engine.protocol import EngineInfo
from affinity_search.errors import EngineFailed, EngineOverloaded, EngineUnavailable, MissingResource

Answer = Any
Item = Mapping[str, Any]

OK: Item = {"status": 201}
NO_ROOM: Item = {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "queue is full"}}
STALE: Item = {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "version conflict"}}
NO_INDEX: Item = {"status": 404, "error": {"type": "index_not_found_exception", "reason": "no such index [x]"}}
BAD: Item = {
    "status": 400,
    "error": {
        "type": "mapper_parsing_exception",
        "reason": "failed to parse field [price]",
        "caused_by": {"reason": 'For input\n string: "x"'},
    },
}


class ScriptedEngine:
    """Answers one list of item results per bulk request, in turn, or raises what stands in its place."""

    url = "http://engine"

    def __init__(self, *answers: Sequence[Item] | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str, object, dict[str, str]]] = []

    def info(self) -> EngineInfo:
        return EngineInfo("opensearch", "3.8.0")

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Answer:
        self.requests.append((method, path, body, dict(params or {})))
        if path != "/_bulk":
            return {}
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(body, str)
        lines = [json.loads(line) for line in body.splitlines()]
        heads = [line for line in lines if line and line.keys() <= {"index", "update", "delete", "create"}]
        return {"items": [{next(iter(head)): item} for head, item in zip(heads, answer, strict=False)]}

    def bodies(self) -> list[object]:
        return [body for _, path, body, _ in self.requests if path == "/_bulk"]


def docs(*ids: str) -> list[Action]:
    return [Action("index", "x", i, {"n": i}) for i in ids]


def test_no_actions_no_request() -> None:
    engine = ScriptedEngine()
    assert write_bulk(engine, []) == BulkReport(0, 0, 0, ())
    assert engine.requests == []


def test_request_is_compact_and_names_versions_and_retries() -> None:
    engine = ScriptedEngine([OK] * 4)
    actions = [
        Action("index", "x", "ä", {"v": [1, 2], "t": "é"}, version=7),
        Action("create", "x", "b", {}),
        Action("update", "x", "c", {"doc": {"p": None}}),
        Action("delete", "y", "d"),
    ]
    assert write_bulk(engine, actions, require_alias=False) == BulkReport(written=4)
    assert engine.requests == [
        (
            "POST",
            "/_bulk",
            '{"index":{"_index":"x","_id":"ä","version":7,"version_type":"external_gte"}}\n{"v":[1,2],"t":"é"}\n'
            '{"create":{"_index":"x","_id":"b"}}\n{}\n'
            '{"update":{"_index":"x","_id":"c","retry_on_conflict":3}}\n{"doc":{"p":null}}\n'
            '{"delete":{"_index":"y","_id":"d"}}\n',
            {
                "filter_path": "items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason",
                "require_alias": "false",
            },
        )
    ]


def test_every_status_is_told_apart_and_refusals_do_not_stop_the_rest() -> None:
    engine = ScriptedEngine([OK, STALE, {"status": 404}, BAD, {"status": 404}, OK], [OK])
    actions = [
        *docs("a", "b"),
        Action("delete", "x", "c"),
        *docs("d"),
        Action("update", "x", "e", {"doc": {}}),
        *docs("f", "g"),
    ]
    settled: list[list[str]] = []
    report = write_bulk(engine, actions, max_actions=6, on_written=lambda done: settled.append([a.id for a in done]))
    assert report == BulkReport(3, 1, 2, (Refusal("d", 400, 'failed to parse field [price]: For input string: "x"'),))
    assert settled == [["a", "c", "e", "f"], ["g"]]  # b is another's
    assert report.actions == len(actions)


def test_an_update_that_conflicts_is_neither_written_nor_settled() -> None:
    engine = ScriptedEngine([OK, STALE, OK])
    actions = [Action("update", "x", i, {"doc": {"n": 1}}) for i in "abc"]
    settled: list[str] = []
    report = write_bulk(engine, actions, on_written=lambda done: settled.extend(a.id for a in done))
    assert report == BulkReport(written=2, conflicts=1)
    assert report.actions == 3
    assert settled == ["a", "c"]


def test_only_what_found_no_room_is_sent_again() -> None:
    engine = ScriptedEngine([OK, NO_ROOM, OK, NO_ROOM], [NO_ROOM, OK], [OK])
    settled: list[list[str]] = []
    pauses: list[float] = []
    report = write_bulk(
        engine, docs(*"abcd"), sleep=pauses.append, on_written=lambda done: settled.append([a.id for a in done])
    )
    assert report == BulkReport(written=4)
    assert settled == [["a", "c"], ["d"], ["b"]]
    assert pauses == [0.25, 0.5]
    assert engine.bodies()[1:] == [
        '{"index":{"_index":"x","_id":"b"}}\n{"n":"b"}\n{"index":{"_index":"x","_id":"d"}}\n{"n":"d"}\n',
        '{"index":{"_index":"x","_id":"b"}}\n{"n":"b"}\n',
    ]


def test_a_request_without_room_is_sent_again_whole() -> None:
    engine = ScriptedEngine(EngineOverloaded("429 breaker"), [OK, OK])
    pauses: list[float] = []
    assert write_bulk(engine, docs("a", "b"), sleep=pauses.append) == BulkReport(written=2)
    assert pauses == [0.25]


def test_gives_up_after_eight_tries_saying_why() -> None:
    engine = ScriptedEngine([OK, NO_ROOM], *[[NO_ROOM]] * 7)
    pauses: list[float] = []
    settled: list[str] = []
    with pytest.raises(EngineOverloaded) as error:
        write_bulk(engine, docs("a", "b"), sleep=pauses.append, on_written=lambda d: settled.extend(a.id for a in d))
    assert error.value.message == ("http://engine: POST /_bulk: no room for 1 documents after 8 tries: queue is full")
    assert pauses == list(PAUSES_SECONDS) == [0.25, 0.5, 1, 2, 4, 8, 8]
    assert settled == ["a"]
    assert len(engine.requests) == 8


@pytest.mark.parametrize(
    ("item", "error", "message"),
    [
        (NO_INDEX, MissingResource, "http://engine: POST /_bulk: 404 no such index [x]"),
        (
            {"status": 503, "error": {"reason": "shard away"}},
            EngineFailed,
            "http://engine: POST /_bulk: 503 shard away",
        ),
    ],
)
def test_a_missing_index_or_failure_stops_after_recording_the_rest(
    item: Item, error: type[Exception], message: str
) -> None:
    engine = ScriptedEngine([OK, item, OK])
    settled: list[str] = []
    with pytest.raises(error) as raised:
        write_bulk(
            engine, docs("a", "b", "c", "d"), max_actions=3, on_written=lambda d: settled.extend(a.id for a in d)
        )
    assert str(raised.value).splitlines()[0] == message
    assert settled == ["a", "c"]
    assert len(engine.requests) == 1


def test_an_answer_that_broke_off_is_no_success() -> None:
    with pytest.raises(EngineUnavailable, match="expected the status of 2 documents, got 1"):
        write_bulk(ScriptedEngine([OK]), docs("a", "b"))


def test_batches_by_number_and_by_bytes() -> None:
    by_number = ScriptedEngine([OK] * 2, [OK] * 2, [OK])
    assert write_bulk(by_number, docs(*"abcde"), max_actions=2) == BulkReport(written=5)
    assert [str(body).count("\n") // 2 for body in by_number.bodies()] == [2, 2, 1]
    line = len('{"index":{"_index":"x","_id":"a"}}\n{"n":"a"}\n')
    by_size = ScriptedEngine([OK] * 2, [OK] * 2, [OK])
    assert write_bulk(by_size, docs(*"abcde"), max_bytes=2 * line) == BulkReport(written=5)
    assert [len(str(body).encode()) for body in by_size.bodies()] == [2 * line, 2 * line, line]
    larger_than_allowed = ScriptedEngine([OK], [OK])
    assert write_bulk(larger_than_allowed, docs("a", "b"), max_bytes=1) == BulkReport(written=2)


def test_actions_are_drawn_batch_by_batch() -> None:
    drawn: list[str] = []

    def actions() -> Any:
        for i in "abc":
            drawn.append(i)
            yield Action("index", "x", i, {})

    seen: list[tuple[str, ...]] = []
    engine = ScriptedEngine([OK], [OK], [OK])
    write_bulk(engine, actions(), max_actions=1, on_written=lambda _: seen.append(tuple(drawn)))
    assert seen == [("a", "b"), ("a", "b", "c"), ("a", "b", "c")]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Action("index", "x", "", {}), "expected an id of 1 to 512 bytes, got 0"),
        (Action("index", "x", "é" * 257, {}), "expected an id of 1 to 512 bytes, got 514"),
        (Action("index", "x", "a", {"v": float("nan")}), "Out of range float values"),
        (Action("index", "x", "a", {"v": "\ud800"}), "surrogates not allowed"),
        (Action("index", "x", "a", {"v": {1, 2}}), "not JSON serializable"),
    ],
)
def test_what_cannot_be_said_is_refused_without_a_request(action: Action, reason: str) -> None:
    engine = ScriptedEngine([OK])
    report = write_bulk(engine, [action, *docs("b")])
    assert (report.written, [(r.id, r.status) for r in report.refused]) == (1, [(action.id, 400)])
    assert reason in report.refused[0].reason
    assert str(engine.bodies()[0]).count("\n") == 2
    assert write_bulk(ScriptedEngine(), [action]).refused == report.refused


def test_a_versioned_delete_asks_for_the_alias_before_each_batch() -> None:
    # The engine would make an index of that name for it, require_alias or not.
    engine = ScriptedEngine([OK], [OK])
    deletes = [Action("delete", "x", i, version=3) for i in "ab"]
    assert write_bulk(engine, deletes, max_actions=1) == BulkReport(written=2)
    assert [(method, path) for method, path, _, _ in engine.requests] == [
        ("GET", "/_alias/x"),
        ("POST", "/_bulk"),
        ("GET", "/_alias/x"),
        ("POST", "/_bulk"),
    ]


def test_reports_add_up() -> None:
    refusal = Refusal("a", 400, "no")
    one, two = BulkReport(1, 2, 3, (refusal,), 4), BulkReport(4, 5, 6, (refusal,), 10)
    assert one + two == BulkReport(5, 7, 9, (refusal, refusal), 14)
    assert (one + two).actions == one.actions + two.actions == 37
