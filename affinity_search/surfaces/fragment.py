"""The personal part of a request as values: the rescore, the functions, and the names by which a hit tells them.

`{{.}}` stands for the shopper where a value is written into Mustache, between `BEGIN` and `END`, which let one text in
and no list (docs/decisions/0017-parameters-of-any-type.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from affinity_search.config.model import Config
from affinity_search.lookups.clauses import lookups

__all__ = [
    "BEGIN",
    "END",
    "NO_LIST",
    "USER",
    "Personal",
    "fragment_name",
    "fragment_source",
    "named",
    "personal_of",
    "written",
]

USER = "user_id"
CLAUSE = re.compile(r', (?=\{"(?:constant_score|weight)": )')
BEGIN = f"{{{{^{USER}.size}}}}{{{{#{USER}}}}}"
END = f"{{{{/{USER}}}}}{{{{/{USER}.size}}}}"
NO_LIST = f'{{{{#{USER}.size}}}}{{{{#{USER}}}}}{{"{USER} is a list": {{}}}},{{{{/{USER}}}}}{{{{/{USER}.size}}}}'


@dataclass(frozen=True)
class Personal:
    """What a configuration adds to the request of a shopper; `clauses` are its lookups, as boost and filter.

    `label` is the version that an answer tells, such as `affinity-search-1a2b3c4d`.
    """

    label: str
    window: int
    clauses: tuple[tuple[str, Mapping[str, Any]], ...]

    def rescore(self, *, accounted: bool = True) -> dict[str, Any]:
        """The rescore, which says itself what it is: pasted beside any query, a hit has the whole account.

        With `accounted` False it tells a window of 0: scores are not those of the query times the factor.
        """
        names = ["personalised", f"window|{self.window if accounted else 0}", f"template|{self.label}"]
        base = {"bool": {"must": [{"match_all": {}}], "filter": named(names)}}
        boosted = [{"constant_score": {"boost": float(b), "filter": dict(f)}} for b, f in self.clauses]
        return {
            "window_size": self.window,
            "query": {"score_mode": "multiply", "rescore_query": {"bool": {"should": [base, *boosted]}}},
        }

    def functions(self) -> list[dict[str, Any]]:
        """The same boosts as functions of a function_score, for requests that take no rescore."""
        return [{"weight": 1}, *({"weight": float(b), "filter": dict(f)} for b, f in self.clauses)]


def personal_of(config: Config, label: str) -> Personal | None:
    """The personal part of the configuration under this label; None where nothing has a strength."""
    clauses = tuple((clause.boost, clause.filter) for clause in lookups(config))
    return Personal(label, config.search.window, clauses) if clauses else None


def fragment_source(config: Config, label: str) -> str:
    """The stored script that renders to `{"rescore": ...}` for a `user_id`, and to `{}` without one, as Mustache.

    For a list it renders a key that no engine knows, so that a body with it is refused.
    """
    personal = personal_of(config, label)
    rescore = f'"rescore": {written(personal.rescore())}' if personal else ""
    return f'{{ {BEGIN} {rescore} {END}{{{{#{USER}.size}}}} "{USER} is a list": {{}} {{{{/{USER}.size}}}} }}'


def fragment_name(template: str) -> str:
    """The id of the stored script with the fragment of a template."""
    return f"{template}-rescore"


def named(names: Iterable[str]) -> list[dict[str, Any]]:
    """Clauses that every document matches, for their names alone; as filters they change no score."""
    return [{"match_all": {"_name": name}} for name in names]


def written(value: object) -> str:
    """The value as JSON, each boost on a line of its own."""
    return CLAUSE.sub(",\n    ", json.dumps(value, ensure_ascii=False))
