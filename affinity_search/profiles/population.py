"""What all shoppers together say: the shares that tastes are measured against, and what is no taste at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from affinity_search.config.model import Config
from affinity_search.profiles import statements
from affinity_search.signals.signal import ITEM_ID
from affinity_search.state.builds import read_meta
from affinity_search.state.heavy import HeavyShoppers, find_heavy_shoppers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Population", "learn_population", "stored_population"]

EVENTS, COMMON = "profiles.population_events", "profiles.common_values"
FEWEST_SHOPPERS = 10  # of fewer, shares of events say nothing about a value
FEWEST_ITEMS = 20  # of fewer, it says nothing that each has a value of its own
VALUES_NAMED = 5


@dataclass(frozen=True)
class Population:
    """The population by attribute: its decayed events, and the values that are no taste, as nearly everything has them.

    `valued` names the attributes that any event's item has a value of, `ids` those of which nearly every item has a
    value of its own; `heavy` tells of the shoppers who count for less, None where nobody does.
    """

    events: Mapping[str, float]
    common: Mapping[str, Sequence[str]]
    valued: Sequence[str] = ()
    ids: Sequence[str] = ()
    heavy: HeavyShoppers | None = None

    @property
    def meta(self) -> dict[str, str]:
        """What a build of some shoppers needs to know, as it stands in the state's table `meta`."""
        return {EVENTS: json.dumps(self.events), COMMON: json.dumps(self.common)}

    @property
    def warnings(self) -> list[str]:
        """A line for each attribute with something odd, and one where there are heavy shoppers."""
        lines = [_left_out(name, values) for name, values in self.common.items()]
        lines += map(_ids, self.ids)
        return [*lines, _heavy(self.heavy)] if self.heavy else lines


def learn_population(connection: DuckDBPyConnection, config: Config, day: int) -> Population:
    """Fills `population_next` and `build_population` from the view `counted`; `build_values` loses what is no taste."""
    types = [name for name, kind in config.events.types.items() if kind.weight]
    heavy = find_heavy_shoppers(connection, types, day if config.events.time == "date" else None)
    connection.execute(statements.CATALOGUE)
    connection.execute(statements.POPULATION)
    events = dict(connection.execute(statements.TOTALS, {"item_id": ITEM_ID}).fetchall())
    connection.execute(statements.COMMON, {"shoppers": heavy.of_shoppers, "fewest": FEWEST_SHOPPERS})
    common: dict[str, list[str]] = {}
    for name, value in connection.execute(statements.NAMED_COMMON).fetchall():
        common.setdefault(name, []).append(value)
    valued = connection.execute(statements.VALUED).fetchall()
    ids = connection.execute(statements.IDS, {"fewest": FEWEST_ITEMS}).fetchall()
    connection.execute(statements.WITHOUT_COMMON)
    return Population(events, common, _names(valued), _names(ids), heavy if heavy.shoppers else None)


def stored_population(connection: DuckDBPyConnection) -> Population:
    """What the last full build learnt, as `learn_population` leaves it."""
    meta = read_meta(connection)
    found = Population(json.loads(meta[EVENTS]), json.loads(meta.get(COMMON, "{}")))
    connection.execute(statements.STORED_POPULATION)
    rows = [{"attribute": name, "value": value} for name, values in found.common.items() for value in values]
    if rows:
        connection.executemany(statements.FILL_COMMON, rows)
    connection.execute(statements.WITHOUT_COMMON)
    return found


def _names(rows: Sequence[tuple[str, ...]]) -> list[str]:
    return [name for (name,) in rows]


def _left_out(name: str, values: Sequence[str]) -> str:
    named = ", ".join(f"`{value}`" for value in values[:VALUES_NAMED])
    more = f" and {len(values) - VALUES_NAMED:,} more" if len(values) > VALUES_NAMED else ""
    return (
        f"attributes.{name}: left out {named}{more}: no taste, as at least 90 % of the items or of the events have it"
    )


def _ids(name: str) -> str:
    return f"attributes.{name}: nearly every item has a value of its own: item_affinity says that already"


def _heavy(heavy: HeavyShoppers) -> str:
    return (
        f"events: {heavy.shoppers:,} of {heavy.of_shoppers:,} shoppers have more than {heavy.most_events:,} events "
        f"each, {heavy.event_share:.1%} of all (crawlers?): they count for less in shares and in popularity"
    )
