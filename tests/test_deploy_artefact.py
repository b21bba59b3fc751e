"""What a configuration wants the engine to hold."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest

from affinity_search.config import Config, parse_config
from affinity_search.deploy.artefact import MAX_SCRIPT_BYTES, Artefact, artefacts, canonical, script_artefacts
from affinity_search.errors import ConfigError
from affinity_search.surfaces import Template, build_templates
from affinity_search.surfaces.fragment import fragment_source

CONFIG = """
engine: {url: "http://127.0.0.1:1", prefix: shop}
events: {types: {order: {weight: 1}}}
attributes: {brand: {field: attrs.brand}}
search: {template: shop-search}
"""


@pytest.fixture
def config() -> Config:
    return parse_config(CONFIG)


def test_what_others_rest_on_comes_first_and_what_requests_name_comes_last(config: Config) -> None:
    (template,) = build_templates(config)
    assert [(artefact.kind, artefact.name) for artefact in artefacts(config)] == [
        ("index", "shop-lookup"),
        ("index", "shop-profiles"),
        ("pipeline", "shop-item-keys"),
        ("script", template.versioned_name),
        ("script", "shop-search"),
        ("script", "shop-search-rescore"),
    ]


def test_bodies_are_canonical_json_or_the_template(config: Config) -> None:
    *rest, versioned, stable, fragment = artefacts(config)
    (template,) = build_templates(config)
    assert all(canonical(json.loads(artefact.body)) == artefact.body for artefact in rest)
    assert versioned.body == stable.body == template.source
    assert fragment.body == fragment_source(config, template.versioned_name)


def test_the_same_configuration_gives_the_same_artefacts(config: Config) -> None:
    assert artefacts(config) == artefacts(parse_config(CONFIG))


def test_the_content_hash_is_that_of_the_body() -> None:
    assert Artefact("script", "s", "é").digest == sha256("é".encode()).hexdigest()
    one, two = (canonical(json.loads(text)) for text in ('{"a": 1, "b": [2]}', '{"b":[2],"a":1}'))
    assert Artefact("pipeline", "p", one).digest == Artefact("pipeline", "p", two).digest


def test_every_template_is_stored_under_an_id_of_its_version_and_a_stable_one() -> None:
    templates = Template("a", "11111111", "A"), Template("b", "22222222", "B")
    assert script_artefacts(templates) == (
        Artefact("script", "a-11111111", "A"),
        Artefact("script", "b-22222222", "B"),
        Artefact("script", "a", "A"),
        Artefact("script", "b", "B"),
    )
    assert script_artefacts(()) == ()


OVERHEAD = len('{"script":{"lang":"mustache","source":""}}')


def test_a_template_may_be_as_large_as_the_engine_stores() -> None:
    fits = "x" * (MAX_SCRIPT_BYTES - OVERHEAD)
    assert script_artefacts([Template("t", "v", fits)])[1].body == fits


@pytest.mark.parametrize(
    ("source", "size"),
    [
        ("x" * (MAX_SCRIPT_BYTES - OVERHEAD + 1), "65,536"),
        ('"' * 32_768, "65,578"),
        ("é" * 32_768, "65,578"),
        ("\n" * 33_000, "66,042"),
    ],
)
def test_a_larger_template_is_refused_with_its_size_as_the_engine_counts_it(source: str, size: str) -> None:
    with pytest.raises(ConfigError) as caught:
        script_artefacts([Template("t", "v", source)])
    assert caught.value.message == f"template t: expected at most 65,535 bytes as stored JSON, got {size}"
