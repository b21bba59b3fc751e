"""Deployments cut off at any writing call: running again, or rolling back, ends as if nothing had happened."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.config import parse_config
from affinity_search.deploy import Artefact, apply, plan_artefacts, rollback
from affinity_search.deploy.ledger import last_entry
from affinity_search.errors import ConfigError, EngineUnavailable
from tests.contract.fake_engine import FakeEngine

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
LEDGER = "shop-ledger"
CONFIG = parse_config('{engine: {url: "http://fake", prefix: shop}, events: {types: {order: {weight: 1}}}}')
INDEX = Artefact("index", "shop-lookup", '{"mappings":{"dynamic":"false"}}')


def wanted(version: int) -> tuple[Artefact, ...]:
    return (
        INDEX,
        Artefact("pipeline", "shop-keys", f'{{"version":{version // 2}}}'),
        Artefact("script", f"search-{version}", f"source {version}"),
        Artefact("script", "search", f"source {version}"),
    )


def deploy(engine: FakeEngine, version: int, now: datetime = NOW) -> None:
    apply(plan_artefacts(engine, LEDGER, wanted(version)), engine, now)


def held(engine: FakeEngine) -> dict[str, Any]:
    """What a deployment is about: everything but the ledger."""
    indices = {name: sorted(index.aliases) for name, index in engine.indices.items() if name != LEDGER}
    return copy.deepcopy({"scripts": engine.scripts, "pipelines": engine.pipelines, "indices": indices})


def cut_offs() -> list[tuple[int, bool]]:
    return [(call, after) for call in range(1, 8) for after in (False, True)]


@pytest.mark.parametrize(("call", "after"), cut_offs())
def test_a_first_apply_cut_off_anywhere_is_finished_by_running_it_again(call: int, after: bool) -> None:
    undisturbed, engine = FakeEngine(), FakeEngine()
    deploy(undisturbed, 1)
    engine.cut(call, after=after)
    with pytest.raises(EngineUnavailable):
        deploy(engine, 1)
    assert plan_artefacts(engine, LEDGER, wanted(1)).drift == ()
    deploy(engine, 1)
    assert held(engine) == held(undisturbed)
    assert last_entry(engine, LEDGER) == last_entry(undisturbed, LEDGER)


@pytest.mark.parametrize(("call", "after"), cut_offs()[:12])
def test_the_first_attempt_gives_number_time_and_previous_bodies(call: int, after: bool) -> None:
    engine = FakeEngine()
    deploy(engine, 1)
    before = held(engine)
    engine.cut(call, after=after)
    try:
        deploy(engine, 2)
    except EngineUnavailable:
        deploy(engine, 2, LATER)
    engine.cut(0)
    entry = last_entry(engine, LEDGER)
    assert entry is not None
    assert (entry.number, entry.status, entry.undo, entry.undo_before) == (2, "done", 2, 1)
    assert entry.started == (LATER if (call, after) == (1, False) else NOW)
    rollback(CONFIG, engine, NOW)
    assert held(engine) == before


@pytest.mark.parametrize(("call", "after"), cut_offs())
def test_a_rollback_cut_off_anywhere_is_finished_and_goes_no_further(call: int, after: bool) -> None:
    engine = FakeEngine()
    deploy(engine, 1)
    before = held(engine)
    deploy(engine, 2)
    engine.cut(call, after=after)
    try:
        rollback(CONFIG, engine, NOW)
    except EngineUnavailable:
        entry = last_entry(engine, LEDGER)
        assert entry is not None
        if entry.status == "started" or entry.kind == "apply":
            rollback(CONFIG, engine, NOW)
    engine.cut(0)
    assert held(engine) == before
    rollback(CONFIG, engine, NOW, to=0)
    assert held(engine) == held(FakeEngine())


def test_a_half_done_apply_can_be_rolled_back() -> None:
    engine = FakeEngine()
    deploy(engine, 1)
    before = held(engine)
    engine.cut(3, after=True)
    with pytest.raises(EngineUnavailable):
        deploy(engine, 2)
    assert held(engine) != before
    rollback(CONFIG, engine, NOW)
    assert held(engine) == before


def test_an_apply_that_goes_back_over_a_half_done_one_and_is_cut_off_too_is_what_a_rollback_reverses() -> None:
    engine = FakeEngine()
    deploy(engine, 1)
    before = held(engine)
    engine.cut(2, after=True)  # entry 2 and the pipeline of version 2 are written
    with pytest.raises(EngineUnavailable):
        deploy(engine, 2)
    engine.cut(1, after=True)  # entry 2 is to end where it began
    with pytest.raises(EngineUnavailable):
        deploy(engine, 1)
    assert held(engine) != before
    rollback(CONFIG, engine, NOW)
    assert held(engine) == before
    rollback(CONFIG, engine, NOW, to=0)
    assert held(engine) == held(FakeEngine())


def test_an_interrupted_rollback_has_one_goal() -> None:
    engine = FakeEngine()
    for version in (1, 2, 3):
        deploy(engine, version)
    engine.cut(3)
    with pytest.raises(EngineUnavailable):
        rollback(CONFIG, engine, NOW, to=1)
    with pytest.raises(ConfigError, match="expected 1, the goal of the interrupted rollback 4, got 0"):
        rollback(CONFIG, engine, NOW, to=0)
    rollback(CONFIG, engine, NOW)
    assert engine.scripts["search"]["source"] == "source 1"


def roll_back(engine: FakeEngine) -> None:
    """One step back, as the hint says where that would delete the template in use."""
    try:
        rollback(CONFIG, engine, NOW)
    except ConfigError as refused:
        said = re.search(r"affinity rollback --to (\d+)", str(refused))
        assert said, refused
        rollback(CONFIG, engine, NOW, to=int(said[1]))


@dataclass
class Model:
    """What should be there: the states that rollbacks return to, and the state before an unfinished deployment."""

    engine: FakeEngine = field(default_factory=FakeEngine)
    undo: list[dict[str, Any]] = field(default_factory=list)
    base: dict[str, Any] | None = None  # before the unfinished deployment
    unfinished: str = ""

    def apply(self, version: int) -> None:
        base = self.base if self.unfinished else held(self.engine)
        if self._ran_through("apply", base, lambda: deploy(self.engine, version)):
            assert {"source " + str(version)} == {
                self.engine.scripts[name]["source"] for name in ("search", f"search-{version}")
            }
            if held(self.engine) != base:
                self.undo.append(base or {})

    def rollback(self) -> None:
        states = list(self.undo)
        if self.unfinished == "apply":
            states.append(self.base or {})
        base = self.base if self.unfinished == "rollback" else held(self.engine)
        if not states:
            return
        if self._ran_through("rollback", base, lambda: roll_back(self.engine)):
            assert held(self.engine) == states.pop()
            self.undo = states
        elif self.unfinished == "rollback":
            self.undo = states

    def _ran_through(self, kind: str, base: dict[str, Any] | None, command: Any) -> bool:
        try:
            command()
        except EngineUnavailable:
            cut_off = self.engine.calls[-1]
            entry = last_entry(self.engine, LEDGER)
            if entry and entry.is_open and entry.kind == kind:
                self.base, self.unfinished = base, kind
                return False
            # Otherwise nothing had begun yet, or the cut came after the very last call, which closes the entry.
            if not (entry and not entry.is_open and cut_off == f"PUT /{LEDGER}/_doc/{entry.number}"):
                return False
        self.base, self.unfinished = None, ""
        return True


STEPS = st.tuples(st.sampled_from([0, 1, 2, 3, 4]), st.integers(0, 9), st.booleans())


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_any_sequence_of_applies_and_rollbacks_cut_off_anywhere(steps: list[tuple[int, int, bool]]) -> None:
    model = Model()
    for version, call, after in steps:
        model.engine.cut(call, after=after)
        if version:
            model.apply(version)
        else:
            model.rollback()
    model.engine.cut(0)
    model.apply(1)
    while model.undo:
        model.rollback()
    assert held(model.engine) == held(FakeEngine())
