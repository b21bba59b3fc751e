"""The source block for a file of events, from its first records: names propose, values decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from affinity_search.config.roles import PURCHASE, default_role
from affinity_search.errors import DataError
from affinity_search.events.answers import ABOUT_CONSENT, ABOUT_US, NO, REFUSAL, TURNED, YES
from affinity_search.events.fields import Malformed
from affinity_search.events.times import parse_date
from affinity_search.sniffing.columns import Column, columns_of
from affinity_search.sniffing.hints import NO_HINTS, Hints
from affinity_search.sniffing.times import TimeGuess, guess_time
from affinity_search.sniffing.vocabulary import EVENT_NAMES, place_of

__all__ = ["EventProposal", "consent_columns", "exploded", "joined_share", "propose_events"]

NATIVE = ("user", "ts", "type", "item", "group", "consent", "id")
MOST_TYPES = 200
FEWEST_JUDGED = 20
JOINS = 0.5
Ids = Mapping[str, frozenset[str]]
"""The values of every field of the catalogue that may be the item's id, by path."""


@dataclass(frozen=True)
class EventProposal:
    """The keys of `events.source` (none where the file needs no block), and the field of the catalogue it joins.

    `sequence` says that the times count up per shopper; `joined` is the share of the items that the catalogue has,
    `item` the path at which they stand.
    """

    source: Mapping[str, Any]
    sequence: bool = False
    join_field: str = ""
    joined: float = 0.0
    item: str = ""


def propose_events(records: Sequence[Mapping[str, object]], ids: Ids, hints: Hints = NO_HINTS) -> EventProposal:
    """The block for these records. What `hints` tell goes before what is found.

    Raises DataError, with what is missing and the nearest that is there, where no user, time, item or type is found.
    """
    each = _each(columns_of(records), ids)
    columns = columns_of(exploded(records, each)) if each else columns_of(records)
    below = f"{each}." if each else "\n"
    single = {p: c for p, c in columns.items() if not c.objects and c.texts and not p.startswith(below)}
    item, join_field, joined = _item(_only(hints.path("events.item", single), single), ids)
    rest = {path: column for path, column in single.items() if path != item}
    ts, time = _time(_only(hints.path("events.ts", single), rest), hints.time_keys)
    rest.pop(ts, None)
    user = hints.path("events.user", single) or _user(rest)
    fields: dict[str, Any] = {"user": user, "ts": {"path": ts, **time.keys} if time.keys else ts}
    for path in _listed(fields["user"]):
        rest.pop(path, None)
    fields["type"] = hints.path("events.type", single) or _type(rest, hints.purchase)
    fields["item"] = item
    fields |= _others(rest, fields)
    source = {**({"each": each} if each else {}), "fields": fields}
    return EventProposal({} if _is_native(source) else source, time.sequence, join_field, joined, item)


def joined_share(column: Column, ids: frozenset[str]) -> float:
    """Share (0 .. 1) of the values that are among the ids; 0 without any."""
    return sum(1 for text in column.texts if text in ids) / len(column.texts) if column.texts else 0.0


def consent_columns(columns: Mapping[str, Column]) -> list[str]:
    """The paths whose name says that a shopper may have refused there, those about analytics first."""
    found = [path for path, column in columns.items() if column.texts and _about_consent(path, column)]
    return sorted(found, key=lambda path: (not ABOUT_US.search(path), len(path)))


def _about_consent(path: str, column: Column) -> bool:
    """Whether the name is about consent; or one above it is, and nothing but answers stands there."""
    *above, last = path.split(".")
    if ABOUT_CONSENT.search(last):
        return True
    return any(map(ABOUT_CONSENT.search, above)) and all(_is_answer(text) for text in column.distinct)


def _is_answer(text: str) -> bool:
    return text.lower() in YES | NO or REFUSAL.search(text) is not None


def _each(columns: Mapping[str, Column], ids: Ids) -> str:
    """The array of objects that has the items; empty where the record itself names one."""
    best = ""
    shares: dict[str, tuple[float, int]] = {}
    for array in (path for path, column in columns.items() if column.objects):
        below = [c for path, c in columns.items() if path.startswith(f"{array}.") and c.texts]
        ranked = [_rank(c, c.path.removeprefix(f"{array}."), ids) for c in below]
        if known := [rank for rank in ranked if rank]:
            shares[array] = min(known)
    own = [_rank(c, path, ids) for path, c in columns.items() if "." not in path and not c.objects and c.texts]
    top = min((rank for rank in own if rank), default=None)
    if shares:
        best = min(shares, key=lambda array: shares[array])
        if top and top <= shares[best]:
            return ""
    return best


