"""The personal part in a body that is values and no longer Mustache: put in, taken out; and the fields a body names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from affinity_search.surfaces.fragment import named

__all__ = ["fields_of", "is_sorted_by_field", "personalised", "without_ours"]

BY_KEY = frozenset({
    "fuzzy", "match", "match_bool_prefix", "match_phrase", "match_phrase_prefix", "prefix", "range", "regexp", "term",
    "terms", "wildcard",
})  # fmt: skip
NO_FIELD = frozenset({"_name", "boost"})
SEVERAL = frozenset({"combined_fields", "multi_match", "query_string", "simple_query_string"})


def personalised(body: Mapping[str, Any], rescore: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the rescore behind its own ones; with functions in its place where no rescore can stand.

    Where the hits are sorted by a field nothing personal can move them, and the body is as it was.
    """
    if is_sorted_by_field(body.get("sort")):
        return dict(body)
    query = body.get("query", {"match_all": {}})
    if "collapse" in body or "sort" in body:
        return {**body, "query": _with_functions(query, rescore)}
    theirs = body.get("rescore", [])
    return {**body, "query": query, "rescore": [*(theirs if isinstance(theirs, list) else [theirs]), dict(rescore)]}


def is_sorted_by_field(sort: Any) -> bool:
    """True where something but the score comes first in a sort."""
    first = (sort[0] if sort else None) if isinstance(sort, list) else sort
    if isinstance(first, dict):
        first = next(iter(first), None)
    return first not in (None, "_score")


def _with_functions(query: Any, rescore: Mapping[str, Any]) -> dict[str, Any]:
    base, *boosted = rescore["query"]["rescore_query"]["bool"]["should"]
    each = [clause["constant_score"] for clause in boosted]
    told = [clause["match_all"]["_name"] for clause in base["bool"]["filter"]]
    names = ["window|all" if name.startswith("window|") else name for name in told]
    return {
        "function_score": {
            "score_mode": "sum",
            "boost_mode": "multiply",
            "functions": [{"weight": 1}, *({"weight": one["boost"], "filter": one["filter"]} for one in each)],
            "query": {"bool": {"must": [query], "filter": named(names)}},
        }
    }


def without_ours(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a rendered template without what was put into it, its rescorers as a list; one without it, too."""
    found = dict(body)
    found["query"] = _unwrapped(body.get("query", {}))
    theirs = body.get("rescore", [])
    rescorers = [one for one in (theirs if isinstance(theirs, list) else [theirs]) if not _is_ours(one)]
    found["rescore"] = rescorers
    found["post_filter"] = _without_names(body.get("post_filter"))
    return found


def _unwrapped(query: Any) -> Any:
    inner = query.get("function_score", {}) if isinstance(query, dict) else {}
    functions = inner.get("functions", [])
    if functions and any("|" in _name_of(one.get("filter", {})) for one in functions if isinstance(one, dict)):
        return _unwrapped(inner["query"])
    wrapped = query.get("bool", {}) if isinstance(query, dict) else {}
    if _has_our_names(wrapped.get("filter", [])) and len(wrapped.get("must", [])) == 1:
        return wrapped["must"][0]
    return query


def _without_names(post_filter: Any) -> Any:
    filters = post_filter.get("bool", {}).get("filter", []) if isinstance(post_filter, dict) else []
    if not _has_our_names(filters):
        return post_filter
    return filters[0] if "match_all" not in filters[0] else None


def _has_our_names(filters: Any) -> bool:
    last = filters[-1] if isinstance(filters, list) and filters else {}
    return _name_of(last).startswith("template|")


def _name_of(clause: Any) -> str:
    """The name of a clause such as `{"match_all": {"_name": ...}}`; empty for one without."""
    inside = next(iter(clause.values()), None) if isinstance(clause, dict) and len(clause) == 1 else None
    return str(inside.get("_name", "")) if isinstance(inside, dict) else ""


def _is_ours(rescorer: Any) -> bool:
    should = rescorer.get("query", {}).get("rescore_query", {}).get("bool", {}).get("should", [])
    first = should[0] if isinstance(should, list) and should else {}
    return _has_our_names(first.get("bool", {}).get("filter", []))


def fields_of(body: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """The fields that queries, aggregations and functions of a body name, each with the place where it does."""
    if isinstance(body, list):
        for one in body:
            yield from fields_of(one, at)
    elif isinstance(body, dict):
        for key, value in body.items():
            here = f"{at}.{key}".lstrip(".")
            named_here = list(_fields_at(key, value))
            yield from ((here, name) for name in named_here)
            if not (key in BY_KEY and named_here):
                yield from fields_of(value, here)


def _fields_at(key: str, value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    if key in SEVERAL:
        fields = value.get("fields", [])
        yield from (str(field).partition("^")[0] for field in (fields if isinstance(fields, list) else [fields]))
    elif isinstance(value.get("field"), str):
        yield value["field"]
    elif key == "nested" and isinstance(value.get("path"), str):
        yield value["path"]
    elif key in BY_KEY:
        yield from (name for name in value if name not in NO_FIELD and not name.startswith("_"))
