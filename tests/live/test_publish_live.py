"""Publishing profiles to a real engine: what is written, what is not sent again, what goes, and what bad luck does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from affinity_search.config import Config
from affinity_search.engine import Engine, path
from affinity_search.engine.bulk import write_bulk
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.errors import DataError, EngineUnavailable, MissingResource
from affinity_search.items.keys import affinity_key
from affinity_search.lookups.coding import decode
from affinity_search.profiles.build import build_profile, build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.publish.readable import read_profile
from affinity_search.publish.report import PublishReport
from affinity_search.state import open_state
from tests.live.profile_indexes import documents, lookups_of, make_indexes
from tests.profile_data import BUCKETS, VALUES, config, entries, fill

Connection = duckdb.DuckDBPyConnection


@pytest.fixture
def shop(prefix: str) -> Config:
    return config(engine={"prefix": f"{prefix}p"})


@pytest.fixture
def engine(engine_url: str) -> Engine:
    return OpenSearchEngine(engine_url)


@pytest.fixture
def connection(engine: Engine, shop: Config, tmp_path: Path) -> Iterator[Connection]:
    make_indexes(engine, shop)
    with open_state(tmp_path / "state.duckdb") as found:
        fill(found, BUCKETS, VALUES)
        build_profiles(found, shop, now_ms=1000)
        yield found


def everything(engine: Engine, shop: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    return documents(engine, shop.lookup_index), documents(engine, shop.profile_index)


def levels_in_engine(engine: Engine, shop: Config, user_id: str, attribute: str) -> dict[int, int]:
    slots = {
        slot.partition(".")[2]: keys
        for slot, keys in lookups_of(engine, shop, user_id).items()
        if slot.startswith(f"{attribute}.")
    }
    return decode(slots)


def assert_engine_has_the_build(engine: Engine, shop: Config, connection: Connection) -> None:
    built = entries(connection)
    users = {key[0] for key in built}
    for user_id in users:
        for attribute in ("brand", "colour", "item"):
            wanted = {affinity_key(key[2]): e[2] for key, e in built.items() if key[:2] == (user_id, attribute)}
            assert levels_in_engine(engine, shop, user_id, attribute) == wanted
    assert documents(engine, shop.profile_index).keys() == users


def test_what_is_written(engine: Engine, shop: Config, connection: Connection) -> None:
    report = publish_profiles(engine, connection, shop)
    alder, birch, red, blue, i1, i2 = map(affinity_key, ("Alder", "Birch", "red", "blue", "i1", "i2"))
    assert lookups_of(engine, shop, "ann") == {
        "brand.b0": [alder],  # Alder has level 3, Birch 2
        "brand.b1": sorted([alder, birch]),
        "colour.t1": sorted([red, blue]),
        "item.b0": [i2],  # i2 has level 7, i1 6
        "item.b1": sorted([i1, i2]),
        "item.b2": sorted([i1, i2]),
    }
    assert_engine_has_the_build(engine, shop, connection)
    lookups, profiles = everything(engine, shop)
    assert report == PublishReport(
        build=1000,
        changed=2,
        unchanged=0,
        removed=0,
        written=len(lookups) + len(profiles),
        superseded=0,
        refused=0,
    )
    assert {version for version, _ in [*lookups.values(), *profiles.values()]} == {1000}


def test_the_profile_that_people_read(engine: Engine, shop: Config, connection: Connection) -> None:
    publish_profiles(engine, connection, shop)
    assert read_profile(engine, shop, "ann") == {
        "user_id": "ann",
        "build": 1000,
        "as_of": "1970-04-11",
        "events": 3.0,
        "affinities": {
            "brand": [
                {"value": "Alder", "level": 3, "weight": 0.6381, "count": 1.0, "role": "purchase"},
                {"value": "Birch", "level": 2, "weight": 0.3342, "count": 1.0, "role": "purchase"},
            ],
            "colour": [
                {"value": "red", "level": 1, "weight": 0.5224, "count": 2.5874, "role": "purchase"},
                {"value": "blue", "level": 1, "weight": 0.3848, "count": 1.5874, "role": "purchase"},
            ],
            "item": [
                {"value": "i2", "level": 7, "weight": 1.7627, "count": 1.4142, "role": "purchase"},
                {"value": "i1", "level": 6, "weight": 1.3863, "count": 1.0, "role": "purchase"},
            ],
        },
    }
    assert read_profile(engine, shop, "cleo") is None


def test_what_did_not_change_is_not_sent(engine: Engine, shop: Config, connection: Connection) -> None:
    publish_profiles(engine, connection, shop)
    before = everything(engine, shop)
    build_profiles(connection, shop, now_ms=2000)
    assert publish_profiles(engine, connection, shop) == PublishReport(2000, 0, 2, 0, 0, 0, 0)
    connection.execute("INSERT INTO buckets VALUES ('ann', 'i3', 'purchase', 100, 1)")
    build_profile(connection, shop, ["ann"], now_ms=3000)
    report = publish_profiles(engine, connection, shop)
    assert (report.changed, report.unchanged) == (1, 1)
    assert_engine_has_the_build(engine, shop, connection)
    after = everything(engine, shop)
    assert {v for name, (v, _) in after[0].items() if name.endswith(".ann")} == {3000}
    assert {n: d for n, d in after[0].items() if n.endswith(".bob")} == {
        n: d for n, d in before[0].items() if n.endswith(".bob")
    }


def test_slots_that_became_empty_and_shoppers_without_a_profile_go(
    engine: Engine, shop: Config, connection: Connection
) -> None:
    publish_profiles(engine, connection, shop)
    connection.execute("DELETE FROM buckets WHERE user_id = 'bob' OR (user_id = 'ann' AND item = 'i2')")
    build_profiles(connection, shop, now_ms=2000)
    report = publish_profiles(engine, connection, shop)
    assert (report.changed, report.unchanged, report.removed) == (1, 0, 1)
    assert_engine_has_the_build(engine, shop, connection)
    assert {name.rpartition(".")[2] for name in documents(engine, shop.lookup_index)} == {"ann"}
    assert read_profile(engine, shop, "bob") is None
    assert connection.execute("SELECT user_id FROM published").fetchall() == [("ann",)]


def test_some_shoppers_alone(engine: Engine, shop: Config, connection: Connection) -> None:
    report = publish_profiles(engine, connection, shop, users=["bob", "nobody"])
    assert (report.changed, report.unchanged, report.removed) == (1, 0, 0)
    assert documents(engine, shop.profile_index).keys() == {"bob"}
    connection.execute("DELETE FROM buckets")
    fill(connection, [("zoe", "i1", "purchase", 100, 1)], VALUES)
    build_profiles(connection, shop, now_ms=2000)
    assert publish_profiles(engine, connection, shop, users=["bob"]).removed == 1
    assert publish_profiles(engine, connection, shop, users=[]).changed == 0
    assert everything(engine, shop) == ({}, {})


@pytest.mark.parametrize("user_id", ["a.b", "a/b?c#d", "ünï 汉字 🛒", "..", "%2F", '"q"', "\n", "brand.b0.ann"])
def test_any_user_id(engine: Engine, shop: Config, connection: Connection, user_id: str) -> None:
    fill(connection, [(user_id, "i2", "purchase", 100, 1), *BUCKETS], VALUES)
    build_profiles(connection, shop, now_ms=2000)
    assert publish_profiles(engine, connection, shop).refused == 0
    assert_engine_has_the_build(engine, shop, connection)
    found = read_profile(engine, shop, user_id)
    assert found is not None
    assert found["user_id"] == user_id


def test_a_wiped_index_is_noticed(engine: Engine, shop: Config, connection: Connection) -> None:
    publish_profiles(engine, connection, shop)
    before = everything(engine, shop)
    make_indexes(engine, shop, generation=2)
    assert everything(engine, shop) == ({}, {})
    assert publish_profiles(engine, connection, shop).changed == 2
    assert everything(engine, shop) == before


def test_documents_that_the_state_does_not_know_of_are_taken_over(
    engine: Engine, shop: Config, connection: Connection, tmp_path: Path
) -> None:
    fill(connection, [("zoe", "i1", "purchase", 100, 1), *BUCKETS], VALUES)
    build_profiles(connection, shop, now_ms=5000)
    publish_profiles(engine, connection, shop)
    stray = path(shop.lookup_index, "_doc", "brand.b3.ann")
    engine.call("PUT", stray, {"v": [1]}, {"version": "5000", "version_type": "external"})
    before = everything(engine, shop)
    with open_state(tmp_path / "other.duckdb") as other:
        fill(other, BUCKETS, VALUES)
        build_profiles(other, shop, now_ms=1000)
        report = publish_profiles(engine, other, shop, take_over=True)
        assert (report.build, report.changed, report.removed, report.superseded) == (5001, 2, 1, 0)
        assert (report.compared, report.repaired) == (len(before[0]) + len(before[1]), 3)
        assert_engine_has_the_build(engine, shop, other)
        assert "zoe" not in documents(engine, shop.profile_index)
        assert publish_profiles(engine, other, shop).unchanged == 2


class Cut:
    """An engine whose connection breaks at the nth bulk request, before or after the engine has carried it out."""

    def __init__(self, engine: Engine, at: int, *, after: bool) -> None:
        self.engine, self.left, self.after, self.url = engine, at, after, engine.url

    def info(self) -> Any:
        return self.engine.info()

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
        self.left -= path == "/_bulk"
        if self.left == 0 and path == "/_bulk":
            if self.after:
                self.engine.call(method, path, body, params)
            raise EngineUnavailable("cut")
        return self.engine.call(method, path, body, params)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_broken_connection_is_made_good_by_the_same_command(
    engine: Engine, shop: Config, connection: Connection, at: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches of 5 documents: every shopper's span two of them."""
    monkeypatch.setattr("affinity_search.publish.profiles.write_bulk", partial(write_bulk, max_actions=5))
    with pytest.raises(EngineUnavailable, match="cut"):
        publish_profiles(Cut(engine, at, after=after), connection, shop)
    known = connection.execute("SELECT count(*) FROM published").fetchall()[0][0]
    report = publish_profiles(engine, connection, shop)
    assert (report.changed, report.unchanged, report.superseded, report.repaired) == (2 - known, known, 0, 0)
    assert report.warnings == ()
    assert_engine_has_the_build(engine, shop, connection)
    assert publish_profiles(engine, connection, shop).unchanged == 2


