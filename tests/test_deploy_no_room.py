"""An engine without room (429), or with a part of its shards: `status` says what it can, and no count is half a one."""

from __future__ import annotations

from typing import Any

import pytest

from affinity_search.deploy import apply, overview, plan_rollback
from affinity_search.deploy.report import status_text
from affinity_search.errors import EngineFailed, EngineOverloaded
from tests.contract.fake_engine import FakeEngine
from tests.test_deploy_status import CONFIG, NOW, deploy, found

NO_ROOM = "The engine had no room to say everything (429 data too large): wait, then ask again."
HALF = {"count": 0, "_shards": {"total": 3, "failed": 1}}


@pytest.fixture
def engine() -> FakeEngine:
    engine = FakeEngine()
    deploy(engine)
    return engine


def no_room(*_: object) -> Any:
    raise EngineOverloaded("429 data too large", status=429)


def test_documents_that_are_not_counted_are_a_finding(engine: FakeEngine) -> None:
    engine.instead["GET /products/_count"] = no_room
    status = found(engine)
    assert (status.documents[2].count, status.documents[2].finding) == (None, "429 data too large")
    assert "products (items) does not answer: 429 data too large" in status.advice
    assert len(status.artefacts) == 4


@pytest.mark.parametrize(
    "refused",
    ["GET /shop-ledger/_mapping", "POST /shop-ledger/_search", "GET /shop-ledger/_doc/1", "GET /_scripts/search"],
)
def test_what_could_not_be_read_is_neither_absent_nor_somebody_elses(engine: FakeEngine, refused: str) -> None:
    engine.instead[refused] = no_room
    status = found(engine)
    assert (status.artefacts, status.entries, status.unread) == ((), (), ("429 data too large",))
    assert status.advice[0] == status.as_json()["advice"][0] == NO_ROOM
    assert f"! {NO_ROOM}" in status_text(status).splitlines()
    assert [documents.count for documents in status.documents] == [0, 0, None]


def test_a_setting_that_is_not_read_blames_nobody(engine: FakeEngine) -> None:
    engine.instead["GET /_cluster/settings"] = no_room
    status = found(engine)
    assert (status.numeric_keys_allowed, status.advice[0], len(status.entries)) == (True, NO_ROOM, 1)


def test_searches_that_are_not_tried_do_not_end_the_status(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "probe", no_room)
    status = overview.status(CONFIG, engine)
    assert (status.unread, status.advice[0]) == (("429 data too large",), NO_ROOM)


def test_a_count_of_some_shards_is_a_finding(engine: FakeEngine) -> None:
    engine.instead["GET /shop-lookup/_count"] = lambda _: HALF
    said = "http://fake: shop-lookup: expected an answer of all shards, 1 of 3 shards failed"
    lookups = found(engine).documents[0]
    assert (lookups.count, lookups.finding) == (None, said)


def test_an_index_that_is_not_counted_whole_is_not_deleted(engine: FakeEngine) -> None:
    held = set(engine.indices)
    engine.instead["GET /shop-profiles-000001/_count"] = lambda _: HALF
    with pytest.raises(EngineFailed, match="1 of 3 shards failed"):
        apply(plan_rollback(CONFIG, engine, 0), engine, NOW)
    assert held <= set(engine.indices)
