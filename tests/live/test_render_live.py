"""`affinity render` on the real engine."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from affinity_search.cli import main
from affinity_search.surfaces import build_templates
from tests.live.shop import Shop


def render(shop: Shop, *options: str) -> Result:
    return CliRunner().invoke(main, ["render", "-c", str(shop.config_path), *options])


def test_it_prints_the_template_as_it_is_deployed(shop: Shop) -> None:
    (template,) = build_templates(shop.config)

    assert render(shop).output == template.source


def test_with_parameters_it_prints_the_query(shop: Shop) -> None:
    generic = json.loads(render(shop, "--params", '{"q": "shoes"}').output)
    personal = json.loads(render(shop, "--params", '{"q": "shoes", "user_id": "u42"}').output)

    assert "rescore" not in generic
    assert generic["query"]["bool"]["must"][0]["combined_fields"]["query"] == "shoes"
    assert personal["rescore"]["window_size"] == shop.config.search.window


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ("[]", 2, "--params: expected a JSON object, got '[]'"),
        ("{", 2, "--params: expected a JSON object, got '{'"),
        ('{"q": ["a", "b"]}', 5, "--params: expected parameters that give a query"),
    ],
)
def test_parameters_that_give_no_query_are_refused(shop: Shop, params: str, code: int, message: str) -> None:
    found = render(shop, "--params", params)

    assert found.exit_code == code
    assert message in found.output
