"""Daily buckets in the local state: (user, item, event type, day) -> number of events, and which events are in them.

The state after an ingest is a function of the set of events read, not of their order: an event counts once, and what is
older than the retention allows is removed at the end, whatever was known when it was read. So a killed ingest that is
run again, or files read in another order, end in the same state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from affinity_search.config.model import Config, Events
from affinity_search.errors import DataError
from affinity_search.events import Accounting, Event, EventRules, Quarantine, UnreadableFile, Verdict, read_events
from affinity_search.state.builds import transaction

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["FileReport", "Held", "IngestFailed", "held", "ingest", "newest_day", "prune"]

BATCH_EVENTS = 100_000

Progress = Callable[[Path, Accounting], None]
"""Called after each batch that is safe on disk, with the file and its accounting so far."""


@dataclass(frozen=True)
class FileReport:
    """What became of one file: its accounting, its quarantine file (None: no bad line), and why reading broke off."""

    path: Path
    accounting: Accounting
    quarantine: Path | None
    error: UnreadableFile | None


class IngestFailed(DataError):
    """Some files could not be read, or not to their end; `reports` has all files, and what was read is applied."""

    def __init__(self, reports: Sequence[FileReport]) -> None:
        errors = [report.error for report in reports if report.error]
        super().__init__("\n".join(error.message for error in errors), hint=errors[0].hint)
        self.reports = list(reports)


@dataclass(frozen=True)
class Held:
    """What the state holds; all 0 and None without events. Days are as in the buckets."""

    events: int
    buckets: int
    users: int
    items: int
    days: int
    newest_day: int | None


def ingest(
    connection: DuckDBPyConnection,
    paths: Sequence[Path],
    config: Config,
    *,
    now: datetime,
    quarantine_folder: Path,
    progress: Progress | None = None,
) -> list[FileReport]:
    """One report per file, in order, after adding their events to the buckets; ingesting a file again adds nothing.

    `now` bounds the time of believable events. An event is late if it is more than `retention_days` older than the
    newest event known when its line is read: the state's, or one further up in the files. Raises IngestFailed, after
    all files, where some could not be read to their end, and DataError where the state cannot be written.
    """
    rules = EventRules.of(config.events, now)
    reports = [_ingest_file(connection, path, config.events, rules, quarantine_folder, progress) for path in paths]
    prune(connection, config.events)
    if any(report.error for report in reports):
        raise IngestFailed(reports)
    return reports


def newest_day(connection: DuckDBPyConnection) -> int | None:
    """Newest day of any bucket, None without buckets."""
    return _number(connection, "SELECT max(day) FROM buckets")


def prune(connection: DuckDBPyConnection, events: Events) -> int:
    """Number of buckets removed for being more than `retention_days` older than the newest day.

    In a sequence the newest step is each shopper's own; the identities of its removed events stay, since no step is
    old for all shoppers.
    """
    with _transaction(connection):
        removed = connection.execute(PRUNE_BUCKETS[events.time], {"retention": events.retention_days}).fetchone()
        if events.time == "date":
            connection.execute(PRUNE_SEEN, {"retention": events.retention_days})
    return int(removed[0]) if removed else 0


def held(connection: DuckDBPyConnection) -> Held:
    """What the state holds now."""
    (row,) = connection.execute(HELD).fetchall()
    return Held(*row)


def _ingest_file(
    connection: DuckDBPyConnection,
    path: Path,
    events: Events,
    rules: EventRules,
    quarantine_folder: Path,
    progress: Progress | None,
) -> FileReport:
    verdicts: Counter[Verdict] = Counter()
    read, error = 0, None
    batch: list[str] = []
    with Quarantine(quarantine_folder, path) as quarantine:
        try:
            for number, raw, outcome in read_events(path, rules):
                read += 1
                if isinstance(outcome, Event):
                    batch.append(_row(number, outcome))
                else:
                    verdicts[outcome.verdict] += 1
                    if outcome.verdict is Verdict.QUARANTINED:
                        quarantine.add(number, outcome.reason, raw)
                if len(batch) >= BATCH_EVENTS:
                    verdicts += _apply(connection, batch, events)
                    batch.clear()
                    if progress:
                        progress(path, Accounting.of(read, verdicts).check())
        except UnreadableFile as found:
            error = found
        verdicts += _apply(connection, batch, events)
    return FileReport(path, Accounting.of(read, verdicts).check(), quarantine.written, error)


def _row(line: int, event: Event) -> str:
    return f"{line}\t{event.identity}\t{event.user}\t{event.item}\t{event.type}\t{event.day}"


def _apply(connection: DuckDBPyConnection, batch: Sequence[str], events: Events) -> Counter[Verdict]:
    """Verdicts of these events, which are in the buckets when this returns: all of them or, on an error, none."""
    if not batch:
        return Counter()
    with _transaction(connection):
        # One text, cut up by DuckDB: three times as fast as lists of Python values, and a kill leaves no temporary file
        # with shoppers' ids behind. No field can hold a tab or a newline.
        connection.execute(JUDGE[events.time], {"rows": "\n".join(batch), "retention": events.retention_days})
        counts = connection.execute("SELECT verdict, count(*), min(day), max(day) FROM judged GROUP BY ALL").fetchall()
        if applied := [days for verdict, _, *days in counts if verdict == Verdict.APPLIED]:
            connection.execute("INSERT INTO seen SELECT event, day FROM judged WHERE verdict = 'applied'")
            connection.execute(MERGE, applied[0])
        connection.execute("DROP TABLE judged")
    return Counter({Verdict(verdict): count for verdict, count, *_ in counts})


@contextmanager
def _transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    import duckdb

    try:
        with transaction(connection):
            yield
    except duckdb.Error as error:
        raise DataError(
            f"state: expected to write the events, got {str(error).splitlines()[0]}",
            hint="Make room or mend the state file, then ingest the same files again: nothing counts twice.",
        ) from error


def _number(connection: DuckDBPyConnection, query: str) -> int | None:
    row = connection.execute(query).fetchone()
    return None if row is None or row[0] is None else int(row[0])


# `newest` is the newest day known at each line: the state's or that of a line above. Late events are kept out of the
# count of copies, so that it makes no difference whether two copies stand in one batch or in two.
_JUDGE = """
CREATE OR REPLACE TEMP TABLE judged AS
WITH incoming AS MATERIALIZED (
    SELECT part[1]::UBIGINT AS line, part[2]::UBIGINT AS event, part[3] AS user_id, part[4] AS item, part[5] AS type,
           part[6]::INTEGER AS day
    FROM (SELECT string_split(unnest(string_split($rows, chr(10))), chr(9)) AS part)
), known AS ({known}),
timed AS (
    SELECT incoming.*,
           day < greatest(max(day) OVER ({partition} ORDER BY line), coalesce(newest, day)) - $retention AS late
    FROM incoming LEFT JOIN known ON {same}
), copies AS (
    SELECT *, row_number() OVER (PARTITION BY event, late ORDER BY line) AS copy FROM timed
), again AS (
    SELECT DISTINCT event AS seen_event FROM seen SEMI JOIN incoming ON seen.event = incoming.event
)
SELECT event, user_id, item, type, day,
       CASE WHEN late THEN 'late' WHEN copy > 1 OR seen_event IS NOT NULL THEN 'duplicate' ELSE 'applied' END AS verdict
