"""What the engine holds is not what the state believes: noticed, told with the number, and repaired."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from affinity_search.config import Config
from affinity_search.engine import Engine, path
from affinity_search.engine.opensearch import OpenSearchEngine
from affinity_search.engine.ownership import marked
from affinity_search.errors import DataError, EngineFailed, MissingResource
from affinity_search.profiles.build import build_profile, build_profiles
from affinity_search.publish.profiles import publish_profiles
from affinity_search.publish.report import PublishReport
from affinity_search.state import open_state
from tests.live.profile_indexes import documents, make_indexes
from tests.profile_data import VALUES, Bucket, config, fill

Connection = duckdb.DuckDBPyConnection
Held = tuple[dict[str, Any], dict[str, Any]]
SHOPPERS: list[Bucket] = [(f"u{n}", f"i{1 + n % 3}", "purchase", 80 + n % 20, 1) for n in range(30)]
HERE = "this state published"


@pytest.fixture
def shop(prefix: str) -> Config:
    return config(engine={"prefix": f"{prefix}r"})


@pytest.fixture
def engine(engine_url: str) -> Engine:
    return OpenSearchEngine(engine_url)


@pytest.fixture
def connection(engine: Engine, shop: Config, tmp_path: Path) -> Iterator[Connection]:
    """A shop of 30 shoppers, published."""
    make_indexes(engine, shop)
    with open_state(tmp_path / "state.duckdb") as found:
        fill(found, SHOPPERS, VALUES)
        build_profiles(found, shop, now_ms=10_000)
        publish_profiles(engine, found, shop)
        yield found


def held(engine: Engine, shop: Config) -> Held:
    """The sources of all documents, without the build that wrote them."""
    found = documents(engine, shop.lookup_index), documents(engine, shop.profile_index)
    lookups, profiles = ({name: source for name, (_, source) in index.items()} for index in found)
    return lookups, {name: {**source, "build": 0} for name, source in profiles.items()}


def one_lookup(engine: Engine, shop: Config) -> str:
    return path(shop.lookup_index, "_doc", min(documents(engine, shop.lookup_index)))


def empty(engine: Engine, alias: str) -> None:
    query = {"query": {"match_all": {}}}
    engine.call("POST", path(alias, "_delete_by_query"), query, {"refresh": "true"})
    assert documents(engine, alias) == {}


def lose_the_lookups(engine: Engine, shop: Config) -> None:
    empty(engine, shop.lookup_index)


def lose_the_profiles(engine: Engine, shop: Config) -> None:
    empty(engine, shop.profile_index)


def lose_everything(engine: Engine, shop: Config) -> None:
    lose_the_lookups(engine, shop)
    lose_the_profiles(engine, shop)


def lose_one_lookup(engine: Engine, shop: Config) -> None:
    engine.call("DELETE", one_lookup(engine, shop))


def lose_one_profile(engine: Engine, shop: Config) -> None:
    engine.call("DELETE", path(shop.profile_index, "_doc", "u7"))


def write_over_one(engine: Engine, shop: Config) -> None:
    engine.call("PUT", one_lookup(engine, shop), {"v": [1, 2, 3]})


def write_over_one_in_a_far_version(engine: Engine, shop: Config) -> None:
    params = {"version": "990000", "version_type": "external"}
    engine.call("PUT", one_lookup(engine, shop), {"v": [1, 2, 3]}, params)


def write_over_one_often(engine: Engine, shop: Config) -> None:
    where = one_lookup(engine, shop)
    for number in range(20):
        engine.call("PUT", where, {"v": [number]})
    engine.call("DELETE", where)


def add_a_slot(engine: Engine, shop: Config) -> None:
    engine.call("PUT", path(shop.lookup_index, "_doc", "brand.b3.u7"), {"v": [1]})


def add_a_shopper(engine: Engine, shop: Config) -> None:
    engine.call("PUT", path(shop.profile_index, "_doc", "nobody"), {"user_id": "nobody"})


DAMAGES = [
    (lose_the_lookups, 30),
    (lose_the_profiles, 30),
    (lose_everything, 30),
    (lose_one_lookup, 1),
    (lose_one_profile, 1),
    (write_over_one, 1),
    (write_over_one_in_a_far_version, 1),
    (write_over_one_often, 1),
    (add_a_slot, 1),
    (add_a_shopper, 1),
]


@pytest.mark.parametrize(("damage", "shoppers"), DAMAGES)
def test_damage_is_told_with_its_number_and_repaired(
    engine: Engine,
    shop: Config,
    connection: Connection,
    damage: Callable[[Engine, Config], None],
    shoppers: int,
) -> None:
    before = held(engine, shop)
    damage(engine, shop)
    assert held(engine, shop) != before
    report = publish_profiles(engine, connection, shop)
    assert (report.repaired, report.superseded, report.refused, report.warnings) == (shoppers, 0, 0, ())
    assert report.finding == "somebody else has written to these indexes since"
    assert held(engine, shop) == before
    again = publish_profiles(engine, connection, shop)
    assert again == PublishReport(report.build, 0, 30, 0, 0, 0, 0)


def test_verify_repairs_what_no_write_tells_of(engine: Engine, shop: Config, connection: Connection) -> None:
    """The state is wrong, and the engine was not written to: as after a restored copy of the state file."""
    before = held(engine, shop)
    connection.execute("UPDATE published SET documents = documents[2:] WHERE user_id = 'u3'")
    report = publish_profiles(engine, connection, shop, mode="verify")
    assert (report.finding, report.repaired, report.changed) == ("asked for", 1, 1)
    assert report.compared == len(before[0]) + len(before[1])
    whole = publish_profiles(engine, connection, shop, mode="verify")
    assert (whole.repaired, whole.changed, whole.compared) == (0, 0, report.compared)
    assert held(engine, shop) == before


def test_the_sample_finds_what_was_lost_without_a_write(engine: Engine, shop: Config, connection: Connection) -> None:
    connection.execute("UPDATE published SET documents = list_append(documents, 'brand.b9.' || user_id)")
    report = publish_profiles(engine, connection, shop)
    assert report.finding.startswith("of ")
    assert "30 are missing or another's" in report.finding
    assert report.repaired == 30


def test_the_counts_find_what_was_lost_without_a_write(engine: Engine, shop: Config, connection: Connection) -> None:
    connection.execute("UPDATE meta SET value = '1 lookup and 30 profile documents' WHERE key = 'published.counts'")
    lookups, _ = held(engine, shop)
    report = publish_profiles(engine, connection, shop)
    assert report.finding == (
        f"expected 1 lookup and 30 profile documents, found {len(lookups)} lookup and 30 profile documents"
    )


def test_force_writes_everything_again(engine: Engine, shop: Config, connection: Connection) -> None:
    lookups, profiles = held(engine, shop)
    report = publish_profiles(engine, connection, shop, mode="force")
    assert (report.changed, report.unchanged, report.removed) == (30, 0, 0)
    assert report.written == report.sent == len(lookups) + len(profiles)
    assert held(engine, shop) == (lookups, profiles)


def test_one_shopper_alone_is_looked_at_and_repaired(engine: Engine, shop: Config, connection: Connection) -> None:
    before = held(engine, shop)
    engine.call("DELETE", path(shop.profile_index, "_doc", "u7"))
    build_profile(connection, shop, ["u7"], now_ms=20_000)
    assert publish_profiles(engine, connection, shop, users=["u7"]).repaired == 1
    assert held(engine, shop)[0] == before[0]
    assert held(engine, shop)[1].keys() == before[1].keys()
    assert publish_profiles(engine, connection, shop, users=["u7"]).changed == 0
    assert publish_profiles(engine, connection, shop).finding == ""


class Between:
    """An engine to which somebody else writes just before the first bulk request."""

    def __init__(self, engine: Engine, meanwhile: Callable[[], object]) -> None:
        self.engine, self.meanwhile, self.url = engine, meanwhile, engine.url
        self.sent = 0

    def info(self) -> Any:
        return self.engine.info()

    def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
        if path == "/_bulk":
            meanwhile, self.meanwhile = self.meanwhile, lambda: None
            meanwhile()
            self.sent += sum(1 for line in str(body).splitlines() if '"_index"' in line)
        return self.engine.call(method, path, body, params)


def test_a_superseded_document_is_not_ours_and_the_same_command_cures_it(
    engine: Engine, shop: Config, connection: Connection
) -> None:
    fill(connection, [(user, "i1", kind, day, count) for user, _, kind, day, count in SHOPPERS], VALUES)
    build_profiles(connection, shop, now_ms=20_000)
    where = path(shop.profile_index, "_doc", "u7")
    params = {"version": "30000", "version_type": "external"}
    between = Between(engine, lambda: engine.call("PUT", where, {"user_id": "another's"}, params))
    report = publish_profiles(between, connection, shop)
    assert (report.superseded, report.refused) == (1, 0)
    assert report.sent == report.written + report.superseded + report.absent + report.refused == between.sent
    assert report.shoppers == report.changed + report.unchanged + report.removed == 30
    (warning,) = report.warnings
    assert warning.startswith("1 documents are newer in the engine than build 20000")
    assert "Run the same command again" in warning
    cured = publish_profiles(engine, connection, shop)
    assert (cured.superseded, cured.repaired, cured.changed, cured.warnings) == (0, 1, 1, ())
    assert documents(engine, shop.profile_index)["u7"][1]["user_id"] == "u7"
    assert publish_profiles(engine, connection, shop).unchanged == 30


def test_the_second_state_is_told_and_may_take_over(
    engine: Engine, shop: Config, connection: Connection, tmp_path: Path
) -> None:
    with open_state(tmp_path / "other.duckdb") as other:
        fill(other, [*SHOPPERS, ("extra", "i1", "purchase", 100, 1)], VALUES)
        build_profiles(other, shop, now_ms=50_000)
        for _ in range(2):
            with pytest.raises(DataError, match="expected profiles published from this state file") as told:
                publish_profiles(engine, other, shop)
            assert "affinity profiles publish --take-over" in told.value.hint
        assert "extra" not in documents(engine, shop.profile_index)
        report = publish_profiles(engine, other, shop, take_over=True)
        assert (report.finding, report.repaired) == ("the state has not published to these indexes yet", 30)
        assert "extra" in documents(engine, shop.profile_index)
        assert publish_profiles(engine, other, shop).unchanged == 31
    with pytest.raises(DataError, match="build 50000 of another one"):
        publish_profiles(engine, connection, shop)
    back = publish_profiles(engine, connection, shop, take_over=True)
    assert (back.finding, back.removed) == ("another state file has published since", 1)
    assert "extra" not in documents(engine, shop.profile_index)


def test_another_state_fills_empty_indexes_without_asking(
    engine: Engine, shop: Config, connection: Connection, tmp_path: Path
) -> None:
    before = held(engine, shop)
    lose_everything(engine, shop)
    with open_state(tmp_path / "other.duckdb") as other:
        fill(other, SHOPPERS, VALUES)
        build_profiles(other, shop, now_ms=50_000)
        assert publish_profiles(engine, other, shop).changed == 30
    assert held(engine, shop) == before


def test_a_copy_of_the_state_file_is_noticed(
    engine: Engine, shop: Config, connection: Connection, tmp_path: Path
) -> None:
    connection.execute("CHECKPOINT")
    shutil.copy(tmp_path / "state.duckdb", tmp_path / "copy.duckdb")
    with open_state(tmp_path / "copy.duckdb") as copy:
        fill(copy, SHOPPERS[:20], VALUES)
        build_profiles(copy, shop, now_ms=20_000)
        assert publish_profiles(engine, copy, shop).warnings == ()
    report = publish_profiles(engine, connection, shop)
    assert report.finding == "a copy of this state file has published since"
    assert report.repaired > 0
    assert report.warnings[0].startswith("a copy of this state file has published since: keep one state file")
    assert documents(engine, shop.profile_index).keys() == {f"u{n}" for n in range(30)}


def test_a_document_that_belongs_to_no_shopper_is_left_and_told(
    engine: Engine, shop: Config, connection: Connection
) -> None:
    engine.call("PUT", path(shop.lookup_index, "_doc", "odd"), {"v": [1]})
    report = publish_profiles(engine, connection, shop)
    assert report.warnings == (
        "1 lookup documents belong to no shopper (first: 'odd') and are left as they are: delete them if nobody needs "
        "them",
    )
    assert "odd" in documents(engine, shop.lookup_index)
    assert publish_profiles(engine, connection, shop).finding == ""


def test_an_index_deleted_on_the_way_is_not_made_again_by_the_engine(
    engine: Engine, shop: Config, connection: Connection
) -> None:
    fill(connection, SHOPPERS[:10], VALUES)
    build_profiles(connection, shop, now_ms=20_000)
    between = Between(engine, lambda: engine.call("DELETE", path(f"{shop.lookup_index}-1")))
    with pytest.raises((MissingResource, EngineFailed)):
        publish_profiles(between, connection, shop)
    make = marked({"mappings": {"dynamic": False}, "aliases": {shop.lookup_index: {}}}, shop.engine.prefix)
    engine.call("DELETE", path(f"{shop.lookup_index}*"))
    engine.call("PUT", path(f"{shop.lookup_index}-1"), make)
    report = publish_profiles(engine, connection, shop)
    assert report.warnings == ()
    assert {name.rpartition(".")[2] for name in documents(engine, shop.lookup_index)} == {f"u{n}" for n in range(10)}


def test_a_state_from_before_versions_were_kept(engine: Engine, shop: Config, connection: Connection) -> None:
    """Its publications are compared once, and nothing is written again where nothing is amiss."""
    connection.execute("UPDATE published SET build = NULL; DELETE FROM meta WHERE key LIKE 'published.%'")
    theirs = marked({"mappings": {"_meta": {"theirs": 1}}}, shop.engine.prefix)["mappings"]
    engine.call("PUT", path(shop.lookup_index, "_mapping"), theirs)
    report = publish_profiles(engine, connection, shop)
    assert (report.unchanged, report.repaired, report.written) == (30, 0, 0)
    assert connection.execute("SELECT DISTINCT build FROM published").fetchall() == [(10_000,)]
    mapping = next(iter(engine.call("GET", path(shop.lookup_index, "_mapping")).values()))["mappings"]
    assert mapping["_meta"]["theirs"] == 1
    assert mapping["_meta"]["affinity_search"]["published"]["profiles"] == 30


def test_the_look_asks_a_fixed_number_of_questions(engine: Engine, shop: Config, connection: Connection) -> None:
    asked: list[str] = []

    class Counting(Between):
        def call(self, method: str, path: str, body: object = None, params: Mapping[str, str] | None = None) -> Any:
            asked.append(f"{method} {path}")
            return super().call(method, path, body, params)

    publish_profiles(Counting(engine, lambda: None), connection, shop)
    assert len(asked) == 13
    assert not any("_search" in question for question in asked)
    assert json.dumps(asked).count("_mget") == 1
