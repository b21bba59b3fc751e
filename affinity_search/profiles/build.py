"""Builds profiles from the daily buckets of the local state: the formula of `weights`, computed by DuckDB.

A build is seen whole or not at all: the entries are computed into new tables, which take the place of the old ones in
one transaction. Shoppers are taken in partitions, so that memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from affinity_search.config.model import Config
from affinity_search.config.roles import ROLES
from affinity_search.errors import ConfigError, DataError
from affinity_search.profiles import statements
from affinity_search.profiles.population import Population, learn_population, stored_population
from affinity_search.profiles.report import CLIPPED_SHARE_TO_WARN, AttributeReport, BuildReport, warnings
from affinity_search.signals import Part, all_signals, parts
from affinity_search.signals.bought_before import fill_by_value
from affinity_search.signals.related import learn_related, prepare_scores
from affinity_search.state.builds import (
    Build,
    checked_build,
    config_hash,
    last_build,
    state_errors,
    transaction,
    write_meta,
)
from affinity_search.state.known import known_items

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["build_profile", "build_profiles"]

EPOCH = date(1970, 1, 1)
BUCKETS_PER_PARTITION = 2_000_000


def build_profiles(
    connection: DuckDBPyConnection,
    config: Config,
    *,
    now_ms: int,
    as_of: date | None = None,
    keep_related: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> BuildReport:
    """Computes the profiles of all shoppers, which replace those of the last build.

    `as_of` is the day that ages are counted from, by default the newest day in the buckets; later buckets are left out.
    `now_ms` (milliseconds since 1970) becomes the id of the build, or the last id + 1 where that is higher. `progress`
    gets the partitions done and in all. With `keep_related` what the last build learnt of related items stays as it is,
    for the same events. Raises DataError where there are no events, ConfigError for an `as_of` where
    events have no calendar.
    """
    with state_errors():
        day = _prepare(connection, config, as_of)
        _count(connection, config)
        population = learn_population(connection, config, day)
        if not keep_related:
            learn_related(connection, config)
        _prepare_entries(connection, population)
        found = _entries(connection, config, "related_items" if keep_related else "related_items_next", progress)
        build = _next_build(connection, config, day, now_ms)
        with transaction(connection):
            connection.execute(statements.SWAP)
            if not keep_related:
                connection.execute(statements.SWAP_RELATED)
            write_meta(connection, build.meta | population.meta)
        p99 = _p99(connection, found)
        shoppers = _number(connection, statements.SHOPPERS)
        connection.execute(statements.TIDY)
    lines = [*warnings(config, found, p99, population), *population.warnings]
    return BuildReport(
        build.id, build.as_of, shoppers, found, lines, population.common, population.heavy, known_items(connection)
    )


def build_profile(
    connection: DuckDBPyConnection, config: Config, users: Sequence[str], *, now_ms: int, as_of: date | None = None
) -> BuildReport:
    """Computes the profiles of these shoppers only, against the population of the last full build.

    Everything else is as in `build_profiles`, the new build id included. A value that nobody had at the last full build
    gets the share that this shopper alone gives it. The report counts these shoppers only and warns of nothing. Raises
    DataError where there was no full build with this configuration.
    """
    with state_errors():
        checked_build(connection, config)
        day = _prepare(connection, config, as_of, users)
        _count(connection, config)
        _prepare_entries(connection, stored_population(connection))
        found = _entries(connection, config, "related_items", None)
        build = _next_build(connection, config, day, now_ms)
        shoppers = _number(connection, statements.SHOPPERS_NEXT)
        with transaction(connection):
            connection.execute(statements.SWAP_SOME)
            write_meta(connection, build.meta)
        connection.execute(statements.TIDY)
    return BuildReport(build.id, build.as_of, shoppers, found)


def _prepare(
    connection: DuckDBPyConnection, config: Config, as_of: date | None, users: Sequence[str] | None = None
) -> int:
    newest = connection.execute("SELECT max(day) FROM buckets").fetchone()
    if newest is None or newest[0] is None:
        raise DataError("profiles: expected events, found none", hint="Run `affinity events ingest FILE` first.")
    if as_of and config.events.time == "sequence":
        raise ConfigError(f"as_of: expected none where events.time is sequence, got {as_of}")
    day = (as_of - EPOCH).days if as_of else int(newest[0])
    _create_macros(connection)
    connection.execute(statements.SETTINGS_TABLES)
    _fill_settings(connection, config, day)
    if users is None:
        connection.execute(statements.ALL_BUCKETS)
        connection.execute(statements.VALUES)
    else:
        connection.execute(statements.FILL_USERS, {"users": list(users)})
        connection.execute(statements.SOME_BUCKETS)
        connection.execute(statements.VALUES_OF_SOME)
    fill_by_value(connection, config)
    return day


def _create_macros(connection: DuckDBPyConnection) -> None:
    from affinity_search.formulas import create_macros
    from affinity_search.weights.formula import FORMULAS

    create_macros(connection, *FORMULAS)


def _fill_settings(connection: DuckDBPyConnection, config: Config, day: int) -> None:
    lists, types = parts(config).values(), config.events.types
    counting = {name: kind for name, kind in types.items() if kind.weight}
    rows: dict[str, list[dict[str, Any]]] = {
        statements.FILL_TYPES: [
            {"type": name, "weight": kind.weight, "sign": ROLES.index(kind.role)} for name, kind in counting.items()
        ],
        statements.FILL_ROLES: [{"role": role, "sign": sign} for sign, role in enumerate(ROLES)],
        statements.FILL_CLOCK: [{"as_of": day}],
        statements.FILL_ATTRIBUTES: list(map(_settings_of, lists)),
        statements.FILL_HALF_LIVES: [{"half_life_days": n} for n in {n for part in lists for n in part.half_lives}],
    }
    for statement, some in rows.items():
        _fill(connection, statement, some)


def _settings_of(part: Part) -> dict[str, Any]:
    return {
        "attribute": part.name,
        "field": part.field,
        "half_life_days": part.half_lives[0],
        "saturation_weight": part.saturation_weight,
        "levels": part.levels,
        "keep": part.most,
    }


def _fill(connection: DuckDBPyConnection, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.executemany(statement, rows)


def _count(connection: DuckDBPyConnection, config: Config) -> None:
    by_date = config.events.time == "date"
    connection.execute(statements.COUNTED_BY_DATE if by_date else statements.COUNTED_BY_SEQUENCE)


def _prepare_entries(connection: DuckDBPyConnection, population: Population) -> None:
    rows = [{"attribute": name, "events": total} for name, total in population.events.items()]
    _fill(connection, statements.FILL_EVENTS, rows)
    connection.execute(statements.NEXT_TABLES)


def _entries(
    connection: DuckDBPyConnection,
    config: Config,
    related: str,
    progress: Callable[[int, int], None] | None,
) -> dict[str, AttributeReport]:
    """`related` names the table with what was learnt of related items."""
    found = {name: AttributeReport() for name in parts(config)}
    partitions = max(1, -(-_number(connection, statements.BUCKETS) // BUCKETS_PER_PARTITION))
    for partition in range(partitions):
        part = {"partitions": partitions, "partition": partition}
        connection.execute(statements.MASSES, part)
        prepare_scores(connection, config, related)
        _score(connection, config)
        for statement in (statements.KEEP, statements.HISTORY):
            connection.execute(statement)
        for row in _rows(connection, statements.STATISTICS):
            found[row.pop("attribute")] += AttributeReport(**row)
        if progress:
            progress(partition + 1, partitions)
    return found


def _score(connection: DuckDBPyConnection, config: Config) -> None:
    """Fills the table `scored` with the rows of every signal that is switched on."""
    queries = [signal.rows(config) for signal in all_signals() if any(True for _ in signal.parts(config))]
    if not queries:
        connection.execute(statements.NOTHING_SCORED)
        return
    rows = " UNION ALL BY NAME ".join(f"(FROM ({query.select}))" for query in queries)
    values = {name: value for query in queries for name, value in query.parameters.items()}
    connection.execute(statements.SCORED.format(rows=rows), values)


def _next_build(connection: DuckDBPyConnection, config: Config, day: int, now_ms: int) -> Build:
    last = last_build(connection)
    as_of = (EPOCH + timedelta(days=day)).isoformat() if config.events.time == "date" else ""
    return Build(max(now_ms, last.id + 1) if last else now_ms, as_of, config_hash(config))


def _p99(connection: DuckDBPyConnection, found: dict[str, AttributeReport]) -> dict[str, float]:
    clipped = [name for name, report in found.items() if report.clipped_share > CLIPPED_SHARE_TO_WARN]
    return {name: float(connection.execute(statements.P99, {"attribute": name}).fetchall()[0][0]) for name in clipped}


def _rows(connection: DuckDBPyConnection, statement: str) -> list[dict[str, Any]]:
    """What the statement finds, each row by the names of its columns."""
    found = connection.execute(statement)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _number(connection: DuckDBPyConnection, statement: str) -> int:
    return int(connection.execute(statement).fetchall()[0][0])