FROM copies LEFT JOIN again ON event = seen_event
"""
JUDGE = {
    "date": _JUDGE.format(known="SELECT max(day) AS newest FROM buckets", partition="", same="true"),
    "sequence": _JUDGE.format(
        known="SELECT user_id AS known_user, max(day) AS newest FROM buckets "
        "WHERE user_id IN (SELECT user_id FROM incoming) GROUP BY ALL",
        partition="PARTITION BY user_id",
        same="user_id = known_user",
    ),
}

# The range of days lets DuckDB skip the parts of a long table that hold other days.
MERGE = """
MERGE INTO buckets USING (
    SELECT user_id, item, type, day, count(*)::INTEGER AS added FROM judged WHERE verdict = 'applied' GROUP BY ALL
) AS fresh
ON buckets.day BETWEEN $1 AND $2 AND buckets.day = fresh.day AND buckets.user_id = fresh.user_id
   AND buckets.item = fresh.item AND buckets.type = fresh.type
WHEN MATCHED THEN UPDATE SET count = count + added
WHEN NOT MATCHED THEN INSERT VALUES (fresh.user_id, fresh.item, fresh.type, fresh.day, fresh.added)
"""

PRUNE_BUCKETS = {
    "date": "DELETE FROM buckets WHERE day < (SELECT max(day) FROM buckets) - $retention",
    "sequence": "DELETE FROM buckets USING (SELECT user_id, max(day) AS newest FROM buckets GROUP BY user_id) AS known "
    "WHERE buckets.user_id = known.user_id AND buckets.day < newest - $retention",
}
PRUNE_SEEN = "DELETE FROM seen WHERE day < (SELECT max(day) FROM buckets) - $retention"

HELD = """
SELECT coalesce(sum(count), 0)::BIGINT, count(*), count(DISTINCT user_id), count(DISTINCT item), count(DISTINCT day),
       max(day)
FROM buckets
"""
