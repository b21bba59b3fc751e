"""What the answer to each kind of request must hold, so that nobody works with the answer of something else.

Only what every search engine gives is asked for. Where a request has a `filter_path`, what it leaves out may be absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from affinity_search.engine.answers import part
from affinity_search.engine.protocol import Engine

__all__ = ["expect_shape"]

Needs = tuple[tuple[tuple[str, ...], type], ...]

HITS: Needs = ((("hits", "hits"), list),)
WRITTEN: Needs = ((("_seq_no",), int), (("_primary_term",), int))
ANSWERS: tuple[tuple[str, str, Needs], ...] = (
    (r"POST", r"/_search/scroll", (*HITS, (("_scroll_id",), str))),
    (r"GET|POST", r"(/[^/]+)?/_search(/template)?", HITS),
    (r"POST", r"(/[^/]+)?/_msearch(/template)?", ((("responses",), list),)),
    (r"POST", r"(/[^/]+)?/_mget", ((("docs",), list),)),
    (r"POST", r"(/[^/]+)?/_bulk", ((("items",), list),)),
    (r"GET|POST", r"/[^/]+/_count", ((("count",), int),)),
    (r"GET", r"/[^/]+/_doc/[^/]+", ((("_source",), dict), *WRITTEN)),
    (r"PUT|POST", r"/[^/]+/_(doc|create)/[^/]+", WRITTEN),
    (r"GET", r"/_scripts/[^/]+", ((("script", "source"), str),)),
    (r"POST", r"/_render/template", ((("template_output",), dict),)),
)
# One object for each index, pipeline or alias that was asked for, and what must be in it.
BY_NAME: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"/[^/_][^/]*", ("aliases", "mappings", "settings")),
    (r"/[^/]+/_mapping", ("mappings",)),
    (r"(/[^/]+)?/_alias(/.*)?", ("aliases",)),
    (r"(/[^/]+)?/_settings(/.*)?", ("settings",)),
    (r"/_ingest/pipeline/.*", ()),
)
HIT: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("_id", (str,)),
    ("_score", (int, float, type(None))),
    ("_source", (dict,)),
    ("matched_queries", (list,)),
    ("highlight", (dict,)),
)


def expect_shape(engine: Engine, method: str, path: str, answer: object, params: Mapping[str, str]) -> None:
    """Raises BrokenAnswer where the answer is not of the shape that this request has to get."""
    whole = part(engine, answer, dict)
    if "filter_path" not in params:
        for methods, form, needs in ANSWERS:
            if re.fullmatch(methods, method) and re.fullmatch(form, path):
                for keys, kind in needs:
                    part(engine, whole, kind, *keys)
                break
    if method == "GET":
        _expect_by_name(engine, path, whole, bare="filter_path" in params)
    for keys in (("_shards",), ("hits", "total"), ("error",), ("aggregations",)):
        if _at(whole, keys[:-1]) and keys[-1] in _at(whole, keys[:-1]):
            part(engine, whole, dict, *keys)
    for keys in (("hits", "hits"), ("responses",), ("docs",), ("items",)):
        if _at(whole, keys) is not None:
            for one in part(engine, whole, list, *keys):
                part(engine, one, dict)
                if keys[0] == "hits":
                    _expect_hit(engine, one, bare="filter_path" in params)


def _expect_by_name(engine: Engine, path: str, answer: Mapping[str, Any], *, bare: bool) -> None:
    needs = next((needs for form, needs in BY_NAME if re.fullmatch(form, path)), None)
    if needs is None:
        return
    for name in answer:
        body = part(engine, answer, dict, name)
        for need in needs:
            if not bare or need in body:
                part(engine, answer, dict, name, need)


def _expect_hit(engine: Engine, hit: Mapping[str, Any], *, bare: bool) -> None:
    for key, kinds in HIT:
        needed = key in ("_id", "_score") and not bare
        if (needed or key in hit) and not isinstance(hit.get(key, ...), kinds):
            part(engine, hit, kinds[0], key)  # which is not there, and says so


def _at(answer: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    found: Any = answer
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found
