"""Builds the stored search template of a configuration: Jinja2 writes the Mustache that the engine keeps."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import jinja2
from elasticsearch_dsl import Q

from affinity_search.config.model import Config, Popularity
from affinity_search.lookups.clauses import lookups
from affinity_search.resources import resource_folder
from affinity_search.surfaces.declared import declared
from affinity_search.surfaces.own import body_template, own_query
from affinity_search.surfaces.template import Template

__all__ = ["Template", "build_templates", "popularity_query", "text_query"]

OPERATORS = {"combined_fields": "operator", "multi_match": "operator", "simple_query_string": "default_operator"}
LOG = {"log": {"scaling_factor": 1}}


def build_templates(config: Config) -> tuple[Template, ...]:
    """The templates of the configuration; the same configuration always gives the same text."""
    body = config.search.body
    return (body_template(config, body) if body else _search_template(config),)


def text_query(config: Config) -> dict[str, Any]:
    """The query over the text fields, with every word wanted unless the request says `"operator": "or"`.

    BM25F (`combined_fields`), or the other query that `search.base` names.
    """
    fields = [f"{field}^{boost:g}" for field, boost in config.items.text_fields.items()]
    operator = {OPERATORS[config.search.base]: "{{operator}}{{^operator}}and{{/operator}}"}
    more = {"type": "cross_fields"} if config.search.base == "multi_match" else {}
    query: dict[str, Any] = Q(config.search.base, query="{{.}}", fields=fields, **operator, **more).to_dict()
    return query


def popularity_query(popularity: Popularity) -> list[dict[str, Any]]:
    """The clauses that add to the relevance of every shopper, weight * ln(1 + events) and weight * newness.

    Empty where no weight is set.
    """
    functions: tuple[dict[str, Any], ...] = (LOG, LOG, {"linear": {}})
    return [
        Q("rank_feature", field=field, boost=weight, **function).to_dict()
        for field, weight, function in zip(popularity.every_field, popularity.weights, functions, strict=True)
        if weight
    ]


def _search_template(config: Config) -> Template:
    name = config.search.template
    version = hashlib.sha256(_render(config, name, "").encode()).hexdigest()[:8]
    asked = declared(config)
    return Template(
        name,
        version,
        _render(config, name, version),
        asked.filters,
        bounds=asked.bounds,
        facets=tuple(facet.name for facet in asked.facets),
    )


def _render(config: Config, name: str, version: str) -> str:
    return (
        _environment()
        .get_template("search.json.j2")
        .render(
            name=name,
            version=version,
            shape=config.search.shape,
            window=config.search.window,
            size=config.search.size,
            text_query=_query_text(config),
            popularity=popularity_query(config.popularity),
            computed=["affinity", *config.popularity.fields],
            asked=declared(config),
            highlight={field: {} for field in config.items.text_fields},
            lookups=lookups(config),
        )
    )


def _query_text(config: Config) -> str:
    """The query for the words of a search, as Mustache: the team's own where there is one."""
    own = config.search.query
    return own_query(own) if own else json.dumps(text_query(config), ensure_ascii=False)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_folder("query_templates")),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(()),  # for no file: the output is JSON, escaped by the filter below
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment
