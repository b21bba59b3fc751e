"""Identity of events, and the accounting."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinity_search.errors import DataError
from affinity_search.events import Accounting, Event, Verdict

EVENT = Event(user="u1", item="i1", type="purchase", time=5, day=0, group="g", weight=1.0)


def test_identity_is_the_same_on_every_machine() -> None:
    assert (EVENT.identity, EVENT._replace(id="e1").identity) == (3150284587644246473, 7785066396646820239)


@pytest.mark.parametrize(
    "changed",
    [{"user": "u2"}, {"item": "i2"}, {"type": "view"}, {"time": 6}, {"group": ""}, {"weight": 2.0}, {"weight": None}],
)
def test_every_field_counts_without_an_id_and_none_with_one(changed: dict[str, Any]) -> None:
    other = EVENT._replace(**changed)
    assert other.identity != EVENT.identity
    assert other._replace(id="e1").identity == EVENT._replace(id="e1").identity


def test_shifted_fields_are_other_events() -> None:
    assert EVENT._replace(user="u1i", item="1").identity != EVENT._replace(user="u1", item="i1").identity


def test_an_accounting_that_holds_prints_its_identity() -> None:
    found = Accounting.of(6, {Verdict.APPLIED: 3, Verdict.LATE: 1, Verdict.NO_CONSENT: 2})
    assert str(found.check()) == (
        "read 6 = applied 3 + duplicate 0 + late 1 + skewed 0 + quarantined 0 + no_consent 2 + unmapped 0 + filtered 0"
    )
    assert found.counts() == {
        "read": 6,
        "applied": 3,
        "duplicate": 0,
        "late": 1,
        "skewed": 0,
        "quarantined": 0,
        "no_consent": 2,
        "unmapped": 0,
        "filtered": 0,
    }


@pytest.mark.parametrize("read", [2, 4])
def test_an_accounting_that_does_not_hold_is_an_error(read: int) -> None:
    with pytest.raises(DataError) as caught:
        Accounting.of(read, {Verdict.APPLIED: 3}).check()
    assert caught.value.message == f"accounting: expected a verdict for each of {read} events read, got 3 verdicts"


counts = st.builds(
    lambda verdicts: Accounting.of(sum(verdicts.values()), verdicts),
    st.dictionaries(st.sampled_from(list(Verdict)), st.integers(0, 10**9)),
)


@given(counts, counts)
def test_sums_hold_where_their_parts_hold(one: Accounting, other: Accounting) -> None:
    assert (one + other).check() == other + one
    assert one + Accounting() == one
