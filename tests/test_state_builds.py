"""The record of the last build, and what makes it one of another configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from affinity_search.errors import DataError
from affinity_search.state import open_state
from affinity_search.state.builds import (
    Build,
    checked_build,
    config_hash,
    last_build,
    read_meta,
    state_errors,
    transaction,
    write_meta,
)
from tests.profile_data import SHOP, config

BRAND: dict[str, Any] = SHOP["attributes"]["brand"]


SILENT: dict[str, Any] = {"strength": 0.5, "bought_before": {"weight": 0}, "viewed_before": {"weight": 0}}
BY_SIZE: dict[str, Any] = {"attribute": "size", "weights": {"L": 0, "M": 0.5}}
VIEWED: dict[str, Any] = {"weight": 0.4, "half_life_days": 7}
UNLIFTED: dict[str, Any] = {"strength": 0.5, "bought_before": {"weight": 0}}


def with_brand(**changes: Any) -> dict[str, Any]:
    return {"attributes": {**SHOP["attributes"], "brand": {**BRAND, **changes}}}


PINNED: list[tuple[dict[str, Any], str]] = [
    ({}, "d0a0ef1383ea183f"),
    ({"item_affinity": {}}, "cb814d4424caf56b"),
    (
        {"item_affinity": {"bought_before": {"by_value": {"attribute": "size", "weights": {"L": 0}}}}},
        "cb814d4424caf56b",
    ),
    ({"item_affinity": {"strength": 0.5, "saturation_weight": 1.5, "related": {"weight": 0.2}}}, "15babb266c75270e"),
    ({"item_affinity": {**SILENT, "related": {"weight": 0.2}, "owned_demotion": 0.3}}, "43221752f6067ffc"),
    ({"item_affinity": {"strength": 0.5, "bought_before": {"weight": 1, "by_value": BY_SIZE}}}, "a7979dfb24add149"),
    ({"item_affinity": {"strength": 0.5, "viewed_before": VIEWED}}, "cebe6691691442e9"),
    ({"item_affinity": {"owned_demotion": 0.4}, "items": {"index": "goods"}}, "4e65d1508e854d82"),
    ({"attributes": {}, "item_affinity": {}}, "f4381ab9931f431d"),
]


@pytest.mark.parametrize(("change", "pinned"), PINNED)
def test_the_hash_of_a_configuration_never_changes(change: dict[str, Any], pinned: str) -> None:
    """With another hash every shop would have to build and publish again, though nothing is different."""
    assert config_hash(config(**change)) == pinned


@pytest.mark.parametrize("change", [with_brand(strength=0.3), {"search": {"window": 50}}, {"engine": {"prefix": "b"}}])
def test_what_lives_in_the_template_needs_no_build(change: dict[str, Any]) -> None:
    assert config_hash(config(**change)) == config_hash(config())


@pytest.mark.parametrize(
    "change",
    [
        with_brand(strength=0),
        with_brand(half_life_days=11),
        with_brand(saturation_weight=4),
        with_brand(levels=7),
        with_brand(multi_valued=True, levels=3),
        with_brand(field="attrs.make"),
        {"profiles": {"max_items": 9}},
        {"events": {"types": {"purchase": {"weight": 2}}}},
        {"item_affinity": {"strength": 0}},
        {"item_affinity": {**UNLIFTED, "owned_demotion": 0.1}},
    ],
)
def test_what_lives_in_the_profiles_needs_one(change: dict[str, Any]) -> None:
    assert config_hash(config(**change)) != config_hash(config())


def test_switching_the_owned_demotion_needs_a_build_and_its_strength_none() -> None:
    off, weak, strong = (config(item_affinity={**UNLIFTED, "owned_demotion": boost}) for boost in (0, 0.1, 0.7))
    assert config_hash(off) != config_hash(weak) == config_hash(strong)
    assert config_hash(off) == config_hash(config(item_affinity=UNLIFTED))
    # The alias of the items stands in the documents of `owned_demotion`.
    elsewhere = {"items": {"index": "goods"}}
    assert config_hash(weak) != config_hash(config(item_affinity={**UNLIFTED, "owned_demotion": 0.1}, **elsewhere))
    assert config_hash(off) == config_hash(config(item_affinity=UNLIFTED, **elsewhere))


def test_the_last_build() -> None:
    with open_state(Path(":memory:")) as connection:
        assert last_build(connection) is None
        with pytest.raises(DataError, match="expected a build, found none"):
            checked_build(connection, config())
        build = Build(7, "2026-03-01", config_hash(config()))
        write_meta(connection, build.meta)
        assert last_build(connection) == checked_build(connection, config()) == build
        with pytest.raises(DataError, match="expected a build with this configuration"):
            checked_build(connection, config(profiles={"max_items": 9}))


def test_a_transaction_is_whole_or_not_at_all() -> None:
    with open_state(Path(":memory:")) as connection:
        with pytest.raises(KeyError), transaction(connection):
            write_meta(connection, {"a": "1"})
            raise KeyError
        assert "a" not in read_meta(connection)
        with transaction(connection):
            write_meta(connection, {"a": "2"})
        assert read_meta(connection)["a"] == "2"


def test_errors_of_the_state_are_one_line() -> None:
    with (
        open_state(Path(":memory:")) as connection,
        pytest.raises(DataError, match=r"^local state: .*nowhere") as caught,
        state_errors(),
    ):
        connection.execute("SELECT * FROM nowhere")
    assert "\n" not in caught.value.message
