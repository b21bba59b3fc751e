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
from affinity_search.config.source_block import EventSource
from affinity_search.errors import DataError
from affinity_search.events import Accounting, Event, EventRules, Quarantine, UnreadableFile, Verdict, read_events
from affinity_search.events.tally import EventTally
from affinity_search.state import judging
from affinity_search.state.builds import transaction
from affinity_search.state.ingested import FileReport, HeldChange, IngestReport, raise_where_failed
from affinity_search.state.known import KnownItems, near_misses

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Held", "held", "ingest", "newest_day", "prune"]

BATCH_EVENTS = 100_000

Progress = Callable[[Path, Accounting], None]
"""Called after each batch that is safe on disk, with the file and its accounting so far."""


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
    accept_loss: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """What became of the files, in order, after adding their events to the buckets; ingesting them again adds nothing.

    `now` bounds the time of believable events. An event is late if it is more than `retention_days` older than the
    newest event known when its line is read: the state's, or one further up in the files. It is skewed where believing
    it would make all that is held too old. Raises IngestFailed, after all files, where some could not be read to their
    end or, without `accept_loss`, hold hardly anything of use; what is usable is applied. `accept_loss` believes any
    time up to `now`. Raises DataError where the state cannot be written.
    """
    reading = EventRules.of(config.events, now), config.events.source
    before = _events_held(connection)
    connection.execute(judging.UNKNOWN)
    judge = judging.Judge(config.events, accept_loss)
    files = tuple(_ingest_file(connection, path, judge, reading, quarantine_folder, progress) for path in paths)
    removed = prune(connection, config.events)
    applied = sum(file.pieces for file in files)
    change = HeldChange(before, applied, removed, _events_held(connection)).check()
    report = IngestReport(files, change, near_misses(connection))
    raise_where_failed(report, accept_loss)
    return report


def newest_day(connection: DuckDBPyConnection) -> int | None:
    """Newest day of any bucket, None without buckets."""
    return _number(connection, "SELECT max(day) FROM buckets")


def prune(connection: DuckDBPyConnection, events: Events) -> int:
    """Number of events removed for being more than `retention_days` older than the newest day.

    In a sequence the newest step is each shopper's own; the identities of its removed events stay, since no step is
    old for all shoppers.
    """
    before = _events_held(connection)
    with _transaction(connection):
        connection.execute(PRUNE_BUCKETS[events.time], {"retention": events.retention_days})
        if events.time == "date":
            connection.execute(PRUNE_SEEN, {"retention": events.retention_days})
            connection.execute(PRUNE_SHOPPERS)
    return before - _events_held(connection)


def _events_held(connection: DuckDBPyConnection) -> int:
    return _number(connection, "SELECT coalesce(sum(count), 0)::BIGINT FROM buckets") or 0


def held(connection: DuckDBPyConnection) -> Held:
    """What the state holds now."""
    (row,) = connection.execute(HELD).fetchall()
    return Held(*row)


def _ingest_file(
    connection: DuckDBPyConnection,
    path: Path,
    judge: judging.Judge,
    reading: tuple[EventRules, EventSource | None],
    quarantine_folder: Path,
    progress: Progress | None,
) -> FileReport:
    rules, told = reading
    verdicts: Counter[Verdict] = Counter()
    read, error = 0, None
    added = judging.Added()
    unmapped: Counter[str] = Counter()
    tally = EventTally(rules.time)
    batch: list[str] = []
    first_bad = ""
    with Quarantine(quarantine_folder, path) as quarantine:
        try:
            for number, raw, outcome in read_events(path, rules, told):
                read += 1
                tally.add(number, outcome)
                if isinstance(outcome, Event):
                    batch.append(_row(number, outcome))
                else:
                    verdicts[outcome.verdict] += 1
                    if outcome.verdict is Verdict.NO_CONSENT and outcome.reason:
                        unmapped[outcome.reason] += 1
                    if outcome.verdict is Verdict.QUARANTINED:
                        first_bad = first_bad or f"line {number}: {outcome.reason}"
                        quarantine.add(number, outcome.reason, None if outcome.private else raw)
                if len(batch) >= BATCH_EVENTS:
                    added += _apply(connection, batch, judge, verdicts)
                    batch.clear()
                    if progress:
                        progress(path, Accounting.of(read, verdicts).check())
        except UnreadableFile as found:
            error = found
        added += _apply(connection, batch, judge, verdicts)
    counted = KnownItems(
        verdicts[Verdict.APPLIED] + verdicts[Verdict.DUPLICATE], added.known, judging.has_catalogue(connection)
    )
    accounting = Accounting.of(read, verdicts).check()
    return FileReport(
        path, accounting, quarantine.written, error, counted, added.pieces, dict(unmapped), first_bad, tally.facts()
    )


def _row(line: int, event: Event) -> str:
    named = int(bool(event.id))
    return f"{line}\t{event.identity}\t{event.user}\t{event.item}\t{event.type}\t{event.day}\t{named}\t{event.pieces}"


def _apply(
    connection: DuckDBPyConnection, batch: Sequence[str], judge: judging.Judge, verdicts: Counter[Verdict]
) -> judging.Added:
    """What these events added; their verdicts are added to `verdicts`.

    The events are in the buckets when this returns: all of them or, on an error, none.
    """
    if not batch:
        return judging.Added()
    with _transaction(connection):
        judge.judge(connection, batch)
        counts = connection.execute(judging.COUNTS).fetchall()
        if any(verdict == Verdict.APPLIED for verdict, *_ in counts):
            connection.execute("INSERT INTO seen SELECT event, day FROM judged WHERE verdict = 'applied'")
            judge.merge(connection)
        connection.execute(judging.NOTE_UNKNOWN)
        connection.execute("DROP TABLE judged")
    verdicts.update({Verdict(verdict): count for verdict, count, *_ in counts})
    return judging.Added(
        sum(known for verdict, _, known, _ in counts if verdict in (Verdict.APPLIED, Verdict.DUPLICATE)),
        sum(pieces for verdict, _, _, pieces in counts if verdict == Verdict.APPLIED),
    )


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


PRUNE_BUCKETS = {
    "date": "DELETE FROM buckets WHERE day < (SELECT max(day) FROM buckets) - $retention",
    "sequence": "DELETE FROM buckets USING (SELECT user_id, max(day) AS newest FROM buckets GROUP BY user_id) AS known "
    "WHERE buckets.user_id = known.user_id AND buckets.day < newest - $retention",
}
PRUNE_SEEN = "DELETE FROM seen WHERE day < (SELECT max(day) FROM buckets) - $retention"
PRUNE_SHOPPERS = "DELETE FROM shoppers WHERE newest < (SELECT min(day) FROM buckets)"

HELD = """
SELECT coalesce(sum(count), 0)::BIGINT, count(*), count(DISTINCT user_id), count(DISTINCT item), count(DISTINCT day),
       max(day)
FROM buckets
"""
