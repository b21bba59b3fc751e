"""A thin client: the one request an app sends, and what it does when the profiles cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict, Unpack

from affinity_search.config.model import Config
from affinity_search.engine.protocol import Engine
from affinity_search.engine.searches import render_template, search_template
from affinity_search.errors import ConfigError, EngineError
from affinity_search.search.answer import Answer, read_answer
from affinity_search.search.facets import Facets, facet_parameters
from affinity_search.search.request import (
    PRICE_BOUNDS,
    FilterValue,
    field_parameters,
    filter_parameters,
    sort_fields,
    sort_parameters,
    sorted_by,
)
from affinity_search.surfaces.declared import declared
from affinity_search.surfaces.fragment import fragment_name
from affinity_search.surfaces.values import personalised

__all__ = ["Client", "Options"]

# What a search answers when a profile index is missing (404), closed (400) or has no shard available (503).
PROFILES_UNREADABLE = frozenset({400, 404, 503})
ANY_WORD = "no hit has every word; these have some of them"
NOBODY = "personalisation is off because `user_id` is empty"


class Options(TypedDict, total=False):
    """Optional parameters of a search; docs/reference/request.md has them all."""

    user_id: str
    filters: Mapping[str, FilterValue]
    from_: int
    size: int
    sort: str | Sequence[str]
    order: Literal["asc", "desc"]
    operator: Literal["and", "or"]
    track_total_hits: bool | int
    facets: Facets
    highlight: bool
    fields: Sequence[str]
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Client:
    """Searches `index` through the stored template `template`.

    `attributes` are the names that one may filter by, `facets` those whose values one may count; None where they are
    not known, and then none is refused. `bounds` are the filters that bound a number. `any_word` is False where the
    template is the team's own, which decides itself how many words a hit must have.
    """

    engine: Engine
    index: str
    template: str
    attributes: tuple[str, ...] | None = None
    bounds: tuple[str, ...] = PRICE_BOUNDS
    facets: tuple[str, ...] | None = None
    any_word: bool = True

    @classmethod
    def of(cls, engine: Engine, config: Config) -> Client:
        """The client for the search surface of a configuration."""
        asked, search = declared(config), config.search
        if search.body:
            return cls(engine, config.items.index, search.template, any_word=False)
        return cls(engine, config.items.index, search.template, asked.filters, asked.bounds, tuple(search.facets))

    def search(self, q: str, **options: Unpack[Options]) -> Answer:
        """The hits for the query; an empty query browses by popularity.

        With a `user_id` the order is personal; for an unknown one it is the generic order with the generic scores.
        Where no hit has every word, hits with any of them are returned and a note says so. Where the profiles cannot
        be read, the hits are sorted or the template has nothing personal, the answer is generic and a note says why.
        With `track_total_hits` (True, or how far to count) the answer has a total, with `facets` the values of these
        attributes and their counts, with `highlight` the hits have fragments, with `fields` those of an item alone.
        `sort` may be a list of three fields; `-` in front of one asks for the largest first. Raises EngineError where
        the generic request fails too, ConfigError for a filter, a sort or a facet that the shop does not have.
        """
        parameters = self.parameters(q, options)
        answer = self._answer(parameters)
        if self.any_word and not answer.hits and q and not parameters.keys() & {"operator", "from"}:
            loose = self._answer({**parameters, "operator": "or"})
            notes = (*loose.notes, ANY_WORD) if loose.hits else loose.notes
            return replace(loose, notes=notes, any_word=True)
        return answer

    def personalise(self, body: Mapping[str, Any], user_id: str) -> dict[str, Any]:
        """A search body that the app built itself, with the personal part; `read_answer` reads what comes back.

        The deployed fragment is asked for, so that it is always the one of the last `apply`. The rescore stands behind
        those of the body; where the body collapses or breaks ties, functions take its place. Without a shopper, and
        where a field sorts the hits, the body comes back as it is. Raises EngineError where there is no fragment.
        """
        fragment = render_template(self.engine, {"id": fragment_name(self.template)}, {"user_id": user_id})
        return personalised(body, fragment["rescore"]) if "rescore" in fragment else dict(body)

    def _answer(self, parameters: dict[str, Any]) -> Answer:
        try:
            return self._sent(parameters)
        except EngineError as error:
            if "sort" in parameters and error.status == 400:
                self._check_sort(sorted_by(parameters))
            if "user_id" not in parameters or error.status not in PROFILES_UNREADABLE:
                raise
            generic = self._sent({name: value for name, value in parameters.items() if name != "user_id"})
            return replace(generic, notes=(*generic.notes, f"generic order, profiles unreadable: {error.message}"))

    def _sent(self, parameters: dict[str, Any]) -> Answer:
        found = search_template(self.engine, self.index, {"id": self.template}, parameters)
        personal = bool(parameters.get("user_id"))
        answer = read_answer(found, first_rank=parameters.get("from", 0) + 1, personal=personal)
        nobody = "user_id" in parameters and not personal
        return replace(answer, notes=(*answer.notes, NOBODY)) if nobody else answer

    def parameters(self, q: str, options: Options) -> dict[str, Any]:
        """The template's parameters for a query with these options."""
        given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        if "from_" in given:
            given["from"] = given.pop("from_")
        if "filters" in given:
            given["filters"] = filter_parameters(given["filters"], self.attributes, self.bounds)
        if "facets" in given:
            given["facets"] = facet_parameters(given["facets"], self.facets)
        if "fields" in given:
            given["fields"] = field_parameters(given["fields"])
        if "sort" in given:
            given |= sort_parameters(given.pop("sort"), given.pop("order", None))
        own = given.pop("params", {})
        return {"q": q, **own, **given}

    def _check_sort(self, sorts: Sequence[str]) -> None:
        fields = sort_fields(self.engine, self.index)
        for sort in sorts:
            if sort not in fields:
                raise ConfigError(f"sort: expected one of {', '.join(fields)}; got {sort}")
