"""The built templates: whole files held against tests/golden, which `UPDATE_GOLDEN=1 pytest` writes anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from affinity_search.config import Config, parse_config
from affinity_search.surfaces import Template, build_templates
from affinity_search.surfaces.search import popularity_query, text_query

GOLDEN = Path(__file__).parent / "golden"
CONFIG = """
events: {types: {purchase: {weight: 1}}}
attributes:
  brand: {field: attrs.brand, strength: 0.05, saturation_weight: 6, levels: 7}
  theme: {field: attrs.theme, strength: 0.1, saturation_weight: 3, levels: 2, multi_valued: true}
  size: {field: attrs.size, strength: 0}
item_affinity: {strength: 1, saturation_weight: 1.5, levels: 3}
popularity: {recent: {weight: 0.5}}
"""

DEMOTION = """
events: {types: {purchase: {weight: 1}}}
attributes: {brand: {field: attrs.brand, strength: 0.05, saturation_weight: 6, levels: 1}}
item_affinity: {owned_demotion: 0.2}
"""


def config(extra: str = "") -> Config:
    return parse_config(CONFIG + extra)


def only(found: tuple[Template, ...]) -> Template:
    (template,) = found
    return template


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_the_template_is_the_one_that_was_read_and_approved(shape: str) -> None:
    template = only(build_templates(config(f"search: {{shape: {shape}}}\n")))
    golden = GOLDEN / f"search_{shape}.mustache"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(template.source, encoding="utf-8")

    assert template.source == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("shape", ["rescore", "function_score"])
def test_what_was_bought_steps_back_in_both_shapes(shape: str) -> None:
    found = only(build_templates(parse_config(DEMOTION + f"search: {{shape: {shape}}}\n"))).source
    golden = GOLDEN / f"owned_demotion_{shape}.mustache"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(found, encoding="utf-8")

    assert found == golden.read_text(encoding="utf-8")


def test_the_version_is_that_of_the_content_and_stands_in_it() -> None:
    template, again = only(build_templates(config())), only(build_templates(config()))
    other = only(build_templates(config("search: {window: 50}\n")))

    assert template == again
    assert len(template.version) == 8
    assert template.versioned_name == f"affinity-search-{template.version}"
    assert f'"template|{template.versioned_name}"' in template.source
    assert other.version != template.version


def test_without_affinities_a_user_id_changes_nothing() -> None:
    template = only(build_templates(parse_config("events: {types: {purchase: {weight: 1}}}")))

    assert "user_id" not in template.source


def test_the_filters_are_the_attributes_liked_or_not() -> None:
    assert only(build_templates(config())).filters == ("brand", "theme", "size")


def test_the_text_query_searches_the_fields_with_their_boosts() -> None:
    found = text_query(config("items: {text_fields: {name: 3, story: 1.5}}\n"))

    assert found == {
        "combined_fields": {
            "query": "{{.}}",
            "fields": ["name^3", "story^1.5"],
            "operator": "{{operator}}{{^operator}}and{{/operator}}",
        }
    }


def test_a_popularity_signal_without_weight_has_no_clause() -> None:
    assert popularity_query(config().popularity) == [
        {"rank_feature": {"field": "popularity", "boost": 1.0, "log": {"scaling_factor": 1}}},
        {"rank_feature": {"field": "popularity_recent", "boost": 0.5, "log": {"scaling_factor": 1}}},
    ]
    new = parse_config(
        "events: {types: {p: {weight: 1}}}\npopularity: {all_time: {weight: 0}, newness: {weight: 2}}"
    ).popularity
    assert popularity_query(new) == [{"rank_feature": {"field": "popularity_newness", "boost": 2.0, "linear": {}}}]
    none = parse_config("events: {types: {p: {weight: 1}}}\npopularity: {all_time: {weight: 0}}").popularity
    assert popularity_query(none) == []


OPERATOR = "{{operator}}{{^operator}}and{{/operator}}"
FIELDS = ["title^2", "text^1"]


@pytest.mark.parametrize(
    ("base", "query"),
    [
        ("combined_fields", {"query": "{{.}}", "fields": FIELDS, "operator": OPERATOR}),
        ("multi_match", {"query": "{{.}}", "fields": FIELDS, "operator": OPERATOR, "type": "cross_fields"}),
        ("simple_query_string", {"query": "{{.}}", "fields": FIELDS, "default_operator": OPERATOR}),
    ],
)
def test_the_base_query_is_the_one_chosen(base: str, query: dict[str, object]) -> None:
    assert text_query(config(f"search: {{base: {base}}}\n")) == {base: query}
