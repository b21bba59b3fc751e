"""The measures, from ir-measures, against a second implementation written here from their definitions."""

from __future__ import annotations

import sys
from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.errors import ConfigError
from affinity_search.offline.measures import MEASURES, mean, measure

IDS = st.sampled_from([*"abcdefghijklmnopqrstuvwxyz", "a b", "é", "\0", "x\0y", "x\0z", "", "0", "missing 0"])
ORDERS = st.lists(IDS, unique=True, max_size=30)
QUERIES = st.dictionaries(
    st.sampled_from(["q1", "q2", "q\0a", "q\0b", "q 3", ""]), st.tuples(ORDERS, st.frozensets(IDS, max_size=25))
)


def by_definition(order: list[str], targets: frozenset[str]) -> dict[str, float]:
    """nDCG (Järvelin and Kekäläinen 2002, binary gains), reciprocal rank, recall and success of one query."""
    ranks = [rank for rank, item in enumerate(order, 1) if item in targets]
    near = [rank for rank in ranks if rank <= 10]
    ideal = sum(1 / log2(rank + 1) for rank in range(1, min(len(targets), 10) + 1))
    return {
        "ndcg@10": sum(1 / log2(rank + 1) for rank in near) / ideal,
        "mrr": 1 / ranks[0] if ranks else 0.0,
        "recall@10": len(near) / len(targets),
        "hit@10": float(bool(near)),
    }


@given(QUERIES)
@settings(deadline=None)
def test_the_measures_are_what_their_definitions_say(queries: dict[str, tuple[list[str], frozenset[str]]]) -> None:
    found = measure({q: order for q, (order, _) in queries.items()}, {q: wanted for q, (_, wanted) in queries.items()})
    expected = {q: by_definition(order, wanted) for q, (order, wanted) in queries.items() if wanted}
    assert list(found) == list(MEASURES)
    for name in MEASURES:
        assert found[name] == pytest.approx({q: values[name] for q, values in expected.items()}, abs=1e-12)


def test_literal_values() -> None:
    orders = {
        "first": ["t", "b", "c"],
        "third": ["a", "b", "t", "u"],
        "eleventh": [*"abcdefghij", "t"],
        "nowhere": ["a", "b"],
        "no hits": [],
    }
    targets = {
        "first": frozenset("t"),
        "third": frozenset("tuv"),
        "eleventh": frozenset("t"),
        "nowhere": frozenset("t"),
        "no hits": frozenset("t"),
        "no order": frozenset("t"),
        "no target": frozenset(),
    }
    third = (1 / log2(4) + 1 / log2(5)) / (1 + 1 / log2(3) + 1 / log2(4))
    found = measure(orders, targets)
    empty = {"nowhere": 0.0, "no hits": 0.0, "no order": 0.0}
    assert found["ndcg@10"] == pytest.approx({"first": 1.0, "third": third, "eleventh": 0.0, **empty}, abs=1e-12)
    assert found["mrr"] == pytest.approx({"first": 1.0, "third": 1 / 3, "eleventh": 1 / 11, **empty}, abs=1e-12)
    assert found["recall@10"] == pytest.approx({"first": 1.0, "third": 2 / 3, "eleventh": 0.0, **empty}, abs=1e-12)
    assert found["hit@10"] == {"first": 1.0, "third": 1.0, "eleventh": 0.0, **empty}


def test_only_the_measures_asked_for_are_there() -> None:
    assert measure({"q": ["t"]}, {"q": frozenset("t")}, ["mrr"]) == {"mrr": {"q": 1.0}}
    assert measure({}, {}) == {name: {} for name in MEASURES}
    assert measure({"q": ["t"]}, {"other": frozenset("t")}, ["mrr"]) == {"mrr": {"other": 0.0}}


def test_the_mean_of_nothing_is_unknown() -> None:
    assert mean({"a": 0.25, "b": 0.75}) == 0.5
    assert mean({}) is None


def test_without_the_extra_there_is_a_word_on_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(ConfigError) as raised:
        measure({"q": ["t"]}, {"q": frozenset("t")})
    assert str(raised.value) == (
        "expected the package ir-measures, found none\n  Run: pip install 'affinity-search[evaluate]'"
    )
