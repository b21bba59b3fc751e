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
from affinity_search.state import buckets, judging, open_state
from affinity_search.state.buckets import Held, held, ingest, newest_day, prune
from affinity_search.state.ingested import FileReport, HeldChange, IngestFailed
from affinity_search.state.known import KnownItems, NearMiss, known_items

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
    return list(ingest(connection, paths, config, now=NOW, quarantine_folder=paths[0].parent / "quarantine").files)


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
        KnownItems(events=5, known=0, catalogue=False),
        pieces=4,
        first_bad="line 11: user: expected a value, got none",
        facts=report.facts,
    )
    assert list(report.facts.lines(59)) == [
        "6 events from 2017-01-01 to 2017-02-01: 31 days, and 59 are held (events.retention_days)",
        "types that are not under events.types, so they do not count: login (1)",
        "types of weight 0: view (1)",
        "left out for want of consent: 1",
        "lost, ts: expected a time that is not in the future: 1 line; line 7",
        "lost, user: expected a value: 1 line; line 11: got none",
        "lost, expected a JSON object: 1 line; line 12: got Expecting value: line 1 column 1 (char 0)",
    ]
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


def test_nothing_of_a_damaged_gzip_file_is_applied_and_the_others_are(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    whole = gzip.compress(b"".join(json.dumps(event(item=str(n * 7919))).encode() + b"\n" for n in range(30_000)))
    cut, wrong = tmp_path / "cut.jsonl.gz", tmp_path / "wrong.jsonl.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    wrong.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])
    good = write(tmp_path / "good.jsonl", event("u2"))
    with pytest.raises(IngestFailed) as caught:
        run(connection, cut, wrong, tmp_path / "none.csv", good)
    assert [file.accounting for file in caught.value.report.files] == [
        Accounting(),
        Accounting(),
        Accounting(),
        Accounting(read=1, applied=1),
    ]
    assert all("nothing of it was read" in str(file.error) for file in caught.value.report.files[:2])
    assert caught.value.exit_code == 6
    assert held(connection).users == 1
    cut.write_bytes(whole)
    [mended] = run(connection, cut)
    assert mended.accounting.applied == 30_000


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
    with mock.patch.object(judging, "NEWEST", "SELECT error('full')"), pytest.raises(DataError):
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


def test_what_retention_takes_away_is_in_the_account(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(
        connection,
        write(tmp_path / "old.jsonl", event(ts="2016-12-01"), event(ts="2016-12-02"), event(ts="2016-12-31")),
    )
    new = write(tmp_path / "new.jsonl", event(ts="2016-12-31", item="i2"), event(ts="2017-01-20"))
    report = ingest(connection, [new], CONFIG, now=NOW, quarantine_folder=tmp_path / "q")
    assert report.held == HeldChange(before=3, applied=2, removed=2, after=3)
    assert str(report.held) == "held: 3 before + applied 2 - removed by retention 2 = 3"
    assert report.warnings == []


def test_retention_that_takes_most_of_what_was_held_is_said(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    run(connection, write(tmp_path / "old.jsonl", event(ts="2016-12-01"), event(ts="2016-12-02")))
    new = write(tmp_path / "new.jsonl", event(ts="2017-02-20"))
    report = ingest(connection, [new], CONFIG, now=NOW, quarantine_folder=tmp_path / "q")
    assert report.held == HeldChange(before=2, applied=1, removed=2, after=1)
    assert report.warnings == []  # one of the two could be the event applied: that is half of what was held
    more = write(tmp_path / "more.jsonl", *(event(ts="2017-02-20", item=f"i{n}") for n in range(20)))
    run(connection, more)
    last = write(tmp_path / "last.jsonl", event(ts="2017-03-30"))
    later = datetime(2017, 4, 1, tzinfo=UTC)
    [warning] = ingest(connection, [last], CONFIG, now=later, quarantine_folder=tmp_path / "q").warnings
    assert warning.startswith("events.retention_days: 20 events were too old")


def test_one_event_far_beyond_all_that_is_held_removes_nothing(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    run(connection, write(tmp_path / "e.jsonl", *(event(item=f"i{n}") for n in range(5))))
    poison = write(tmp_path / "poison.jsonl", event(ts="2038-01-19"), event(item="new"), event(item="newer"))
    later = datetime(2038, 1, 20, tzinfo=UTC)
    report = ingest(connection, [poison], CONFIG, now=later, quarantine_folder=tmp_path / "q")
    assert report.total == Accounting(read=3, applied=2, skewed=1)
    assert report.held == HeldChange(5, 2, 0, 7)
    again = ingest(connection, [poison], CONFIG, now=later, quarantine_folder=tmp_path / "q", accept_loss=True)
    assert again.held == HeldChange(7, 1, 7, 1)


def test_a_clock_or_a_date_among_steps_removes_nothing(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(connection, write(tmp_path / "e.jsonl", event("a", 4), event("a", 5), event("b", 1)), config=STEPS)
    rows = [event("a", step, item="i9") for step in (1714557600, 1714557600000, 20240501, 202405, 20_000)]
    path = write(tmp_path / "poison.jsonl", *rows, *(event("b", n) for n in (2, 3, 1, 2, 3)))
    [report] = run(connection, path, config=STEPS)
    assert report.accounting == Accounting(read=10, applied=2, duplicate=3, skewed=1, quarantined=4)
    assert [(row[0], row[3]) for row in state(connection)[0]] == [("a", 4), ("a", 5), ("b", 1), ("b", 2), ("b", 3)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["bad", "bad", "{}", event()], "expected most lines to be events, 1 of 4 are"),
        (["bad"], "expected most lines to be events, 0 of 1 are"),
        ([event(ts="2040-01-01")], "expected most lines to be events, 0 of 1 are"),
        ([event(ts="2017-02-01"), *(event(ts="2017-02-01", consent="x") for _ in range(2))], "1 of 3 are"),
        ([event(type="login"), event(type="logout")], "expected types that stand under events.types, no event has one"),
        ([event(item="x"), event(item="y"), event()], "the item of 1 of 3 events is known (33.3%)"),
    ],
)
def test_a_file_of_little_use_is_an_error_that_can_be_accepted(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, rows: list[object], said: str
) -> None:
    connection.execute("INSERT INTO items VALUES ('i1', 'Item')")
    path = write(tmp_path / "e.jsonl", *rows)
    with pytest.raises(IngestFailed) as caught:
        run(connection, path)
    assert said in caught.value.message
    assert "--accept-loss" in caught.value.hint
    applied = caught.value.report.total.applied
    report = ingest(connection, [path], CONFIG, now=NOW, quarantine_folder=tmp_path / "q", accept_loss=True)
    assert report.total.duplicate == applied
    assert said in report.problems[0]


def test_a_file_of_nothing_but_old_events_is_said(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(connection, write(tmp_path / "new.jsonl", event()))
    old = write(tmp_path / "old.jsonl", event(ts="2016-01-01"), event(ts="2016-01-02"))
    [warning] = ingest(connection, [old], CONFIG, now=NOW, quarantine_folder=tmp_path / "q").warnings
    assert "all 2 events are older than events.retention_days allows" in warning


def test_ids_that_miss_the_catalogue_by_their_spelling_are_named(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    connection.execute("INSERT INTO items VALUES ('12', ''), ('P01', ''), ('7', ''), ('ok', '')")
    rows = [
        event(item=item, group=str(n)) for item, times in (("12.0", 3), (" p01", 2), ("007", 1)) for n in range(times)
    ]
    path = write(tmp_path / "e.jsonl", *rows, *(event(item="ok", group=str(n)) for n in range(6)), event(item="gone"))
    report = ingest(connection, [path], CONFIG, now=NOW, quarantine_folder=tmp_path / "q", accept_loss=True)
    assert report.near_misses == (NearMiss("12.0", "12", 3), NearMiss(" p01", "P01", 2), NearMiss("007", "7", 1))
    assert report.files[0].known == KnownItems(13, 6, True)
    assert known_items(connection) == KnownItems(13, 6, True)


@pytest.mark.parametrize("answer", ["off", "Denied", 0.0, "0.0", "nope", "", {"user": "u1"}])
@pytest.mark.parametrize("name", ["consent", "Consent", "CONSENT", " consent"])
def test_a_no_or_an_unclear_answer_is_stored_nowhere(
    tmp_path_factory: pytest.TempPathFactory, name: str, answer: object
) -> None:
    folder = tmp_path_factory.mktemp("consent")
    row = json.dumps(event("secret-user", **{name: answer}))
    broken = [row[:-1], json.dumps([event("secret-user", **{name: False})]), row.replace("purchase", "pur\x01chase")]
    path = write(folder / "e.jsonl", row, *broken, *(event("open", item=str(n)) for n in range(9)))
    with open_state(folder / "state.duckdb") as connection:
        ingest(connection, [path], CONFIG, now=NOW, quarantine_folder=folder / "q")
        users = {str(found[0]) for found in state(connection)[0]}
    assert users == ({"open", "secret-user"} if answer == "" else {"open"})
    assert all("secret-user" not in file.read_text() for file in (folder / "q").iterdir())


def test_csv_lines_of_a_file_with_consent_are_kept_only_where_it_was_given(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [
        "user,ts,type,item,Consent",
        "s1,2017-02-01,purchase,i1,perhaps",
        "s2,2017-02-01,purchase",
        *OK,
        "s3,,purchase,i1,yes",
    ]
    [report] = run(connection, write(tmp_path / "e.csv", *rows))
    assert report.accounting == Accounting(read=8, applied=5, quarantined=3)
    lines = quarantine_path(tmp_path / "quarantine", tmp_path / "e.csv").read_text().splitlines()
    kept = [json.loads(line)["text"] for line in lines]
    assert kept == [None, None, "s3,,purchase,i1,yes"]


OK = [f"u,2017-02-01,purchase,i{n},1" for n in range(5)]


def test_the_same_id_on_another_day_is_a_duplicate(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    run(connection, write(tmp_path / "one.jsonl", event(id="a"), event("u2", id="b", ts="2017-02-10")))
    again = write(tmp_path / "two.jsonl", event("u3", id="a", ts="2017-02-12"), event("u3", ts="2017-02-03"))
    assert run(connection, again)[0].accounting == Accounting(read=2, applied=1, duplicate=1)


def test_files_of_the_state_are_their_users_own(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    with open_state(shop / "state.duckdb") as connection:
        run(connection, write(tmp_path / "e.jsonl", event(), event(item="i2"), "bad"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in shop.iterdir()}
    assert modes == dict.fromkeys(modes, 0o600)
    assert shop.stat().st_mode & 0o777 == 0o700
    folder = tmp_path / "quarantine"
    assert [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())] == [0o700, 0o600]


def test_a_state_of_the_schema_before_is_brought_up_to_date(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", event(), event("u2", ts="2017-02-03"))
    with open_state(tmp_path / "state.duckdb") as connection:
        run(connection, path)
        before = connection.execute("SELECT * FROM shoppers ORDER BY ALL").fetchall()
        connection.execute("DROP TABLE shoppers; UPDATE meta SET value = '2' WHERE key = 'schema'")
    with open_state(tmp_path / "state.duckdb") as connection:
        assert connection.execute("SELECT * FROM shoppers ORDER BY ALL").fetchall() == before
        assert run(connection, path)[0].accounting == Accounting(read=2, duplicate=2)


def test_statements_reach_no_other_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(tmp_path / "e.csv", "a", "1")
    with pytest.raises(duckdb.PermissionException):
        connection.execute("SELECT * FROM read_csv($1)", [str(path)])


def test_a_source_with_a_long_name_is_ingested(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write(tmp_path / ("é" * 120 + ".jsonl"), event(), event(item="i2"), "bad")
    assert run(connection, path)[0].accounting == Accounting(read=3, applied=2, quarantined=1)


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
    assert sum(row[4] for row in states[0][0]) == len(states[0][1])


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
            [report] = failure.report.files
        report.accounting.check()
        assert (report.quarantine is None) == (report.accounting.quarantined == 0)
        assert held(connection).events <= report.accounting.applied