def _rank(column: Column, name: str, ids: Ids) -> tuple[float, int] | None:
    """How likely the column names the item, the smallest the likeliest; None where it surely does not."""
    share = max((joined_share(column, values) for values in ids.values()), default=0.0)
    place = place_of(name, EVENT_NAMES["item"])
    if share < JOINS and place is None:
        return None
    return (-round(share, 1) if share >= JOINS else 0.0, 1_000 if place is None else place)


def exploded(records: Sequence[Mapping[str, object]], each: str) -> list[dict[str, object]]:
    """A record for each object in the array at the path `each`, with what stands around it."""
    found: list[dict[str, object]] = []
    for record in records:
        elements: object = record
        for step in each.split("."):
            elements = elements.get(step) if isinstance(elements, Mapping) else None
        outer = {name: value for name, value in record.items() if name != each}
        parts = elements if isinstance(elements, list) else []
        found += [{**outer, **part} for part in parts if isinstance(part, Mapping)]
    return found


def _only(path: str, columns: Mapping[str, Column]) -> Mapping[str, Column]:
    """The column that was told alone; all of them where none was."""
    return {path: columns[path]} if path else columns


def _item(columns: Mapping[str, Column], ids: Ids) -> tuple[str, str, float]:
    """The path of the item, the field of the catalogue whose values it has, and the share of them that it has."""
    joins = [
        (joined_share(column, values), -(place if place is not None else 1_000), path, name)
        for path, column in columns.items()
        if len(column.distinct) > 1 or len(columns) < 3 or len(column.texts) < FEWEST_JUDGED
        for name, values in ids.items()
        if (place := place_of(path, EVENT_NAMES["item"])) is not None or _may_join(column)
    ]
    best = max(joins, key=lambda join: (round(join[0], 2), join[1]), default=None)
    if best and best[0] >= JOINS:
        return best[2], best[3], best[0]
    named = [(place, path) for path in columns if (place := place_of(path, EVENT_NAMES["item"])) is not None]
    if not named and len(columns) > 1:
        raise _missing("item", columns, "the id of the item")
    path = min(named)[1] if named else next(iter(columns))
    field, share = max(
        ((name, joined_share(columns[path], v)) for name, v in ids.items()), key=_second, default=("", 0)
    )
    return path, field if share else "", float(share)


def _may_join(column: Column) -> bool:
    # Small numbers (a quantity, a rating) are the ids of many a catalogue by chance.
    return not column.numeric or len(column.distinct) >= FEWEST_JUDGED


def _second(pair: tuple[str, float]) -> float:
    return pair[1]


def _time(columns: Mapping[str, Column], keys: dict[str, str]) -> tuple[str, TimeGuess]:
    """The path of the time, and how it is read: as `keys` say, where they say anything."""
    named = [(place, path) for path in columns if (place := place_of(path, EVENT_NAMES["ts"])) is not None]
    if keys and (named or len(columns) == 1):
        return min(named)[1] if named else next(iter(columns)), TimeGuess(keys)
    problems: list[str] = []
    for _, path in sorted(named):
        guess = guess_time(columns[path].texts)
        if guess or (path == "ts" and any(_is_read(text) for text in columns[path].texts)):
            return path, guess if guess else TimeGuess()
        problems.append(f"{path}: {guess.problem}")
    for path, column in columns.items():
        guess = guess_time(column.texts)
        if guess and not guess.sequence and "days" not in guess.keys.values():
            return path, guess
    if problems:
        raise DataError(
            problems[0],
            hint="Say what it is: `--time us` (s, ms, us, ns, days or excel), or its form: `--time %d/%m/%Y`.",
        )
    raise _missing("ts", columns, "the time of the event")


def _is_read(text: str) -> bool:
    """Whether the parser itself reads the time: then the file is ours, and broken times cost their own lines only."""
    try:
        parse_date(text)
    except Malformed:
        return False
    return True


