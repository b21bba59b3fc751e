"""The test queries of a data folder: who searched what, and what they bought then."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from affinity_search.errors import DataError
from affinity_search.offline.query import Query
from affinity_search.offline.ubi import is_ubi, ubi_queries

__all__ = ["Query", "look_derived", "read_queries", "sample_places"]


def read_queries(source: Path) -> list[Query]:
    """The queries of a JSONL file, plain or gzip, in its order; at least one.

    A file of User Behavior Insights, queries and events, gives those that led to a purchase or a click.

    Raises DataError, with the line, where a line is no query or a `qid` stands twice, and where there is none: a test
    set with holes would measure something else.
    """
    queries = ubi_queries(source) if is_ubi(source) else _written(source)
    if not queries:
        raise DataError(
            f"{source}: expected queries, found none",
            hint="Without this file the last purchases become queries.",
        )
    return queries


def _written(source: Path) -> list[Query]:
    queries: dict[str, Query] = {}
    for number, line in _lines(source):
        query = _query(line, number, source)
        if query.qid in queries:
            raise DataError(f"{source}:{number}: expected each qid once, got {query.qid!r} again")
        queries[query.qid] = query
    return list(queries.values())


def sample_places(users: Sequence[str], count: int, seed: int) -> list[int]:
    """At most `count` places of queries with these shoppers, in order.

    Shoppers are drawn at random, and all the queries of each are taken, but for the last one's.
    """
    drawn = sorted(set(users))
    Random(seed).shuffle(drawn)
    places: dict[str, list[int]] = {user: [] for user in drawn}
    for place, user in enumerate(users):
        places[user].append(place)
    return sorted(islice((place for user in drawn for place in places[user]), count))


def look_derived(queries: Sequence[Query]) -> bool:
    """True where every query is the name of its class: nobody typed these, they were made from what was bought."""
    return all(query.text.casefold() == query.qclass.casefold() for query in queries)


def _lines(source: Path) -> Iterator[tuple[int, str]]:
    opener = gzip.open if source.suffix == ".gz" else open
    try:
        with opener(source, "rt", encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise DataError(f"{source}: expected readable JSON lines, got {error}") from error


def _query(line: str, number: int, source: Path) -> Query:
    try:
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError("no object")
        return Query(
            qid=_text(record, "qid") if "qid" in record else f"line {number}",
            user=_text(record, "user"),
            text=_text(record, "query"),
            qclass=_text(record, "qclass") if "qclass" in record else "",
            relevant=_ids(record, "relevant"),
            novel=_ids(record, "novel") if "novel" in record else None,
        )
    except (ValueError, KeyError, RecursionError) as error:
        missing = f"no {error}" if isinstance(error, KeyError) else error
        raise DataError(
            f"{source}:{number}: expected an object with user, query and relevant, got {missing}",
            hint="Mend or remove the line.",
        ) from error


def _text(record: dict[str, Any], name: str) -> str:
    value = record[name]
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError(f"{name} = {value!r}")
    str(value).encode()  # a lone surrogate could not be sent
    return str(value)


def _ids(record: dict[str, Any], name: str) -> frozenset[str]:
    value = record[name]
    if not isinstance(value, list) or not all(isinstance(one, str | int) for one in value):
        raise ValueError(f"{name} = {value!r}")
    return frozenset(str(one) for one in value)
