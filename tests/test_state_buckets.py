"""Daily buckets: every verdict, and a state that depends on the set of events only."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affinity_search.config.model import Config
from affinity_search.errors import DataError
from affinity_search.events import Accounting, quarantine_path
from affinity_search.state import buckets, open_state
from affinity_search.state.buckets import FileReport, Held, IngestFailed, held, ingest, newest_day, prune

NOW = datetime(2017, 3, 1, 12, tzinfo=UTC)
TYPES = {"purchase": {"weight": 1}, "cart": {"weight": 0.5}, "view": {"weight": 0}}
CONFIG = Config.model_validate({"events": {"types": TYPES, "retention_days": 30}})
STEPS = Config.model_validate({"events": {"types": TYPES, "retention_days": 2, "time": "sequence"}})

State = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_state(tmp_path / "state.duckdb") as found:
        yield found


def state(connection: duckdb.DuckDBPyConnection) -> State:
    return (
        connection.execute("SELECT * FROM buckets ORDER BY ALL").fetchall(),
        connection.execute("SELECT * FROM seen ORDER BY ALL").fetchall(),
    )


def run(connection: duckdb.DuckDBPyConnection, *paths: Path, config: Config = CONFIG) -> list[FileReport]:
    return ingest(connection, paths, config, now=NOW, quarantine_folder=paths[0].parent / "quarantine")


def write(path: Path, *rows: object) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def event(user: object = "u1", ts: object = "2017-02-01", item: str = "i1", **more: object) -> dict[str, object]:
    return {"user": user, "ts": ts, "type": "purchase", "item": item, **more}


def test_every_verdict(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(
        tmp_path / "e.jsonl",
        event(group="a"),
        event(group="b"),
        event(group="b"),
        event(type="cart"),
        event(ts="2017-01-02"),
        event(ts="2017-01-01"),
        event(ts="2017-03-03"),
        event(consent=False),
        event(type="login"),
        event(type="view"),
        event(user=""),
        "not json",
    )
    [report] = run(connection, path)
    quarantined = quarantine_path(tmp_path / "quarantine", path)
    assert report == FileReport(
        path,
        Accounting(
            read=12,
            applied=4,
            duplicate=1,
            late=1,
            skewed=1,
            quarantined=2,
            no_consent=1,
            unmapped=1,
            filtered=1,
        ),
        quarantined,
        None,
    )
    assert state(connection)[0] == [
        ("u1", "i1", "cart", 17198, 1),
        ("u1", "i1", "purchase", 17168, 1),
        ("u1", "i1", "purchase", 17198, 2),
    ]
    assert held(connection) == Held(events=4, buckets=3, users=1, items=1, days=2, newest_day=17198)
    assert [json.loads(line)["line"] for line in quarantined.read_text().splitlines()] == [11, 12]


def test_an_empty_state(connection: duckdb.DuckDBPyConnection) -> None:
    assert newest_day(connection) is None
    assert held(connection) == Held(0, 0, 0, 0, 0, None)
    assert prune(connection, CONFIG.events) == 0


def test_the_same_file_again_changes_nothing(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", event(), event(item="i2"), "bad")
    run(connection, path)
    before, quarantined = state(connection), quarantine_path(tmp_path / "quarantine", path).read_bytes()
    [report] = run(connection, path)
    assert report.accounting == Accounting(read=3, duplicate=2, quarantined=1)
    assert state(connection) == before
    assert quarantine_path(tmp_path / "quarantine", path).read_bytes() == quarantined


def test_an_id_tells_events_apart_and_together(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", event(id="1"), event(id="2"), event(id="1", item="i9"), event(id=1))
    [report] = run(connection, path)
    assert report.accounting == Accounting(read=4, applied=2, duplicate=2)
    assert state(connection)[0] == [("u1", "i1", "purchase", 17198, 2)]


def test_a_late_copy_does_not_stand_in_for_the_other(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", event(id="a"), event(id="b", ts="2016-12-01"), event(id="b"))
    [report] = run(connection, path)
    assert report.accounting == Accounting(read=3, applied=2, late=1)


def test_later_files_add_to_their_own_buckets_only(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(connection, write(tmp_path / "one.jsonl", event()))
    others = [event(type="cart"), event(user="u2"), event(item="i2"), event(ts="2017-02-02"), event(group="b")]
    run(connection, write(tmp_path / "two.jsonl", *others))
    assert state(connection)[0] == [
        ("u1", "i1", "cart", 17198, 1),
        ("u1", "i1", "purchase", 17198, 2),
        ("u1", "i1", "purchase", 17199, 1),
        ("u1", "i2", "purchase", 17198, 1),
        ("u2", "i1", "purchase", 17198, 1),
    ]


def test_csv_and_jsonl_tell_of_the_same_events(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first = write(tmp_path / "e.jsonl", event(ts="2017-02-01T10:00:00Z", user=7, weight=2))
    second = write(tmp_path / "e.csv", "item,weight,type,ts,user", "i1,2.0,purchase,1485943200,7")
    reports = run(connection, first, second)
    assert [report.accounting for report in reports] == [Accounting(read=1, applied=1), Accounting(read=1, duplicate=1)]


def test_ids_full_of_signs_of_other_languages(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    users = [
        '"',
        "'",
        "\\",
        "\\N",
        "NULL",
        ",",
        " a ",
        "a\u2028b",
        "\u0301x",
        "é\u0301",
        "{}",
        "%s",
        "$1",
        "-",
        "\ufeff",
    ]
    run(connection, write(tmp_path / "e.jsonl", *(event(user=user) for user in users)))
    assert [row[0] for row in state(connection)[0]] == sorted(users, key=lambda text: text.encode())


def test_old_buckets_go_when_newer_events_come(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", event(ts="2016-12-01"), event(ts="2017-01-02"), event(ts="2017-02-01"))
    [report] = run(connection, path)
    assert report.accounting == Accounting(read=3, applied=3)
    assert [row[3] for row in state(connection)[0]] == [17168, 17198]
    [again] = run(connection, path)
    assert again.accounting == Accounting(read=3, duplicate=2, late=1)
    assert newest_day(connection) == 17198


def test_late_is_seen_from_the_newest_event_held(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(connection, write(tmp_path / "new.jsonl", event()))
    [report] = run(connection, write(tmp_path / "old.jsonl", event(ts="2017-01-01"), event(ts="2017-01-02")))
    assert report.accounting == Accounting(read=2, applied=1, late=1)


def test_events_that_do_not_count_make_nothing_late(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [event(ts="2017-05-01"), event(type="view"), event(type="login"), event(consent=0), event(ts="2016-12-01")]
    [report] = run(connection, write(tmp_path / "e.jsonl", *rows))
    assert report.accounting == Accounting(read=5, applied=1, skewed=1, no_consent=1, unmapped=1, filtered=1)


def test_in_a_sequence_each_shopper_has_a_newest_step(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(
        tmp_path / "e.jsonl",
        event("a", 90),
        event("b", 1),
        event("a", 88),
        event("a", 87),
        event("b", 5),
        event("b", 2.0),
    )
    [report] = run(connection, path, config=STEPS)
    assert report.accounting == Accounting(read=6, applied=4, late=2)
    assert [(row[0], row[3]) for row in state(connection)[0]] == [("a", 88), ("a", 90), ("b", 5)]
    run(connection, write(tmp_path / "more.jsonl", event("c", 0), event("a", 87), event("b", 3)), config=STEPS)
    assert [(row[0], row[3]) for row in state(connection)[0]] == [("a", 88), ("a", 90), ("b", 3), ("b", 5), ("c", 0)]


def test_a_file_that_breaks_off_is_applied_as_far_as_it_goes(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    whole = gzip.compress(b"".join(json.dumps(event(item=str(n * 7919))).encode() + b"\n" for n in range(30_000)))
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(whole[: len(whole) // 2])
    good = write(tmp_path / "good.jsonl", event("u2"))
    with pytest.raises(IngestFailed) as caught:
        run(connection, broken, tmp_path / "none.csv", good)
    first, second, third = caught.value.reports
    assert first.accounting.read == first.accounting.applied > 1000
    assert first.error is not None
    assert (second.accounting, third.accounting) == (Accounting(), Accounting(read=1, applied=1))
    assert third.error is None
    assert str(caught.value).count("\n") == 2
    assert caught.value.exit_code == 6
    assert held(connection).users == 2
    broken.write_bytes(whole)
    [mended] = run(connection, broken)
    assert mended.accounting.applied == 30_000 - first.accounting.applied


def test_a_state_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", event())
    with open_state(tmp_path / "state.duckdb"):
        pass
    with (
        duckdb.connect(str(tmp_path / "state.duckdb"), read_only=True) as read_only,
        pytest.raises(DataError, match="state: expected to write the events, got"),
    ):
        run(read_only, path)


def test_a_batch_is_applied_whole_or_not_at_all(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", *(event(item=str(n)) for n in range(10)))
    with mock.patch.object(buckets, "MERGE", "SELECT error($1 || $2)"), pytest.raises(DataError):
        run(connection, path)
    assert state(connection) == ([], [])
    [report] = run(connection, path)
    assert report.accounting == Accounting(read=10, applied=10)


def test_progress_after_each_batch(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", *(event(item=str(n % 5)) for n in range(10)), "bad")
    told: list[tuple[Path, Accounting]] = []
    with mock.patch.object(buckets, "BATCH_EVENTS", 4):
        ingest(
            connection,
            [path],
            CONFIG,
            now=NOW,
            quarantine_folder=tmp_path / "q",
            progress=lambda *said: told.append(said),
        )
    assert told == [(path, Accounting(read=4, applied=4)), (path, Accounting(read=8, applied=5, duplicate=3))]


def expected_state(rows: Sequence[dict[str, object]]) -> list[tuple[object, ...]]:
    """Buckets of these events, computed the simple way."""
    distinct = {json.dumps(row, sort_keys=True): row for row in rows}.values()
    days = [(date.fromisoformat(str(row["ts"])) - date(1970, 1, 1)).days for row in distinct]
    counts: dict[tuple[object, ...], int] = {}
    for row, day in zip(distinct, days, strict=True):
        if day >= max(days) - 30:
            key = (row["user"], row["item"], row["type"], day)
            counts[key] = counts.get(key, 0) + 1
    return sorted((*key, count) for key, count in counts.items())


some_events = st.lists(
    st.builds(
        event,
        st.sampled_from(["u1", "u2"]),
        st.integers(0, 60).map(lambda n: (date(2016, 12, 31) + timedelta(days=n)).isoformat()),
        st.sampled_from(["i1", "i2"]),
        group=st.sampled_from(["a", "b"]),
    ),
    max_size=16,
)


@settings(deadline=None, max_examples=20)
@given(some_events, some_events, st.sampled_from([1, 7]))
def test_order_batches_and_repeats_make_no_difference(
    tmp_path_factory: pytest.TempPathFactory,
    one: list[dict[str, object]],
    other: list[dict[str, object]],
    size: int,
) -> None:
    folder = tmp_path_factory.mktemp("order")
    first, second = write(folder / "one.jsonl", *one), write(folder / "other.jsonl", *other)
    states = []
    for number, paths in enumerate([(first, second), (second, first), (first, second, first)]):
        with (
            open_state(folder / f"{number}.duckdb") as connection,
            mock.patch.object(buckets, "BATCH_EVENTS", size if number else 100_000),
        ):
            for report in run(connection, *paths):
                report.accounting.check()
            states.append(state(connection))
    assert states[1:] == states[:1] * 2
    assert states[0][0] == expected_state(one + other)
    assert sum(row[4] for row in states[0][0]) == len(states[0][1])  # type: ignore[misc]


@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=400), st.sampled_from(["e.jsonl", "e.csv", "e"]), st.sampled_from([CONFIG, STEPS]))
def test_any_file_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str, config: Config
) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = folder / name
    path.write_bytes(b"user,ts,type,item\n" + content if name == "e.csv" else content)
    with open_state(folder / "state.duckdb") as connection:
        try:
            [report] = run(connection, path, config=config)
        except IngestFailed as failure:
            [report] = failure.reports
        report.accounting.check()
        assert (report.quarantine is None) == (report.accounting.quarantined == 0)
        assert held(connection).events <= report.accounting.applied