def _user(columns: Mapping[str, Column]) -> str | list[str]:
    """The path of the shopper; several where the first is not always there, that of the account before the device."""
    named = sorted((place, path) for path in columns if (place := place_of(path, EVENT_NAMES["user"])) is not None)
    paths = [path for _, path in named if not _numbers_lines(columns[path])] or [path for _, path in named]
    if not paths:
        guessed = [path for path, column in columns.items() if _looks_like_shoppers(column)]
        paths = sorted(guessed, key=lambda path: -len(columns[path].distinct))[:1]
    if not paths:
        raise _missing("user", columns, "the shopper")
    if columns[paths[0]].filled >= 0.999:
        return paths[0]
    chosen = [paths[0]]
    for path in paths[1:]:
        if columns[path].filled > columns[chosen[-1]].filled:
            chosen.append(path)
    return chosen if len(chosen) > 1 else chosen[0]


def _numbers_lines(column: Column) -> bool:
    """Whether each line has a value of its own: an id of the event, and no shopper."""
    return len(column.texts) >= FEWEST_JUDGED and not column.repeated


def _looks_like_shoppers(column: Column) -> bool:
    return (
        column.filled > 0.9
        and 0.05 < column.repeated < 1
        and len(column.distinct) > 2
        and column.length <= 64
        and not all(default_role(text) != "other" for text in column.distinct)
    )


def _type(columns: Mapping[str, Column], purchase: str) -> str | dict[str, str]:
    named: list[tuple[float, int, str]] = []
    for path, column in columns.items():
        place = place_of(path, EVENT_NAMES["type"])
        known = sum(1 for text in column.texts if default_role(text) != "other") / len(column.texts)
        few = len(column.distinct) <= min(MOST_TYPES, max(3, len(column.texts) // 2))
        if few and not column.numeric and (place is not None or known > JOINS):
            named.append((-round(known, 1), 1_000 if place is None else place, path))
    if named:
        return min(named)[2]
    if purchase:
        return {"constant": purchase}
    if _look_like_orders(columns):
        return {"constant": PURCHASE}
    error = _missing("type", columns, "what happened")
    error.hint = f"Where every line is a purchase say `--purchase purchase`. {error.hint}"
    raise error


def _look_like_orders(columns: Mapping[str, Column]) -> bool:
    """Whether the lines have what lines of orders have: a number of the order, and a quantity or a price."""
    fields = ("group", "quantity", "price")
    found = {field for field in fields for path in columns if _loosely(path, field) is not None}
    return "group" in found and len(found) > 1


def _loosely(path: str, field: str) -> int | None:
    return place_of(path, EVENT_NAMES[field], loose=True)


def _is_named(path: str, field: str) -> bool:
    return place_of(path, EVENT_NAMES[field]) is not None


def _others(columns: Mapping[str, Column], fields: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in ("group", "quantity", "price"):
        named = [(place, path) for path in columns if (place := _loosely(path, field)) is not None]
        free = [path for _, path in sorted(named) if path not in (fields["type"], *found.values())]
        if free and (field == "group" or columns[free[0]].numeric):
            found[field] = free[0]
    if paths := consent_columns(columns):
        found["consent"] = _consent(paths[0], columns[paths[0]])
    identities = [path for path in columns if _is_named(path, "id") or (path == "id" and _numbers_lines(columns[path]))]
    if identities:
        found["id"] = identities[0]
    return found


def _consent(path: str, column: Column) -> str | dict[str, Any]:
    """Where consent stands; with what means no where the column turns it round or has words of its own."""
    if TURNED.search(path.rsplit(".", 1)[-1]):
        return {"path": path, "denied": ["true", "1", "yes"]}
    refusals = sorted(text for text in column.distinct if REFUSAL.search(text) and text.lower() not in NO)
    return {"path": path, "denied": refusals} if refusals else path


def _is_native(source: Mapping[str, Any]) -> bool:
    """Whether the parsers find everything by itself. Quantities and prices of such a file have never counted."""
    fields = {name: path for name, path in source["fields"].items() if name not in ("quantity", "price")}
    return "each" not in source and all(name in NATIVE and path in (name, "Consent") for name, path in fields.items())


def _missing(field: str, columns: Mapping[str, Column], what: str) -> DataError:
    names = ", ".join(islice(columns, 30)) or "no columns"
    return DataError(
        f"expected a column with {what}, found none such in: {names}",
        hint=f"Say which it is: `--field events.{field}=COLUMN`.",
    )


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