def test_a_refused_document_is_told_and_tried_again(engine: Engine, shop: Config, connection: Connection) -> None:
    engine.call("DELETE", path(f"{shop.profile_index}-1"))
    body = {"mappings": {"dynamic": "strict", "properties": {"user_id": {"type": "keyword"}}}}
    engine.call("PUT", path(f"{shop.profile_index}-000001"), {**body, "aliases": {shop.profile_index: {}}})
    report = publish_profiles(engine, connection, shop)
    assert (report.changed, report.refused, [r.id for r in report.reasons]) == (2, 2, ["ann", "bob"])
    assert report.reasons[0].status == 400
    again = publish_profiles(engine, connection, shop)
    assert (again.changed, again.refused, again.superseded, again.written) == (2, 2, 0, report.written)


def test_progress(engine: Engine, shop: Config, connection: Connection) -> None:
    steps: list[tuple[int, int]] = []
    publish_profiles(engine, connection, shop, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(2, 2)]


def test_without_the_alias(engine: Engine, shop: Config, connection: Connection) -> None:
    engine.call("DELETE", path(f"{shop.lookup_index}-1"))
    with pytest.raises(MissingResource, match="expected an alias to one index, found nothing") as caught:
        publish_profiles(engine, connection, shop)
    assert "affinity apply" in caught.value.hint
    engine.call("PUT", path(shop.lookup_index))
    with pytest.raises(MissingResource, match="found an index of that name"):
        publish_profiles(engine, connection, shop)
    engine.call("DELETE", path(f"{shop.profile_index}-1"))
    with pytest.raises(MissingResource, match="profiles: no such index") as caught:
        read_profile(engine, shop, "ann")
    assert "affinity apply" in caught.value.hint


def test_an_alias_to_two_indexes(engine: Engine, shop: Config, connection: Connection) -> None:
    engine.call("PUT", path(f"{shop.lookup_index}-2"), {"aliases": {shop.lookup_index: {}}})
    with pytest.raises(MissingResource, match="expected an alias to one index, found one to 2 indexes"):
        publish_profiles(engine, connection, shop)


def test_profiles_built_with_another_configuration_are_not_published(
    engine: Engine, shop: Config, connection: Connection
) -> None:
    other = shop.model_copy(update={"profiles": shop.profiles.model_copy(update={"max_values": 3})})
    with pytest.raises(DataError, match="expected a build with this configuration"):
        publish_profiles(engine, connection, other)
