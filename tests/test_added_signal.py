"""A signal that is added is one new file: nothing else has to know of it."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from affinity_search.cli import main
from affinity_search.config import Config, parse_config
from affinity_search.deploy.item_fields import key_fields
from affinity_search.errors import ConfigError
from affinity_search.lookups.clauses import level_boosts, lookups
from affinity_search.lookups.coding import Coding, codings
from affinity_search.profiles.build import build_profile, build_profiles
from affinity_search.search import Reason
from affinity_search.search.sentences import sentence
from affinity_search.signals import all_signals
from affinity_search.state import open_state
from affinity_search.state.builds import config_hash
from affinity_search.surfaces import build_templates
from tests.profile_data import BUCKETS, VALUES, config, entries, fill
from tests.with_signal import with_signal

ON = {"signals": {"lately": {"strength": 0.7, "days": 11}}}


@pytest.fixture
def added() -> Iterator[None]:
    with with_signal():
        yield


def refusal(yaml: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(f"events: {{types: {{purchase: {{weight: 1}}}}}}\n{yaml}")
    return caught.value.message


def test_the_signals_of_the_product_are_its_files() -> None:
    assert [signal.name for signal in all_signals()] == ["", "item", "owned_demotion"]


def test_signals_are_found_without_numpy_and_before_anything_else_is_imported() -> None:
    script = "import sys; from affinity_search.signals import all_signals; all_signals(); print('numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def test_a_section_without_a_signal_is_refused() -> None:
    assert refusal("signals:\n  lately: {strength: 1}\n") == (
        "affinity.yaml:3:3: signals.lately: expected a known key, got 'lately'; known here: none"
    )


@pytest.mark.usefixtures("added")
def test_its_section_is_read_as_any_other() -> None:
    assert config(**ON).model_dump()["signals"] == {"lately": {"strength": 0.7, "days": 11.0}}
    assert config().model_dump()["signals"] == {"lately": {"strength": 0.0, "days": 8.0}}
    assert Config.model_validate(config(**ON).model_dump()) == config(**ON)
    assert refusal("signals:\n  lately:\n    day: 3\n    strength: -1\n").splitlines() == [
        "affinity.yaml:5:15: signals.lately.strength: expected greater than or equal to 0, got -1",
        "affinity.yaml:4:5: signals.lately.day: expected a known key, got 'day'; did you mean days?",
    ]
    assert refusal("signals: {latly: {strength: 1}}\n") == (
        "affinity.yaml:2:11: signals.latly: expected a known key, got 'latly'; did you mean lately?"
    )
    assert refusal("signals: 3\n") == "affinity.yaml:2:10: signals: expected a mapping (`key: value`), got 3"


@pytest.mark.usefixtures("added")
def test_validate_names_it(tmp_path: Path) -> None:
    file = tmp_path / "affinity.yaml"
    file.write_text("events: {types: {purchase: {weight: 1}}}\nsignals: {lately: {strength: 0.5}}\n", encoding="utf-8")
    assert CliRunner().invoke(main, ["validate", "-c", str(file)]).output == (
        f"{file}: valid; no attribute, item list off, lately on; 3 of 16 lookups; "
        "an item is boosted to at most 1.50 times its relevance\n"
    )


@pytest.mark.usefixtures("added")
def test_it_counts_in_every_limit() -> None:
    bounded = config(**ON, search={"max_boost": 0.85, "max_lookups": 14})
    assert (bounded.lookups, bounded.total_boost, bounded.boost_scale) == (11 + 3, 1.0 + 0.7, 0.5)
    assert refusal("signals: {lately: {strength: 1}}\nsearch: {max_lookups: 2}\n").endswith(
        "search.max_lookups: expected at least the lookups of all attributes and the item list (3), got 2"
    )
    assert "signals.lately.strength: expected a boost of at least 1e-06" in refusal(
        "signals: {lately: {strength: 0.0000001}}\n"
    )
    assert "attributes.lately: expected another name, this one is reserved" in refusal(
        "attributes: {lately: {field: attrs.x}}\n"
    )


@pytest.mark.usefixtures("added")
def test_its_clauses_stand_in_the_template() -> None:
    shop = config(**ON, attributes={}, item_affinity={})
    assert codings(shop) == {"lately": Coding(7)}
    assert [clause.name for clause in lookups(shop)] == ["lately|b0|0.1", "lately|b1|0.2", "lately|b2|0.4"]
    assert lookups(shop)[2].filter == {
        "terms": {
            "affinity.item": {"index": "affinity-lookup", "id": "lately.b2.{{.}}", "path": "v"},
            "_name": "lately|b2|0.4",
        }
    }
    assert level_boosts(shop)["lately"] == pytest.approx([0.1 * level for level in range(8)])
    (template,) = build_templates(shop)
    assert '"_name": "lately|b2|0.4"' in template.source
    assert key_fields(shop) == {"item": "_id"}


@pytest.mark.usefixtures("added")
def test_profiles_depend_on_its_numbers_and_not_on_its_strength() -> None:
    hashes = [config_hash(config(signals={"lately": own})) for own in ({}, {"strength": 1}, {"strength": 2})]
    assert hashes[0] == config_hash(config()) != hashes[1] == hashes[2]
    assert config_hash(config(signals={"lately": {"strength": 1, "days": 9}})) != hashes[1]


@pytest.mark.usefixtures("added")
@pytest.mark.parametrize("rest", [{}, {"attributes": {}, "item_affinity": {}}])
def test_its_rows_are_built_beside_the_others(rest: dict[str, Any]) -> None:
    with open_state(Path(":memory:")) as connection:
        fill(connection, BUCKETS, VALUES)
        build_profiles(connection, config(**rest), now_ms=1)
        without = entries(connection)
        report = build_profiles(connection, config(**ON, **rest), now_ms=2)
        found = entries(connection)
        own = {key: found.pop(key) for key in [key for key in found if key[1] == "lately"]}
        assert found == without
        assert report.attributes["lately"].entries == len(own)
        build_profile(connection, config(**ON, **rest), ["ann"], now_ms=3)
        assert {key: entries(connection)[key] for key in own} == own
    # Of the last ten days, all of the newest day: 11 of 11 is level 7, 1 of 11 is level 1.
    assert {key: (weight, level) for key, (_, weight, level) in own.items()} == {
        ("ann", "lately", "i1"): (11.0, 7),
        ("ann", "lately", "i2"): (1.0, 1),
        ("bob", "lately", "i2"): (11.0, 7),
        ("bob", "lately", "gone"): (11.0, 7),
    }
    assert own["bob", "lately", "gone"][0] == 3.0
    assert math.isclose(own["ann", "lately", "i2"][0], 2 * 0.5 ** (10 / 30))


@pytest.mark.usefixtures("added")
def test_a_list_without_entries_says_why() -> None:
    with open_state(Path(":memory:")) as connection:
        fill(connection, [("ann", "i1", "purchase", 1, 1), ("bob", "i1", "cart", 90, 1)], VALUES)
        warnings = build_profiles(
            connection, config(**ON, events={"types": {"purchase": {"weight": 1}}}), now_ms=1
        ).warnings
    assert "signals.lately: no entries: every event is too old" in warnings


@pytest.mark.usefixtures("added")
def test_its_words_stand_in_the_sentence() -> None:
    reason = Reason("lately", 3, 0.5, 0.3, "s1", role="view")
    assert sentence([reason]) == "You came across this in the last days."
    assert sentence([Reason("brand", 3, 0.6, 0.3, "Birch", role="view"), reason]) == (
        "You often look at brand Birch and you came across this in the last days."
    )
