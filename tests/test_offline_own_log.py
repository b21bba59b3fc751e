"""A shop's own log becomes training events and queries, by a day or by itself."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from affinity_search.errors import ConfigError, DataError
from affinity_search.offline.own_log import cut_log
from affinity_search.offline.queries import Query

KINDS = ("shoes", "jacket")


def items(folder: Path) -> Path:
    """Twelve shoes and twelve jackets; the class stands in the title and in an attribute."""
    rows = [
        {"id": f"{kind[0]}{n}", "title": f"Nice {kind} {n}", "attrs": {"category": [kind], "brand": [f"b{n % 3}"]}}
        for kind in KINDS
        for n in range(12)
    ]
    path = folder / "items.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def events(folder: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    path = folder / "events.csv"
    path.write_text("\n".join(["user,ts,type,item", *map(",".join, rows)]) + "\n", encoding="utf-8")
    return path


ROWS = [
    ("u", "2026-01-05", "purchase", "s1"),
    ("u", "2026-01-06", "view", "s2"),
    ("v", "2026-01-07T10:00:00+01:00", "purchase", "j1"),
    ("u", "2026-02-10", "purchase", "s2"),
    ("u", "2026-02-10T15:00", "purchase", "s3"),
    ("u", "2026-02-10", "purchase", "j3"),
    ("v", "2026-02-11", "view", "j2"),
    ("v", "2026-02-12", "purchase", "j1"),
    ("new", "2026-02-12", "purchase", "j1"),
]


def derived(number: int, user: str, text: str, *bought: str) -> Query:
    return Query(f"d{number}", user, text, text, frozenset(bought), None)


def test_the_purchases_from_a_day_on_become_queries(tmp_path: Path) -> None:
    log = cut_log(items(tmp_path), events(tmp_path, ROWS), tmp_path, date(2026, 2, 1))
    # What the first shopper, alone known before, bought on one day of one class is one query; nobody knew `new`.
    assert log.queries() == [
        derived(0, "u", "jacket", "j3"),
        derived(1, "u", "shoes", "s2", "s3"),
        derived(2, "v", "jacket", "j1"),
    ]
    assert log.since == "2026-02-01"
    training = [json.loads(line) for line in log.training.read_text(encoding="utf-8").splitlines()]
    assert [(one["user"], one["ts"], one["type"], one["item"]) for one in training] == [
        ("u", "2026-01-05T00:00:00+00:00", "purchase", "s1"),
        ("u", "2026-01-06T00:00:00+00:00", "view", "s2"),
        ("v", "2026-01-07T09:00:00+00:00", "purchase", "j1"),
    ]


def test_a_sample_keeps_the_numbers_of_its_queries(tmp_path: Path) -> None:
    log = cut_log(items(tmp_path), events(tmp_path, ROWS), tmp_path, date(2026, 2, 1))
    assert log.queries(sample=9) == log.queries()
    for seed in range(8):
        (one,) = log.queries(sample=1, seed=seed)
        assert one in log.queries()


def test_without_a_day_the_last_fifth_of_the_purchases_is_taken(tmp_path: Path) -> None:
    rows = [("u", f"2026-01-{day:02}", "purchase", f"s{day % 12}") for day in range(1, 21)]
    log = cut_log(items(tmp_path), events(tmp_path, rows), tmp_path)
    assert log.since == "2026-01-17"
    assert [sorted(one.relevant) for one in log.queries()] == [["s5"], ["s6"], ["s7"], ["s8"]]
    assert len(log.training.read_text(encoding="utf-8").splitlines()) == 16


def test_months_are_enough(tmp_path: Path) -> None:
    rows = [("u", f"2026-{month:02}", "purchase", f"s{month}") for month in range(1, 11)]
    log = cut_log(items(tmp_path), events(tmp_path, rows), tmp_path)
    assert log.since == "2026-09-01"
    assert [sorted(one.relevant) for one in log.queries()] == [["s9"], ["s10"]]


def test_in_a_sequence_every_shopper_has_last_steps(tmp_path: Path) -> None:
    rows = [("u", str(step), "order", f"s{step}") for step in range(1, 11)]
    rows += [("v", str(step), "order", f"j{step}") for step in (3, 4, 5)]
    log = cut_log(items(tmp_path), events(tmp_path, rows), tmp_path)
    assert log.since == "the last fifth of each shopper's steps"
    assert [(one.user, sorted(one.relevant)) for one in log.queries()] == [("u", ["s9"]), ("u", ["s10"]), ("v", ["j5"])]
    training = [json.loads(line) for line in log.training.read_text(encoding="utf-8").splitlines()]
    assert [one["ts"] for one in training] == [*range(1, 9), 3, 4]
    with pytest.raises(ConfigError, match=r"--split: expected none, the times of .* are steps without a calendar"):
        cut_log(items(tmp_path), events(tmp_path, rows), tmp_path, date(2026, 1, 1))


def test_what_was_written_reads_back_as_the_same_events(tmp_path: Path) -> None:
    log = cut_log(items(tmp_path), events(tmp_path, ROWS), tmp_path, date(2026, 2, 12))
    again = tmp_path / "again"
    again.mkdir()
    assert cut_log(items(tmp_path), log.training, again, date(2026, 2, 1)).queries() == [
        derived(0, "u", "jacket", "j3"),
        derived(1, "u", "shoes", "s2", "s3"),
    ]


@pytest.mark.parametrize(
    ("rows", "day", "message"),
    [
        (
            ROWS,
            date(2026, 1, 1),
            "expected events before the purchases since 2026-01-01, found none\n  Give a later --split",
        ),
        (ROWS, date(2027, 1, 1), "expected purchases since 2027-01-01 by shoppers known before, found none"),
        ([], None, "expected usable lines, found none"),
        ([("u", "2026-01-01", "purchase", "gone")], None, "expected purchases of items in items.jsonl, found none"),
        (
            [("u", "2026-01-01", "purchase", "s1")],
            None,
            "expected events before the purchases since 2026-01-01, found none",
        ),
    ],
)
def test_a_cut_that_leaves_nothing_is_refused(
    tmp_path: Path, rows: list[tuple[str, str, str, str]], day: date | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        cut_log(items(tmp_path), events(tmp_path, rows), tmp_path, day)
